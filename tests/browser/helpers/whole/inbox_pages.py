"""Helpers of the tests of inbox pages, used by more than one module."""

from uuid import UUID, uuid4

from agent.wire.messages import SightingOpened
from agent.wire.terms import BoxWords, ObjectKind, RuleWords
from tests.browser.conftest import Hub


def critical(hub: Hub) -> UUID:
    """Somebody is seen after hours."""
    town = hub.town
    body = SightingOpened(
        camera=town.voice.camera,
        sighting_id=uuid4(),
        object_kind=ObjectKind.PERSON,
        people=1,
        score=0.9,
        box=BoxWords(x0=0.4, y0=0.3, x1=0.5, y1=0.7),
        first_seen_utc_us=town.clock.now().utc_us,
        picture=None,
        rules=(RuleWords(rule="after_hours", place="san-sau"),),
    )
    alert_id = town.file(body)
    assert alert_id is not None
    return alert_id
