"""The footage folder: writable, and on the right disk.

An unmounted disk leaves an empty folder of the same name on the system card, and footage would fill
that card. So the mount point of the footage disk is stored, and nothing is recorded while nothing
is mounted there.
"""

import contextlib
import errno
import os
from pathlib import Path
from typing import Final

from agent.journal import Journal, JournalFull
from agent.journal.durable import make_folder
from agent.recording.store.encryption import is_locked

_MOUNT: Final = "footage_mount"


class StoreFolder:
    """The folder of footage and its disk; for any thread."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder = folder
        self._journal = journal
        known, _, mount = (journal.remembered(_MOUNT) or "").partition("\n")
        self._mount = mount if known == str(folder) else ""

    def trouble(self) -> str | None:
        """Why nothing can be stored there now, with the cure; None if it can.

        Creates a missing folder; raises JournalError.
        """
        if self._has_lost_its_disk():
            return (
                f"{self.folder} has lost its disk: nothing is mounted at {self._mount} any more."
                " Mount that disk again, or give [clips] folder another path"
            )
        try:
            make_folder(self.folder)
        except OSError as error:
            return f"{self.folder} cannot be made ({error.strerror}): give [clips] folder a place"
        if is_locked(self.folder):
            return (
                f"{self.folder} is encrypted and its key is not here: systemctl restart"
                " matthan-shelf; journalctl -u matthan-shelf says why not"
            )
        if not os.access(self.folder, os.W_OK | os.X_OK):
            return f"{self.folder} cannot be written: see that it is the agent's and not read-only"
        self._remember(_mount_of(self.folder))
        return None

    def check(self) -> None:
        """Raise OSError if nothing can be written now; a few system calls, nothing is written."""
        if self._has_lost_its_disk():
            raise OSError(errno.ENODEV, "its disk is not mounted", str(self.folder))
        if is_locked(self.folder):
            raise OSError(errno.ENOKEY, "it is encrypted and its key is not here", str(self.folder))

    def _remember(self, mount: str) -> None:
        if mount == self._mount:
            return
        self._mount = mount
        with contextlib.suppress(JournalFull):  # the next start stores it
            self._journal.remember(_MOUNT, f"{self.folder}\n{mount}")

    def _has_lost_its_disk(self) -> bool:
        return bool(self._mount) and not os.path.ismount(self._mount)


def _mount_of(folder: Path) -> str:
    """Mount point of the folder's disk; links are followed."""
    place = Path(os.path.realpath(folder))
    return str(next(one for one in (place, *place.parents) if os.path.ismount(one)))
