"""Write single rows: insert, insert if absent, replace, change."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, update
from sqlalchemy.dialects import postgresql, sqlite

Values = Mapping[str, Any]
_COUNTED = {"preserve_rowcount": True}


def add(conn: Connection, table: Table, values: Values) -> None:
    """Insert a row."""
    conn.execute(_insert(table, conn.dialect.name), values)


def add_once(conn: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless any unique key is taken; returns whether it is new."""
    return add_all_once(conn, table, [values]) == 1


def add_all_once(conn: Connection, table: Table, rows: Sequence[Values]) -> int:
    """Insert the rows whose unique keys are free; returns their number. All rows have the same
    columns."""
    if not rows:
        return 0
    statement = _insert_once(table, conn.dialect.name)
    return int(conn.execute(statement, rows, execution_options=_COUNTED).rowcount)


def put(conn: Connection, table: Table, values: Values) -> None:
    """Insert a row, or overwrite the one with this primary key."""
    keys = [column.name for column in table.primary_key]
    statement = _insert(table, conn.dialect.name)
    told = {name: statement.excluded[name] for name in values if name not in keys}
    conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=told), values)


def change(conn: Connection, table: Table, key: object, values: Values) -> None:
    """Update the row with this id."""
    if values:
        conn.execute(update(table).where(table.c.id == key).values(**values))


@cache
def _insert(table: Table, dialect_name: str) -> Any:
    # The two dialects write ON CONFLICT alike but have separate statement classes.
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    return dialect.insert(table).inline()


@cache
def _insert_once(table: Table, dialect_name: str) -> Any:
    return _insert(table, dialect_name).on_conflict_do_nothing()
