"""Rows of the database as objects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import pytest
from sqlalchemy import Connection, create_engine, text

from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Box:
    label: str
    colour: Colour | None
    count: int = 1
    names: list[str] = field(default_factory=list)


@pytest.fixture
def conn() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        yield conn
    engine.dispose()


def row(conn: Connection, columns: str) -> AnyRow:
    return conn.execute(text(f"SELECT {columns}")).one()


def test_each_field_is_the_column_of_its_name(conn: Connection) -> None:
    found = row(conn, "5 AS count, 'red' AS colour, 'A' AS label, 'x' AS unused")
    assert from_row(Box, found) == Box("A", Colour.RED, 5)
    assert isinstance(from_row(Box, found).colour, Colour)


def test_a_given_value_takes_the_place_of_the_column(conn: Connection) -> None:
    found = row(conn, "'red' AS colour, 'A' AS label")
    assert from_row(Box, found, label="B", names=["n"]) == Box("B", Colour.RED, 1, ["n"])
    assert from_row(Box, found) == Box("A", Colour.RED), "no value of the call before is kept"


def test_null_stays_none(conn: Connection) -> None:
    assert from_row(Box, row(conn, "NULL AS colour, 'A' AS label")).colour is None


def test_a_text_outside_the_enumeration_is_refused(conn: Connection) -> None:
    with pytest.raises(ValueError, match="green"):
        from_row(Box, row(conn, "'green' AS colour, 'A' AS label"))


def test_a_missing_column_is_named(conn: Connection) -> None:
    with pytest.raises(TypeError, match="Box: the query has no column label, colour"):
        from_row(Box, row(conn, "5 AS count"))


def test_an_unknown_field_is_refused(conn: Connection) -> None:
    with pytest.raises(TypeError, match="weight"):
        from_row(Box, row(conn, "'red' AS colour, 'A' AS label"), weight=3)
