"""The journal's file: locked by one process, checked, set aside when damaged."""

import fcntl
import os
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO
from uuid import UUID

import structlog

from agent.journal.durable import make_folder
from agent.journal.errors import JournalBusy, JournalError, explained, is_damage
from agent.journal.schema import (
    APPLICATION_ID,
    MIGRATIONS,
    PRAGMAS,
    RULINGS,
    SCHEMA_VERSION,
    SPAN_HOLDS,
    SPANS_WANTED,
    SPANS_WITH_SOUND,
    TABLES,
    WISHES,
)
from agent.wire.ident import uuid7

_log = structlog.get_logger("agent.journal")


def claim(path: Path) -> IO[bytes]:
    """Lock `path` for this process until the returned file is closed; JournalBusy if it is locked.

    Two writers would each count sequence numbers and send the other's events.
    """
    try:
        make_folder(path.parent)
        handle = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise explained(error, path) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise JournalBusy(
            f"the journal {path} is in use by another process",
            "stop the other agent, or give this one its own [journal] path",
        ) from error
    return handle


def open_or_replace(path: Path, utc_us: int) -> sqlite3.Connection:
    """Checked connection to the journal; starts a new file for a missing or damaged one."""
    try:
        return _open_checked(path, utc_us)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise explained(error, path) from error
        aside = _keep_aside(path, utc_us)
        _log.error("journal_damaged", path=str(path), kept_as=str(aside), why=str(error))
    try:
        return _open_checked(path, utc_us)
    except sqlite3.DatabaseError as error:
        raise explained(error, path) from error


def _open_checked(path: Path, utc_us: int) -> sqlite3.Connection:
    # One connection serves all threads; the Journal's lock separates them.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _check_marks(connection, path)
        for pragma in PRAGMAS:
            connection.execute(pragma)
        _check_pages(connection)
        if _version(connection) == 0:
            _begin(connection, utc_us)
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_marks(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse another program's database, or a newer agent's, before anything is written."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and mark != APPLICATION_ID:
        raise JournalError(
            f"{path} is a database of another program", "give [journal] path a file of its own"
        )
    if _version(connection) > SCHEMA_VERSION:
        raise JournalError(
            f"the journal {path} was written by a newer agent",
            f"install that agent again, or move {path} away once the hub has everything",
        )


def _check_pages(connection: sqlite3.Connection) -> None:
    """Read every page once; faults that SQLite reports only as text become errors.

    An index that differs from its table is built again: the table has all data. Otherwise the agent
    would stop at the first write to that row, after every start.
    """
    fault = _fault(connection, "integrity_check")
    if fault and not _fault(connection, "quick_check"):  # which does not compare indexes
        _log.error("journal_index_damaged", why=fault)
        with suppress(sqlite3.IntegrityError):  # the table is wrong, not the index
            connection.execute("REINDEX")
        fault = _fault(connection, "integrity_check")
    if fault:
        damage = sqlite3.DatabaseError(fault)
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage


def _fault(connection: sqlite3.Connection, check: str) -> str:
    """The first fault that this check of SQLite finds; empty: none."""
    found = str(connection.execute(f"PRAGMA {check}(1)").fetchone()[0])
    return "" if found == "ok" else found


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _begin(connection: sqlite3.Connection, utc_us: int) -> None:
    """Create tables, marks and the spool's id, all or none."""
    spool_id = uuid7(utc_us, os.urandom(10))
    marks = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={SCHEMA_VERSION};"
    connection.executescript(
        f"BEGIN IMMEDIATE; {marks} {TABLES} {RULINGS} {WISHES} {SPAN_HOLDS} {SPANS_WANTED}"
        f" {SPANS_WITH_SOUND}"
    )
    connection.execute("INSERT INTO meta VALUES ('spool_id', ?)", (str(spool_id),))
    connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection) -> None:
    """Migrate a file of an older agent, step by step, each all or none."""
    while (version := _version(connection)) < SCHEMA_VERSION:
        mark = f"PRAGMA user_version={version + 1};"
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[version]} {mark} COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        _log.info("journal_migrated", version=version + 1)


def spool_id_of(connection: sqlite3.Connection) -> UUID:
    """The spool id, which was created with the file."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'spool_id'").fetchone()
    return UUID(row[0])


def _keep_aside(path: Path, utc_us: int) -> Path:
    """Rename the damaged file and its log, for a person to look at later."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc_us)
    aside = path.with_name(f"{path.name}.damaged-{at:%Y%m%dT%H%M%S}-{os.urandom(2).hex()}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
