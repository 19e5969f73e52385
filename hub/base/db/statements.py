"""Writes single rows: insert, insert if absent, replace, change; and reads answers that do not
change.

On a connection that gathers (`hub.base.db.gathering`), writes without a result are kept there.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Table, UpdateBase

from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.gathering import Gathered
from hub.base.db.inserts import (
    COUNTED,
    insert_once_statement,
    insert_statement,
    put_statement,
    update_statement,
    update_values,
)

T = TypeVar("T")
Values = Mapping[str, object]
Rows = Sequence[AnyRow]


def add(conn: Connection, table: Table, values: Values) -> None:
    """Insert a row."""
    if (gathered := Gathered.of(conn)) is not None:
        gathered.add(table, values)
    else:
        conn.execute(insert_statement(table, conn.dialect.name), values)


def add_once(conn: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless any unique key is taken; returns whether it is new."""
    return add_all_once(conn, table, [values]) == 1


def add_all_once(conn: Connection, table: Table, rows: Sequence[Values]) -> int:
    """Insert the rows whose unique keys are free; returns their number. All rows have the same
    columns."""
    if not rows:
        return 0
    statement = insert_once_statement(table, conn.dialect.name)
    return int(conn.execute(statement, rows, execution_options=COUNTED).rowcount)


def ensure_all(conn: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert the rows whose unique keys are free. All rows have the same columns."""
    if (gathered := Gathered.of(conn)) is not None:
        gathered.add_once(conn, table, rows)
    else:
        add_all_once(conn, table, rows)


def put(conn: Connection, table: Table, values: Values) -> None:
    """Insert a row, or overwrite the one with this primary key."""
    if (gathered := Gathered.of(conn)) is not None:
        gathered.put(table, values)
    else:
        conn.execute(put_statement(table, conn.dialect.name, tuple(values)), values)


def change(
    conn: Connection,
    table: Table,
    key: object,
    values: Values,
    *,
    growth: Mapping[str, int] | None = None,
) -> None:
    """Update the row with this id: set values, and add to the counters in `growth`.

    With `growth` the row must exist: LookupError, on a gathering connection when it sends.
    """
    growth = growth or {}
    if not values and not growth:
        return
    if (gathered := Gathered.of(conn)) is not None:
        gathered.change(table, key, values, growth=growth)
        return
    statement = update_statement(table, tuple(values), tuple(growth))
    done = conn.execute(statement, update_values(key, values, growth)).rowcount
    if growth and done != 1:
        raise LookupError(f"{table.name} has no such row")


def at_the_end(conn: Connection, statement: UpdateBase, key: object, values: Values) -> None:
    """Run a statement; on a gathering connection after all rows, once for each key."""
    if (gathered := Gathered.of(conn)) is not None:
        gathered.at_the_end(statement, key, values)
    else:
        conn.execute(statement, values)


def once(conn: Connection, key: Hashable, ask: Callable[[], T]) -> T:
    """The answer of `ask`, which reads by this connection. A gathering connection asks an equal
    `key` again only after it wrote a table that the question reads."""
    gathered = Gathered.of(conn)
    return ask() if gathered is None else gathered.answer(key, ask)


def read_once(conn: Connection, statement: AnySelect, values: Values | None = None) -> Rows:
    """The rows of a statement that is built once; see `once`."""
    if Gathered.of(conn) is None:
        return conn.execute(statement, values).all()
    return once(conn, _question(statement, values), lambda: conn.execute(statement, values).all())


def remember(conn: Connection, statement: AnySelect, values: Values | None, rows: Rows) -> None:
    """Set the answer of `read_once` on a gathering connection, because the rows were read together
    with others."""
    if (gathered := Gathered.of(conn)) is not None:
        gathered.remember(_question(statement, values), statement, rows)


def _question(statement: AnySelect, values: Values | None) -> Hashable:
    return statement, frozenset(values.items()) if values else None
