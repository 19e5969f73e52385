"""Cameras of households: their register, requests, and what they send."""

from typing import Final

from hub.alerts.households import FORM_BYTES
from hub.store.household_door import HouseholdService
from hub.store.household_tables import household_clips, household_requests
from hub.store.household_tables import households as households_table
from hub.store.parts import MOST_CHUNK_BYTES
from hub.store.table_notes import Mark
from hub.web import case_asking, giving, household_pages
from hub.web.auth import Visit
from hub.web.feature import Feature
from hub.web.guard import MAX_FORM_BYTES, Body
from hub.web.limits import GUESSES, LOOKING_IN, Rate, Rule

CHUNKS: Final = Rule("chunks", 1200, 60.0, "address")
"""For films of households: 80 MB a second at 4 MB each, faster than any of their lines."""


def _may_register(visit: Visit) -> bool:
    households = visit.find(HouseholdService)
    return households is not None and bool(households.areas(visit.asker))


FEATURE: Final = Feature(
    name="households",
    routers=(household_pages.router, case_asking.router, giving.router),
    tables=(households_table, household_requests, household_clips),
    marks=(Mark(household_requests, ("expires",)),),
    bodies=(
        Body(r"/give/[^/]*/upload/.*", MOST_CHUNK_BYTES),
        Body(r"/give/[^/]*", FORM_BYTES + MAX_FORM_BYTES),  # the form with a small film
    ),
    rates=(
        Rate(r"HEAD|PATCH", r"/give/.*/upload/.*", CHUNKS),
        Rate(r"GET|HEAD", r"/(give|household)/.*", LOOKING_IN),
        Rate(r"POST", r"/(give|household)/.*", GUESSES),
    ),
    may={"register_households": _may_register},
)
