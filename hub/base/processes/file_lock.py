"""Lock of a file: of several processes on one machine, only one does the work on its disk."""

import fcntl
import os
import threading
from pathlib import Path


class FileLock:
    """A lock held by one process at a time, until it ends in whatever way. The file stays; its
    folder need not exist yet."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take the lock; True if this process holds it, now or already. Never waits. OSError
        without a folder."""
        with self._guard:
            if self._descriptor is None:
                self._descriptor = _locked(self._file)
            return self._descriptor is not None

    def release(self) -> None:
        """Release the lock, so that another process can take it."""
        with self._guard:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


def _locked(file: Path) -> int | None:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
