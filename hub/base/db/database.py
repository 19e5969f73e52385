"""One database, SQLite or PostgreSQL: many readers, one writer at a time.

Writers queue: inside the process by a lock, between processes by SQLite's BEGIN IMMEDIATE or a
PostgreSQL advisory lock. One queue costs little, because transactions are short. It gives two
guarantees to the rest of the store. Rows that a transaction has read are still true when it writes.
The cursors of `alert_changes` are committed in order, so a reader misses none.

Intakes of several processes share the PostgreSQL lock (`is_shared_turn`): each writes only what
belongs to its own nodes, and any other writer is alone. Their cursors are in order too: from its
first row in a table marked `IN_ORDER` until its commit, one of them goes on at a time.
"""

import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

import psycopg
from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    Executable,
    Insert,
    Table,
    create_engine,
    make_url,
)
from sqlalchemy.engine import URL
from sqlalchemy.event import listen
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from hub.base.db.columns import IN_ORDER
from hub.base.db.gathering import let_gather
from hub.base.db.write_queue import WriteQueue

_IS_DURABLE: Final = "is_durable"
_TOLD_AFTER: Final = "told_after"
_IS_SHARED_TURN: Final = "is_shared_turn"
_LACKS_ORDER: Final = "lacks_order"
"""True until the transaction has taken the lock of the order, which it needs before it adds rows to
a table in order."""
CHANGES: Final = "matthan_changes"
"""PostgreSQL's channel by which the processes of a hub tell each other of changes."""
BUSY_TIMEOUT_MS: Final = 10_000
"""SQLite waits at most this long for another process's write."""
SYNC: Final = {True: "FULL", False: "NORMAL"}
"""SQLite's `synchronous` level: of a durable transaction, and of one that may be lost."""
WRITERS_LOCK: Final = 0x4D61_7454_6861
"""Number of the PostgreSQL advisory lock shared by all writers of a hub's database."""
ORDER_LOCK: Final = WRITERS_LOCK + 1
"""Number of the lock of those who add to a table marked `IN_ORDER`."""
LINE: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
}
"""Of a PostgreSQL connection, unless `store.url` says otherwise. A server that lost its power says
nothing: without these its clients would wait for a quarter of an hour and not go to the next. All
in seconds; the last in ms."""
IDLE_S: Final = 30
"""A write transaction that asks nothing for so long has lost its process or its line. The server
ends it: it holds the lock of the writers, and every process of the hub waits for that."""
_IDLE_LIMIT: Final = "idle_in_transaction_session_timeout"
READERS: Final[dict[str, Any]] = {"pool_size": 16, "max_overflow": 4, "pool_use_lifo": True}
"""Pool of open readers. One more is opened for a single query, which costs more than the query. The
last used is used next, so a quiet hub keeps few of them warm."""


class DatabaseError(Exception):
    """The database cannot be used: the text gives the cause and the cure."""


