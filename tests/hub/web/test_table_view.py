"""Order and filters of a table, kept in its address."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from hub.web.table_view import TableView, arranged, order_of

Row = dict[str, Any]
COLUMNS: Final[dict[str, Callable[[Row], Any]]] = {
    "name": lambda row: row["name"],
    "disk": lambda row: row["disk"],
}
ROWS: Final[list[Row]] = [
    {"name": "b", "disk": 2},
    {"name": "a", "disk": None},
    {"name": "d", "disk": 1},
    {"name": "c", "disk": 2},
]


@pytest.mark.parametrize(
    ("order", "names"), [("name", "abcd"), ("-name", "dcba"), ("disk", "dbca"), ("-disk", "bcda")]
)
def test_rows_without_a_value_come_last_in_both_directions_and_equal_ones_stay(
    order: str, names: str
) -> None:
    assert "".join(row["name"] for row in arranged(ROWS, order, COLUMNS)) == names


@pytest.mark.parametrize("asked", ["", "-", "size", "--name", "name-"])
def test_an_order_that_the_table_does_not_have_is_the_standard_one(asked: str) -> None:
    assert order_of(asked, COLUMNS, "disk") == "disk"
    assert order_of("-name", COLUMNS, "disk") == "-name"


def test_the_address_keeps_what_was_chosen_and_leaves_out_what_is_usual() -> None:
    table = TableView("/nodes", {"find": "chợ & cầu", "state": ""}, "name", "disk")
    assert table.address() == "/nodes?find=ch%E1%BB%A3+%26+c%E1%BA%A7u&order=name"
    assert table.address(find="", state="lost") == "/nodes?state=lost&order=name"
    assert table.by("name") == "/nodes?find=ch%E1%BB%A3+%26+c%E1%BA%A7u&order=-name"
    assert table.by("disk") == "/nodes?find=ch%E1%BB%A3+%26+c%E1%BA%A7u"
    assert (table.direction("name"), table.direction("disk")) == ("ascending", "")
    assert TableView("/nodes", {}, "-name", "disk").direction("name") == "descending"
    assert TableView("/nodes", {}, "disk", "disk").address() == "/nodes"


def test_details_are_opened_at_their_row_also_where_the_table_is_a_part_of_its_page() -> None:
    table = TableView("/grants", {"find": "an"}, "name", "name", "people")
    assert table.beside(7) == "/grants?find=an&one=7#one-7"
