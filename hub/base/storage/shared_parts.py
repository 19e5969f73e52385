"""Partial files of a hub on several machines: in the media store, listed in the database.

The bytes of each request are a file of the media store, named by its hash, and a row says where in
the upload they belong. So the next request may go to any machine. The file is stored before its
row: a process that is killed between leaves a file that nobody needs, for
`hub.footage.retention.reconcile`.

The disk has only the bytes of running requests, and whole files on their way to the store.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID, uuid4

import structlog
from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from hub.base.clock.clock import Clock
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.base.db.statements import add_once
from hub.base.moment import Moment
from hub.base.storage.blobs import Blobs, BlobsError, store_file
from hub.base.storage.partial_files import (
    ASIDE,
    MOST_PER_NODE,
    PartialFiles,
    PartReader,
    PartWriter,
    SupersededError,
    Whereabouts,
)
from hub.base.storage.staging import PIECE_BYTES, needing_room
from hub.base.storage.tables import upload_pieces

log = structlog.get_logger()

PATIENCE_S: Final = 1.0
"""Seconds for which alerts and officers' acts go first."""
REQUEST_S: Final = 24 * 3600
"""A file on the disk of this age belongs to no running request."""
HERE: Final = "here"
"""Folder of the files on the disk, beside those of an older version."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of an upload, a file of the media store."""

    start_bytes: int
    size_bytes: int
    sha256: str

    @property
    def end_bytes(self) -> int:
        """Offset at which the next piece starts."""
        return self.start_bytes + self.size_bytes


class SharedPartWriter:
    """See `PartWriter`: the bytes of one request, in a file of its own from the first one until it
    is closed."""

    def __init__(
        self, path: str, start_bytes: int, take: Callable[["SharedPartWriter", bool], None]
    ) -> None:
        """`take` gets the writer with its complete file, and whether to store it."""
        self.path = path
        self.start_bytes = self.size_bytes = start_bytes
        self._take = take
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._is_closed = False
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes of this request."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """See `PartWriter`."""
        with self._lock:
            if self._is_closed:
                raise SupersededError
            with needing_room():
                if self._file is None:
                    os.makedirs(os.path.dirname(self.path), exist_ok=True)
                    self._file = open(self.path, "xb", buffering=0)  # noqa: SIM115 - closed by `close`
                left = memoryview(chunk)
                while left:
                    left = left[self._file.write(left) :]
            self._hash.update(chunk)
            self.size_bytes += len(chunk)

    def close(self, *, is_durable: bool = True) -> None:
        """See `PartWriter`."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            try:
                if self._file is not None:
                    self._file.close()
                self._take(self, is_durable)
            finally:
                Path(self.path).unlink(missing_ok=True)


