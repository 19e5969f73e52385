"""Dense mode: it begins and ends with a crowd, and looks at every tile in turn."""

from dataclasses import replace

import numpy as np
import pytest

from agent.media.frame import Frame
from agent.vision.detect.dense import Dense, grid
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.geometry import WHOLE, Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from tests.agent.rigs.vision import Seer, after, counted_ids, luma_frame, person

pytestmark = [
    pytest.mark.promise(
        "Detection and tracking: Small people far away are found by tiles and by enlarging."
    ),
    pytest.mark.promise("Detection and tracking: Tiles find more of a crowd than the whole frame."),
    pytest.mark.promise(
        "Detection and tracking: A dense scene is looked at in turn within the budget."
    ),
]

SIZE = (576, 768)
INPUT = (320, 320)
SMALL = [0.1] * 20
"""The heights of twenty."""


def dense_after(seconds: float, heights: list[float]) -> Dense:
    dense = Dense()
    for frame in range(round(10 * seconds)):
        dense.note(after(frame / 10), heights)
    return dense


def rounds(dense: Dense, busy: list[Box], *, looks: int, frames: int = 100) -> dict[Box, int]:
    """Number of looks at each tile, with `looks` looks a frame."""
    count: dict[Box, int] = {}
    for frame in range(frames):
        now = after(100 + frame / 10)
        due = dense.choose(now, SIZE, input_px=INPUT, busy=busy, luma=100.0)[:looks]
        dense.looked(now, due)
        for tile in due:
            count[tile] = count.get(tile, 0) + 1
    return count


def test_a_crowd_of_small_people_turns_it_on() -> None:
    assert not dense_after(0.3, SMALL).is_on
    assert dense_after(3, SMALL).is_on


def test_a_few_people_do_not() -> None:
    assert not dense_after(30, SMALL[:11]).is_on


def test_nor_does_a_crowd_before_the_lens_which_one_look_shows() -> None:
    assert not dense_after(10, [0.5] * 20).is_on


def test_it_stays_on_through_a_short_lull_and_ends_by_itself() -> None:
    dense = dense_after(5, SMALL)
    for frame in range(50, 70):
        dense.note(after(frame / 10), SMALL[:3])
    assert dense.is_on
    for frame in range(70, 300):
        dense.note(after(frame / 10), SMALL[:3])
    assert not dense.is_on


def test_between_its_bounds_it_stays_as_it_is() -> None:
    dense = dense_after(5, SMALL)
    for frame in range(50, 500):
        dense.note(after(frame / 10), SMALL[:11])
    assert dense.is_on


def test_tiles_cover_the_picture_and_overlap() -> None:
    for tiles in (grid(2, 2), grid(3, 2)):
        for x in np.linspace(0.05, 0.95, 30):
            one = person(float(x), 0.5, height=0.09).box
            assert any(tile.overlap(one) >= 0.999 * one.area for tile in tiles)


def test_everything_busy_is_looked_at_in_turn_within_the_budget() -> None:
    busy = list(grid(2, 2))
    count = rounds(dense_after(5, SMALL), busy, looks=1)
    assert sum(count.values()) == 100
    assert max(count.values()) - min(count.values()) <= 1


def test_a_camera_opened_anew_is_looked_at_though_its_time_begins_a_little_earlier() -> None:
    dense = dense_after(5, SMALL)
    for at_s in (10.0, 8.5):
        due = dense.choose(after(at_s), SIZE, input_px=INPUT, busy=(WHOLE,), luma=100.0)
        assert len(due) == 3
        dense.looked(after(at_s), due)


def test_what_moves_goes_first_and_still_background_is_looked_at_rarely() -> None:
    corner = Box(0.05, 0.05, 0.1, 0.15)
    count = rounds(dense_after(5, SMALL), [corner], looks=3)
    first, *others = (count[tile] for tile in grid(2, 2))
    assert first >= 30
    assert all(4 <= times <= 6 for times in others)
    assert count[WHOLE] >= 30


