"""Incoming files: kept on the hub's own disk until complete and verified."""

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

PIECE_BYTES: Final = 256 * 1024
"""Size of the pieces in which a file is read and written."""
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class HashMismatchError(Exception):
    """The bytes do not match the announced hash."""


class BlobsError(Exception):
    """The store cannot serve now; a later attempt may succeed. The message names what failed;
    `fault` is its name in the log and for nodes, `cure` says what to do."""

    fault = "store_away"
    cure = ""


class NoSpaceError(BlobsError):
    """The disk is full, or would exceed its limit; a later attempt may succeed."""

    fault = "no_room"
    cure = "free space on that disk, or move store.media_folder to a larger one"


class StoreAwayError(BlobsError):
    """The store cannot be reached, or denies the hub access."""

    cure = "look after the store at store.media_url; the hub tries again by itself"


class DamagedOnWayError(BlobsError):
    """The store received other bytes than this hash promises, and kept nothing. It works for other
    files; a later attempt for this file may succeed."""

    fault = "damaged_on_way"
    cure = "if it repeats, check the disk of store.media_folder, and the line to store.media_url"


class Incoming:
    """An incoming file on the hub's own disk; for one thread at a time."""

    def __init__(self, folder: Path, keep: Callable[[str, str], None]) -> None:
        descriptor, name = tempfile.mkstemp(dir=folder)
        self._keep = keep
        self._file = os.fdopen(descriptor, "wb", buffering=PIECE_BYTES)
        self._path = name
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, chunk: bytes) -> None:
        """Append a piece; raises NoSpaceError."""
        with needing_room():
            self._file.write(chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    def finish(self, expected_sha256: str) -> None:
        """Store the file under its hash, durably.

        Raises HashMismatchError for other content, and then stores nothing; BlobsError.
        """
        if self._hash.hexdigest() != expected_sha256:
            self.abort()
            raise HashMismatchError(f"sha256 is {self._hash.hexdigest()}, not {expected_sha256}")
        with needing_room():
            self._file.flush()
            self._file.close()
        self._keep(self._path, expected_sha256)

    def abort(self) -> None:
        """Discard the received bytes; harmless after `finish`."""
        with contextlib.suppress(OSError):  # a full disk may refuse the last flush
            self._file.close()
        Path(self._path).unlink(missing_ok=True)


class Staging:
    """Folder of incomplete files: `incoming` in a folder, created if missing.

    `spare_bytes` of its disk stay free: a database on the same disk needs them for events, which
    have priority.
    """

    def __init__(self, folder: Path, *, spare_bytes: int) -> None:
        self.folder = folder / "incoming"
        self._spare_bytes = spare_bytes
        self.folder.mkdir(parents=True, exist_ok=True)

    def open(self, size_bytes: int, keep: Callable[[str, str], None]) -> Incoming:
        """Start a new file of this size; raises NoSpaceError."""
        if self.free_bytes() < size_bytes:
            free_bytes = shutil.disk_usage(self.folder).free
            raise NoSpaceError(
                f"{free_bytes // 2**20} MiB are free on the disk of {self.folder.parent},"
                f" and {self._spare_bytes // 2**20} MiB must stay free"
            )
        with needing_room():
            return Incoming(self.folder, keep)

    def free_bytes(self) -> int:
        """Free space that uploads may use."""
        return shutil.disk_usage(self.folder).free - self._spare_bytes

    def sweep(self, *, older_than_utc_us: int) -> int:
        """Remove files last written before the limit; returns their number."""
        removed = 0
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process stored or removed it
                if path.stat().st_mtime_ns // 1000 < older_than_utc_us:
                    path.unlink()
                    removed += 1
        return removed


@contextlib.contextmanager
def needing_room() -> Iterator[None]:
    """Turn a full disk's error into NoSpaceError."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise NoSpaceError(
                f"the disk of the media folder is full ({error.strerror})"
            ) from error
        raise
