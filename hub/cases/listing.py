"""The table of cases: its order, search and filter."""

from typing import Final

from hub.base.text.order import by_name
from hub.cases.views import CaseRow
from hub.web.table_view import Listing


def state(row: CaseRow) -> str:
    """State of the case, one of those that the table can be filtered by."""
    return "open" if row.closed_utc_us is None else "closed"


LISTING: Final = Listing[CaseRow](
    path="/cases",
    columns={
        "state": lambda row: (row.closed_utc_us is not None, -row.opened_utc_us),
        "number": lambda row: by_name(row.number),
        "owner": lambda row: by_name(row.owner_name),
        "files": lambda row: row.items,
        "opened": lambda row: row.opened_utc_us,
        "closed": lambda row: row.closed_utc_us,
    },
    standard="state",
    text=lambda row: f"{row.number} {row.purpose} {row.owner_name}",
    choices={"state": (("open", "closed"), state)},
)
