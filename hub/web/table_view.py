"""Order and filters of a table on a page, kept in its address so that no script is needed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from hub.base.text.normalize import fold
from hub.web.forms import id_of

Row = TypeVar("Row")
MOST_CHARS: Final = 100
"""Most characters of a search text."""


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
    part: str = ""
    """Id of the part of the page with the table; empty: the whole page."""

    def address(self, **changed: str) -> str:
        """Address of the page with these fields changed; an empty field is left out."""
        order = "" if self.order == self.standard else self.order
        fields = {**self.filters, "order": order} | changed
        told = urlencode({name: value for name, value in fields.items() if value})
        whole = f"{self.path}?{told}" if told else self.path
        return f"{whole}#{self.part}" if self.part else whole

    def beside(self, row_id: object) -> str:
        """Address of the page with this row in detail beside the table; it scrolls to the row."""
        page, _, _ = self.address(one=str(row_id)).partition("#")
        return f"{page}#one-{row_id}"

    def by(self, column: str) -> str:
        """Address of the page in the order of a column; in the reverse order if the table is in
        that order already."""
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
    """The rows in that order. Rows without a value (None) come last in both directions; equal rows
    keep their order."""
    key = columns[order.removeprefix("-")]
    given = list(rows)
    valued = [(value, row) for row in given if (value := key(row)) is not None]
    valued.sort(key=lambda pair: pair[0], reverse=order.startswith("-"))
    return [*(row for _, row in valued), *(row for row in given if key(row) is None)]


def chosen(
    rows: Iterable[Row],
    query: Mapping[str, str],
    id_in: Callable[[Row], UUID],
    look: Callable[[UUID], object] | None = None,
) -> Row | None:
    """The row that an address asks to see in detail (`one`); None if it asks for none, or for one
    that is not in `rows`.

    `look` opens the row as its own page does, which leaves a line in the log, and returns None for
    a row that is not the reader's. Without `look` the details say no more than the list.
    """
    one = id_of(query.get("one", ""))
    if one is None or (look is not None and look(one) is None):
        return None
    return next((row for row in rows if id_in(row) == one), None)


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[Row]):
    """A table that is searched by text (`find`), filtered by choices and sorted by its heads."""

    path: str
    part: str = ""
    columns: Mapping[str, Callable[[Row], Any]]
    """Column → value to sort by; None: without one."""
    standard: str
    """A key of `columns`, or "-" and a key; as in `TableView`."""
    text: Callable[[Row], str]
    """The text that is searched, with and without diacritics."""
    choices: Mapping[str, tuple[Sequence[str], Callable[[Row], str]]] = field(default_factory=dict)
    """Field of a filter → its values, and the value of a row."""

    def view(self, query: Mapping[str, str]) -> TableView:
        """The table view in an address; an invalid value counts as missing."""
        asked = {name: query.get(name, "") for name in self.choices}
        filters = {
            name: value if value in self.choices[name][0] else "" for name, value in asked.items()
        }
        filters["find"] = query.get("find", "")[:MOST_CHARS].strip()
        order = order_of(query.get("order", ""), self.columns, self.standard)
        return TableView(self.path, filters, order, self.standard, self.part)

    def rows(self, rows: Iterable[Row], view: TableView) -> list[Row]:
        """The rows that pass the filters, in the order of the view."""
        find = fold(view.filters["find"])
        found = [
            row
            for row in rows
            if find in fold(self.text(row))
            and all(
                value_of(row) == view.filters[name]
                for name, (_, value_of) in self.choices.items()
                if view.filters[name]
            )
        ]
        return arranged(found, view.order, self.columns)
