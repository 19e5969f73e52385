"""Partial files of unfinished uploads on the hub's disk, kept until the rest arrives.

A part's length is its upload offset; no second record can disagree with it. Bytes are durable
before the sender learns of them. A part has one writer: the next request takes it over, because the
old request of a broken connection hangs for a long time. Several processes of a hub may share the
folder: a writer that finds other bytes than its own at the end was taken over by another process.
For several machines there is `hub.base.storage.shared_parts`.

Paths are strings here: pathlib interns each component it reads, and a town's pictures made Python's
table of interned strings resize every few minutes, 4 to 8 MiB at a time.
"""

import fcntl
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy import Connection

from hub.base.storage.staging import PIECE_BYTES, NoSpaceError, needing_room

CHUNK_BYTES: Final = 4 * 2**20
"""Bytes of a chunk, which an interrupted upload has to send again."""
MOST_CHUNK_BYTES: Final = 16 * 2**20


class WrongOffsetError(Exception):
    """The offset of the request differs from the offset of the upload."""


log = structlog.get_logger()

MOST_PER_NODE: Final = 16
"""A node uploads one file at a time, and one growing clip per camera. A node with more partial
files loses its own oldest; the only cost is a new upload of it from the start."""
GROWING: Final = ".growing"
"""Suffix of a clip that is still being recorded."""
ASIDE: Final = ".aside"
"""Suffix of a partial file under hold that failed its check."""
_NAME: Final = re.compile(r"[0-9a-f-]{36}(\.[a-z]{1,10})?", re.ASCII)


Whereabouts = tuple[Sequence[str], tuple[str, int] | None]
"""Names a part may have now; SHA-256 and size in bytes of the file that it became, once stored."""


class SupersededError(Exception):
    """A newer request writes this part now."""


class PartWriter(Protocol):
    """The one writer of a part; for one thread at a time."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the part, including those from earlier requests."""
        ...

    def write(self, chunk: bytes) -> None:
        """Append bytes to the part; raises SupersededError, BlobsError."""
        ...

    def close(self, *, is_durable: bool = True) -> None:
        """Make the received bytes durable, see `PartialFileWriter`; SupersededError, BlobsError."""
        ...


class PartReader(Protocol):
    """Reader of a part that grows; for one thread at a time. Close it."""

    def read(self, size_bytes: int) -> bytes:
        """The next bytes, at most `size_bytes`; empty if none have come yet."""
        ...

    def close(self) -> None:
        """Close the reader."""
        ...


class PartialFileWriter:
    """The one writer of a part; for one thread at a time. Another request may take the part over at
    any time."""

    def __init__(self, path: str, *, closed: Callable[["PartialFileWriter"], object]) -> None:
        """`closed` is called once the writer accepts no more."""
        self.path = path
        self._closed = closed
        self._is_new = not os.path.exists(path)
        self._lock = threading.Lock()
        self._file: BinaryIO | None = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by `close`
        self.size_bytes = self._file.tell()

    def write(self, chunk: bytes) -> None:
        """Append bytes to the part; raises SupersededError, NoSpaceError."""
        with self._lock:
            if self._file is None:
                raise SupersededError
            with needing_room(), _locked(self._file) as size_bytes:
                if size_bytes != self.size_bytes:
                    raise SupersededError
                left = memoryview(chunk)
                while left:
                    written = self._file.write(left)
                    self.size_bytes += written
                    left = left[written:]

    def close(self, *, is_durable: bool = True) -> None:
        """Make the received bytes durable; no effect if already closed or taken over.

        `is_durable` False: for a caller that stores the whole file next and answers its sender only
        after that.
        """
        try:
            self._close(is_durable=is_durable)
        finally:
            self._closed(self)

    def _close(self, *, is_durable: bool) -> None:
        with self._lock:
            file, self._file = self._file, None
            if file is None:
                return
            with file, needing_room():
                if is_durable:
                    os.fdatasync(file.fileno())
                    if self._is_new:
                        sync_folder(os.path.dirname(self.path))