class Database:
    """Thread-safe. `sqlite:////path/hub.db` or `postgresql+psycopg://user@host/name`.

    Opens nothing before the first use. Raises `DatabaseError` for an invalid address.
    """

    def __init__(self, url: str) -> None:
        self.url: Final = _checked(url)
        self.process: Final = f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:16]}"
        """The name of this process among those that use the database; no two have the same."""
        self.is_shared: Final = self.url.get_backend_name() == "postgresql"
        """Whether other processes of the hub, on other machines too, may use it."""
        self._turns = WriteQueue()
        self._turn_of: int | None = None
        self._here = threading.local()
        if not self.is_shared:
            self._readers = _sqlite_engine(self.url, is_writer=False)
            self._writer = _sqlite_engine(self.url, is_writer=True)
        else:
            line = {name: value for name, value in LINE.items() if name not in self.url.query}
            self._writer = create_engine(
                self.url, pool_size=2, pool_pre_ping=True, connect_args=line
            )
            self._readers = create_engine(
                self.url,
                **READERS,
                pool_pre_ping=True,
                connect_args=line,
                execution_options={
                    "isolation_level": "REPEATABLE READ",
                    "postgresql_readonly": True,
                },
            )
            if _IDLE_LIMIT not in str(self.url.query.get("options")):
                listen(self._writer, "connect", _end_idle)
            listen(self._writer, "handle_error", _leave_standby)
            listen(self._writer, "before_execute", _keep_order)
            listen(self._writer, "rollback_savepoint", _forget_order)
        let_gather(self._writer)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read-only connection with one consistent snapshot."""
        with _explained(self.url), self._readers.connect() as conn:
            yield conn

    @contextmanager
    def writing(
        self, *, patience_s: float = 0.0, is_durable: bool = True, is_shared_turn: bool = False
    ) -> Iterator[Connection]:
        """A transaction: committed durably on leaving, rolled back on an exception.

        Writers run in the order in which they ask. A writer with `patience_s` lets others go first
        that ask within that time. A commit with `is_durable=False` is visible to all at once and
        survives the end of the hub, but perhaps not of the machine, unless a durable commit
        follows. That saves a sync.

        `is_shared_turn`: on PostgreSQL, other processes with such a turn may write at the same
        time. For work that reads and changes only what no other such process does.

        Do not nest: a thread that asks for a second transaction would wait for itself.
        """
        if self._turn_of == threading.get_ident():
            raise RuntimeError("this thread already has a write transaction")
        told: set[Callable[[], None]] = set()
        with self._turns.turn(patience_s=patience_s), _explained(self.url):
            self._turn_of = threading.get_ident()
            try:
                with self._writer.connect() as conn:
                    conn.info[_IS_DURABLE] = is_durable
                    conn.info[_TOLD_AFTER] = told
                    conn.info[_IS_SHARED_TURN] = conn.info[_LACKS_ORDER] = is_shared_turn
                    with conn.begin():
                        if self.is_shared:
                            _begin_postgres(
                                conn, is_durable=is_durable, is_shared_turn=is_shared_turn
                            )
                        yield conn
                        if (check := getattr(self._here, "check", None)) is not None:
                            check(conn)
                        if told and self.is_shared:
                            # The server delivers it when this is committed, and only then.
                            conn.exec_driver_sql(
                                "SELECT pg_notify(%s, %s)", (CHANGES, self.process)
                            )
            finally:
                self._turn_of = None
        for tell in told:
            tell()

    @contextmanager
    def checking(self, check: Callable[[Connection], None]) -> Iterator[None]:
        """While the block runs, each write transaction of this thread ends with `check`, which may
        raise."""
        self._here.check = check
        try:
            yield
        finally:
            self._here.check = None

    def listening_address(self) -> Mapping[str, Any]:
        """Arguments for a separate psycopg connection to this PostgreSQL database."""
        _, address = self._writer.dialect.create_connect_args(self.url)
        return address

    def close(self) -> None:
        """Close all connections."""
        self._readers.dispose()
        self._writer.dispose()


def tell_after_commit(conn: Connection, tell: Callable[[], None]) -> None:
    """Call `tell` once this transaction of `Database.writing` is committed, in its thread.

    Equal calls are made once. On PostgreSQL the other processes of the hub are notified too.
    """
    conn.info[_TOLD_AFTER].add(tell)


FAULTS: Final = (DBAPIError, PoolTimeout, DatabaseError)
"""Errors that any use of the database may raise."""

_SQLITE_STORAGE: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }
)
_POSTGRES_STORAGE: Final = frozenset({"08", "40", "53", "57", "58"})
"""Classes of SQLSTATE: connection, a transaction taken back (deadlock), resources (a full disk),
operator intervention, system."""
_READ_ONLY: Final = "25006"
"""SQLSTATE of a server that only reads: a standby, or a leader until a moment ago."""
_IDLE: Final = "25P03"
"""SQLSTATE of a transaction that the server has ended, see `IDLE_S`."""


def is_about_storage(error: BaseException) -> bool:
    """True if the cause is missing space, the disk or the server, not the data written.

    On a full disk SQLite rolls back the whole transaction by itself, and the last error only says
    that its savepoint is gone. So earlier errors in the chain count too.
    """
    here: BaseException | None = error
    while here is not None:
        if _is_of_storage(here):
            return True
        here = here.__context__
    return False


def _is_of_storage(error: BaseException) -> bool:
    if isinstance(error, DatabaseError | PoolTimeout):
        return True
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in _SQLITE_STORAGE
    state = getattr(cause, "sqlstate", None)
    if state is None:
        # The connection ended or never existed: there is no server to give a state.
        is_lost = isinstance(error, OperationalError | InterfaceError)
        return is_lost and type(cause).__module__.startswith("psycopg")
    return isinstance(state, str) and (
        state[:2] in _POSTGRES_STORAGE or state in (_READ_ONLY, _IDLE)
    )


def _checked(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise DatabaseError(
            f"store.url is not a database address: {text!r}. "
            "Write sqlite:////path/hub.db or postgresql+psycopg://user@host/name"
        ) from error
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if url.database in (None, "", ":memory:"):
            raise DatabaseError(f"store.url names no file: {text!r}. Write sqlite:////path/hub.db")
        return url.set(drivername="sqlite+pysqlite")
    if url.drivername in ("postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    raise DatabaseError(
        f"store.url asks for {url.drivername}: the hub knows SQLite and PostgreSQL. "
        "Write sqlite:////path/hub.db or postgresql+psycopg://user@host/name"
    )


@contextmanager
def _explained(url: URL) -> Iterator[None]:
    """Turn the most common failures to open into a sentence; later failures pass unchanged."""
    try:
        yield
    except OperationalError as error:
        if url.get_backend_name() == "sqlite" and not _folder(url).is_dir():
            raise DatabaseError(
                f"the database {url.database} cannot be opened: "
                f"there is no folder {_folder(url)}. Make it, or change store.url"
            ) from error
        if error.connection_invalidated or "connection failed" in str(error):
            raise DatabaseError(
                f"the database {url.render_as_string(hide_password=True)} cannot be reached: "
                f"{str(error.orig).splitlines()[0]}. Start it, or change store.url"
            ) from error
        raise


def _leave_standby(context: ExceptionContext) -> None:
    """Another connection may reach the server that writes; this one never will."""
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True


def _end_idle(connection: psycopg.Connection, _entry: ConnectionPoolEntry) -> None:
    """Set the server's limit for a writer. Not as an option of the new session: PgBouncer, which
    serves in session mode, refuses one that it does not know."""
    connection.autocommit = True
    connection.execute(f"SET {_IDLE_LIMIT} = {IDLE_S * 1000:.0f}")
    connection.autocommit = False


def _folder(url: URL) -> Path:
    return Path(url.database or "").absolute().parent


def _begin_postgres(conn: Connection, *, is_durable: bool, is_shared_turn: bool) -> None:
    if not is_durable:
        conn.exec_driver_sql("SET LOCAL synchronous_commit = off")
    how = "pg_advisory_xact_lock_shared" if is_shared_turn else "pg_advisory_xact_lock"
    conn.exec_driver_sql(f"SELECT {how}(%s)", (WRITERS_LOCK,))


def _keep_order(conn: Connection, statement: Executable, *_: object) -> None:
    """Numbers are given when a row is added, and seen when it is committed. Without this a reader
    could see a later number first, and would never ask for the earlier one again."""
    if not conn.invalidated and conn.info.get(_LACKS_ORDER) and _adds_in_order(statement):
        conn.info[_LACKS_ORDER] = False
        conn.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (ORDER_LOCK,))


def _forget_order(conn: Connection, *_: object) -> None:
    """The lock is gone if it was taken after the savepoint."""
    if not conn.invalidated:  # a lost connection has no `info` until all is rolled back
        conn.info[_LACKS_ORDER] = conn.info.get(_IS_SHARED_TURN, False)


def _adds_in_order(statement: Executable) -> bool:
    return (
        isinstance(statement, Insert)
        and IN_ORDER.items() <= cast(Table, statement.table).info.items()
    )


def _sqlite_engine(url: URL, *, is_writer: bool) -> Engine:
    # One writing connection: a second could only wait for the first.
    size = {"pool_size": 1, "max_overflow": 0} if is_writer else READERS
    engine = create_engine(url, **size)

    def on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own BEGIN comes too late and is never IMMEDIATE; ours is below.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            f"synchronous={SYNC[True]}",
            "foreign_keys=ON",
            f"query_only={'OFF' if is_writer else 'ON'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def on_begin(connection: Connection) -> None:
        if is_writer:
            # Takes effect only outside a transaction; costs microseconds.
            level = SYNC[connection.info.get(_IS_DURABLE, True)]
            connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")

    listen(engine, "connect", on_connect)
    listen(engine, "begin", on_begin)
    return engine
