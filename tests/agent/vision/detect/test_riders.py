"""A rider is a person, counted once; a parked two-wheeler is nobody."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from agent.media.frame import Frame
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.detect.riders import mounted
from agent.vision.geometry import Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.changes import Opened
from tests.agent.rigs.vision import Seer, counted_ids, luma_frame, person

pytestmark = [
    pytest.mark.promise(
        "Detection and tracking: Persons are told from vehicles, and a rider is a person."
    ),
    pytest.mark.promise("Detection and tracking: A moving two-wheeler and its rider count once."),
]

STREET = np.full((240, 320), 90, np.uint8)


def motorbike(
    x: float, y: float = 0.55, *, score: float = 0.6, kind: ObjectKind = ObjectKind.MOTORCYCLE
) -> Detection:
    """A motorbike seen from the side whose rider is `person(x, y - 0.05)`."""
    return Detection(kind, score, Box(x - 0.07, y - 0.08, x + 0.07, y + 0.08))


def rider(x: float, score: float = 0.7) -> Detection:
    return person(x, 0.5, height=0.18, score=score)


def ride(index: int) -> float:
    """Position of the middle of a motorbike that goes right."""
    return 0.1 + 0.02 * index


def opened(
    finds: Callable[[int], Sequence[Detection]], *, frames: int = 45, moves: bool = True
) -> list[Opened]:
    """What is told of a street in which something bright goes where the finds are, if it moves."""

    def painted(index: int) -> Frame:
        picture = STREET.copy()
        for one in finds(index) if moves else ():
            box = one.box.clipped()
            rows = slice(round(box.y0 * 240), round(box.y1 * 240))
            picture[rows, round(box.x0 * 320) : round(box.x1 * 320)] = 220
        return luma_frame(picture, index)

    seer = Seer(lambda frame: finds(frame.index))
    pipeline = Pipeline.for_frames(PipelineSettings(), seer, counted_ids())
    return [
        change
        for index in range(1, frames)
        for change in pipeline.step(painted(index)).changes
        if isinstance(change, Opened)
    ]


def test_a_rider_and_the_motorbike_are_one_find_of_a_person() -> None:
    (one,) = mounted([rider(0.5), motorbike(0.5)], parked=())
    assert (one.kind, one.wheels) == (ObjectKind.PERSON, ObjectKind.MOTORCYCLE)
    assert one.box == rider(0.5).box


def test_who_walks_beside_a_motorbike_does_not_ride_it() -> None:
    apart = mounted([person(0.62, 0.55, height=0.2), motorbike(0.5)], parked=())
    assert [one.kind for one in apart] == [ObjectKind.PERSON, ObjectKind.MOTORCYCLE]
    assert apart[0].wheels is None


def test_who_stands_before_a_parked_motorbike_does_not_ride_it() -> None:
    one, _ = mounted([rider(0.5), motorbike(0.5)], parked=[motorbike(0.5).box])
    assert one.wheels is None


def test_two_riders_side_by_side_have_a_motorbike_each() -> None:
    finds = mounted([rider(0.4), rider(0.6), motorbike(0.4), motorbike(0.6)], parked=())
    assert [one.wheels for one in finds] == [ObjectKind.MOTORCYCLE] * 2


def test_a_bicycle_that_is_also_taken_for_a_motorbike_is_the_likelier() -> None:
    bicycle = motorbike(0.5, score=0.7, kind=ObjectKind.BICYCLE)
    (one,) = mounted([motorbike(0.5), bicycle], parked=())
    assert one.kind is ObjectKind.BICYCLE


@pytest.mark.parametrize("kind", [ObjectKind.MOTORCYCLE, ObjectKind.BICYCLE])
def test_a_two_wheeler_that_moves_is_told_of_as_a_person(kind: ObjectKind) -> None:
    (one,) = opened(lambda index: [motorbike(ride(index), kind=kind)])
    assert (one.kind, one.people) == (ObjectKind.PERSON, 1)


def test_a_rider_found_now_with_and_now_without_the_motorbike_is_counted_once() -> None:
    def finds(index: int) -> list[Detection]:
        body, wheels = rider(ride(index)), motorbike(ride(index))
        return [[wheels], [body], [body, wheels], [wheels]][index % 4]

    told = opened(finds)
    assert [one.people for one in told] == [1]


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_parked_motorbike_is_no_sighting_however_clear() -> None:
    assert opened(lambda _: [motorbike(0.5, score=0.95)], moves=False) == []


def test_a_row_of_parked_motorbikes_that_is_found_now_here_now_there_is_no_sighting() -> None:
    row = [motorbike(0.2 + 0.05 * n, score=0.8) for n in range(10)]
    assert opened(lambda index: row[index % 10 :: 3], frames=120, moves=False) == []


def test_who_walks_past_a_parked_motorbike_is_told_of_and_leaves_it_behind() -> None:
    def finds(index: int) -> list[Detection]:
        walker = person(ride(index), 0.5, height=0.25)
        parked = motorbike(0.5, score=0.8)
        return [parked] if index > 40 or parked.box.overlap(walker.box) else [parked, walker]

    told = opened(finds, frames=120)
    assert len(told) == 1


def test_cars_are_passed_over() -> None:
    car = replace(motorbike(0.5), kind=ObjectKind.CAR)
    assert mounted([car], parked=()) == []
