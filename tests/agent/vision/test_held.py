"""Which rule holds a detection back, and what counts as evidence for the track."""

from dataclasses import replace
from typing import Any

import pytest

from agent.vision.detect.person import ObjectKind
from agent.vision.geometry import Box
from agent.vision.sightings.sightings import Sightings, SightingSettings
from agent.vision.track.evidence import Held, Weight
from agent.vision.track.lookalikes import LookAlikes
from agent.vision.track.track import Track
from tests.agent.rigs.vision import after, counted_ids, person, tracked

INSIDE = person(0.5).box
AT_THE_BORDER = Box(0.0, 0.4, 0.08, 0.6)
NEAR_BOX = person(0.5, height=0.6).box
NEAR_AT_THE_BORDER = Box(0.0, 0.2, 0.2, 0.8)
IN_VEHICLE = replace(person(0.5, height=0.6), in_vehicle=True)


def weight_of(one: Track, things: LookAlikes | None = None) -> Weight | None:
    sightings = Sightings(counted_ids(), things=things)
    sightings.advance(after(0), [one])
    return sightings.weight(one)


@pytest.mark.parametrize(
    ("box", "track", "expected"),
    [
        (INSIDE, {"travelled": 2.0, "score": 0.7}, Weight(0.7, 0.7)),
        (INSIDE, {"travelled": 0.0, "score": 0.7}, Weight(0.7, 0.7)),
        (INSIDE, {"travelled": 0.0, "score": 0.6}, Weight(0.0, 0.6, Held.UNSURE)),
        (AT_THE_BORDER, {"travelled": 2.0, "score": 0.6}, Weight(0.3, 0.3, Held.CUT)),
        (NEAR_BOX, {"travelled": 0.0, "score": 0.4}, Weight(0.4, 0.4)),
        (
            NEAR_BOX,
            {"travelled": 0.0, "score": 0.4, "found": IN_VEHICLE},
            Weight(0.0, 0.4, Held.VEHICLE),
        ),
        (NEAR_BOX, {"travelled": 0.0, "score": 0.7, "found": IN_VEHICLE}, Weight(0.7, 0.7)),
        (
            INSIDE,
            {"travelled": 0.0, "score": 0.7, "kind": ObjectKind.MOTORCYCLE},
            Weight(0.0, 0.0, Held.PARKED),
        ),
        (
            INSIDE,
            {"travelled": 2.0, "score": 0.7, "kind": ObjectKind.BICYCLE, "moved": 0.1},
            Weight(0.0, 0.0, Held.WHEELS_STILL),
        ),
    ],
)
def test_each_rule_that_holds_a_detection_back_is_named(
    box: Box, track: dict[str, Any], expected: Weight
) -> None:
    assert weight_of(replace(tracked(box), **track)) == expected


def test_a_known_thing_is_named_as_one() -> None:
    thing, things = tracked(INSIDE, travelled=0.0), LookAlikes()
    things.learn(thing, after(0))
    assert weight_of(thing, things) == Weight(0.0, 0.0, Held.THING)


def test_what_speaks_for_a_track_grows_until_it_is_reported() -> None:
    sightings, walker = Sightings(counted_ids()), tracked(INSIDE, travelled=2.0, score=0.7)
    sums = []
    for frame in range(4):
        sightings.advance(after(frame / 10), [replace(walker, looks=frame)])
        sums.append(round(sightings.evidence(walker), 1))
    assert sums == [0.7, 1.4, 2.1, 0.0]
    assert SightingSettings().evidence < 2.8
    assert sightings.weight(walker) is None
    assert walker.track_id in sightings.open_tracks


@pytest.mark.parametrize(("began", "left"), [(NEAR_AT_THE_BORDER, 0.6), (NEAR_BOX, 3.0)])
def test_what_was_a_vehicle_at_the_border_loses_what_spoke_for_it(began: Box, left: float) -> None:
    """The first part of a car at the border looks like a person. A person inside the picture
    may stand before a car."""
    sightings = Sightings(counted_ids(), SightingSettings(evidence=4.0))
    one = tracked(began, travelled=0.0, score=0.6, moved=0.8)
    found = replace(person(0.6, height=0.6), in_vehicle=True)
    for frame in range(4):
        sightings.advance(after(frame / 10), [replace(one, looks=frame)])
    assert sightings.evidence(one) == pytest.approx(2.4)
    sightings.advance(after(0.4), [replace(one, box=NEAR_BOX, looks=4, found=found)])
    sightings.advance(after(0.5), [replace(one, box=NEAR_BOX, looks=5)])
    assert sightings.evidence(one) == pytest.approx(left)
