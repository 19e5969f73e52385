"""Motion: what counts as motion. Bodies do; noise, the camera's gain and the first second do
not."""

from dataclasses import replace
from itertools import pairwise
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Frame, Plane
from agent.vision.geometry import WHOLE, Box, Polygon
from agent.vision.motion.background import BackgroundSettings
from agent.vision.motion.finder import Halver, MotionFinder, MotionSettings
from tests.agent.rigs.vision import after, luma_frame, moved_in

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


@pytest.mark.promise("Motion: Motion uses each pixel of each frame.")
def test_block_means_are_the_means_of_all_their_pixels() -> None:
    luma = np.random.default_rng(1).integers(0, 256, (64, 96), dtype=np.uint8)
    exact = luma.reshape(8, 8, 12, 8).mean(axis=(1, 3))
    assert (
        np.abs(Halver(64, 96).means(luma).astype(int) - exact).max() <= 1.5
    )  # three roundings to whole grey levels


def test_the_first_second_counts_as_moved_everywhere() -> None:
    moved = MotionFinder().step(luma_frame(street()))
    assert moved.regions == (WHOLE,)
    assert moved.share(WHOLE) == 0  # of the light, maybe: nobody's


def test_a_still_street_has_no_motion() -> None:
    finder = MotionFinder()
    settled(finder, street())
    assert finder.step(luma_frame(street(), SETTLED)).regions == ()


def test_a_body_is_covered_by_its_motion() -> None:
    finder = MotionFinder()
    settled(finder, street())
    (moved,) = finder.step(luma_frame(with_body(street(), 100, 80), SETTLED)).regions
    body = Box(100 / 320, 80 / 240, 124 / 320, 144 / 240)
    assert moved.overlap(body) >= 0.9 * body.area
    assert moved.area <= 2.5 * body.area


def test_a_tree_in_a_pot_beside_a_walker_does_not_move_though_it_is_in_the_same_rectangle() -> None:
    """Between the walker and the shadow before their feet."""
    finder, still = MotionFinder(), street()
    still[80:128, 144:168] = 30
    settled(finder, still)
    walker, tree = Box(96 / 320, 80 / 240, 120 / 320, 144 / 240), Box(0.45, 80 / 240, 0.525, 0.5)
    picture = with_body(still, 96, 80)
    picture[136:152, 96:192] = 30
    moved = finder.step(luma_frame(picture, SETTLED))
    (region,) = moved.regions
    assert region.overlap(tree) >= 0.99 * tree.area
    assert moved.share(walker) >= 0.9
    assert moved.share(tree) <= 0.02
    assert moved.region_share(tree) >= 0.99


def test_a_share_that_moved_is_one_of_the_part_inside_the_picture() -> None:
    moved = moved_in([Box(0.0, 0.0, 0.25, 1.0)], (8, 8))
    assert moved.share(Box(-0.5, 0.0, 0.5, 1.0)) == 0.5
    assert moved.share(Box(0.1, 0.1, 0.11, 0.11)) == 1.0  # smaller than a block
    assert moved.share(Box(-0.5, 0.0, -0.1, 1.0)) == 0.0


def test_two_bodies_apart_are_two_regions_the_larger_first() -> None:
    finder = MotionFinder()
    settled(finder, street())
    picture = with_body(street(), 40, 80)
    picture[160:192, 250:262] = 220
    for index in range(SETTLED, SETTLED + 3):  # the smaller might have been a drop
        moved = finder.step(luma_frame(picture, index)).regions
    assert len(moved) == 2
    assert moved[0].center[0] < moved[1].center[0]


@pytest.mark.promise("Motion: Noise of the sensor is not motion.")
@pytest.mark.parametrize("sigma", [3, 8])
def test_noise_of_the_sensor_is_not_motion(sigma: int) -> None:
    random, finder = np.random.default_rng(2), MotionFinder()
    reported = 0
    for index in range(1, 120):
        noisy = np.clip(street() + random.normal(0, sigma, (240, 320)), 0, 255).astype(np.uint8)
        reported += bool(finder.step(luma_frame(noisy, index)).regions) and index >= SETTLED
    assert reported == 0


