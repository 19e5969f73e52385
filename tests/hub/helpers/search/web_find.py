"""Helpers of the tests of web find, used by more than one module."""

import re
from urllib.parse import urlencode
from uuid import UUID, uuid4

from agent.wire.messages import SightingOpened
from agent.wire.terms import BoxWords, ObjectKind
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.rigs.web_town import Town


def find(**asked: str) -> str:
    """The address of a search of the last hour, changed by this."""
    return "/find?" + urlencode({"when": "hour", **asked})


def sights(page: str) -> list[str]:
    return re.findall(r'data-sighting="(.*?)"', page)


def details(town: Town, act: str) -> list[str]:
    with town.db.reading() as conn:
        return list(details_of(conn, act))


def some_sightings(town: Town, number: int) -> list[UUID]:
    """The newest last; nobody is woken by them."""
    found = []
    for n in range(number):
        at_us = town.clock.now().utc_us - (number - n) * 1_000_000
        body = SightingOpened(
            camera=town.voice.camera,
            sighting_id=uuid4(),
            object_kind=ObjectKind.PERSON,
            people=1 + n % 3,
            score=0.9,
            box=BoxWords(x0=0.4, y0=0.3, x1=0.5, y1=0.7),
            first_seen_utc_us=at_us,
            picture=None,
            wakes=False,
        )
        town.file(body, utc_us=at_us)
        found.append(body.sighting_id)
    return found
