"""Feature: requests of people about their data."""

from typing import Final

from hub.access.rules.grants import Right
from hub.public.data_requests import officer_pages, pages, wording
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.rules import RequestKind
from hub.public.data_requests.service import ANSWERERS, UNANSWERED, DataRequestService
from hub.public.data_requests.tables import data_request_people, petition_acts, petition_erasures
from hub.public.data_requests.tables import petitions as petitions_table
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part
from hub.web.rate_limits import CODES, LOOKING_IN, OUTSIDERS, Rate

FEATURE: Final = Feature(
    name="data requests",
    templates=("hub.public.data_requests",),
    routers=(officer_pages.router, pages.router),
    tables=(petitions_table, data_request_people, petition_acts, petition_erasures),
    acts=wording.acts,
    detail_values={
        "wish": lambda value, calendar: wording.kind_word(RequestKind(value), calendar.words)
    },
    details=wording.details,
    rates=(
        Rate(r"GET|HEAD", r"/rights(/follow)?", LOOKING_IN),
        Rate(r"POST", r"/rights", OUTSIDERS),
        Rate(r"POST", r"/rights/follow", CODES),
    ),
    shown={"takes_petitions": lambda services: services.find(PublicDataRequestService) is not None},
    links=(
        NavLink(
            address="/petitions",
            label=lambda words: words.say("Requests of people"),
            icon="taken",
            part=Part.PEOPLE,
            may=lambda standing: standing.role in ANSWERERS and standing.has_on_area(Right.MANAGE),
            needs=DataRequestService,
            waiting="petitions",
        ),
    ),
    numbers={"petitions": UNANSWERED},
)
