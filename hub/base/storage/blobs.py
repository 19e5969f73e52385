"""Clip store: files named by their hash and written once. This module has the port and the folder
adapter.

File paths are strings, as in `hub.base.storage.partial_files` and for the same reason. The other
adapter is `hub.base.storage.s3`; `tests/hub/base/test_blobs.py` tests both.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from hub.base.storage.staging import (
    PIECE_BYTES,
    BlobsError,
    DamagedOnWayError,
    HashMismatchError,
    Incoming,
    NoSpaceError,
    Staging,
    StoreAwayError,
    needing_room,
)

__all__ = [
    "PIECE_BYTES",
    "BlobFolder",
    "Blobs",
    "BlobsError",
    "DamagedOnWayError",
    "HashMismatchError",
    "Incoming",
    "NoSpaceError",
    "StoreAwayError",
    "StoredBlob",
    "checked",
    "needing_room",
    "store_file",
]

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A file in the store; `changed_utc_us` is the time it was stored."""

    sha256: str
    size_bytes: int
    changed_utc_us: int


class Blobs(Protocol):
    """Clip store; thread-safe. All methods may raise BlobsError, and ValueError for an invalid
    hash."""

    def open_incoming(self, size_bytes: int = 0) -> Incoming:
        """Start a new file of this size; raises NoSpaceError."""
        ...

    def keep(self, path: str, sha256: str) -> None:
        """Move a complete file from the staging folder into the store, durably. The caller has
        checked its hash.

        After success nothing is at `path`; after an error the file is still there, for a retry.
        """
        ...

    def has(self, sha256: str) -> bool:
        """True if the file is in the store."""
        ...

    def read(self, sha256: str, *, start: int = 0, length: int) -> Iterator[bytes]:
        """`length` bytes from `start`, `PIECE_BYTES` at a time; fewer if the file ends before.

        Raises FileNotFoundError at the first piece if the file is missing.
        """
        ...

    def remove(self, sha256: str) -> bool:
        """Delete the file; returns True if it existed."""
        ...

    def walk(self, shelf: str) -> Iterator[StoredBlob]:
        """All files whose hash begins with the two digits of `shelf`."""
        ...

    def free_bytes(self) -> int | None:
        """Free space in bytes beyond the reserve; negative if the reserve is used.

        None: unknown.
        """
        ...

    def sweep(self, *, older_than_utc_us: int) -> int:
        """Remove unfinished files last written before then; returns their number."""
        ...


class BlobFolder:
    """Clip store in a folder, created if missing: `ab/ab12…`, and `incoming` for unfinished
    files."""

    def __init__(self, folder: Path, *, spare_bytes: int = 0) -> None:
        self._folder = str(folder)
        self._staging = Staging(folder, spare_bytes=spare_bytes)

    def open_incoming(self, size_bytes: int = 0) -> Incoming:
        """See `Blobs`."""
        return self._staging.open(size_bytes, self.keep)

    def keep(self, path: str, sha256: str) -> None:
        """See `Blobs`; `path` is on the same disk."""
        home = self.path(sha256)
        with needing_room():
            # First the bytes, then the name, then the folder with the name: a row says "stored"
            # only after all three are on the disk.
            _sync(path)
            shelf = os.path.dirname(home)
            if not os.path.isdir(shelf):
                os.makedirs(shelf, exist_ok=True)
                _sync(self._folder)
            os.rename(path, home)
            _sync(shelf)

    def path(self, sha256: str) -> str:
        """Path of the file with this hash, existing or not."""
        return f"{self._folder}/{checked(sha256)[:2]}/{sha256}"

    def has(self, sha256: str) -> bool:
        """See `Blobs`."""
        return os.path.isfile(self.path(sha256))

    def read(self, sha256: str, *, start: int = 0, length: int) -> Iterator[bytes]:
        """See `Blobs`."""
        with open(self.path(sha256), "rb") as file:
            file.seek(start)
            while length > 0 and (piece := file.read(min(PIECE_BYTES, length))):
                length -= len(piece)
                yield piece

    def remove(self, sha256: str) -> bool:
        """See `Blobs`."""
        try:
            os.unlink(self.path(sha256))
        except FileNotFoundError:
            return False
        return True

    def walk(self, shelf: str) -> Iterator[StoredBlob]:
        """See `Blobs`."""
        folder = Path(self._folder) / shelf
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                facts = path.stat()
                if _SHA256.fullmatch(path.name) is not None:
                    yield StoredBlob(path.name, facts.st_size, facts.st_mtime_ns // 1000)

    def free_bytes(self) -> int | None:
        """See `Blobs`."""
        return self._staging.free_bytes()

    def sweep(self, *, older_than_utc_us: int) -> int:
        """See `Blobs`."""
        return self._staging.sweep(older_than_utc_us=older_than_utc_us)


def store_file(path: Path, blobs: Blobs) -> str:
    """Copy the file into the store; returns its hash. Raises BlobsError, OSError."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if blobs.has(sha256):
            return sha256
        file.seek(0)
        incoming = blobs.open_incoming(path.stat().st_size)
        try:
            while piece := file.read(PIECE_BYTES):
                incoming.write(piece)
            incoming.finish(sha256)
        except BaseException:
            incoming.abort()
            raise
    return sha256


def checked(sha256: str) -> str:
    """Returns the hash; raises ValueError for anything else, such as a path."""
    if _SHA256.fullmatch(sha256) is None:
        raise ValueError(f"not a sha256: {sha256!r}")
    return sha256


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
