"""A consistent copy of a running hub's database, and its restore.

SQLite gives a whole file by its online backup; PostgreSQL gives its tables by COPY in one
transaction with one consistent view. Neither blocks writers. Parts are streams: a province's
database is never whole in memory.
"""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Final, cast

import psycopg
from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.engine import URL

from hub.app.schema import metadata
from hub.base.db.database import Database, DatabaseError
from hub.base.db.months import taken_out
from hub.base.db.schema import migrate, schema_now, upgrade
from hub.base.storage.staging import PIECE_BYTES

SQLITE_PART: Final = "hub.db"
_PARTS: Final = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
"""Tables that are parts of others, and go with them."""
Read = Callable[[str], Iterator[bytes]]
"""Reads the bytes of a part, by its name."""
Note = Callable[[Connection], object]
"""Writes into the restored database, before anybody sees it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Contents of a copy: database kind (sqlite, postgresql), schema, and the columns of each table
    in the order of the restore (PostgreSQL only)."""

    kind: str
    schema: str
    tables: Mapping[str, Sequence[str]]


class OccupiedError(Exception):
    """The target of the restore already contains a database."""


@contextlib.contextmanager
def snapshot(
    db: Database, scratch: Path
) -> Iterator[tuple[Snapshot, Iterator[tuple[str, Iterator[bytes]]]]]:
    """The current state and its parts, one after another; `scratch` is a folder with free space."""
    if db.url.get_backend_name() == "sqlite":
        with _sqlite_copy(Path(db.url.database or ""), scratch) as copy, db.reading() as conn:
            shape = Snapshot("sqlite", schema_now(conn), {})
            yield shape, iter([(SQLITE_PART, _pieces(copy))])
        return
    with db.reading() as conn:
        tables = {
            table.name: [column.name for column in table.columns]
            for table in metadata.sorted_tables
        }
        shape = Snapshot("postgresql", schema_now(conn), tables)
        yield shape, ((f"{name}.copy", _copy_out(conn, name, tables[name])) for name in tables)


def restore(
    db: Database, shape: Snapshot, read: Read, note: Note, *, overwrites: bool = False
) -> None:
    """Restore a snapshot and migrate it to this program's schema.

    OccupiedError if there is a database already and `overwrites` is False (when overwritten, an
    SQLite file is kept beside the new one); DatabaseError for a snapshot of the other kind or a
    damaged one.
    """
    here = db.url.get_backend_name()
    if shape.kind != here:
        raise DatabaseError(
            f"the backup is of {shape.kind}, and store.url asks for {here}. "
            "Restore it into the same kind"
        )
    if here == "sqlite":
        _restore_sqlite(db.url, read, note, overwrites=overwrites)
    else:
        with contextlib.closing(Database(_patient(db.url))) as patient:
            _restore_postgresql(patient, shape, read, note, overwrites=overwrites)


@contextlib.contextmanager
def _sqlite_copy(path: Path, scratch: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(dir=scratch, prefix=".backup-")
    os.close(descriptor)
    copy = Path(name)
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)  # in one step: in WAL mode it blocks no writer
            target.execute("PRAGMA journal_mode=DELETE")  # one file, no WAL file beside it
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _restore_sqlite(url: URL, read: Read, note: Note, *, overwrites: bool) -> None:
    path = Path(url.database or "")
    if path.exists() and not overwrites:
        raise OccupiedError(f"there is a database at {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.restoring")
    try:
        with draft.open("wb") as file:
            for piece in read(SQLITE_PART):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.closing(sqlite3.connect(draft)) as conn:
            said = conn.execute("PRAGMA quick_check").fetchone()[0]
        if said != "ok":
            raise DatabaseError(f"the database in the backup is damaged: {said}")
        _bring_up_to_date(url.set(database=str(draft)), note)
        replaced = _free_ending(path)
        for left in _files_of(path):
            if left.exists():
                left.rename(left.with_name(f"{left.name}{replaced}"))
        draft.rename(path)
    except sqlite3.DatabaseError as error:
        raise DatabaseError(f"the database in the backup is damaged: {error}") from error
    finally:
        for left in _files_of(draft):
            left.unlink(missing_ok=True)


