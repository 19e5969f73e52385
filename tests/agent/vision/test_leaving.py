"""By which side a person left the picture: from last place and speed, not from the first place."""

from dataclasses import replace

import pytest

from agent.uplink.events import sighting_event
from agent.vision.geometry import Box
from agent.vision.sightings.changes import Closed
from agent.vision.sightings.leaving import LeavingSide, side_left_by
from agent.wire.messages import LeftBy, SightingClosed
from tests.agent.helpers.vision.sightings import SETTINGS, Street, track

pytestmark = pytest.mark.promise(
    "Search: Neighbouring cameras come in the likely order of passing."
)

AMID = Box(0.45, 0.4, 0.55, 0.7)


@pytest.mark.parametrize(
    ("last", "speed", "side"),
    [
        (AMID, (0.2, 0.05), LeavingSide.RIGHT),
        (AMID, (-0.2, 0.05), LeavingSide.LEFT),
        (AMID, (0.05, 0.2), LeavingSide.TOWARDS),
        (AMID, (0.05, -0.2), LeavingSide.AWAY),
        (AMID, (0.01, -0.01), None),
        (Box(0.0, 0.4, 0.05, 0.7), (-0.01, 0.0), LeavingSide.LEFT),
        (Box(0.95, 0.4, 1.0, 0.7), (0.0, 0.1), LeavingSide.RIGHT),
        (Box(0.0, 0.4, 0.05, 0.7), (0.3, 0.0), LeavingSide.RIGHT),
        (Box(0.0, 0.0, 1.0, 1.0), (0.0, 0.2), LeavingSide.TOWARDS),
        (Box(0.4, 0.5, 0.6, 1.0), (-0.3, 0.1), LeavingSide.LEFT),
    ],
)
def test_the_side_is_that_of_the_border_that_cuts_them_else_of_how_they_moved_last(
    last: Box, speed: tuple[float, float], side: LeavingSide | None
) -> None:
    assert side_left_by(last, speed) is side


def test_who_turned_round_left_by_the_side_they_came_from() -> None:
    street = Street()
    street.shows(replace(track(x=0.3), speed=(0.2, 0.0)), for_s=0.5)
    street.shows(replace(track(x=0.6), speed=(-0.2, 0.0)), for_s=0.5)
    (closed,) = street.shows(for_s=SETTINGS.gap_s + 0.3)
    assert isinstance(closed, Closed)
    assert closed.left_by is LeavingSide.LEFT
    said = sighting_event(closed, camera="cam-1", picture=None)
    assert isinstance(said, SightingClosed)
    assert said.left_by is LeftBy.LEFT


def test_who_stood_when_seen_last_left_by_no_side_and_the_wire_says_nothing() -> None:
    street = Street()
    street.shows(track(), for_s=0.5)
    (closed,) = street.shows(for_s=SETTINGS.gap_s + 0.3)
    assert isinstance(closed, Closed)
    assert closed.left_by is None
    assert "left_by" not in sighting_event(closed, camera="cam-1", picture=None).model_dump_json()
