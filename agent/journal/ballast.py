"""Reserved space beside the journal: on a full disk not even the deletion of data can be recorded.

An empty file is created while there is space and deleted when the disk is full. The writes that
then succeed free more space: footage is repaired, indexed and removed, received events are deleted.
"""

import os
import shutil
from pathlib import Path
from typing import Final

BALLAST_BYTES: Final = 512 * 1024
"""A start merges a log of one megabyte, of which few pages are new to the file."""


class Ballast:
    """The reserve file beside a journal."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(journal.name + ".ballast")

    def lay(self) -> None:
        """Create it if it is missing and does not itself fill the disk."""
        try:
            if self._is_whole() or shutil.disk_usage(self._path.parent).free < 2 * BALLAST_BYTES:
                return
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
        except OSError:
            self.drop()

    def drop(self) -> bool:
        """Delete the reserve file; False if there was none."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _is_whole(self) -> bool:
        return self._path.is_file() and self._path.stat().st_size >= BALLAST_BYTES