def _files_of(database: Path) -> list[Path]:
    """Files of an SQLite database, there or not."""
    return [database.with_name(f"{database.name}{ending}") for ending in ("", "-wal", "-shm")]


def _free_ending(path: Path) -> str:
    """`.replaced`, or with a number: a restore that is repeated keeps what was replaced first."""
    endings = chain([".replaced"], (f".replaced-{number}" for number in count(2)))
    return next(one for one in endings if not path.with_name(f"{path.name}{one}").exists())


def _bring_up_to_date(url: URL, note: Note) -> None:
    migrate(url.render_as_string(hide_password=False))
    db = Database(url.render_as_string(hide_password=False))
    with contextlib.closing(db), db.writing() as conn:
        note(conn)
    with contextlib.closing(sqlite3.connect(url.database or "")) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")  # one file, durable, no WAL file beside it


def _patient(url: URL) -> str:
    """The address without the limit for a server that takes no bytes: a busy disk may hold it up
    for longer while gigabytes come, and all would begin again."""
    return url.update_query_dict({"tcp_user_timeout": "0"}).render_as_string(hide_password=False)


def _restore_postgresql(
    db: Database, shape: Snapshot, read: Read, note: Note, *, overwrites: bool
) -> None:
    unknown = set(shape.tables) - set(metadata.tables)
    if unknown:
        raise DatabaseError(f"the backup has a table that no hub knows: {min(unknown)}")
    # All or nothing: the old data stay until the last row is written.
    with db.writing() as conn:
        there = set(inspect(conn).get_table_names()) - set(conn.scalars(text(_PARTS)))
        if there and not overwrites:
            raise OccupiedError(f"the database {db.url.database} holds tables")
        months = [name for table in metadata.tables for name in taken_out(conn, table)]
        ours = {*metadata.tables, "alembic_version", *months}  # months that were being dropped
        if there - ours:
            raise DatabaseError(f"the database {db.url.database} is not a hub's alone")
        for name in there:
            conn.execute(text(f'DROP TABLE "{name}" CASCADE'))
        upgrade(conn, shape.schema)
        for name, columns in shape.tables.items():
            _copy_in(conn, name, columns, read(f"{name}.copy"))
        _set_counters(conn, shape.tables)
        upgrade(conn, "head")
        note(conn)


def _copy_out(conn: Connection, name: str, columns: Sequence[str]) -> Iterator[bytes]:
    cursor = _cursor(conn)
    table, named = _words(name, columns)
    # A table that is kept in parts can only be copied by a query.
    whole = f"SELECT {named} FROM {table}"  # noqa: S608 - both are checked
    with cursor.copy(f"COPY ({whole}) TO STDOUT") as copy:
        yield from (bytes(piece) for piece in copy)


def _copy_in(conn: Connection, name: str, columns: Sequence[str], pieces: Iterator[bytes]) -> None:
    cursor = _cursor(conn)
    table, named = _words(name, columns)
    with cursor.copy(f"COPY {table} ({named}) FROM STDIN") as copy:
        for piece in pieces:
            copy.write(piece)


def _cursor(conn: Connection) -> psycopg.Cursor:
    """The driver's cursor in the same transaction: SQLAlchemy has no COPY."""
    return cast(psycopg.Connection, conn.connection.driver_connection).cursor()


def _words(name: str, columns: Sequence[str]) -> tuple[str, str]:
    """A table and its columns, quoted; the names come from a manifest, so they are checked."""
    for one in (name, *columns):
        if not one.replace("_", "").isalnum() or not one.isascii():
            raise DatabaseError(f"the backup has an invalid column name: {one!r}")
    return f'"{name}"', ", ".join(f'"{column}"' for column in columns)


def _set_counters(conn: Connection, names: Iterable[str]) -> None:
    """Set the database's own counters to continue after the highest existing number."""
    for table in (metadata.tables[name] for name in names):
        for column in table.primary_key.columns:
            if column.autoincrement is True:
                last = conn.scalar(select(func.max(column))) or 0
                serial = func.pg_get_serial_sequence(table.name, column.name)
                conn.execute(select(func.setval(serial, last + 1, False)))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
