"""Files by their hash, written so that a power cut leaves either the whole file or none."""

from collections.abc import Iterator
from pathlib import Path


class HashMismatchError(Exception):
    """The bytes are not those that were promised."""


class Incoming:
    """A file on its way in; for one thread at a time."""

    def write(self, chunk: bytes) -> None:
        """Append a piece."""
        raise NotImplementedError

    def finish(self, expected_sha256: str) -> Path:
        """Keep the file under its hash, durably; raises HashMismatchError, and then keeps nothing."""
        raise NotImplementedError

    def abort(self) -> None:
        """Throw away what came; harmless after `finish`."""
        raise NotImplementedError


class BlobFolder:
    """A content-addressed folder; for any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open_incoming(self) -> Incoming:
        """Begin a new file."""
        raise NotImplementedError

    def path(self, sha256: str) -> Path:
        """Where the file with this hash is, or would be."""
        raise NotImplementedError

    def has(self, sha256: str) -> bool:
        """Whether it is here."""
        raise NotImplementedError

    def read(self, sha256: str, *, start: int, length: int) -> Iterator[bytes]:
        """`length` bytes from `start`, in pieces of at most 64 KiB."""
        raise NotImplementedError
