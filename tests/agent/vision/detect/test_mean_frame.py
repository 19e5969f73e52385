"""The mean of the last frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.detect.mean_frame import MOST, MeanFrame
from tests.agent.rigs.vision import loose_frame, luma_frame

pytestmark = pytest.mark.promise(
    "Agent: At night who stands still is shown without the noise of the picture."
)


def grey(value: int, size: tuple[int, int] = (8, 16)) -> np.ndarray:
    return np.full(size, value, np.uint8)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=MOST))
def test_mean_of_a_few_frames_is_their_mean(values: list[int]) -> None:
    mean = MeanFrame()
    for index, value in enumerate(values, 1):
        frame = luma_frame(grey(value), index)
        mean.add(frame)
    shown = mean.at(frame)
    assert (shown.yuv[:8] == sum(values) // len(values)).all()
    assert (shown.index, shown.at, shown.yuv.dtype) == (frame.index, frame.at, np.uint8)


@given(st.lists(st.integers(0, 255), min_size=MOST, max_size=5 * MOST))
def test_mean_of_many_frames_lies_between_them_and_follows_the_last(values: list[int]) -> None:
    mean = MeanFrame()
    for index, value in enumerate([*values, *[200] * 4 * MOST], 1):
        frame = luma_frame(grey(value), index)
        mean.add(frame)
        if index <= len(values):
            assert min(values[:index]) - 1 <= mean.at(frame).yuv[0, 0] <= max(values[:index])
    assert abs(int(mean.at(frame).yuv[0, 0]) - 200) <= 20


def test_noise_is_a_quarter_after_sixteen_frames() -> None:
    dice = np.random.default_rng(1)
    mean = MeanFrame()
    for index in range(1, 17):
        frame = luma_frame(dice.normal(100, 8, (48, 64)).astype(np.uint8), index)
        mean.add(frame)
    assert mean.at(frame).yuv[:48].std() < 0.3 * frame.yuv[:48].std()


@pytest.mark.parametrize("later", [30, -5], ids=["a pause", "a step back of the clock"])
def test_a_pause_or_a_step_of_the_clock_starts_anew(later: int) -> None:
    mean = MeanFrame()
    for index in range(1, 9):
        mean.add(luma_frame(grey(10), index))
    frame = luma_frame(grey(90), 8 + later)
    mean.add(frame)
    assert (mean.at(frame).yuv[:8] == 90).all()


def test_a_frame_of_the_decoder_is_taken_too() -> None:
    mean = MeanFrame()
    mean.add(loose_frame(grey(10), 1))
    frame = loose_frame(grey(20), 2)
    mean.add(frame)
    assert (mean.at(frame).yuv[:8] == 15).all()
    assert mean.at(frame).is_whole


def test_picture_of_another_size_starts_anew() -> None:
    mean = MeanFrame()
    mean.add(luma_frame(grey(10), 1))
    frame = luma_frame(grey(90, (16, 16)), 2)
    mean.add(frame)
    assert (mean.at(frame).yuv[:16] == 90).all()
