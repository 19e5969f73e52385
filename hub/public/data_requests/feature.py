"""Requests of people about data of theirs."""

from typing import Final

from hub.public.data_requests import officer_pages, pages, wording
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.service import DataRequestService
from hub.public.data_requests.tables import data_request_people, petition_acts, petition_erasures
from hub.public.data_requests.tables import petitions as petitions_table
from hub.web.feature import Feature
from hub.web.rate_limits import GUESSES, LOOKING_IN, OUTSIDERS, Rate
from hub.web.visit import Visit


def _may_answer(visit: Visit) -> bool:
    requests = visit.find(DataRequestService)
    return requests is not None and requests.answers(visit.asker)


FEATURE: Final = Feature(
    name="data requests",
    templates=("hub.public.data_requests",),
    routers=(officer_pages.router, pages.router),
    tables=(petitions_table, data_request_people, petition_acts, petition_erasures),
    acts=wording.acts,
    rates=(
        Rate(r"GET|HEAD", r"/rights(/follow)?", LOOKING_IN),
        Rate(r"POST", r"/rights", OUTSIDERS),
        Rate(r"POST", r"/rights/follow", GUESSES),
    ),
    may={"answer_data_requests": _may_answer},
    shown={"takes_petitions": lambda services: services.find(PublicDataRequestService) is not None},
)
