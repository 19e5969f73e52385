"""The folder of a node's footage: whether it can be written to, and lies where it should.

A disk that is not mounted leaves an empty folder of the same name on the system's card, and
footage written there would fill it. So once footage has lain on a disk of its own, no other is
taken for it.
"""

import contextlib
import errno
import os
from pathlib import Path
from typing import Final

from agent.journal import Journal, JournalFull

_OWN_DISK: Final = "footage_on_own_disk"


class Place:
    """One folder and the disk it belongs on; any thread may ask."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder = folder
        self._journal = journal
        self._is_own_disk = journal.remembered(_OWN_DISK) == str(folder)

    def trouble(self) -> str | None:
        """Why nothing can be kept there now, with the cure; None when it can.

        Makes the folder where it is missing; raises JournalError.
        """
        if self._has_lost_its_disk():
            return (
                f"{self.folder} is not on the disk it was on: mount that disk again, or give"
                " [clips] folder another path"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return f"{self.folder} cannot be made ({error.strerror}): give [clips] folder a place"
        if not os.access(self.folder, os.W_OK | os.X_OK):
            return f"{self.folder} cannot be written: see that it is the agent's and not read-only"
        if not self._is_own_disk and self._is_apart():
            with contextlib.suppress(JournalFull):  # the next start remembers it
                self._journal.remember(_OWN_DISK, str(self.folder))
            self._is_own_disk = True
        return None

    def check(self) -> None:
        """Raise OSError where nothing can be written now; a few system calls, nothing written."""
        if self._has_lost_its_disk():
            raise OSError(errno.ENODEV, "its disk is not mounted", str(self.folder))

    def _has_lost_its_disk(self) -> bool:
        return self._is_own_disk and not self._is_apart()

    def _is_apart(self) -> bool:
        """On another disk than the journal."""
        return _disk_of(self.folder) != _disk_of(self._journal.path.parent)


def _disk_of(path: Path) -> int | None:
    """The disk that a path is on, or would be made on; None if that cannot be told."""
    for one in (path, *path.parents):
        try:
            return one.stat().st_dev
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
    return None