@pytest.mark.promise(
    "Detection and tracking: People under 30 px get six tiles by day and four by night."
)
def test_far_small_people_get_six_tiles_by_day_and_four_by_night() -> None:
    dense = dense_after(5, [0.04] * 20)
    by_day = dense.choose(after(10), SIZE, input_px=INPUT, busy=(), luma=120.0)
    assert by_day[0] == WHOLE
    assert by_day[1] in grid(3, 2)
    assert dense.choose(after(10), SIZE, input_px=INPUT, busy=(), luma=30.0)[1] in grid(2, 2)
    near = dense_after(5, [0.15] * 20)
    assert near.choose(after(10), SIZE, input_px=INPUT, busy=(), luma=120.0)[1] in grid(2, 2)


def standing(frame: Frame) -> list[Detection]:
    """Twenty who were there from the start and hardly move."""
    sway = 0.002 * (frame.index % 2)
    return [
        person(0.1 + 0.2 * (n % 5) + sway, 0.2 + 0.2 * (n // 5), height=0.09) for n in range(20)
    ]


@pytest.mark.promise(
    "Detection and tracking: A wide input finds a standing crowd within the budget."
)
def test_a_crowd_that_stands_still_is_found_within_the_budget() -> None:
    seer, fitted = Seer(standing), Seer(standing, input_px=330)
    pipeline = Pipeline.for_frames(
        PipelineSettings(looks_per_s=12.0), seer, counted_ids(), fitted=(fitted,)
    )
    street = np.full((240, 320), 90, np.uint8)
    looks = [pipeline.step(luma_frame(street, index)) for index in range(1, 101)]
    assert pipeline.dense.is_on
    assert sum(look.inferences for look in looks) <= 12 * 10 + 6
    counted = max(len(pipeline.sightings.open_tracks), 1)
    assert counted == 20
    assert {WHOLE, *grid(2, 2)} <= set(fitted.regions)
    assert WHOLE not in seer.regions[40:], "the crowd is looked at with what shows it largest"


class TileSeer(Seer):
    """Sees whoever stands low in the picture only in a tile."""

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        found = super().detect(frame, region)
        return [one for one in found if region != WHOLE or one.box.y1 < 0.8]


@pytest.mark.parametrize(("score", "counted"), [(0.7, 17), (0.5, 16)])
def test_who_comes_to_stand_in_a_quiet_tile_of_a_crowd_is_told_of(
    score: float, counted: int
) -> None:
    newcomer = person(0.8, 0.9, height=0.09, score=score)

    def street(frame: Frame) -> list[Detection]:
        crowd = [person(0.05 + 0.1 * (n % 4), 0.1 + 0.1 * (n // 4), height=0.09) for n in range(16)]
        return [*crowd, newcomer] if frame.index > 60 else crowd

    pipeline = Pipeline.for_frames(PipelineSettings(), TileSeer(street), counted_ids())
    told = set[int]()
    for index in range(1, 111):
        pipeline.step(luma_frame(np.full((240, 320), 90, np.uint8), index))
        told |= pipeline.sightings.open_tracks
    assert pipeline.dense.is_on
    assert len(told) == counted


def test_a_row_of_parked_motorbikes_is_no_crowd_and_costs_no_look_once_nothing_moves() -> None:
    bikes = [
        replace(person(0.05 + number / 17, height=0.09), kind=ObjectKind.MOTORCYCLE)
        for number in range(16)
    ]
    seer = Seer(lambda _: bikes)
    pipeline = Pipeline.for_frames(PipelineSettings(), seer, counted_ids())
    still = np.full((576, 768), 90, np.uint8)
    looks = [pipeline.step(luma_frame(still, index)).inferences for index in range(1, 121)]
    assert not pipeline.dense.is_on
    assert sum(looks[80:]) == 0
