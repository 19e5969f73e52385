"""What may be a part of a car, a bus or a truck is marked."""

from dataclasses import replace

import pytest

from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.detect.riders import mounted
from agent.vision.detect.vehicles import marked
from agent.vision.geometry import Box
from tests.agent.rigs.vision import person

pytestmark = pytest.mark.promise(
    "Detection and tracking: Persons are told from vehicles, and a rider is a person."
)

NEAR = person(0.5, score=0.4, height=0.6)


def vehicle(box: Box, score: float, kind: ObjectKind = ObjectKind.TRUCK) -> Detection:
    return Detection(kind, score, box)


def around(box: Box, times: float) -> Box:
    return box.grown(by_x=(times - 1) / 2 * box.width, by_y=(times - 1) / 2 * box.height)


@pytest.mark.parametrize("kind", [ObjectKind.CAR, ObjectKind.BUS, ObjectKind.TRUCK])
@pytest.mark.parametrize(
    ("box", "score", "is_marked"),
    [
        (around(NEAR.box, 3), 0.5, True),  # the fender of a truck
        (around(NEAR.box, 3), 0.3, False),  # somebody before a car that is hardly seen
        (around(NEAR.box, 1.05), 0.2, True),  # a car that enters at the border
        (around(NEAR.box, 1.05), 0.19, False),
        (Box(0.9, 0.1, 1.0, 0.2), 0.9, False),  # a car far away
    ],
)
def test_a_person_in_a_surer_vehicle_or_in_its_place_is_marked(
    kind: ObjectKind, box: Box, score: float, is_marked: bool
) -> None:
    assert marked([NEAR], [vehicle(box, score, kind)]) == [replace(NEAR, in_vehicle=is_marked)]


def test_a_rider_who_is_surer_than_the_bus_behind_is_not_marked() -> None:
    """The score is that of rider and motorbike together."""
    motorbike = vehicle(NEAR.box, 0.62, ObjectKind.MOTORCYCLE)
    (rider,) = mounted([NEAR, motorbike], [])
    (still,) = marked([rider], [vehicle(around(NEAR.box, 3), 0.5, ObjectKind.BUS)])
    assert (still.score, still.in_vehicle) == (0.62, False)


def test_without_vehicles_nothing_changes() -> None:
    assert marked([NEAR], []) == [NEAR]