class PartialFiles:
    """One folder per node, one file per part; created if missing; for any thread."""

    is_shared = False
    """Whether every machine has the same parts."""

    def __init__(
        self, folder: Path, *, spare_bytes: int = 0, most_per_node: int = MOST_PER_NODE
    ) -> None:
        self._folder = str(folder)
        self._spare_bytes = spare_bytes
        self._most_per_node = most_per_node
        self._lock = threading.RLock()
        self._writers: dict[str, PartialFileWriter] = {}
        self.crowded_out = 0
        """Count of parts removed because their node had too many."""
        self.is_held: Callable[[UUID, str], bool] = lambda _owner, _name: False
        """Whether a partial file, by owner and name, is under hold and must never be removed."""
        self.is_grown: Callable[[UUID, str], bool] = lambda _owner, _name: False
        """Whether a part began as a growing clip, and so may be all there is of it."""
        folder.mkdir(parents=True, exist_ok=True)

    def size_bytes(self, owner: UUID, name: str) -> int:
        """Number of durable bytes; takes the part over from its current writer."""
        path = self.path(owner, name)
        with self._lock:
            self._take_over(path)
            return os.stat(path).st_size if os.path.isfile(path) else 0

    def received_bytes(
        self,
        owner: UUID,
        name: str,
        conn: Connection | None = None,  # noqa: ARG002 - no database is asked
    ) -> int:
        """Number of bytes that have come; the part's writer goes on. `conn`: a connection that is
        open, if there is one."""
        path = self.path(owner, name)
        return os.stat(path).st_size if os.path.isfile(path) else 0

    def open(self, owner: UUID, name: str, *, room_bytes: int) -> PartWriter:
        """Continue or start a part; `room_bytes` are still to come. Raises NoSpaceError."""
        path = self.path(owner, name)
        with self._lock:
            self._take_over(path)
            self._check_room(room_bytes)
            home = os.path.dirname(path)
            if not os.path.isfile(path):
                self._make_room_among(home)
            with needing_room():
                os.makedirs(home, exist_ok=True)
                writer = PartialFileWriter(path, closed=self._forget)
            self._writers[path] = writer
            return writer

    def path(self, owner: UUID, name: str) -> str:
        """Path of the part, if it has bytes here."""
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"not the name of a part: {name!r}")
        return f"{self._folder}/{owner}/{name}"

    def bring(self, owner: UUID, name: str) -> str:
        """Path of a local file with all received bytes, if there are any; BlobsError."""
        return self.path(owner, name)

    def hash_of(self, owner: UUID, name: str) -> str:
        """SHA-256, in hex, of the received bytes; FileNotFoundError if there are none."""
        digest = hashlib.sha256()
        with open(self.bring(owner, name), "rb") as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
        return digest.hexdigest()

    def reader(self, owner: UUID, where: Callable[[], Whereabouts]) -> PartReader | None:
        """Reader of a part that grows and may get another name; None if there are no bytes of
        it."""
        for name in where()[0]:
            with suppress(FileNotFoundError):
                return _FileReader(os.open(self.path(owner, name), os.O_RDONLY))
        return None

    def hand_over(self, owner: UUID, name: str, *, to: str, beginning: bytes) -> None:
        """Rename a part and rewrite its first bytes; no effect if it does not exist.

        Open readers can go on reading.
        """
        old, new = self.path(owner, name), self.path(owner, to)
        with self._lock:
            self._take_over(old)
            self._take_over(new)
            if not os.path.isfile(old) or os.stat(old).st_size < len(beginning):
                return
            with needing_room(), open(old, "r+b") as file:
                file.write(beginning)
                file.flush()
                os.fdatasync(file.fileno())
            os.rename(old, new)
            sync_folder(os.path.dirname(new))

    def grew_utc_us(
        self,
        owner: UUID,
        name: str,
        conn: Connection | None = None,  # noqa: ARG002 - no database is asked
    ) -> int | None:
        """Time of the last received bytes; None if there were none. `conn`: a connection that is
        open, if there is one."""
        try:
            return os.stat(self.path(owner, name)).st_mtime_ns // 1000
        except FileNotFoundError:
            return None

    def drop(self, owner: UUID, name: str) -> None:
        """Delete the received bytes of the part."""
        path = self.path(owner, name)
        with self._lock:
            self._take_over(path)
            with suppress(FileNotFoundError):
                os.unlink(path)

    def set_aside(self, owner: UUID, name: str) -> None:
        """Move a part that failed its check out of the way; it may be the only copy of the footage.

        If one was set aside before, the first is kept: the later one may be an attempt to replace
        it.
        """
        path = self.path(owner, name)
        aside = path + ASIDE
        with self._lock:
            self._take_over(path)
            if os.path.exists(aside):
                Path(path).unlink(missing_ok=True)
            elif os.path.isfile(path):
                os.rename(path, aside)
                sync_folder(os.path.dirname(path))

    def sweep(self, *, older_than_utc_us: int, growing_older_than_utc_us: int = 0) -> int:
        """Remove parts last written before the limit; returns their number. Growing clips have
        their own limit: the part may be all there is of them."""
        with self._lock:
            gone = []
            for path in Path(self._folder).glob("*/*"):
                grew_utc_us = path.stat().st_mtime_ns // 1000
                if grew_utc_us >= max(older_than_utc_us, growing_older_than_utc_us):
                    continue
                is_growing = self._may_be_all(UUID(path.parent.name), path.name)
                limit_utc_us = growing_older_than_utc_us if is_growing else older_than_utc_us
                if grew_utc_us < limit_utc_us and not self._is_kept(path):
                    gone.append(path)
            for path in gone:
                self._take_over(str(path))
                path.unlink(missing_ok=True)
        return len(gone)

    def _may_be_all(self, owner: UUID, name: str) -> bool:
        return name.endswith(GROWING) or ("." not in name and self.is_grown(owner, name))

    def _is_kept(self, path: Path) -> bool:
        return self.is_held(UUID(path.parent.name), path.name.removesuffix(ASIDE))

    def bytes_by_owner(self) -> dict[UUID, int]:
        """Bytes of the unfinished parts on this disk."""
        found: dict[UUID, int] = {}
        for path in Path(self._folder).glob("*/*"):
            with suppress(FileNotFoundError, ValueError):  # gone meanwhile; not an owner's folder
                owner = UUID(path.parent.name)
                found[owner] = found.get(owner, 0) + path.stat().st_size
        return found

    @property
    def under_way(self) -> int:
        """Number of parts being written."""
        return len(self._writers)

    def _forget(self, writer: PartialFileWriter) -> None:
        with self._lock:
            if self._writers.get(writer.path) is writer:
                del self._writers[writer.path]

    def _take_over(self, path: str) -> None:
        writer = self._writers.pop(path, None)
        if writer is not None:
            writer.close()

    def _check_room(self, room_bytes: int) -> None:
        free_bytes = shutil.disk_usage(self._folder).free
        if free_bytes - room_bytes < self._spare_bytes:
            raise NoSpaceError(
                f"{free_bytes // 2**20} MiB are free on the disk of {self._folder},"
                f" and {self._spare_bytes // 2**20} MiB must stay free"
            )

    def _make_room_among(self, home: str) -> None:
        if not os.path.isdir(home) or len(os.listdir(home)) < self._most_per_node:
            return
        parts = sorted(Path(home).glob("*"), key=lambda path: path.stat().st_mtime_ns)
        loose = (path for path in parts if not self._is_kept(path))
        for path in islice(loose, max(0, len(parts) - self._most_per_node + 1)):
            self._take_over(str(path))
            path.unlink(missing_ok=True)
            self.crowded_out += 1
            log.warning("upload.crowded_out", part=path.name, so_far=self.crowded_out)


class _FileReader:
    """See `PartReader`."""

    def __init__(self, file: int) -> None:
        self._file = file

    def read(self, size_bytes: int) -> bytes:
        return os.read(self._file, size_bytes)

    def close(self) -> None:
        os.close(self._file)


@contextmanager
def _locked(file: BinaryIO) -> Iterator[int]:
    """Other processes wait; the present length; -1 if the file was removed."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        stat = os.fstat(file.fileno())
        yield stat.st_size if stat.st_nlink else -1
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable (fsync)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
