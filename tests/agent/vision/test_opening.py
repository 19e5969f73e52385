"""First looks: people who stand there when a camera starts, too small for a look at the whole
picture."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Frame
from agent.vision.detect.person import Detection
from agent.vision.geometry import SMALLER, WHOLE, Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.changes import Opened, SightingChange
from agent.vision.track.opening import Opening, OpeningSettings
from agent.vision.track.track import Track
from tests.agent.rigs.vision import after, counted_ids, luma_frame, person, tracked

pytestmark = pytest.mark.promise(
    "Agent: Who stands there small when a camera starts is looked at closely."
)

STREET = np.full((576, 768), 90, np.uint8)
SMALL = person(0.3, 0.4, height=30 / 576)
STRANGER = tracked(SMALL.box, moved=0.0)
PASSES, MOST = OpeningSettings().passes, OpeningSettings().most_looks


class NearSighted:
    """A PersonDetector of 320×320 that sees the body only where it is shown 24 pixels high."""

    input_px = 320, 320

    def __init__(self, body: Detection | None) -> None:
        self.body = body
        self.regions: list[Box] = []

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        self.regions.append(region)
        if self.body is None or self.body.box.overlap(region) < 0.99 * self.body.box.area:
            return []
        scale = min(
            320 / (region.height * frame.height),
            320 / (region.width * frame.width),
        )
        return [self.body] if scale * self.body.box.height * frame.height >= 24 else []


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


def test_a_street_without_anybody_costs_a_look_at_each_tile() -> None:
    seer = NearSighted(None)
    assert played(seer) == []
    tiles = [one for one in seer.regions if one not in (WHOLE, SMALLER)]
    assert len(tiles) == PASSES * len(set(tiles)) == PASSES * 6


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


def chosen(opening: Opening, *strangers: Track, besides: int = 0) -> tuple[Box, ...]:
    tiles = opening.choose(strangers, besides=besides)
    opening.looked(tiles)
    return tiles


def test_a_tile_with_a_body_not_reported_yet_is_looked_at_until_eight_looks() -> None:
    opening, seen = opened(), list[Box]()
    while tiles := chosen(opening, STRANGER):
        seen += tiles
    (its_own,) = {tile for tile in seen if seen.count(tile) > PASSES}
    assert its_own.overlap(SMALL.box) == pytest.approx(SMALL.box.area)
    assert seen.count(its_own) == MOST
    assert chosen(opening, STRANGER) == ()


@pytest.mark.parametrize("other", [replace(STRANGER, score=0.5), replace(STRANGER, moved=0.1)])
def test_a_tile_with_a_post_or_a_walker_is_not_looked_at_for_their_sake(other: Track) -> None:
    opening, seen = opened(), list[Box]()
    while tiles := chosen(opening, other):
        seen += tiles
    assert len(seen) == PASSES * 6


def test_a_crowd_gets_no_tiles_from_here_and_who_is_left_when_it_is_gone_does() -> None:
    opening = opened()
    many = [replace(STRANGER, track_id=number) for number in range(15)]
    assert chosen(opening, *many) == ()
    assert len(chosen(opening, *many[:14])) == 3


def test_other_looks_of_the_frame_go_first_and_what_was_put_off_stays_due() -> None:
    opening = opened()
    assert chosen(opening, besides=3) == ()
    assert len(chosen(opening, besides=1)) == 2
    first = opening.choose((), besides=0)
    opening.looked(())
    assert opening.choose((), besides=0) == first


def test_where_one_look_at_a_time_is_all_every_third_is_at_a_tile() -> None:
    opening, seen = opened(), list[Box]()
    for _ in range(18):
        tiles = opening.choose((), besides=3)
        seen += tiles[: opening.goes_first]
        opening.looked(tiles if opening.goes_first else (WHOLE,))
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


bodies = st.builds(person, st.floats(0, 1), st.floats(0, 1), height=st.floats(0.01, 1)).map(
    lambda one: tracked(one.box.clipped(), moved=0.0)
)


@given(st.lists(st.tuples(st.lists(bodies, max_size=4), st.integers(0, 5)), max_size=60))
def test_whatever_is_there_no_tile_is_looked_at_more_than_eight_times(
    frames: Sequence[tuple[list[Track], int]],
) -> None:
    opening, seen = Opening(), list[Box]()
    for strangers, besides in frames:
        tiles = chosen(opening, *strangers, besides=besides)
        assert len(tiles) <= max(0, 3 - besides)
        seen += tiles
    assert all(seen.count(tile) <= MOST for tile in seen)
