"""Feature: cameras of households, with their register, requests and uploads."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from hub.access.rules.grants import Right
from hub.base.db.table_notes import Mark
from hub.base.storage.partial_files import MOST_CHUNK_BYTES
from hub.public.households import pages, request_pages, upload_pages
from hub.public.households.port import HouseholdServices
from hub.public.households.request_service import HouseholdRequestService
from hub.public.households.rules import FORM_BYTES
from hub.public.households.service import HouseholdService
from hub.public.households.tables import household_clips, household_requests
from hub.public.households.tables import households as households_table
from hub.web.feature import Feature
from hub.web.guard import MAX_FORM_BYTES, Body
from hub.web.navigation import NavLink, Part
from hub.web.rate_limits import CODES, LOOKING_IN, Rate, RateRule
from hub.web.visit import Visit

CHUNKS: Final = RateRule("chunks", 1200, 60.0, "address")
"""For films of households: 80 MB a second at 4 MB each, faster than any of their lines."""


def _in_case(visit: Visit, case_id: UUID) -> Mapping[str, object]:
    households = visit.find(HouseholdRequestService)
    if households is None:
        return {"given": [], "requests": []}
    return {
        "given": households.clips(visit.asker, case_id),
        "requests": households.requests(visit.asker, case_id),
    }


FEATURE: Final = Feature(
    name="households",
    templates=("hub.public.households",),
    routers=(pages.router, request_pages.router, upload_pages.router),
    acts=pages.acts,
    detail_values={"ended": lambda value, calendar: pages.why_ended(value, calendar.words)},
    details=lambda words: {**pages.details(words), **upload_pages.details(words)},
    tables=(households_table, household_requests, household_clips),
    marks=(Mark(household_requests, ("expires",)),),
    bodies=(
        Body(r"/give/[^/]*/upload/.*", MOST_CHUNK_BYTES),
        Body(r"/give/[^/]*", FORM_BYTES + MAX_FORM_BYTES),  # the form with a small film
    ),
    rates=(
        Rate(r"HEAD|PATCH", r"/give/.*/upload/.*", CHUNKS),
        Rate(r"GET|HEAD", r"/(give|household)/.*", LOOKING_IN),
        Rate(r"POST", r"/(give|household)/.*", CODES),
    ),
    shown={"asks_households": lambda services: services.find(HouseholdServices) is not None},
    panels={"case": _in_case},
    links=(
        NavLink(
            address="/households",
            label=lambda words: words.say("Households' cameras"),
            icon="home",
            part=Part.PEOPLE,
            may=lambda standing: (
                standing.has_on_area(Right.MANAGE) or standing.has_on_area(Right.EXPORT)
            ),
            needs=HouseholdService,
        ),
    ),
)
