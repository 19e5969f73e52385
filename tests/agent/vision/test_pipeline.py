"""One frame through all stages: what is looked at, and what results."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from agent.media.frame import Frame, Instant, Plane
from agent.vision.detect.clothes import clothes, unlikeness
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.detect.sheet import Sheet
from agent.vision.geometry import SMALLER, WHOLE, Box, Polygon
from agent.vision.pipeline import FrameResult, Pipeline, PipelineSettings
from agent.vision.sightings.changes import Closed, Opened
from tests.agent.rigs.vision import Seer, after, counted_ids, luma_frame, person

STREET = np.full((240, 320), 90, np.uint8)


def eyes_of(seer: Seer, *ignored: Polygon) -> Pipeline:
    return Pipeline.for_frames(PipelineSettings(ignored=ignored), seer, counted_ids())


def with_walker(index: int) -> Plane:
    """A dark body that goes right by 4 pixels a frame."""
    picture = STREET.copy()
    x = 20 + 4 * (index - 30)
    picture[90:150, x : x + 24] = 20
    return picture


def walker(frame: Frame) -> list[Detection]:
    """Answer of a perfect network to `with_walker`."""
    if 30 <= frame.index < 90:
        return [person((20 + 4 * (frame.index - 30) + 12) / 320, 0.5, height=60 / 240)]
    return []


def play(pipeline: Pipeline, first: int, last: int) -> list[FrameResult]:
    return [
        pipeline.step(luma_frame(with_walker(i) if 30 <= i < 90 else STREET, i))
        for i in range(first, last)
    ]


@pytest.mark.promise(
    "Detection and tracking: The model runs only where something moved or was tracked."
)
def test_nothing_moved_and_nobody_tracked_asks_the_model_nothing() -> None:
    seer = Seer(lambda _: [])
    pipeline = eyes_of(seer)
    looks = play(pipeline, 1, 25)
    asked_at_first = len(seer.regions)
    assert set(seer.regions) == {WHOLE, SMALLER}
    assert looks[-1] == FrameResult((), (), (), (), inferences=0, track_score=0.4)
    assert looks[-1].inferences == 0
    play(pipeline, 25, 30)
    assert len(seer.regions) == asked_at_first


def test_a_walker_is_told_of_once_and_closed_once() -> None:
    pipeline = eyes_of(Seer(walker))
    looks = play(pipeline, 1, 140)
    changes = [change for look in looks for change in look.changes]
    opened, closed = (c for c in changes if isinstance(c, Opened | Closed))
    assert isinstance(opened, Opened)
    assert isinstance(closed, Closed)
    assert opened.first_seen == after(2.9)
    assert opened.at.seconds_since(opened.first_seen) <= 0.5
    assert closed.last_seen == after(8.8)


def test_somebody_who_stops_is_looked_at_without_motion() -> None:
    pipeline = eyes_of(Seer(lambda frame: [person(0.5)] if frame.index >= 5 else []))
    looks = [pipeline.step(luma_frame(STREET, index)) for index in range(1, 60)]
    assert all(look.moved == () for look in looks[-20:])
    assert sum(look.inferences for look in looks[-20:]) == 2  # once a second
    assert sum(track.is_seen for look in looks[-20:] for track in look.tracks) == 2
    assert sum(isinstance(change, Opened) for look in looks for change in look.changes) == 1
    assert not any(isinstance(change, Closed) for look in looks for change in look.changes)


def test_a_walker_is_looked_at_in_each_frame_until_told_of_and_then_ten_times_a_second() -> None:
    pipeline = eyes_of(Seer(lambda frame: walker(luma_frame(STREET, (frame.index + 2) // 2))))
    looks = []
    for index in range(1, 160):  # twenty frames a second, and the walker half as far in each
        still = luma_frame(with_walker((index + 2) // 2) if 58 <= index < 178 else STREET, index)
        looks.append(pipeline.step(replace(still, at=after(index / 20))))
    told = next(i for i, look in enumerate(looks) if any(look.changes))
    assert all(look.inferences for look in looks[60:told])
    assert 19 <= sum(look.inferences for look in looks[told + 1 : told + 41]) <= 23


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_post_is_not_looked_at_for_ever() -> None:
    seer = Seer(lambda _: [person(0.5, score=0.5)])
    pipeline = eyes_of(seer)
    looks = [pipeline.step(luma_frame(STREET, index)) for index in range(1, 60)]
    assert looks[-1].inferences == 0
    assert all(look.changes == () for look in looks)


@pytest.mark.promise(
    "Detection and tracking: Persons are told from vehicles, and a rider is a person."
)
@pytest.mark.parametrize(("vehicle", "told"), [(ObjectKind.BUS, 0), (ObjectKind.MOTORCYCLE, 1)])
def test_a_near_part_of_a_vehicle_is_nobody(vehicle: ObjectKind, told: int) -> None:
    """Beside a motorbike it is a person."""
    stands = [person(0.5, height=0.6, score=0.5), Detection(vehicle, 0.6, Box(0.3, 0.1, 0.9, 0.9))]
    looks = play(eyes_of(Seer(lambda _: stands)), 1, 60)
    assert sum(isinstance(one, Opened) for look in looks for one in look.changes) == told
    passed_on = [one for look in looks for one in (*look.detections, *look.faint)]
    assert all(one.kind is not ObjectKind.BUS for one in passed_on)


def test_finish_closes_who_is_still_there() -> None:
    pipeline = eyes_of(Seer(walker))
    play(pipeline, 1, 60)
    (closed,) = pipeline.finish(after(6))
    assert isinstance(closed, Closed)
    assert pipeline.finish(after(6)) == ()


LEFT_HALF = Polygon(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))


@pytest.mark.promise("Motion: No pixel behind a privacy mask leaves the node.")
def test_who_stands_wholly_where_the_picture_is_ignored_is_never_told_of() -> None:
    pipeline = eyes_of(Seer(lambda _: [person(0.25)]), LEFT_HALF)
    assert all(not look.tracks and not look.changes for look in play(pipeline, 1, 60))


def test_who_stands_partly_where_the_picture_is_ignored_is_told_of() -> None:
    pipeline = eyes_of(Seer(lambda _: [person(0.5)]), LEFT_HALF)
    assert any(look.changes for look in play(pipeline, 1, 60))


def test_who_walks_out_of_an_ignored_part_is_told_of() -> None:
    changes = [c for look in play(eyes_of(Seer(walker), LEFT_HALF), 1, 140) for c in look.changes]
    opened = next(c for c in changes if isinstance(c, Opened))
    assert opened.box.x1 > 0.5


def test_a_find_beside_the_picture_is_nobody() -> None:
    """A sensor's finds may lie outside; there they are a line at the border."""
    line = Detection(ObjectKind.PERSON, 0.9, Box(0.2, 1.0, 0.4, 1.2).clipped())
    assert all(not look.tracks for look in play(eyes_of(Seer(lambda _: [line])), 1, 20))