@pytest.mark.promise("Motion: A change of camera gain is not motion.")
@pytest.mark.parametrize("step", [-30, 12, 40])
def test_a_step_of_the_cameras_gain_is_not_motion(step: int) -> None:
    finder = MotionFinder()
    settled(finder, street())
    brighter = (street().astype(np.int16) + step).astype(np.uint8)
    assert finder.step(luma_frame(brighter, SETTLED)).regions == ()


def test_a_body_is_seen_through_a_step_of_gain() -> None:
    finder = MotionFinder()
    settled(finder, street())
    brighter = (with_body(street(), 100, 80, value=20).astype(np.int16) + 16).astype(np.uint8)
    assert len(finder.step(luma_frame(brighter, SETTLED)).regions) == 1


def test_a_person_standing_still_stays_motion_for_a_while() -> None:
    finder = MotionFinder()
    settled(finder, street())
    picture = with_body(street(), 100, 80)
    seen = [bool(finder.step(luma_frame(picture, index)).regions) for index in range(SETTLED, 121)]
    assert all(seen)


def test_what_stays_becomes_background_in_the_end() -> None:
    finder = MotionFinder(MotionSettings(BackgroundSettings(moved_per_s=20.0)))
    settled(finder, street())
    picture = with_body(street(), 100, 80)
    moved = [finder.step(luma_frame(picture, index)).regions for index in range(SETTLED, 200)]
    assert moved[0]
    assert moved[-1] == ()


@pytest.mark.promise("Cameras: A dropped frame does no harm to detection.")
def test_dropped_frames_do_not_slow_the_learning() -> None:
    finder = MotionFinder(MotionSettings(BackgroundSettings(moved_per_s=20.0)))
    settled(finder, street())
    picture = with_body(street(), 100, 80)
    moved = [finder.step(luma_frame(picture, index)).regions for index in range(SETTLED, 200, 20)]
    assert moved[0]
    assert moved[-1] == ()


@pytest.mark.parametrize("gap_s", [60, 3600])
def test_after_an_outage_in_which_the_light_changed_who_walks_is_seen(gap_s: float) -> None:
    finder = MotionFinder()
    settled(finder, street())
    for index in range(30):
        picture = with_body(street() + np.uint8(15), 20 + 8 * index, 80)
        frame = replace(luma_frame(picture), at=after(SETTLED / 10 + gap_s + index / 10))
        moved = finder.step(frame).regions
        body = Box((20 + 8 * index) / 320, 80 / 240, (44 + 8 * index) / 320, 144 / 240)
        assert index < 3 or any(one.overlap(body) >= 0.9 * body.area for one in moved)


