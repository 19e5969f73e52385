"""The judge on invented runs: what counts as seen, as reported, as false."""

from uuid import UUID

import pytest

from agent.media.frame import Instant
from agent.vision.detect.person import ObjectKind
from agent.vision.geometry import Box
from agent.vision.sightings.changes import Opened
from tests.bench.agent.scenes.footage import NOBODY, Shown
from tests.bench.agent.scenes.judge import band_of, judge
from tests.bench.agent.scenes.play import Played

pytestmark = pytest.mark.promise(
    "Scene suite: The suite gives a table of recall, precision and delay per condition."
)

BODY = Box(100, 100, 130, 180)
ELSEWHERE = Box(400, 100, 430, 180)


def opened(track: int, frame: int, first: int = 1) -> tuple[int, Opened]:
    at, first_seen = (Instant((n - 1) * 100_000_000, 0) for n in (frame, first))
    kind = ObjectKind.PERSON
    return frame, Opened(UUID(int=track), track, kind, 1, 0.8, BODY, first_seen, at)


def run(
    shown: dict[int, Shown], tracks: dict[int, dict[int, Box]], *told: tuple[int, Opened]
) -> Played:
    frames = max(shown)
    every = {frame: shown.get(frame, NOBODY) for frame in range(1, frames + 1)}
    return Played(frames, 10.0, tracks=tracks, shown=every, opened=list(told))


def all_the_time(shown: Shown, frames: int = 10) -> dict[int, Shown]:
    return dict.fromkeys(range(1, frames + 1), shown)


def track(number: int, box: Box, first: int = 1, last: int = 10) -> dict[int, dict[int, Box]]:
    return {frame: {number: box} for frame in range(first, last + 1)}


@pytest.mark.parametrize(
    ("height", "band"),
    [(10, "<24"), (24, "24-40"), (39.9, "24-40"), (40, "40-80"), (80, "80-160"), (300, ">160")],
)
def test_a_body_is_in_one_band_of_height(height: float, band: str) -> None:
    assert band_of(Box(0, 0, 10, height)) == band


def test_somebody_followed_all_the_time_is_recalled_and_told_of() -> None:
    played = run(all_the_time(Shown({0: BODY}, ())), track(3, BODY), opened(3, 4))
    verdict = judge(played)
    assert verdict.recall == {"80-160": 1.0}
    assert (verdict.told, verdict.persons, verdict.large_told, verdict.large) == (1, 1, 1, 1)
    assert verdict.precision == 1.0
    assert verdict.false_sightings == 0
    assert verdict.delay_frames == 3
    assert verdict.evidence_frames == 4


def test_somebody_never_followed_is_missed() -> None:
    verdict = judge(run(all_the_time(Shown({0: BODY}, ())), {}))
    assert verdict.recall == {"80-160": 0.0}
    assert (verdict.told, verdict.persons) == (0, 1)
    assert verdict.precision is None
    assert verdict.delay_frames is None


def test_a_sighting_of_nobody_is_false() -> None:
    verdict = judge(run(all_the_time(Shown({0: BODY}, ())), track(3, ELSEWHERE), opened(3, 4)))
    assert verdict.false_sightings == 1
    assert verdict.false_per_hour == pytest.approx(3600, rel=0.01)
    assert verdict.precision == 0.0


def test_a_sighting_of_somebody_unsure_is_neither_false_nor_a_merit() -> None:
    verdict = judge(run(all_the_time(Shown({}, (BODY,))), track(3, BODY), opened(3, 4)))
    assert verdict.false_sightings == 0
    assert verdict.persons == 0
    assert verdict.precision is None


def test_a_track_that_stays_when_the_body_left_was_true_and_costs_precision() -> None:
    shown = {**all_the_time(NOBODY, 40), **all_the_time(Shown({0: BODY}, ()), 5)}
    verdict = judge(run(shown, track(3, BODY, last=40), opened(3, 4)))
    assert verdict.false_sightings == 0
    assert verdict.precision == pytest.approx(5 / 40)


def test_another_track_on_the_same_body_is_a_switch() -> None:
    tracks = {**track(3, BODY, last=5), **track(4, BODY, first=6)}
    verdict = judge(run(all_the_time(Shown({0: BODY}, ())), tracks, opened(3, 3), opened(4, 8, 6)))
    assert verdict.id_switches == 1
    assert verdict.delay_frames == 2
    assert verdict.sightings == 2
