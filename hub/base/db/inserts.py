"""Statements that write rows, built once per table."""

from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

KEY = "key_of_the_row"
"""Parameter of `update_statement`: the row's id."""


@cache
def insert_statement(table: Table, dialect_name: str) -> Any:
    """Insert."""
    # The two dialects write ON CONFLICT alike but have separate statement classes.
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    return dialect.insert(table).inline()


@cache
def insert_once_statement(table: Table, dialect_name: str) -> Any:
    """Insert unless any unique key is taken."""
    return insert_statement(table, dialect_name).on_conflict_do_nothing()


@cache
def put_statement(table: Table, dialect_name: str, names: tuple[str, ...]) -> Any:
    """Insert, or overwrite these columns of the row with the same primary key."""
    keys = [column.name for column in table.primary_key]
    statement = insert_statement(table, dialect_name)
    told = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=told)


@cache
def update_statement(table: Table, names: tuple[str, ...], counters: tuple[str, ...]) -> Any:
    """Update the row with the id `KEY`: set columns, each from the parameter `to_NAME`, and add the
    parameter `by_NAME` to counters."""
    told = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    grown = {name: table.c[name] + bindparam(f"by_{name}") for name in counters}
    key = bindparam(KEY, type_=table.c.id.type)
    return update(table).where(table.c.id == key).values(told | grown)
