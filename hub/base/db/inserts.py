"""Statements that write rows, built once per table."""

from collections.abc import Mapping
from functools import cache
from typing import Final, cast

from sqlalchemy import Table, Update, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

COUNTED: Final = {"preserve_rowcount": True}
"""Execution options of a statement with many rows whose number is asked for."""
AnyInsert = postgresql.Insert | sqlite.Insert
_KEY: Final = "key_of_the_row"


@cache
def insert_statement(table: Table, dialect_name: str) -> AnyInsert:
    """Statement that inserts a row."""
    # The two dialects write ON CONFLICT alike but have separate statement classes.
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    return cast(AnyInsert, dialect.insert(table).inline())


@cache
def insert_once_statement(table: Table, dialect_name: str) -> AnyInsert:
    """Statement that inserts a row unless any unique key is taken."""
    return insert_statement(table, dialect_name).on_conflict_do_nothing()


@cache
def put_statement(table: Table, dialect_name: str, names: tuple[str, ...]) -> AnyInsert:
    """Statement that inserts a row, or overwrites these columns of the row with the same primary
    key."""
    keys = [column.name for column in table.primary_key]
    statement = insert_statement(table, dialect_name)
    new = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=new)


@cache
def update_statement(table: Table, names: tuple[str, ...], counters: tuple[str, ...]) -> Update:
    """Statement that updates the row with an id: sets columns, and adds to counters; see
    `update_values`."""
    new = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    increments = {name: table.c[name] + bindparam(f"by_{name}") for name in counters}
    key = bindparam(_KEY, type_=table.c.id.type)
    return update(table).where(table.c.id == key).values(new | increments)


def update_values(
    key: object, values: Mapping[str, object], growth: Mapping[str, int]
) -> dict[str, object]:
    """Parameters of `update_statement`: the row's id, new values, and increments of counters."""
    new = {f"to_{name}": value for name, value in values.items()}
    increments = {f"by_{name}": step for name, step in growth.items()}
    return {_KEY: key} | new | increments
