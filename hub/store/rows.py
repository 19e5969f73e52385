"""Row writes for the hot path: one prepared statement per table and set of columns."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from hub.store.hot import Hot, Values


def add(conn: Connection, table: Table, values: Values) -> None:
    """Insert a row."""
    _insert(table, tuple(values)).run(conn, values)


def add_once(conn: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless any unique key is taken; returns whether it is new."""
    return _insert_once(table, tuple(values), conn.dialect.name).run(conn, values) == 1


def add_all_once(conn: Connection, table: Table, rows: Sequence[Values]) -> int:
    """Insert the rows whose unique keys are free; returns their number. All rows have the same
    columns."""
    if not rows:
        return 0
    if len(rows) == 1:
        return int(add_once(conn, table, rows[0]))
    return _insert_once(table, tuple(rows[0]), conn.dialect.name).run_all(conn, rows)


def put(conn: Connection, table: Table, values: Values) -> None:
    """Insert a row, or overwrite the one with this primary key."""
    _put(table, tuple(values), conn.dialect.name).run(conn, values)


def change(conn: Connection, table: Table, key: object, values: Values) -> None:
    """Update the row with this id."""
    if values:
        _update(table, tuple(values)).run(conn, {"this": key, **values})


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Hot:
    return Hot(insert(table).inline(), column_names=names)


@cache
def _insert_once(table: Table, names: tuple[str, ...], dialect_name: str) -> Hot:
    statement = _dialect(dialect_name).insert(table).inline()
    return Hot(statement.on_conflict_do_nothing(), column_names=names)


@cache
def _put(table: Table, names: tuple[str, ...], dialect_name: str) -> Hot:
    keys = [column.name for column in table.primary_key]
    statement = _dialect(dialect_name).insert(table).inline()
    told = {name: statement.excluded[name] for name in names if name not in keys}
    return Hot(statement.on_conflict_do_update(index_elements=keys, set_=told), column_names=names)


@cache
def _update(table: Table, names: tuple[str, ...]) -> Hot:
    return Hot(update(table).where(table.c.id == bindparam("this")), column_names=names)


def _dialect(name: str) -> Any:
    # The two dialects write ON CONFLICT alike but have separate statement classes.
    return postgresql if name == "postgresql" else sqlite
