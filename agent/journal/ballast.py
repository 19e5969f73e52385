"""Room held back beside the journal: a full disk takes not even the word that frees some of it.

A file of nothing that is laid while there is room and thrown off when the disk is full. What is
written in its place makes room in turn: footage is mended, indexed and removed, events that the hub
has are forgotten.
"""

import os
import shutil
from pathlib import Path
from typing import Final

BALLAST_BYTES: Final = 512 * 1024
"""A start folds a log of a megabyte, few of whose pages are new to the file."""


class Ballast:
    """The file beside a journal."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(journal.name + ".ballast")

    def lay(self) -> None:
        """Where it is missing and would not itself fill the disk."""
        try:
            if self._is_whole() or shutil.disk_usage(self._path.parent).free < 2 * BALLAST_BYTES:
                return
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
        except OSError:
            self.drop()

    def drop(self) -> bool:
        """Throw it off; False where there was none."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _is_whole(self) -> bool:
        return self._path.is_file() and self._path.stat().st_size >= BALLAST_BYTES
