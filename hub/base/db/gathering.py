"""Gathered writes and remembered reads: few round trips for a transaction of many small steps.

A batch of messages is filed step by step, and each step writes some rows. While a connection
gathers, `hub.base.db.statements` keeps these rows in memory, and they are sent to the database
together: one statement with many rows for each table. Any other statement on the connection that
reads one of these tables, or writes any table, first sends these rows, so it sees them. `read_once`
answers an equal question from memory, until the transaction writes a table that the question reads.

Changes of one row keep their order: a row is either put, or added and changed by its id. A
gathering connection has no savepoints: a rollback to one could not remove rows that wait in memory.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Final, Self, TypeVar, cast

from sqlalchemy import ClauseElement, Connection, Engine, Executable, Table, TextClause, UpdateBase
from sqlalchemy.event import listen
from sqlalchemy.sql import visitors

from hub.base.db.columns import metadata
from hub.base.db.inserts import (
    COUNTED,
    insert_once_statement,
    insert_statement,
    put_statement,
    update_statement,
    update_values,
)

MOST_WAITING: Final = 20_000
"""Rows that may wait of those that come many at a time: a clip may name 500 sightings."""
_PLACE: Final = "gathered"

Values = Mapping[str, object]
Row = dict[str, Any]
T = TypeVar("T")
_Tables = frozenset[Table] | None


class Gathered:
    """Rows that wait in one transaction, and answers that it has read."""

    def __init__(self) -> None:
        self._inserts: dict[Table, list[Row]] = {}
        self._inserts_once: dict[Table, list[Row]] = {}
        self._puts: dict[Table, dict[object, Row]] = {}
        self._added: dict[tuple[Table, object], Row] = {}
        self._changes: dict[Table, dict[object, tuple[Row, dict[str, int]]]] = {}
        self._last: dict[UpdateBase, dict[object, Row]] = {}
        self._waiting: set[Table] = set()
        """Tables of which something waits."""
        self._known: dict[object, tuple[_Tables, object]] = {}
        self._reading: list[set[Table] | None] = []
        """Tables read so far by the questions that are being answered; None: unknown ones."""

    @classmethod
    def of(cls, conn: Connection) -> Self | None:
        """The gathered rows of this connection; None if it does not gather."""
        return conn.info.get(_PLACE)

    def add(self, table: Table, values: Values) -> None:
        """Keep a new row until the rows are sent."""
        row = dict(values)
        self._inserts.setdefault(table, []).append(row)
        if "id" in row:
            self._added[table, row["id"]] = row
        self._written(table)

    def add_once(self, conn: Connection, table: Table, rows: Sequence[Values]) -> None:
        """Keep rows that are inserted unless a unique key is taken; if too many wait then, send
        all."""
        if rows:
            self._inserts_once.setdefault(table, []).extend(map(dict, rows))
            self._written(table)
        if sum(map(len, self._inserts_once.values())) > MOST_WAITING:
            self.send(conn)

    def put(self, table: Table, values: Values) -> None:
        """Keep a row that replaces the one with its primary key."""
        key = tuple(values[column.name] for column in table.primary_key)
        # A second put overwrites only the columns that it names.
        self._puts.setdefault(table, {}).setdefault(key, {}).update(values)
        self._written(table)

    def change(
        self, table: Table, key: object, values: Values, *, growth: Mapping[str, int]
    ) -> None:
        """Keep new values of the row with this id, and increments of its counters."""
        self._written(table)
        added = self._added.get((table, key))
        if added is not None:
            added.update(values)
            for name, step in growth.items():
                added[name] += step
            return
        new, increments = self._changes.setdefault(table, {}).setdefault(key, ({}, {}))
        new.update(values)
        for name, step in growth.items():
            increments[name] = increments.get(name, 0) + step

    def at_the_end(self, statement: UpdateBase, key: object, values: Values) -> None:
        """Keep a statement that runs after all rows are sent; once for each key, with the last
        values."""
        self._last.setdefault(statement, {})[key] = dict(values)
        self._written(cast(Table, statement.table))

    def answer(self, key: object, ask: Callable[[], T]) -> T:
        """The answer of `ask`, or of an earlier question with this key if the tables that it read
        were not written since."""
        if key in self._known:
            tables, known = self._known[key]
            self._note_read(tables)
            return cast(T, known)
        self._reading.append(set())
        try:
            answer = ask()
        finally:
            read = self._reading.pop()
            if self._reading:
                self._note_read(None if read is None else frozenset(read))
        self._known[key] = None if read is None else frozenset(read), answer
        return answer

    def remember(self, key: object, statement: Executable, answer: object) -> None:
        """Remember the answer to the question that this statement would ask."""
        self._known[key] = _tables_of(statement), answer

    def before(self, conn: Connection, statement: Executable) -> None:
        """Prepare for another statement: send the rows that it reads, and forget answers that it
        makes invalid."""
        if isinstance(statement, UpdateBase):
            self._send_if_any(conn)
            self._forget(cast(Table, statement.table))
            return
        tables = _tables_of(statement)
        if tables is None or not tables.isdisjoint(self._waiting):
            self._send_if_any(conn)
        if tables is None:
            self._known.clear()  # text may write anything
        self._note_read(tables)

    def _send_if_any(self, conn: Connection) -> None:
        if self._waiting:
            self.send(conn)

    def send(self, conn: Connection) -> None:
        """Send everything that waits: new rows, with those first that others refer to; then
        changes; then the remaining statements."""
        inserts, once, puts = self._inserts, self._inserts_once, self._puts
        changes, last = self._changes, self._last
        self._inserts, self._inserts_once, self._puts = {}, {}, {}
        self._changes, self._last, self._added, self._waiting = {}, {}, {}, set()
        dialect = conn.dialect.name
        places = _places(len(metadata.tables))
        for table in sorted({*inserts, *once, *puts}, key=places.__getitem__):
            if rows := inserts.get(table):
                conn.execute(insert_statement(table, dialect), _evened(rows))
            if rows := once.get(table):
                conn.execute(insert_once_statement(table, dialect), _evened(rows))
            for names, same in _by_columns(puts.get(table, {}).values()).items():
                conn.execute(put_statement(table, dialect, names), same)
        for table, by_key in changes.items():
            _send_changes(conn, table, by_key)
        for statement, values in last.items():
            conn.execute(statement, list(values.values()))

    def _written(self, table: Table) -> None:
        if table not in self._waiting:
            self._waiting.add(table)
            self._forget(table)

    def _forget(self, table: Table) -> None:
        """Ask again what this table was read for."""
        for key in [
            key for key, (tables, _) in self._known.items() if tables is None or table in tables
        ]:
            del self._known[key]

    def _note_read(self, tables: _Tables) -> None:
        if self._reading:
            read = self._reading[-1]
            if tables is None or read is None:
                self._reading[-1] = None
            else:
                read |= tables


@contextmanager
def gathering(conn: Connection) -> Iterator[None]:
    """Gather until the end of the block, then send; after an exception nothing is sent."""
    if Gathered.of(conn) is not None:
        raise RuntimeError("this connection already gathers")
    info = conn.info  # a broken connection does not give it again
    info[_PLACE] = gathered = Gathered()
    try:
        yield
        gathered.send(conn)
    finally:
        del info[_PLACE]


def let_gather(engine: Engine) -> None:
    """Make every statement on the engine's connections see what they have gathered."""
    listen(engine, "before_execute", _before)
    listen(engine, "savepoint", _refuse_savepoint)


