"""The table of households' cameras: its order, search and filter."""

from typing import Final

from hub.base.text.order import by_place
from hub.public.households.views import HouseholdRow
from hub.web.table_view import Listing

AGREED: Final = "agreed"
WITHDRAWN: Final = "withdrawn"
STATES: Final = (AGREED, WITHDRAWN)


def state(row: HouseholdRow) -> str:
    """State of the household, one of `STATES`: whether it may be asked."""
    return WITHDRAWN if row.withdrawn_utc_us else AGREED


LISTING: Final = Listing[HouseholdRow](
    path="/households",
    columns={
        "place": lambda row: by_place(row.place),
        "area": lambda row: by_place(row.area),
        "requests": lambda row: row.open_requests,
        "agreed": lambda row: row.consented_utc_us,
    },
    standard="place",
    text=lambda row: f"{row.place} {row.view} {row.area}",
    choices={"state": (STATES, state)},
)
