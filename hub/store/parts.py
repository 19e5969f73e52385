"""Unfinished uploads on the hub's disk: what has come of each, kept until the rest comes.

A part's length is its offset: nothing else says how far it has come, so nothing can disagree.
What is told to the sender is made durable first. A part has one writer: whoever asks for it next
takes it over, because a line that broke leaves its old request waiting for a long time.

Names are strings here: pathlib interns each part of each path that it reads, and a town's pictures
made Python's table of interned strings anew every few minutes, 4 to 8 MiB at a time.
"""

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

import structlog

from hub.store.staging import PIECE_BYTES, NoRoomError, needing_room

log = structlog.get_logger()

MOST_PER_NODE: Final = 16
"""A node brings one file at a time, and one growing clip a camera. A node with more unfinished
ones loses its own oldest, which costs it no more than bringing that one from its beginning."""
GROWING: Final = ".growing"
"""The end of the name of a clip that is still recorded."""
ASIDE: Final = ".aside"
"""The end of the name of what came of a held file and was not what it should be."""
_NAME: Final = re.compile(r"[0-9a-f-]{36}(\.[a-z]{1,10})?", re.ASCII)


class SupersededError(Exception):
    """A newer request brings this part now."""


class PartWriter:
    """The one writer of a part; for one thread at a time, while any other may take over."""

    def __init__(self, path: str, *, closed: Callable[["PartWriter"], object]) -> None:
        """`closed` is told once it takes no more."""
        self.path = path
        self._closed = closed
        self._is_new = not os.path.exists(path)
        self._lock = threading.Lock()
        self._file: BinaryIO | None = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by `close`
        self.size_bytes = self._file.tell()

    def write(self, chunk: bytes) -> None:
        """Append; raises SupersededError, NoRoomError."""
        with self._lock:
            if self._file is None:
                raise SupersededError
            with needing_room():
                left = memoryview(chunk)
                while left:
                    written = self._file.write(left)
                    self.size_bytes += written
                    left = left[written:]

    def close(self, *, is_durable: bool = True) -> None:
        """Make what came durable; harmless when it was done or taken over before.

        Not durable: for who stores the whole of it next, and says nothing to its sender before.
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


class PartFolder:
    """A folder a node, a file a part; made when missing; for any thread."""

    def __init__(
        self, folder: Path, *, spare_bytes: int = 0, most_per_node: int = MOST_PER_NODE
    ) -> None:
        self._folder = str(folder)
        self._spare_bytes = spare_bytes
        self._most_per_node = most_per_node
        self._lock = threading.RLock()
        self._writers: dict[str, PartWriter] = {}
        self.crowded_out = 0
        """Parts removed because their node had begun too many."""
        self.is_held: Callable[[UUID, str], bool] = lambda _owner, _name: False
        """Whether what has come of a file, by owner and name, is never to be removed."""
        folder.mkdir(parents=True, exist_ok=True)

    def size_bytes(self, owner: UUID, name: str) -> int:
        """How many bytes have come and are durable; whoever still writes is superseded."""
        path = self.path(owner, name)
        with self._lock:
            self._take_over(path)
            return os.stat(path).st_size if os.path.isfile(path) else 0

    def open(self, owner: UUID, name: str, *, room_bytes: int) -> PartWriter:
        """Go on with a part, or begin it; `room_bytes` are still to come. Raises NoRoomError."""
        path = self.path(owner, name)
        with self._lock:
            self._take_over(path)
            self._check_room(room_bytes)
            home = os.path.dirname(path)
            if not os.path.isfile(path):
                self._make_room_among(home)
            with needing_room():
                os.makedirs(home, exist_ok=True)
                writer = PartWriter(path, closed=self._forget)
            self._writers[path] = writer
            return writer

    def path(self, owner: UUID, name: str) -> str:
        """Where the part is, if anything of it has come."""
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"not the name of a part: {name!r}")
        return f"{self._folder}/{owner}/{name}"

    def hash_of(self, owner: UUID, name: str) -> str:
        """SHA-256, in hex, of what has come; FileNotFoundError when nothing has."""
        digest = hashlib.sha256()
        with open(self.path(owner, name), "rb") as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
        return digest.hexdigest()

    def hand_over(self, owner: UUID, name: str, *, to: str, beginning: bytes) -> None:
        """A part becomes another one, with its first bytes written anew; nothing if it is not here.

        Whoever reads it goes on reading.
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

    def grew_utc_us(self, owner: UUID, name: str) -> int | None:
        """When bytes came last; None when none ever did."""
        try:
            return os.stat(self.path(owner, name)).st_mtime_ns // 1000
        except FileNotFoundError:
            return None

    def drop(self, owner: UUID, name: str) -> None:
        """Throw away what came."""
        path = self.path(owner, name)
        with self._lock:
            self._take_over(path)
            Path(path).unlink(missing_ok=True)

    def set_aside(self, owner: UUID, name: str) -> None:
        """What came is not what it should be, and may be all there is of it: out of the way.

        Of what was set aside the first is kept: what came later may have been meant to replace it.
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
        """Remove the parts last written before then, clips under way by a date of their own (it
        may be all there is of them); how many."""
        with self._lock:
            old = [
                path
                for path in Path(self._folder).glob("*/*")
                if path.stat().st_mtime_ns // 1000
                < (growing_older_than_utc_us if path.suffix == GROWING else older_than_utc_us)
            ]
            gone = [path for path in old if not self._is_kept(path)]
            for path in gone:
                self._take_over(str(path))
                path.unlink(missing_ok=True)
        return len(gone)

    def _is_kept(self, path: Path) -> bool:
        return self.is_held(UUID(path.parent.name), path.name.removesuffix(ASIDE))

    @property
    def under_way(self) -> int:
        """How many parts are being written."""
        return len(self._writers)

    def _forget(self, writer: PartWriter) -> None:
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
            raise NoRoomError(
                f"{free_bytes // 2**20} MiB are free on the disk of {self._folder},"
                f" and {self._spare_bytes // 2**20} MiB stay so"
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


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