def _before(conn: Connection, statement: Executable, *_: object) -> None:
    if not conn.invalidated and (gathered := Gathered.of(conn)) is not None:
        gathered.before(conn, statement)


def _refuse_savepoint(conn: Connection, _name: str) -> None:
    if Gathered.of(conn) is not None:
        raise RuntimeError("a savepoint could not take back what waits")


def _send_changes(
    conn: Connection, table: Table, by_key: Mapping[object, tuple[Row, dict[str, int]]]
) -> None:
    by_names: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Row]] = defaultdict(list)
    for key, (new, increments) in by_key.items():
        columns = tuple(sorted(new)), tuple(sorted(increments))
        by_names[columns].append(update_values(key, new, increments))
    for (names, counters), rows in by_names.items():
        statement = update_statement(table, names, counters)
        done = conn.execute(statement, rows, execution_options=COUNTED).rowcount
        if counters and done != len(rows):
            raise LookupError(f"{table.name} lacks a row that was to change")


@cache
def _places(_tables: int) -> dict[Table, int]:
    """Places of the tables in the order of their references; sorting takes milliseconds."""
    return {table: place for place, table in enumerate(metadata.sorted_tables)}


def _evened(rows: Sequence[Row]) -> list[Row]:
    """The rows with the same columns each, as one statement needs them; absent values are null."""
    names = rows[0].keys()
    if all(row.keys() == names for row in rows):
        return list(rows)
    every = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in every} for row in rows]


def _by_columns(rows: Iterable[Row]) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row)].append(row)
    return found


@lru_cache(maxsize=256)
def _tables_of(statement: Executable) -> _Tables:
    """The tables that a question reads; None: unknown, as some of it is text."""
    parts = list(visitors.iterate(cast(ClauseElement, statement)))
    if any(isinstance(part, TextClause) for part in parts):
        return None
    return frozenset(part for part in parts if isinstance(part, Table))