def test_a_misshapen_frame_is_refused_and_changes_nothing() -> None:
    pipeline = eyes_of(Seer(walker))
    play(pipeline, 1, 60)
    whole = luma_frame(STREET, 60)
    cut = Frame(60, whole.at, whole.yuv[:300], whole.width, whole.height)
    with pytest.raises(ValueError, match="frame 60"):
        pipeline.step(cut)
    assert any(look.tracks[0].is_seen for look in play(pipeline, 60, 63))


def test_the_stages_are_told_in_order() -> None:
    stages: list[str] = []
    pipeline = eyes_of(Seer(walker))
    pipeline.lap = stages.append
    pipeline.step(luma_frame(STREET))
    assert stages == ["motion", "tamper", "regions", "model", "track", "sighting", "describe"]


def test_clothes_are_the_colours_of_trunk_and_legs() -> None:
    frame = luma_frame(STREET)
    frame.yuv[100:130, :] = 40
    frame.yuv[130:160, :] = 160
    dark_above = clothes(frame, person(0.5, 130 / 240, height=60 / 240).box)
    assert dark_above == (40, 128, 128, 160, 128, 128)
    assert unlikeness(dark_above, dark_above) == 0
    assert unlikeness(dark_above, (160, 128, 128, 40, 128, 128)) == 20


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (1.0, 1.0), (0.5, 0.999)])
def test_clothes_at_the_border_are_read_inside_the_picture(x: float, y: float) -> None:
    assert clothes(luma_frame(STREET), person(x, y, height=0.01).box)[0] == 90