class SharedParts(PartialFiles):
    """See `PartialFiles`; for several machines over one database and one bucket."""

    is_shared = True

    def __init__(
        self,
        folder: Path,
        *,
        db: Database,
        blobs: Blobs,
        clock: Clock,
        is_needed: Callable[[Connection, str], bool],
        spare_bytes: int = 0,
        most_per_node: int = MOST_PER_NODE,
    ) -> None:
        """`is_needed`: whether anybody needs the stored file with this SHA-256."""
        super().__init__(folder / HERE, spare_bytes=spare_bytes, most_per_node=most_per_node)
        self._before = folder
        self._kind = folder.name
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._is_needed = is_needed
        self._open: dict[str, SharedPartWriter] = {}
        self._take_in_from_before()

    def size_bytes(self, owner: UUID, name: str) -> int:
        """See `PartialFiles`."""
        self._take_over(self.path(owner, name))
        return self.received_bytes(owner, name)

    def received_bytes(self, owner: UUID, name: str, conn: Connection | None = None) -> int:
        """See `PartialFiles`. A whole file that could not be stored yet lies here."""
        pieces = self._listed(conn, owner, name) if conn else self._pieces(owner, name)
        return max(_end(pieces), super().received_bytes(owner, name))

    def open(self, owner: UUID, name: str, *, room_bytes: int) -> PartWriter:
        """See `PartialFiles`."""
        home = self.path(owner, name)
        self._take_over(home)
        self._check_room(room_bytes)
        pieces = self._pieces(owner, name)
        if not pieces:
            self._crowd_out(owner)

        def take(writer: SharedPartWriter, is_durable: bool) -> None:
            with self._lock:
                if self._open.get(home) is writer:
                    del self._open[home]
            if not is_durable:
                self._join(owner, name, writer)
            elif writer.size_bytes > writer.start_bytes:
                self._add(owner, name, writer)

        writer = SharedPartWriter(_beside(home), _end(pieces), take)
        with self._lock:
            self._open[home] = writer
        return writer

    def bring(self, owner: UUID, name: str) -> str:
        """See `PartialFiles`."""
        home, pieces = self.path(owner, name), self._pieces(owner, name)
        if pieces and super().received_bytes(owner, name) < _end(pieces):
            beside = _beside(home)
            try:
                self._read_into(beside, owner, name, pieces)
                os.replace(beside, home)
            finally:
                Path(beside).unlink(missing_ok=True)
        return home

    def reader(self, owner: UUID, where: Callable[[], Whereabouts]) -> PartReader | None:
        """See `PartialFiles`."""
        if not any(self._pieces(owner, name) for name in where()[0]):
            return None
        return _PieceReader(self._blobs, where, lambda name: self._pieces(owner, name))

    def hand_over(self, owner: UUID, name: str, *, to: str, beginning: bytes) -> None:
        """See `PartialFiles`."""
        for path in (self.path(owner, name), self.path(owner, to)):
            self._take_over(path)
            Path(path).unlink(missing_ok=True)
        pieces = self._pieces(owner, name)
        if not pieces or _end(pieces) < len(beginning):
            return
        old = [piece for piece in pieces if piece.start_bytes < len(beginning)]
        new = self._rewritten(owner, name, old, beginning) if old else None
        with self._writing() as conn:
            is_as_before = self._listed(conn, owner, name)[: len(pieces)] == pieces
            if is_as_before and not self._listed(conn, owner, to):
                first = upload_pieces.c.start_bytes < len(beginning)
                conn.execute(delete(upload_pieces).where(*self._of(owner, name), first))
                conn.execute(update(upload_pieces).where(*self._of(owner, name)).values(name=to))
                if new is not None:
                    add_once(conn, upload_pieces, self._row(owner, to, new))
        self._remove_unneeded([piece.sha256 for piece in (*old, *([new] if new else []))])

    def grew_utc_us(self, owner: UUID, name: str, conn: Connection | None = None) -> int | None:
        """See `PartialFiles`."""
        query = select(func.max(upload_pieces.c.came_utc_us)).where(*self._of(owner, name))
        if conn is not None:
            return _number(conn.scalar(query))
        with self._db.reading() as own:
            return _number(own.scalar(query))

    def drop(self, owner: UUID, name: str) -> None:
        """See `PartialFiles`. A store that is away keeps the pieces until its next sweep."""
        home = self.path(owner, name)
        self._take_over(home)
        Path(home).unlink(missing_ok=True)
        if not self._pieces_of_any(owner, name):
            return
        this = delete(upload_pieces).where(*self._of(owner, name))
        with self._writing() as conn:
            gone = conn.scalars(this.returning(upload_pieces.c.sha256)).all()
        self._remove_unneeded(gone)

    def set_aside(self, owner: UUID, name: str) -> None:
        """See `PartialFiles`."""
        aside = f"{name}{ASIDE}"
        home = Path(self.path(owner, name))
        self._take_over(str(home))
        if home.is_file() and not self._pieces_of_any(owner, aside):
            self._take_in(home, owner, aside, self._clock.now())
        elif not self._pieces_of_any(owner, aside):
            self.hand_over(owner, name, to=aside, beginning=b"")
        self.drop(owner, name)

    def sweep(self, *, older_than_utc_us: int, growing_older_than_utc_us: int = 0) -> int:
        """See `PartialFiles`. Tries again to take in what an older version left on the disk."""
        self._take_in_from_before()
        here = upload_pieces.c
        query = (
            select(here.owner, here.name, func.max(here.came_utc_us).label("grew_utc_us"))
            .where(here.kind == self._kind)
            .group_by(here.owner, here.name)
            .having(func.max(here.came_utc_us) < max(older_than_utc_us, growing_older_than_utc_us))
        )
        with self._db.reading() as conn:
            found = conn.execute(query).all()
        gone = 0
        for row in found:
            is_growing = self._may_be_all(row.owner, row.name)
            limit_utc_us = growing_older_than_utc_us if is_growing else older_than_utc_us
            if row.grew_utc_us < limit_utc_us and not self._is_held(row.owner, row.name):
                self.drop(row.owner, row.name)
                gone += 1
        return gone + self._sweep_disk()

    @property
    def under_way(self) -> int:
        """See `PartialFiles`."""
        return len(self._open)

    def _take_over(self, path: str) -> None:
        """Keep the bytes of the older request of this process, if they are the next ones."""
        with self._lock:
            writer = self._open.pop(path, None)
        if writer is not None:
            with contextlib.suppress(SupersededError, BlobsError):
                writer.close()

    def _add(self, owner: UUID, name: str, writer: SharedPartWriter) -> None:
        piece = Piece(writer.start_bytes, writer.size_bytes - writer.start_bytes, writer.sha256)
        self._blobs.keep(writer.path, piece.sha256)
        with self._writing() as conn:
            is_next = _end(self._listed(conn, owner, name)) == piece.start_bytes
            # Of two machines that bring the same bytes at once, the first row counts.
            is_next = is_next and add_once(conn, upload_pieces, self._row(owner, name, piece))
        if not is_next:
            self._remove_unneeded([piece.sha256])
            raise SupersededError

    def _join(self, owner: UUID, name: str, writer: SharedPartWriter) -> None:
        """The last bytes have come: the whole file, here."""
        home = self.path(owner, name)
        if not writer.start_bytes:
            os.replace(writer.path, home)
            return
        pieces = self._pieces(owner, name)
        if _end(pieces) != writer.start_bytes:
            raise SupersededError
        beside = _beside(home)
        try:
            self._read_into(beside, owner, name, pieces)
            with needing_room(), open(writer.path, "rb") as last, open(beside, "ab") as whole:
                while some := last.read(PIECE_BYTES):
                    whole.write(some)
            os.replace(beside, home)
        finally:
            Path(beside).unlink(missing_ok=True)

    def _read_into(self, path: str, owner: UUID, name: str, pieces: Iterable[Piece]) -> None:
        """FileNotFoundError if the store has lost a piece; then the upload begins again."""
        try:
            with needing_room():
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "xb") as file:
                    for piece in pieces:
                        for some in self._blobs.read(piece.sha256, length=piece.size_bytes):
                            file.write(some)
        except FileNotFoundError as error:
            log.error("upload.piece_lost", part=name, reason=str(error))
            (self.set_aside if self._is_held(owner, name) else self.drop)(owner, name)
            raise

    def _rewritten(
        self, owner: UUID, name: str, pieces: Sequence[Piece], beginning: bytes
    ) -> Piece:
        """These pieces as one, with other first bytes."""
        beside = _beside(self.path(owner, name))
        try:
            self._read_into(beside, owner, name, pieces)
            with needing_room(), open(beside, "r+b") as file:
                file.write(beginning)
            with open(beside, "rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self._blobs.keep(beside, sha256)
        finally:
            Path(beside).unlink(missing_ok=True)
        return Piece(0, _end(pieces), sha256)

    def _take_in(self, path: Path, owner: UUID, name: str, came: Moment) -> None:
        """A file of the disk as the only piece of a part that has none."""
        piece = Piece(0, path.stat().st_size, store_file(path, self._blobs))
        row = self._row(owner, name, piece) | columns("came", came)
        with self._writing() as conn:
            if piece.size_bytes and not self._listed(conn, owner, name):
                add_once(conn, upload_pieces, row)

    def _take_in_from_before(self) -> None:
        for path in self._before.glob("*/*"):
            if path.parent.name == HERE:
                continue
            try:
                came = Moment(path.stat().st_mtime_ns // 1000, None)
                self._take_in(path, UUID(path.parent.name), path.name, came)
                path.unlink()
            except FileNotFoundError:
                continue  # another process of this machine has taken it in
            except (BlobsError, OSError, ValueError) as error:
                log.warning("upload.not_taken_in", path=str(path), reason=str(error))

    def _sweep_disk(self) -> int:
        old_ns = (self._clock.now().utc_us - REQUEST_S * 1_000_000) * 1000
        gone = 0
        for path in Path(self._folder).glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime_ns < old_ns:
                    path.unlink()
                    gone += 1
        return gone

    def _crowd_out(self, owner: UUID) -> None:
        here = upload_pieces.c
        query = (
            select(here.name)
            .where(here.kind == self._kind, here.owner == owner)
            .group_by(here.name)
            .order_by(func.max(here.came_utc_us))
        )
        with self._db.reading() as conn:
            names = conn.scalars(query).all()
        many = len(names) - self._most_per_node + 1
        for name in [one for one in names if many > 0 and not self._is_held(owner, one)][:many]:
            self.drop(owner, name)
            self.crowded_out += 1
            log.warning("upload.crowded_out", part=name, so_far=self.crowded_out)

    def _is_held(self, owner: UUID, name: str) -> bool:
        return self.is_held(owner, name.removesuffix(ASIDE))

    def _remove_unneeded(self, hashes: Iterable[str]) -> None:
        with self._db.reading() as conn:
            gone = [one for one in dict.fromkeys(hashes) if not self._is_needed(conn, one)]
        # The sweep finds what is left, and counts it.
        with contextlib.suppress(BlobsError):
            for sha256 in gone:
                self._blobs.remove(sha256)

    def _pieces(self, owner: UUID, name: str) -> list[Piece]:
        with self._db.reading() as conn:
            return self._listed(conn, owner, name)

    def _pieces_of_any(self, owner: UUID, name: str) -> bool:
        with self._db.reading() as conn:
            query = select(upload_pieces.c.sha256).where(*self._of(owner, name)).limit(1)
            return conn.scalar(query) is not None

    def _listed(self, conn: Connection, owner: UUID, name: str) -> list[Piece]:
        """The pieces from the beginning on without a gap; a piece of a dropped upload may lie
        behind a gap."""
        here = upload_pieces.c
        query = select(here.start_bytes, here.size_bytes, here.sha256)
        found: list[Piece] = []
        for row in conn.execute(query.where(*self._of(owner, name)).order_by(here.start_bytes)):
            if row.start_bytes != _end(found):
                break
            found.append(Piece(*row))
        return found

    def _of(self, owner: UUID, name: str) -> tuple[ColumnElement[bool], ...]:
        here = upload_pieces.c
        return here.kind == self._kind, here.owner == owner, here.name == name

    def _row(self, owner: UUID, name: str, piece: Piece) -> dict[str, object]:
        return {
            "kind": self._kind,
            "owner": owner,
            "name": name,
            "start_bytes": piece.start_bytes,
            "size_bytes": piece.size_bytes,
            "sha256": piece.sha256,
            **columns("came", self._clock.now()),
        }

    def _writing(self) -> contextlib.AbstractContextManager[Connection]:
        return self._db.writing(patience_s=PATIENCE_S, is_shared_turn=True)


class _PieceReader:
    """See `PartReader`: each byte from where it lies now."""

    def __init__(
        self,
        blobs: Blobs,
        where: Callable[[], Whereabouts],
        pieces: Callable[[str], list[Piece]],
    ) -> None:
        self._blobs = blobs
        self._where = where
        self._pieces = pieces
        self._known: list[Piece] = []
        self._at_bytes = 0

    def read(self, size_bytes: int) -> bytes:
        piece = self._here() or self._look()
        if piece is None:
            return b""
        start, length = self._at_bytes - piece.start_bytes, piece.end_bytes - self._at_bytes
        read = self._blobs.read(piece.sha256, start=start, length=min(size_bytes, length))
        try:
            some = b"".join(read)
        except FileNotFoundError:  # it has become part of another file
            self._known = []
            return b""
        self._at_bytes += len(some)
        return some

    def close(self) -> None:
        """Nothing is open."""

    def _look(self) -> Piece | None:
        names, stored = self._where()
        for name in names:
            self._known = self._pieces(name)
            if (piece := self._here()) is not None:
                return piece
        self._known = [Piece(0, stored[1], stored[0])] if stored else []
        return self._here()

    def _here(self) -> Piece | None:
        ahead = (piece for piece in self._known if piece.end_bytes > self._at_bytes)
        return next(ahead, None)


def _end(pieces: Sequence[Piece]) -> int:
    return pieces[-1].end_bytes if pieces else 0


def _number(found: object) -> int | None:
    return found if isinstance(found, int) else None


def _beside(path: str) -> str:
    return f"{path}+{uuid4().hex}"
