"""Order and filters of a table on a page, kept in its address so that no script is needed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class TableView:
    """How a person looks at a table: its page, its filters, and its order."""

    path: str
    filters: Mapping[str, str]
    """Fields of the filters as in the address; empty: not filtered by it."""
    order: str
    """A column; with "-" before it, the other way round."""
    standard: str
    """The order that the address does not name."""

    def address(self, **changed: str) -> str:
        """The page with these fields of its address changed; an empty one is left out."""
        order = "" if self.order == self.standard else self.order
        fields = {**self.filters, "order": order} | changed
        told = urlencode({name: value for name, value in fields.items() if value})
        return f"{self.path}?{told}" if told else self.path

    def by(self, column: str) -> str:
        """The page in the order of a column; the other way round if it is in that order."""
        order = f"-{column}" if self.order == column else column
        return self.address(order="" if order == self.standard else order)

    def direction(self, column: str) -> str:
        """Value of `aria-sort`; empty for a column that the table is not sorted by."""
        if self.order == column:
            return "ascending"
        return "descending" if self.order == f"-{column}" else ""


def order_of(asked: str, columns: Mapping[str, object], standard: str) -> str:
    """The order in an address, if the table has that column; else the standard one."""
    return asked if asked.removeprefix("-") in columns else standard


def arranged(
    rows: Iterable[Row], order: str, columns: Mapping[str, Callable[[Row], Any]]
) -> list[Row]:
    """The rows in that order. Those without a value (None) come last in both directions; equal
    ones stay as they were."""
    key = columns[order.removeprefix("-")]
    given = list(rows)
    valued = [(value, row) for row in given if (value := key(row)) is not None]
    valued.sort(key=lambda pair: pair[0], reverse=order.startswith("-"))
    return [*(row for _, row in valued), *(row for row in given if key(row) is None)]
