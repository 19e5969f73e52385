"""A slow network on a virtual clock: no frame is lost, whatever moves."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest

from agent.inference.budget import purses
from agent.media.frame import Frame
from agent.vision.budget import MOST_A_FRAME, Board
from agent.vision.detect.person import Detection
from agent.vision.geometry import Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from tests.agent.rigs.vision import Seer, after, counted_ids, luma_frame

COMMON, WIDE = (320, 320), (192, 320)
PI_4 = {COMMON: 0.09, WIDE: 0.055}
"""Seconds of a look on a Raspberry Pi 4."""
MOST = PipelineSettings().looks_per_s
REST_S = 0.01
"""Of a frame beside its looks."""


class Watched(NamedTuple):
    """A camera: its frames, and what it wants."""

    frames_per_s: float
    first_s: float = 0.0
    every_s: float = 0.0
    """A look is wanted so long after the last one; 0: in every frame more than are granted."""
    lag_s: float = 0.0
    """Its frames come so late."""
    is_idle: bool = False
    """It wants no looks."""


def played(
    cameras: Sequence[Watched], size: tuple[int, int], *, for_s: float = 60.0
) -> tuple[int, list[float]]:
    """Frames that were lost for newer ones, and looks a second of each camera. One look at a time;
    each camera has a thread."""
    budgets = purses(MOST, len(cameras), PI_4)
    free, taken, looks = ([value] * len(cameras) for value in (0.0, -1.0, 0.0))
    due_s = [0.0] * len(cameras)
    late = network_s = 0.0
    while True:
        starts = [
            max(free[one], (taken[one] + 1) / camera.frames_per_s + camera.first_s + camera.lag_s)
            for one, camera in enumerate(cameras)
        ]
        now_s = min(starts)
        one = starts.index(now_s)
        if now_s > for_s:
            return int(late), [count / for_s for count in looks]
        rate, first_s, every_s, lag_s, is_idle = cameras[one]
        newest = int((now_s - first_s - lag_s) * rate + 1e-6)
        late += newest - taken[one] - 1
        taken[one] = newest
        shown_s = newest / rate + first_s
        is_due = shown_s >= due_s[one] and not is_idle
        wanted = (1 if every_s else MOST_A_FRAME) if is_due else 0
        granted = budgets[one].grant(after(shown_s), wanted, size)
        looks[one] += granted
        free[one] = now_s + REST_S
        if granted:
            due_s[one] = shown_s + every_s
            network_s = max(free[one], network_s) + granted * PI_4[size]
            free[one] = network_s


@pytest.mark.parametrize("cameras", [1, 2, 4])
@pytest.mark.parametrize(
    ("frames_per_s", "size"), [(10, COMMON), (15, COMMON), (10, WIDE), (15, WIDE), (25, WIDE)]
)
def test_a_pi_4_is_never_behind_and_looks_as_often_as_it_can(
    cameras: int, frames_per_s: float, size: tuple[int, int]
) -> None:
    late, looks_per_s = played(
        [Watched(frames_per_s, one / cameras / frames_per_s) for one in range(cameras)], size
    )
    assert late == 0
    assert sum(looks_per_s) <= 0.7 / PI_4[size] + 0.1
    assert sum(looks_per_s) >= 0.6 / PI_4[size]
    assert min(looks_per_s) >= 0.8 * max(looks_per_s)


@pytest.mark.parametrize("first_s", [0.0, 0.003, 0.03])
@pytest.mark.parametrize(
    ("busy_per_s", "other_per_s"), [(5, 10), (5, 15), (10, 5), (10, 10), (10, 15), (15, 15)]
)
def test_no_camera_takes_the_looks_of_another(
    busy_per_s: float, other_per_s: float, first_s: float
) -> None:
    both = [Watched(busy_per_s), Watched(other_per_s, first_s)]
    late, looks_per_s = played(both, COMMON)
    assert late == 0
    assert min(looks_per_s) >= 0.8 * max(looks_per_s)
    late, (busy, moderate) = played([both[0], both[1]._replace(every_s=0.5)], COMMON)
    assert late == 0
    assert moderate >= 1.2
    assert busy >= 4.0


@pytest.mark.parametrize("lag_s", [0.1, 0.25, 1.5])
@pytest.mark.parametrize("size", [COMMON, WIDE])
def test_a_camera_whose_frames_come_later_has_its_looks_too(
    size: tuple[int, int], lag_s: float
) -> None:
    later, other = Watched(10, lag_s=lag_s), Watched(10)
    late, looks_per_s = played([later, other], size)
    assert late == 0
    assert min(looks_per_s) >= 0.75 * max(looks_per_s)
    late, (looks, none) = played([later, other._replace(is_idle=True)], size)
    assert (late, none) == (0, 0.0)
    assert looks >= 0.55 / PI_4[size]


def test_a_camera_that_stops_is_not_waited_for() -> None:
    busy, closed = purses(MOST, 2, PI_4)
    busy.grant(after(0.2), 1, COMMON)
    assert busy.grant(after(0.4), MOST_A_FRAME, COMMON) > 0
    assert closed.grant(after(0.401), 1, COMMON) == 0
    granted = [busy.grant(after(0.4 + frame / 5), 1, COMMON) for frame in range(1, 20)]
    assert granted[2] == 0
    assert sum(granted[6:]) >= 10


def test_a_corrected_clock_of_frames_costs_few_looks() -> None:
    (even,), (corrected,) = (purses(MOST, 1, PI_4) for _ in range(2))
    times = [frame / 10 for frame in range(100)]
    steps = [*times[:50], 4.900001, 4.900002, 4.91, *times[50:]]
    looks = sum(even.grant(after(at), 1, COMMON) for at in times)
    assert sum(corrected.grant(after(at), 1, COMMON) for at in steps) >= looks - 2


def test_a_look_costs_its_time_on_a_slow_board_and_one_of_those_allowed_on_a_fast_one() -> None:
    slow, fast = Board(30.0, PI_4), Board(30.0, {COMMON: 0.009})
    assert slow.cost(COMMON) == pytest.approx(3.86, abs=0.01)
    assert slow.cost(WIDE) == pytest.approx(2.36, abs=0.01)
    assert fast.cost(COMMON) == 1.0
    assert Board(1.0, PI_4).cost(COMMON) == 1.0


def test_a_network_that_takes_seconds_still_looks() -> None:
    (budget,) = purses(MOST, 1, {COMMON: 3.0})
    granted = [budget.grant(after(frame / 10), 1, COMMON) for frame in range(200)]
    assert sum(granted) == 5


GROUND = np.random.default_rng(0).integers(80, 100, (480, 640), np.uint8)


class Slow(Seer):
    """Each of its looks takes a while of a virtual clock."""

    now_s = 0.0

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        self.now_s += PI_4[COMMON]
        return super().detect(frame, region)


def squares(index: int) -> Frame:
    """Three things that move far apart, in a picture that needs a crop for each."""
    picture = GROUND.copy()
    for x, y in ((40, 40), (560, 60), (300, 420)):
        picture[y : y + 40, x + index % 7 * 4 : x + index % 7 * 4 + 16] = 200
    return luma_frame(picture, index)


def test_the_pipeline_on_a_slow_board_loses_no_frame() -> None:
    def nobody(_frame: Frame) -> Sequence[Detection]:
        return ()

    slow = Slow(nobody)
    (allowance,) = purses(MOST, 1, PI_4)
    pipeline = Pipeline.for_frames(PipelineSettings(), slow, counted_ids(), allowance)
    late = put_off = looks = 0
    index = 1
    while index < 150:
        slow.now_s = max(slow.now_s, (index - 1) / 10) + REST_S
        result = pipeline.step(squares(index))
        looks, put_off = looks + result.inferences, put_off + result.put_off
        newest = int(slow.now_s * 10 + 1e-6) + 1
        late += max(0, newest - index - 1)
        index = max(index + 1, newest)
    assert late == 0
    assert looks > 80
    assert put_off > 0
