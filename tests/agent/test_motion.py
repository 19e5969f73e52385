"""What counts as moved: bodies, not noise, not the camera's gain, not the first second."""

import numpy as np
import pytest

from agent.media.frame import Plane
from agent.vision.motion import MotionFinder, MotionSettings, block_means
from agent.vision.zones import WHOLE, Box
from tests.agent.eyes import luma_frame

SETTLED = 21
"""The first frame, at ten a second, by which the background is known."""


def street(width: int = 320, height: int = 240) -> Plane:
    """A picture with some structure."""
    rows = np.linspace(60, 140, height)[:, np.newaxis]
    return np.broadcast_to(rows, (height, width)).astype(np.uint8).copy()


def settled(finder: MotionFinder, picture: Plane) -> None:
    for index in range(1, SETTLED):
        finder.step(luma_frame(picture, index))


def with_body(picture: Plane, x: int, y: int, value: int = 220) -> Plane:
    changed = picture.copy()
    changed[y : y + 64, x : x + 24] = value
    return changed


def test_block_means_are_the_means_of_all_their_pixels() -> None:
    luma = np.random.default_rng(1).integers(0, 256, (64, 96), dtype=np.uint8)
    exact = luma.reshape(8, 8, 12, 8).mean(axis=(1, 3))
    assert np.abs(block_means(luma) - exact).max() <= 1.5  # three roundings to whole grey levels


def test_the_first_second_counts_as_moved_everywhere() -> None:
    assert MotionFinder().step(luma_frame(street())) == (WHOLE,)


def test_a_still_street_has_no_motion() -> None:
    finder = MotionFinder()
    settled(finder, street())
    assert finder.step(luma_frame(street(), SETTLED)) == ()


def test_a_body_is_covered_by_its_motion() -> None:
    finder = MotionFinder()
    settled(finder, street())
    (moved,) = finder.step(luma_frame(with_body(street(), 100, 80), SETTLED))
    body = Box(100 / 320, 80 / 240, 124 / 320, 144 / 240)
    assert moved.overlap(body) >= 0.9 * body.area
    assert moved.area <= 2.5 * body.area


def test_two_bodies_apart_are_two_regions_the_larger_first() -> None:
    finder = MotionFinder()
    settled(finder, street())
    picture = with_body(street(), 40, 80)
    picture[160:192, 250:262] = 220
    moved = finder.step(luma_frame(picture, SETTLED))
    assert len(moved) == 2
    assert moved[0].center[0] < moved[1].center[0]


@pytest.mark.parametrize("sigma", [3, 8])
def test_noise_of_the_sensor_is_not_motion(sigma: int) -> None:
    random, finder = np.random.default_rng(2), MotionFinder()
    reported = 0
    for index in range(1, 120):
        noisy = np.clip(street() + random.normal(0, sigma, (240, 320)), 0, 255).astype(np.uint8)
        reported += bool(finder.step(luma_frame(noisy, index))) and index >= SETTLED
    assert reported == 0


@pytest.mark.parametrize("step", [-30, 12, 40])
def test_a_step_of_the_cameras_gain_is_not_motion(step: int) -> None:
    finder = MotionFinder()
    settled(finder, street())
    brighter = (street().astype(np.int16) + step).astype(np.uint8)
    assert finder.step(luma_frame(brighter, SETTLED)) == ()


def test_a_body_is_seen_through_a_step_of_gain() -> None:
    finder = MotionFinder()
    settled(finder, street())
    brighter = (with_body(street(), 100, 80, value=20).astype(np.int16) + 16).astype(np.uint8)
    assert len(finder.step(luma_frame(brighter, SETTLED))) == 1


def test_a_person_standing_still_stays_motion_for_a_while() -> None:
    finder = MotionFinder()
    settled(finder, street())
    picture = with_body(street(), 100, 80)
    seen = [bool(finder.step(luma_frame(picture, index))) for index in range(SETTLED, 121)]
    assert all(seen)


def test_what_stays_becomes_background_in_the_end() -> None:
    finder = MotionFinder(MotionSettings(moved_learning_s=2.0))
    settled(finder, street())
    picture = with_body(street(), 100, 80)
    moved = [finder.step(luma_frame(picture, index)) for index in range(SETTLED, 200)]
    assert moved[0]
    assert moved[-1] == ()


def test_dropped_frames_do_not_slow_the_learning() -> None:
    finder = MotionFinder(MotionSettings(moved_learning_s=2.0))
    settled(finder, street())
    picture = with_body(street(), 100, 80)
    moved = [finder.step(luma_frame(picture, index)) for index in range(SETTLED, 200, 20)]
    assert moved[0]
    assert moved[-1] == ()


def test_another_picture_altogether_starts_anew_and_counts_as_moved() -> None:
    random, finder = np.random.default_rng(3), MotionFinder()
    settled(finder, street())
    other = random.integers(0, 256, (30, 40), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    assert finder.step(luma_frame(other, SETTLED)) == (WHOLE,)


def test_a_change_of_size_starts_anew() -> None:
    finder = MotionFinder()
    settled(finder, street())
    assert finder.step(luma_frame(street(640, 480), SETTLED)) == (WHOLE,)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_one_brightness_is_handled(value: int) -> None:
    finder = MotionFinder()
    picture = np.full((240, 320), value, np.uint8)
    settled(finder, picture)
    assert finder.step(luma_frame(picture, SETTLED)) == ()


def test_a_size_that_is_no_multiple_of_eight_is_handled() -> None:
    finder = MotionFinder()
    settled(finder, street(330, 250))
    assert len(finder.step(luma_frame(with_body(street(330, 250), 100, 80), SETTLED))) == 1


def test_a_picture_smaller_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller than one block"):
        MotionFinder().step(luma_frame(np.zeros((4, 4), np.uint8)))
