"""SHA-256 of a clip: of a whole file, and of one whose end is still to be written."""

import errno
import hashlib
import threading
from pathlib import Path

CHUNK_BYTES = 1 << 20
HASHED_AT_ONCE_BYTES = 1 << 17


class Hashing(threading.Thread):
    """SHA-256 of a file whose first bytes will be rewritten and whose end is still to come."""

    def __init__(self, path: Path, beginning: bytes, *, until: int) -> None:
        """Hash `beginning` and the file after it up to `until`, at once."""
        super().__init__(name="hash")
        self._path = path
        # Opened at once, because its name changes; small reads stay in the processor's cache.
        self._file = path.open("rb", buffering=0)
        self._buffer = memoryview(bytearray(HASHED_AT_ONCE_BYTES))
        self._digest = hashlib.sha256(beginning)
        self._at = len(beginning)
        self._until = until
        self._failure: OSError | None = None
        self.start()

    def run(self) -> None:
        """Read and hash the file, on the thread of this object."""
        try:
            self._file.seek(self._at)
            while self._at < self._until and (size := self._file.readinto(self._room())):
                self._digest.update(self._buffer[:size])
                self._at += size
            if self._at < self._until:
                self._failure = OSError(errno.EIO, "it has become shorter", str(self._path))
        except OSError as failure:
            self._failure = failure
        finally:
            self._file.close()

    def finish(self, end: bytes) -> tuple[str, int]:
        """Hash (hex) and size of the whole file if `end` is its end; call it after `join`. Raises
        OSError."""
        if self._failure is not None:
            raise self._failure
        self._digest.update(end)
        return self._digest.hexdigest(), self._at + len(end)

    def _room(self) -> memoryview:
        return self._buffer[: self._until - self._at]


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file, read in pieces."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return digest.hexdigest(), size_bytes