def test_a_sighting_begins_with_the_second_frame_at_the_earliest() -> None:
    """So that the clip of whoever stands there when the camera opens has a frame from before."""
    pipeline = eyes_of(Seer(lambda _: [person(0.5, 0.5, height=60 / 240)]))
    looks = play(pipeline, 1, 12)
    assert [len(look.tracks) for look in looks[:2]] == [1, 1]
    opened = next(c for look in looks for c in look.changes if isinstance(c, Opened))
    assert opened.first_seen == luma_frame(STREET, 2).at


@pytest.mark.parametrize(("people", "looks"), [([], 1), ([person(0.5)], 2)])
def test_the_second_frame_has_no_second_look_at_the_whole_where_nobody_was_found(
    people: list[Detection], looks: int
) -> None:
    """A start costs no look more than without a look in the first frame."""
    seer = Seer(lambda _: people)
    play(eyes_of(seer), 1, 3)
    assert seer.regions.count(WHOLE) == looks


def test_a_wide_camera_of_fifteen_frames_a_second_has_a_look_in_the_second_frame_too() -> None:
    class Wide(Seer):
        def detect_sheet(self, frame: Frame, sheet: Sheet) -> list[Detection]:
            return list(self.people(frame))

    seer = Wide(lambda _: [])
    seer.input_px = (192, 320)
    pipeline = eyes_of(seer)
    street = np.full((360, 640), 90, np.uint8)
    looks = [
        pipeline.step(replace(luma_frame(street, i), at=after(i / 15))).inferences for i in (1, 2)
    ]
    assert looks[0] == 1
    assert looks[1] >= 1


@dataclass
class Granted:
    """An allowance that grants so many looks in each frame, and then none."""

    looks: list[int]

    def grant(self, now: Instant, wanted: int, input_px: tuple[int, int]) -> int:
        return min(wanted, self.looks.pop(0)) if self.looks else 0


def test_the_first_look_needs_a_free_board_too() -> None:
    seer = Seer(lambda _: [person(0.5, 0.5, height=60 / 240)])
    pipeline = Pipeline.for_frames(PipelineSettings(), seer, counted_ids(), Granted([0, 3]))
    first, second = play(pipeline, 1, 3)
    assert (first.inferences, first.put_off, first.tracks) == (0, 1, ())
    assert WHOLE in seer.regions
    assert len(second.tracks) == 1


def test_no_look_is_spent_on_what_the_second_frame_leaves_out() -> None:
    seer = Seer(lambda _: [])
    pipeline = Pipeline.for_frames(PipelineSettings(), seer, counted_ids(), Granted([1, 1]))
    assert [one.inferences for one in play(pipeline, 1, 3)] == [1, 1]
    assert seer.regions.count(WHOLE) == 1


@pytest.mark.promise(
    "Detection and tracking: Looks stay within their budget, the longest unseen first."
)
def test_a_budget_puts_looks_off_and_whoever_is_there_is_told_of_all_the_same() -> None:
    pipeline = Pipeline.for_frames(PipelineSettings(looks_per_s=4.0), Seer(walker), counted_ids())
    looks = play(pipeline, 1, 100)
    assert sum(look.inferences for look in looks) <= 4 * 10 + 2
    assert sum(look.put_off for look in looks) > 10
    opened = [c for look in looks for c in look.changes if isinstance(c, Opened)]
    assert len(opened) == 1