def test_another_picture_altogether_starts_anew_and_counts_as_moved() -> None:
    random, finder = np.random.default_rng(3), MotionFinder()
    settled(finder, street())
    other = random.integers(0, 256, (30, 40), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    assert finder.step(luma_frame(other, SETTLED)).regions == (WHOLE,)


def test_a_change_of_size_starts_anew() -> None:
    finder = MotionFinder()
    settled(finder, street())
    assert finder.step(luma_frame(street(640, 480), SETTLED)).regions == (WHOLE,)


@pytest.mark.promise("Cameras: A damaged frame does no harm.")
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_one_brightness_is_handled(value: int) -> None:
    finder = MotionFinder()
    picture = np.full((240, 320), value, np.uint8)
    settled(finder, picture)
    assert finder.step(luma_frame(picture, SETTLED)).regions == ()


def test_a_size_that_is_no_multiple_of_eight_is_handled() -> None:
    finder = MotionFinder()
    settled(finder, street(330, 250))
    assert len(finder.step(luma_frame(with_body(street(330, 250), 100, 80), SETTLED)).regions) == 1


def test_a_picture_smaller_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller than one block"):
        MotionFinder().step(luma_frame(np.zeros((4, 4), np.uint8)))


def lit(picture: Plane, light: Plane) -> Plane:
    return np.clip(picture.astype(np.int16) + light, 0, 255).astype(np.uint8)


def beam(x: float, peak: float, shape: tuple[int, int] = (240, 320)) -> Plane:
    """A soft spot of light a third of the picture wide."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    away = ((rows - shape[0] / 2) / (0.25 * shape[0])) ** 2
    away = away + ((columns - x * shape[1]) / (0.18 * shape[1])) ** 2
    return (peak * np.exp(-0.5 * away)).astype(np.uint8)


def rough(seed: int = 5) -> Plane:
    """A street of stones, each a block or two wide."""
    stones = np.random.default_rng(seed).integers(-20, 20, (30, 40)).repeat(8, 0).repeat(8, 1)
    return lit(street(), stones.astype(np.int16))


@pytest.mark.promise(
    "Motion: Rain, beams, swaying branches and a lamp's switch are not lasting motion."
)
def test_a_beam_that_wanders_over_the_street_is_not_motion() -> None:
    finder = MotionFinder()
    settled(finder, rough())
    shares = np.linspace(-0.3, 1.3, 60)
    moved = [
        finder.step(luma_frame(lit(rough(), beam(x, 90)), SETTLED + i)).regions
        for i, x in enumerate(shares)
    ]
    assert sum(map(bool, moved)) <= 3


def test_a_body_is_seen_in_a_beam() -> None:
    finder = MotionFinder()
    settled(finder, rough())
    for i in range(10):
        finder.step(luma_frame(lit(rough(), beam(0.3, 9.0 * i)), SETTLED + i))
    dark = with_body(lit(rough(), beam(0.3, 90)), 100, 80, value=30)
    body = Box(100 / 320, 80 / 240, 124 / 320, 144 / 240)
    moved = finder.step(luma_frame(dark, SETTLED + 10)).regions
    assert any(one.overlap(body) >= 0.5 * body.area for one in moved)


@pytest.mark.parametrize("gain", [0.6, 1.3])
def test_a_gain_that_blinds_the_bright_parts_is_not_motion(gain: float) -> None:
    random, finder = np.random.default_rng(4), MotionFinder()
    stones = random.integers(20, 240, (60, 80)).repeat(4, 0).repeat(4, 1).astype(np.uint8)
    settled(finder, stones)
    other = np.clip(stones * gain, 0, 255).astype(np.uint8)
    assert [finder.step(luma_frame(other, SETTLED + i)).regions for i in range(30)] == [()] * 30
    back = [finder.step(luma_frame(stones, SETTLED + 30 + i)).regions for i in range(30)]
    assert back == [()] * 30


def test_after_a_flash_the_street_is_what_it_was() -> None:
    finder = MotionFinder()
    settled(finder, rough())
    flash = lit(rough(), np.full((240, 320), 110, np.int16))
    moved = [
        finder.step(luma_frame(flash, SETTLED)).regions,
        finder.step(luma_frame(flash, SETTLED + 1)).regions,
    ]
    moved += [finder.step(luma_frame(rough(), SETTLED + 2 + i)).regions for i in range(10)]
    assert moved == [()] * 12


def test_a_lamp_is_not_motion_but_who_carries_it_is() -> None:
    finder = MotionFinder()
    settled(finder, street())
    lamp = street()
    lamp[100:120, 100:120] = 255
    assert finder.step(luma_frame(lamp, SETTLED)).regions == ()
    assert (
        len(finder.step(luma_frame(with_body(lamp, 100, 130, value=20), SETTLED + 1)).regions) == 1
    )


def by_lamp(picture: Plane) -> Plane:
    """The scene in the light of the camera's own lamp, which lights the middle and nothing at
    the border."""
    rows, columns = np.mgrid[0:240, 0:320]
    away = ((rows - 120) / 100) ** 2 + ((columns - 160) / 110) ** 2
    return (picture * np.exp(-0.5 * away)).astype(np.uint8)


@pytest.mark.promise(
    "Motion: Rain, beams, swaying branches and a lamp's switch are not lasting motion."
)
def test_what_a_lamp_leaves_standing_after_the_switch_is_taken_in_within_seconds() -> None:
    finder = MotionFinder()
    settled(finder, rough())
    black = (rough() * 0.15).astype(np.uint8)
    for i in range(3):
        finder.step(luma_frame(black, SETTLED + i))
    moved = [finder.step(luma_frame(by_lamp(rough()), SETTLED + 3 + i)).regions for i in range(60)]
    assert not any(moved[30:])


def test_who_stood_there_before_the_switch_is_not_taken_in_as_light() -> None:
    finder = MotionFinder()
    settled(finder, rough())
    for i in range(10):
        finder.step(luma_frame(with_body(rough(), 140 + i, 90), SETTLED + i))
    body = Box(149 / 320, 90 / 240, 173 / 320, 154 / 240)
    for i in range(30):
        picture = by_lamp(with_body(rough(), 149, 90))
        moved = finder.step(luma_frame(picture, SETTLED + 10 + i)).regions
    assert any(one.overlap(body) >= 0.3 * body.area for one in moved)


def drops(index: int, count: int, bright: int = 90) -> Plane:
    """Streaks at other places in each picture."""
    random = np.random.default_rng([6, index])
    veil = np.zeros((240, 320), np.int16)
    for y, x in zip(random.integers(0, 210, count), random.integers(0, 320, count), strict=True):
        veil[y : y + 25, x] = bright
    return lit(rough(), cast("Plane", veil))  # added, so signed


@pytest.mark.promise(
    "Motion: Rain, beams, swaying branches and a lamp's switch are not lasting motion."
)
@pytest.mark.parametrize("count", [20, 60])
def test_rain_is_not_motion(count: int) -> None:
    finder = MotionFinder()
    moved = [bool(finder.step(luma_frame(drops(i, count), i)).regions) for i in range(1, 200)]
    assert sum(moved[100:]) <= 2


def test_in_a_shower_nothing_is_believed_for_its_size_alone() -> None:
    finder = MotionFinder(MotionSettings(sure_blocks=2))
    moved = [bool(finder.step(luma_frame(drops(i, 60), i)).regions) for i in range(1, 200)]
    assert sum(moved[100:]) <= 2


def test_who_looks_elsewhere_in_most_of_the_picture_starts_anew() -> None:
    finder = MotionFinder()
    for index in range(1, 40):
        finder.step(luma_frame(street(), index))
    random, turned = np.random.default_rng(4), street()
    turned[:, :200] = random.integers(40, 180, (30, 25)).repeat(8, 0).repeat(8, 1)
    moved = [finder.step(luma_frame(turned, index)).regions for index in range(40, 80)]
    assert moved[0] == (WHOLE,)
    assert moved[-1] == ()


def test_a_body_is_seen_through_rain_after_three_frames() -> None:
    finder = MotionFinder()
    for index in range(1, 100):
        finder.step(luma_frame(drops(index, 60), index))
    body = Box(100 / 320, 80 / 240, 124 / 320, 144 / 240)
    for index in range(100, 103):
        moved = finder.step(luma_frame(with_body(drops(index, 60), 100, 80), index)).regions
    assert any(one.overlap(body) >= 0.5 * body.area for one in moved)


def branch(index: int, sways: bool) -> Plane:
    """Leaves that sway fast in a corner."""
    picture = street()
    picture[40:80, 40:90] = 20 if sways and index % 4 < 2 else 45
    return picture


@pytest.mark.promise(
    "Motion: Rain, beams, swaying branches and a lamp's switch are not lasting motion."
)
@pytest.mark.promise("Motion: A spot that always moves is learned, and forgotten again.")
def test_a_branch_that_always_sways_is_learned_and_forgotten_again() -> None:
    finder, moved = MotionFinder(), []
    for index in range(1, 600):
        moved.append(
            finder.step(luma_frame(branch(index, sways=True), index, frames_per_s=5)).regions
        )
    assert any(moved[10:40])
    assert not any(moved[-50:])
    for index in range(600, 1800):
        finder.step(luma_frame(branch(index, sways=False), index, frames_per_s=5))
    again = finder.step(luma_frame(branch(0, sways=True), 1800, frames_per_s=5)).regions
    assert len(again) == 1


@pytest.mark.promise("Motion: No pixel behind a privacy mask leaves the node.")
def test_nothing_moves_where_the_picture_is_ignored() -> None:
    left = Polygon(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    finder = MotionFinder(ignored=(left,))
    settled(finder, street())
    assert finder.step(luma_frame(with_body(street(), 100, 80), SETTLED)).regions == ()
    both = with_body(with_body(street(), 100, 80), 240, 80)
    (moved,) = finder.step(luma_frame(both, SETTLED + 1)).regions
    assert moved.x0 >= 0.5


def test_a_turned_camera_is_motion_for_a_second_however_much_is_ignored() -> None:
    wide = np.kron(np.random.default_rng(0).integers(40, 200, (15, 40)), np.ones((16, 16)))
    before, turned = (wide[:, x : x + 320].astype(np.uint8) for x in (0, 200))
    for share in (0.0, 0.7):
        ignored = (Polygon(((0.0, 0.0), (share, 0.0), (share, 1.0), (0.0, 1.0))),) if share else ()
        finder = MotionFinder(ignored=ignored)
        settled(finder, before)
        moved = [finder.step(luma_frame(turned, SETTLED + i)).regions for i in range(30)]
        assert all(moved[:10])
        assert not any(moved[15:])


def test_a_clock_that_goes_back_is_not_motion() -> None:
    finder = MotionFinder()
    for index in range(100, 120):
        finder.step(luma_frame(street(), index))
    assert finder.step(luma_frame(street(), 1)).regions == ()


@pytest.mark.promise("Cameras: A damaged frame does no harm.")
def test_a_bad_frame_changes_nothing() -> None:
    finder = MotionFinder()
    settled(finder, street())
    good = luma_frame(street(), SETTLED)
    bad = [
        Frame(SETTLED, good.at, good.yuv[:-4], 320, 240),
        Frame(SETTLED, good.at, good.yuv.astype(np.uint16), 320, 240),  # a driver's 16 bits
        Frame(SETTLED, good.at, good.yuv[:, :-1], 319, 240),
        Frame(SETTLED, good.at, good.yuv[:0], 320, 0),
        Frame(SETTLED, good.at, good.yuv, 640, 480),
    ]
    for frame in bad:
        with pytest.raises(ValueError, match="frame 21"):
            finder.step(frame)
    assert finder.step(good).regions == ()


@given(
    shapes=st.lists(st.tuples(st.integers(4, 40), st.integers(4, 40)), min_size=1, max_size=4),
    values=st.lists(st.integers(0, 255), min_size=1, max_size=12),
    times=st.lists(st.integers(-3, 50), min_size=12, max_size=12),
)
def test_any_pictures_at_any_times_give_boxes_in_the_picture(
    shapes: list[tuple[int, int]], values: list[int], times: list[int]
) -> None:
    finder = MotionFinder()
    for i, value in enumerate(values):
        rows, columns = shapes[i % len(shapes)]
        picture = np.full((rows * 4, columns * 4), value, np.uint8)
        picture[: rows * 2] = 255 - value
        height, width = rows * 4, columns * 4
        if height < 8 or width < 8:
            continue
        moved = finder.step(luma_frame(picture, sum(times[: i + 1]) + 1))
        for box in moved.regions:
            assert box == WHOLE or moved.share(box) > 0
            assert 0 <= box.x0 < box.x1 <= 1
            assert 0 <= box.y0 < box.y1 <= 1
        # Equal areas at two places may differ by a rounding.
        assert all(one.area >= next_.area - 1e-12 for one, next_ in pairwise(moved.regions))
