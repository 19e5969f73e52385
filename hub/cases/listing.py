"""Filters and order of the table of cases, as in the address of its page."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.base.text.normalize import fold
from hub.base.text.order import by_name
from hub.cases.views import CaseRow
from hub.web.table_view import TableView, arranged, order_of

STANDARD: Final = "state"
STATES: Final = ("open", "closed")
MOST_CHARS: Final = 100

COLUMNS: Final[Mapping[str, Callable[[CaseRow], Any]]] = {
    "state": lambda row: (row.closed_utc_us is not None, -row.opened_utc_us),
    "number": lambda row: by_name(row.number),
    "owner": lambda row: by_name(row.owner_name),
    "files": lambda row: row.items,
    "opened": lambda row: row.opened_utc_us,
    "closed": lambda row: row.closed_utc_us,
}
"""Column → value to sort by; None: not closed."""


@dataclass(frozen=True, slots=True)
class CasesForm:
    """What the address asks for; whatever it says wrongly is as if it were not there."""

    find: str
    """A part of a case's number, purpose or owner."""
    state: str
    """One of `STATES`."""
    order: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "CasesForm":
        """From the fields of an address."""
        state = query.get("state", "")
        return cls(
            find=query.get("find", "")[:MOST_CHARS].strip(),
            state=state if state in STATES else "",
            order=order_of(query.get("order", ""), COLUMNS, STANDARD),
        )

    @property
    def table(self) -> TableView:
        """For the links of the table."""
        return TableView("/cases", {"find": self.find, "state": self.state}, self.order, STANDARD)

    def rows(self, cases: Iterable[CaseRow]) -> list[CaseRow]:
        """The cases that the filters let through, in the order."""
        return arranged(filter(self._lets_through, cases), self.order, COLUMNS)

    def _lets_through(self, row: CaseRow) -> bool:
        is_closed = row.closed_utc_us is not None
        is_in_state = not self.state or is_closed == (self.state == "closed")
        return is_in_state and fold(self.find) in fold(
            f"{row.number} {row.purpose} {row.owner_name}"
        )
