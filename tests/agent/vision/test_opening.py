"""First looks: people who stand there when a camera starts, too small for a look at the whole
picture."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Frame
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.detect.sheet import Sheet
from agent.vision.geometry import SMALLER, WHOLE, Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.changes import Opened, SightingChange
from agent.vision.track.opening import SHOWN_PX, Opening, OpeningSettings
from agent.vision.track.track import Track
from tests.agent.rigs.vision import after, counted_ids, loose_frame, luma_frame, person, tracked

pytestmark = pytest.mark.promise(
    "Agent: Who stands there small when a camera starts is looked at closely."
)

STREET = np.full((576, 768), 90, np.uint8)
SMALL = person(0.3, 0.4, height=30 / 576, score=0.45)
STANDS = replace(SMALL, moved=0.0)
CLOSE_LOOKS = len(SHOWN_PX)


class NearSighted:
    """A SheetDetector of 320×320 that sees the body only where it is shown 24 pixels high, and is
    as sure as `close_score` of it where it is shown 50 pixels high."""

    input_px = 320, 320

    def __init__(self, body: Detection | None, close_score: float = 0.7) -> None:
        self.body = body
        self.close_score = close_score
        self.regions: list[Box | Sheet] = []

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        self.regions.append(region)
        scale = min(
            320 / (region.height * frame.height),
            320 / (region.width * frame.width),
        )
        return self._shown(frame, region, scale)

    def detect_sheet(self, frame: Frame, sheet: Sheet) -> list[Detection]:
        self.regions.append(sheet)
        return [
            one
            for part in sheet.parts
            for one in self._shown(frame, part.inner, part.rows / (part.box.height * frame.height))
        ]

    def _shown(self, frame: Frame, region: Box, scale: float) -> list[Detection]:
        body = self.body
        if body is None or body.box.overlap(region) < 0.99 * body.box.area:
            return []
        shown_px = scale * body.box.height * frame.height
        close = replace(body, score=self.close_score)
        return [close] if shown_px >= 49 else [body] if shown_px >= 24 else []


def played(seer: NearSighted, frames: int = 60) -> list[tuple[float, Opened]]:
    """Sightings with their time in seconds, in a street without motion, ten frames a second."""
    pipeline = Pipeline.for_frames(PipelineSettings(), seer, counted_ids())
    looks = [pipeline.step(luma_frame(STREET, index)) for index in range(1, frames)]
    return [
        (at / 10, one)
        for at, look in enumerate(looks)
        for one in look.changes
        if isinstance(one, Opened)
    ]


def test_who_stands_there_small_from_the_first_frame_is_reported_once_within_two_seconds() -> None:
    ((at_s, opened),) = played(NearSighted(SMALL))
    assert at_s <= 2.0
    assert opened.box.iou(SMALL.box) > 0.9


@pytest.mark.parametrize(("before", "told"), [(None, 1), (SMALL, 0)])
def test_who_stands_there_when_the_camera_is_opened_anew_is_reported_unless_known_as_still(
    before: Detection | None, told: int
) -> None:
    seer = NearSighted(before)
    pipeline = Pipeline.for_frames(PipelineSettings(), seer, counted_ids())
    for index in range(1, 61):
        pipeline.step(luma_frame(STREET, index))
    pipeline.finish(after(6))
    seer.body = SMALL
    again = [pipeline.step(luma_frame(STREET, index)) for index in range(300, 321)]
    assert sum(isinstance(one, Opened) for look in again for one in look.changes) == told


@pytest.mark.parametrize(("score", "looks"), [(0.64, CLOSE_LOOKS), (0.57, 1), (0.2, 1)])
def test_a_post_that_looks_less_like_a_person_from_close_by_is_given_up(
    score: float, looks: int
) -> None:
    seer = NearSighted(SMALL, score)
    assert played(seer) == []
    assert len([one for one in seer.regions if isinstance(one, Sheet)]) == looks


class Passed(NearSighted):
    """Somebody walks by in front of the body."""

    def _shown(self, frame: Frame, region: Box, scale: float) -> list[Detection]:
        walker = replace(person(0.1 + 0.02 * frame.index, 0.4, height=0.15, score=0.8), moved=1.0)
        is_shown = walker.box.overlap(region) > 0.99 * walker.box.area
        return [*super()._shown(frame, region, scale), *([walker] if is_shown else [])]


def test_who_is_passed_by_somebody_told_of_still_gets_close_looks() -> None:
    def street(index: int) -> Frame:
        picture = STREET.copy()
        at = round((0.1 + 0.02 * index) * 768)
        picture[190:270, max(0, at - 20) : at + 20] = 200
        return luma_frame(picture, index)

    pipeline = Pipeline.for_frames(PipelineSettings(looks_per_s=6), Passed(SMALL), counted_ids())
    looks = [pipeline.step(street(index)) for index in range(1, 60)]
    told = [one.box for look in looks for one in look.changes if isinstance(one, Opened)]
    assert any(box.height < 0.1 for box in told)


def test_who_is_told_of_gets_no_more_close_looks() -> None:
    seer = NearSighted(SMALL)
    assert len(played(seer)) == 1
    assert len([one for one in seer.regions if isinstance(one, Sheet)]) == 4  # .7 each makes 2.5


def test_a_street_without_anybody_costs_a_look_at_each_tile() -> None:
    seer = NearSighted(None)
    assert played(seer) == []
    tiles = [one for one in seer.regions if one not in (WHOLE, SMALLER)]
    assert len(tiles) == len(set(tiles)) == 6


def test_a_picture_that_the_network_sees_in_its_own_size_has_no_tiles() -> None:
    seer = NearSighted(None)
    pipeline = Pipeline.for_frames(PipelineSettings(), seer, counted_ids())
    for index in range(1, 30):
        pipeline.step(luma_frame(STREET[::2, ::2][:240, :320], index))
    assert set(seer.regions) == {WHOLE, SMALLER}


def opened() -> Opening:
    """After its first frames, which have no tiles."""
    opening = Opening()
    assert [chosen(opening) for _ in range(OpeningSettings().after_frames)] == [(), ()]
    return opening


def chosen(
    opening: Opening,
    *bodies: Detection | Track,
    told: Sequence[Track] = (),
    strangers: int = 0,
    besides: int = 0,
) -> tuple[Box | Sheet, ...]:
    looks = offered(opening, *bodies, told=told, strangers=strangers, besides=besides)
    opening.looked(looks)
    return looks


def offered(
    opening: Opening,
    *bodies: Detection | Track,
    told: Sequence[Track] = (),
    strangers: int = 0,
    besides: int = 0,
) -> tuple[Box | Sheet, ...]:
    frame = luma_frame(STREET)
    opening.see(frame)
    return opening.choose(
        frame,
        bodies,
        told=told,
        strangers=strangers,
        besides=besides,
        input_px=(320, 320),
    )


def test_a_still_body_has_close_looks_at_other_sizes_after_the_tiles_and_then_none() -> None:
    opening, sheets, sure = opened(), list[Sheet](), replace(STANDS, score=0.7)
    while looks := chosen(opening, sure):
        sheets += [one for one in looks if isinstance(one, Sheet)]
        assert not sheets or len(looks) == 1
    parts = [part for one in sheets for part in one.parts]
    assert all(part.inner.overlap(SMALL.box) == pytest.approx(SMALL.box.area) for part in parts)
    assert len(sheets) == len(parts) == CLOSE_LOOKS
    assert len({part.rows for part in parts}) > CLOSE_LOOKS / 2
    assert chosen(opening, sure, person(0.8)) == ()


@pytest.mark.parametrize(
    "other",
    [
        replace(STANDS, moved=0.1),
        replace(STANDS, kind=ObjectKind.BICYCLE),
        replace(STANDS, box=person(0.3, height=0.4).box),
        tracked(SMALL.box, moved=0.1),
    ],
)
def test_who_moves_or_is_near_and_a_bicycle_get_no_close_looks(other: Detection | Track) -> None:
    opening = opened()
    assert [len(chosen(opening, other)) for _ in range(3)] == [3, 3, 0]


def test_who_was_found_once_from_close_by_is_looked_at_until_reported() -> None:
    opening, sure = opened(), replace(STANDS, score=0.61)
    assert [len(chosen(opening, STANDS)) for _ in range(3)] == [3, 3, 1]
    assert [len(chosen(opening, *bodies)) for bodies in ([sure], [], [])] == [1, 1, 1]
    assert chosen(opening, told=[tracked(SMALL.box, moved=0.0)]) == ()


def test_who_is_found_no_more_from_close_by_is_given_up() -> None:
    opening = opened()
    assert [len(chosen(opening, replace(STANDS, score=0.9))) for _ in range(3)] == [3, 3, 1]
    assert chosen(opening) == ()


def test_its_looks_show_the_mean_of_the_frames_and_no_other_look_does() -> None:
    opening = Opening()
    for index, grey in enumerate((60, 100, 80), 1):
        frame = loose_frame(np.full_like(STREET, grey), index)
        opening.see(frame)
        looks = opening.choose(frame, (), told=(), strangers=0, besides=0, input_px=(320, 320))
    mean = opening.shown(frame, looks[0])
    assert (mean.index, mean.at, mean.is_whole) == (frame.index, frame.at, True)
    assert (mean.yuv[:576] == 80).all()
    later = luma_frame(STREET, 4)
    assert opening.shown(frame, WHOLE) is frame
    assert opening.shown(later, looks[0]) is later


class InNoise(NearSighted):
    """Sees the body only where the picture is nearly even."""

    def _shown(self, frame: Frame, region: Box, scale: float) -> list[Detection]:
        noise = float(frame.yuv[: frame.height].std())
        return super()._shown(frame, region, scale) if noise < 5 else []


@pytest.mark.promise("Agent: At night who stands still is shown without the noise of the picture.")
def test_who_stands_in_a_noisy_picture_is_reported_within_two_seconds() -> None:
    dice = np.random.default_rng(5)
    pipeline = Pipeline.for_frames(PipelineSettings(), InNoise(SMALL, 0.75), counted_ids())
    told = [
        index
        for index in range(1, 40)
        for change in pipeline.step(
            loose_frame(np.clip(dice.normal(90, 8, STREET.shape), 0, 255).astype(np.uint8), index)
        ).changes
        if isinstance(change, Opened)
    ]
    assert len(told) == 1
    assert told[0] <= 20


def test_who_was_reported_on_their_way_needs_no_looks_where_they_were() -> None:
    opening, stands = opened(), tracked(SMALL.box, moved=0.0, score=0.8)
    assert [len(chosen(opening, stands)) for _ in range(3)] == [3, 3, 1]
    passer = tracked(SMALL.box, track_id=2, moved=0.3)
    assert len(chosen(opening, stands, told=[passer])) == 1
    assert chosen(opening, told=[tracked(person(0.6).box, moved=0.3)]) == ()


def test_who_stays_while_their_track_goes_on_with_a_passer_has_their_looks() -> None:
    opening, stands = opened(), tracked(SMALL.box, moved=0.0, score=0.8)
    assert [len(chosen(opening, stands)) for _ in range(3)] == [3, 3, 1]
    gone, stays = tracked(person(0.6).box, moved=0.3), replace(stands, track_id=2)
    assert len(chosen(opening, stays, told=[gone])) == 1
    assert chosen(opening, told=[gone]) == ()


def test_a_track_that_close_looks_miss_is_given_up() -> None:
    opening, stands = opened(), tracked(SMALL.box, moved=0.0, score=0.8)
    assert [len(chosen(opening, stands)) for _ in range(3)] == [3, 3, 1]
    assert chosen(opening, replace(stands, misses=1, is_seen=False)) == ()


def test_what_hardly_looks_like_a_person_gets_no_close_look() -> None:
    opening = opened()
    assert [len(chosen(opening, replace(STANDS, score=0.29))) for _ in range(3)] == [3, 3, 0]
    opening = opened()
    assert [len(chosen(opening, replace(STANDS, score=0.31))) for _ in range(3)] == [3, 3, 1]


def test_a_body_before_a_larger_weak_find_has_looks_of_its_own() -> None:
    opening, around = opened(), replace(STANDS, box=person(0.3, 0.4, height=0.28).box, score=0.3)
    looks = [one for _ in range(4) for one in chosen(opening, around, STANDS)]
    shown = [part for one in looks if isinstance(one, Sheet) for part in one.parts]
    assert any(part.box.height < 0.28 for part in shown)
    assert len(shown) > 1


def test_of_too_many_bodies_those_with_the_best_scores_are_looked_at() -> None:
    opening, most = opened(), OpeningSettings().most_places
    weak = [
        replace(STANDS, box=person(0.03 + 0.038 * n, 0.7, height=30 / 576).box, score=0.31)
        for n in range(most)
    ]
    chosen(opening, *weak)
    chosen(opening, *weak, replace(STANDS, score=0.8))
    looks = [one for _ in range(9) for one in chosen(opening, *weak)]
    parts = [part for one in looks if isinstance(one, Sheet) for part in one.parts]
    assert any(part.box.overlap(SMALL.box) > 0 for part in parts)


def test_several_bodies_share_a_look() -> None:
    opening = opened()
    bodies = [replace(STANDS, box=person(0.1 * n, height=30 / 576).box) for n in range(1, 10)]
    assert [len(chosen(opening, *bodies)) for _ in range(2)] == [3, 3]
    sheets = [one for one in chosen(opening, *bodies) if isinstance(one, Sheet)]
    assert len(sheets) == 2
    assert sum(len(one.parts) for one in sheets) == len(bodies)


def test_a_crowd_gets_no_looks_from_here_and_who_is_left_when_it_is_gone_does() -> None:
    opening = opened()
    assert chosen(opening, strangers=15) == ()
    assert len(chosen(opening, strangers=14)) == 3


def test_other_looks_of_the_frame_go_first_and_what_was_put_off_stays_due() -> None:
    opening = opened()
    assert chosen(opening, besides=3) == ()
    assert len(chosen(opening, besides=1)) == 2
    first = offered(opening)
    opening.looked(())
    assert offered(opening) == first


def test_where_one_look_at_a_time_is_all_every_third_is_at_a_tile() -> None:
    opening, seen = opened(), list[Box | Sheet]()
    for _ in range(18):
        looks = offered(opening, besides=3)
        seen += looks[: opening.goes_first]
        opening.looked(looks if opening.goes_first else (WHOLE,))
    assert len(seen) == len(set(seen)) == 6


def test_on_a_street_that_is_never_quiet_a_small_budget_has_looks_at_tiles() -> None:
    seer = NearSighted(SMALL)
    pipeline = Pipeline.for_frames(PipelineSettings(looks_per_s=3.0), seer, counted_ids())
    told = list[SightingChange]()
    for index in range(1, 121):
        street = STREET.copy()
        street[300:500, 20 + 6 * (index % 100) :][:, :80] = 20
        told += pipeline.step(luma_frame(street, index)).changes
    (opened,) = told
    assert isinstance(opened, Opened)
    assert opened.box.iou(SMALL.box) > 0.9
    assert seer.regions.count(WHOLE) >= 10


people = st.builds(person, st.floats(0, 1), st.floats(0, 1), height=st.floats(0.01, 1)).map(
    lambda one: replace(one, box=one.box.clipped(), moved=0.0)
)


@given(st.lists(st.tuples(st.lists(people, max_size=4), st.integers(0, 5)), max_size=60))
def test_whatever_is_there_the_looks_have_an_end(
    frames: Sequence[tuple[list[Detection], int]],
) -> None:
    opening, seen = Opening(), list[Box | Sheet]()
    for bodies, besides in frames:
        looks = chosen(opening, *bodies, besides=besides)
        assert len(looks) <= max(1, 3 - besides)
        seen += looks
    assert all(seen.count(one) == 1 for one in seen if isinstance(one, Box))
    parts = sum(len(one.parts) for one in seen if isinstance(one, Sheet))
    assert parts <= CLOSE_LOOKS * OpeningSettings().most_places
