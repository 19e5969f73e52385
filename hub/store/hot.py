"""Prepared statements of the hot path: compiled once per database, then run directly by its driver.

One row by key takes SQLAlchemy 14 µs and SQLite's driver 1.5 µs (x86-64), and an event makes about
ten such calls. The main services of SQLAlchemy stay: each value is converted by its column type in
both directions, the transaction is the caller's, and driver errors are raised as SQLAlchemy errors.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, NoReturn

from sqlalchemy import BindParameter, Connection, Dialect, Uuid
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

IDS_KEPT: Final = 1_000
"""Cached key values per key column of a statement; making one takes a microsecond."""

Values = Mapping[str, Any]
_Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class _Ready:
    """A statement for one kind of database."""

    text: str
    is_by_place: bool
    """True if the driver takes values by position, not by name."""
    names: tuple[str, ...]
    converts: tuple[tuple[int, _Convert], ...]
    """Converters, by position, for values the driver cannot take directly."""
    fixed: Values
    """Values that belong to the statement itself."""

    def values(self, given: Values) -> Any:
        """Values in the driver's form; raises KeyError for a missing one."""
        if self.fixed:
            given = {**self.fixed, **given}
        values = [given[name] for name in self.names]
        for place, convert in self.converts:
            values[place] = convert(values[place])
        return values if self.is_by_place else dict(zip(self.names, values, strict=True))


class Hot:
    """A statement that is built once and run often, with values by parameter name.

    `column_names`: columns written by an INSERT or UPDATE.
    """

    def __init__(self, statement: Any, *, column_names: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._column_names = None if column_names is None else list(column_names)
        self._ready: dict[str, _Ready] = {}
        self._readers: dict[str, tuple[tuple[int, _Convert], ...]] = {}

    def run(self, conn: Connection, values: Values) -> int:
        """Run it; returns the number of rows written."""
        return int(self._execute(conn, values).rowcount)

    def run_all(self, conn: Connection, rows: Sequence[Values]) -> int:
        """Run it once per row; returns the total number of rows written."""
        if not rows:
            return 0
        ready, driver = self._for(conn.dialect), _driver(conn)
        cursor, many = driver.cursor(), [ready.values(row) for row in rows]
        try:
            cursor.executemany(ready.text, many)
        except conn.dialect.loaded_dbapi.Error as error:
            _raise(conn, error, ready.text, many)
        return int(cursor.rowcount)

    def all(self, conn: Connection, **values: Any) -> list[Any]:
        """All rows; columns by name."""
        cursor = self._execute(conn, values)
        return [self._row(conn.dialect, cursor, row) for row in cursor.fetchall()]

    def first(self, conn: Connection, **values: Any) -> Any:
        """The first row, or None."""
        cursor = self._execute(conn, values)
        row = cursor.fetchone()
        return None if row is None else self._row(conn.dialect, cursor, row)

    def one(self, conn: Connection, **values: Any) -> Any:
        """The only row; raises LookupError without one."""
        row = self.first(conn, **values)
        if row is None:
            raise LookupError("the query returned no row")
        return row

    def scalar(self, conn: Connection, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.first(conn, **values)
        return None if row is None else row[0]

    def _execute(self, conn: Connection, values: Values) -> Any:
        ready, driver = self._for(conn.dialect), _driver(conn)
        handed = ready.values(values)
        try:
            return driver.execute(ready.text, handed)
        except conn.dialect.loaded_dbapi.Error as error:
            _raise(conn, error, ready.text, handed)

    def _for(self, dialect: Dialect) -> _Ready:
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = _compile(self._statement, dialect, self._column_names)
            self._ready[dialect.name] = ready
        return ready

    @cached_property
    def _row_type(self) -> Any:
        return namedtuple("Found", list(self._statement.exported_columns.keys()))

    def _row(self, dialect: Dialect, cursor: Any, row: Sequence[Any]) -> Any:
        readers = self._readers.get(dialect.name)
        if readers is None:
            readers = _readers(self._statement, dialect, cursor)
            self._readers[dialect.name] = readers
        values = list(row)
        for place, read in readers:
            values[place] = read(values[place])
        return self._row_type._make(values)


def _compile(statement: ClauseElement, dialect: Dialect, column_names: list[str] | None) -> _Ready:
    made: Any = statement.compile(dialect=dialect, column_keys=column_names)
    if made.post_compile_params or made.literal_execute_params:
        raise TypeError(f"a prepared statement takes no list of variable length: {made}")
    binds: dict[str, BindParameter[Any]] = made.binds
    names = list(binds) if made.positiontup is None else made.positiontup
    writers = [_writer(binds[name].type, dialect) for name in names]
    return _Ready(
        text=str(made),
        is_by_place=made.positiontup is not None,
        names=tuple(names),
        converts=tuple((place, write) for place, write in enumerate(writers) if write is not None),
        fixed={name: bind.value for name, bind in binds.items() if bind.value is not None},
    )


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> _Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _readers(statement: Any, dialect: Dialect, cursor: Any) -> tuple[tuple[int, _Convert], ...]:
    """Converters, by position, from driver values to Python values."""
    found = []
    columns = zip(statement.exported_columns, cursor.description, strict=True)
    for place, (column, (_, driver_type, *_)) in enumerate(columns):
        read = column.type.dialect_impl(dialect).result_processor(dialect, driver_type)
        if read is not None:
            # The same cameras, nodes and alerts come again and again.
            keeps = isinstance(column.type, Uuid)
            found.append((place, lru_cache(maxsize=IDS_KEPT)(read) if keeps else read))
    return tuple(found)


def _driver(conn: Connection) -> Any:
    """The driver's own connection, in the caller's transaction or in one begun here."""
    if not conn.in_transaction():
        conn.begin()
    return conn.connection.dbapi_connection


def _raise(conn: Connection, error: Any, text: str, values: Any) -> NoReturn:
    """Raise it as a SQLAlchemy error: callers that wait for an unreachable database expect
    these."""
    dialect = conn.dialect
    dbapi: Any = dialect.loaded_dbapi
    is_gone = dialect.is_disconnect(error, _driver(conn), None)
    if is_gone:
        conn.invalidate(error)
    raise DBAPIError.instance(
        text, values, error, dbapi.Error, connection_invalidated=is_gone, dialect=dialect
    ) from error
