"""Requests of people about data of theirs."""

from typing import Final

from hub.store.petition_door import DataRequestService
from hub.store.petition_tables import petition_acts, petition_erasures, petition_people
from hub.store.petition_tables import petitions as petitions_table
from hub.web import petition_pages, petition_words, petitions
from hub.web.auth import Visit
from hub.web.feature import Feature
from hub.web.limits import GUESSES, LOOKING_IN, OUTSIDERS, Rate


def _may_answer(visit: Visit) -> bool:
    requests = visit.find(DataRequestService)
    return requests is not None and requests.answers(visit.asker)


FEATURE: Final = Feature(
    name="data requests",
    routers=(petitions.router, petition_pages.router),
    tables=(petitions_table, petition_people, petition_acts, petition_erasures),
    acts=petition_words.acts,
    rates=(
        Rate(r"GET|HEAD", r"/rights(/follow)?", LOOKING_IN),
        Rate(r"POST", r"/rights", OUTSIDERS),
        Rate(r"POST", r"/rights/follow", GUESSES),
    ),
    may={"answer_data_requests": _may_answer},
)
