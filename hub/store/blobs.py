"""Files by their hash, written so that a power cut leaves either the whole file or none."""

import contextlib
import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PIECE_BYTES: Final = 64 * 1024
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class HashMismatchError(Exception):
    """The bytes are not those that were promised."""


class NoRoomError(Exception):
    """The disk is full, or would be fuller than it may be; later there may be room again."""


@contextlib.contextmanager
def _needing_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise NoRoomError(f"the disk of the media folder is full ({error.strerror})") from error
        raise


class Incoming:
    """A file on its way in; for one thread at a time."""

    def __init__(self, folder: "BlobFolder", incoming: Path) -> None:
        self._folder = folder
        descriptor, name = tempfile.mkstemp(dir=incoming)
        self._file = os.fdopen(descriptor, "wb", buffering=PIECE_BYTES)
        self._path = Path(name)
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, chunk: bytes) -> None:
        """Append a piece; raises NoRoomError."""
        with _needing_room():
            self._file.write(chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    def finish(self, expected_sha256: str) -> Path:
        """Keep the file under its hash, durably.

        Raises HashMismatchError when it is another, and then keeps nothing; NoRoomError.
        """
        if self._hash.hexdigest() != expected_sha256:
            self.abort()
            raise HashMismatchError(f"sha256 is {self._hash.hexdigest()}, not {expected_sha256}")
        with _needing_room():
            return self._keep(expected_sha256)

    def _keep(self, sha256: str) -> Path:
        self._file.flush()
        # First the bytes, then the name, then the folder that holds the name: a row that says
        # "stored" is written only after all three are on the disk.
        os.fsync(self._file.fileno())
        self._file.close()
        home = self._folder.path(sha256)
        if not home.parent.is_dir():
            home.parent.mkdir(exist_ok=True)
            _sync_folder(home.parent.parent)
        self._path.rename(home)
        _sync_folder(home.parent)
        return home

    def abort(self) -> None:
        """Throw away what came; harmless after `finish`."""
        with contextlib.suppress(OSError):  # a full disk may refuse the last flush
            self._file.close()
        self._path.unlink(missing_ok=True)


class BlobFolder:
    """A content-addressed folder, made when missing; for any thread.

    `spare_bytes` of its disk are left free: a database on the same disk needs them for what
    comes first, the events.
    """

    def __init__(self, folder: Path, *, spare_bytes: int = 0) -> None:
        self._folder = folder
        self._spare_bytes = spare_bytes
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def open_incoming(self, size_bytes: int = 0) -> Incoming:
        """Begin a new file of this size; raises NoRoomError."""
        free_bytes = shutil.disk_usage(self._folder).free
        if free_bytes - size_bytes < self._spare_bytes:
            raise NoRoomError(
                f"{free_bytes // 2**20} MiB are free on the disk of {self._folder},"
                f" and {self._spare_bytes // 2**20} MiB stay so"
            )
        with _needing_room():
            return Incoming(self, self._incoming)

    def path(self, sha256: str) -> Path:
        """Where the file with this hash is, or would be."""
        if _SHA256.fullmatch(sha256) is None:
            raise ValueError(f"not a sha256: {sha256!r}")
        return self._folder / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Whether it is here."""
        return self.path(sha256).is_file()

    def read(self, sha256: str, *, start: int = 0, length: int) -> Iterator[bytes]:
        """`length` bytes from `start`, in pieces of at most 64 KiB; fewer where the file ends."""
        with self.path(sha256).open("rb") as file:
            file.seek(start)
            while length > 0 and (piece := file.read(min(PIECE_BYTES, length))):
                length -= len(piece)
                yield piece

    def sweep(self, *, older_than_utc_us: int) -> int:
        """Remove unfinished files last written before then; how many."""
        old = [
            path
            for path in self._incoming.iterdir()
            if path.stat().st_mtime_ns // 1000 < older_than_utc_us
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
