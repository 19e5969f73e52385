"""What the network is shown is what OpenCV would show it, and the same with and without C."""

import platform

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.media.frame import Plane
from agent.vision import fast, scale
from agent.vision.scale import brightened, coloured, scaled

compiled = pytest.mark.skipif(scale.LIBRARY is None, reason="no library for this processor")
SIDES = st.integers(1, 90)
OFF, OFF_IN_THE_MEAN = (0, 0.0) if platform.machine() == "x86_64" else (3, 0.5)
"""Grey levels. On an ARM OpenCV has other ways of its own."""
WAYS = pytest.mark.parametrize("library", [None, pytest.param(scale.LIBRARY, marks=compiled)])


def noise(height: int, width: int) -> Plane:
    """A part of a wider picture, whose rows lie apart."""
    random = np.random.default_rng(height * 1000 + width)
    return random.integers(0, 256, (height + 3, width + 40), np.uint8)[
        2 : height + 2, 7 : width + 7
    ]


def by_opencv(plane: Plane, rows: int, columns: int) -> Plane:
    is_smaller = rows < plane.shape[0] or columns < plane.shape[1]
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (columns, rows), interpolation=how), np.uint8)


def test_a_processor_without_a_library_does_without() -> None:
    assert fast.load("riscv64", name="scale") is None


@WAYS
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((1080, 1920), (180, 320)),
        ((540, 960), (90, 160)),
        ((360, 640), (180, 320)),
        ((576, 768), (240, 320)),
        ((384, 384), (320, 320)),
        ((1080, 1920), (234, 416)),
        ((322, 320), (320, 318)),
        ((318, 308), (320, 310)),
        ((100, 160), (200, 320)),
        ((1, 1), (160, 160)),
        ((64, 64), (64, 64)),
        ((2, 1920), (2, 320)),
    ],
)
def test_a_part_is_scaled_as_opencv_scales_it(
    source: tuple[int, int], target: tuple[int, int], library: object
) -> None:
    plane, ours = noise(*source), np.empty(target, np.uint8)
    scaled(plane, ours, library)  # type: ignore[arg-type]  # None or the library
    apart = np.abs(ours.astype(int) - by_opencv(plane, *target))
    assert apart.max() <= OFF
    assert apart.mean() <= OFF_IN_THE_MEAN


@compiled
@settings(deadline=None)
@example(60, 60, 30, 30)
@example(60, 60, 20, 10)
@given(SIDES, SIDES, SIDES, SIDES)
def test_the_compiled_form_scales_to_the_bit_alike(
    height: int, width: int, rows: int, columns: int
) -> None:
    if (rows < height) != (columns < width):  # shown in its own shape, a part shrinks or grows
        rows, columns = min(rows, height), min(columns, width)
    plane = noise(height, width)
    fine, plain = np.empty((rows, columns), np.uint8), np.empty((rows, columns), np.uint8)
    scaled(plane, fine)
    scaled(plane, plain, None)
    assert np.array_equal(fine, plain)


@WAYS
def test_colours_are_those_of_opencv_and_so_is_their_mean(library: object) -> None:
    yuv = np.random.default_rng(1).integers(0, 256, (96 * 3 // 2, 130), np.uint8)
    canvas = np.full((100, 140, 3), 114, np.uint8)
    green = coloured(yuv, canvas[:96, :130], library)  # type: ignore[arg-type]  # as above
    theirs = cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420)
    assert np.abs(canvas[:96, :130].astype(int) - theirs).max() <= OFF
    assert (canvas[96:] == 114).all() and (canvas[:, 130:] == 114).all()
    assert green == pytest.approx(canvas[:96, :130, 1].mean())


@WAYS
@pytest.mark.parametrize("gain", [1.0, 1.37, 4.0])
def test_brighter_is_each_byte_times_the_gain_and_no_more_than_white(
    gain: float, library: object
) -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (30, 50, 3), np.uint8)
    whole = rgb.copy()
    brightened(whole[:20, :40], gain, library)  # type: ignore[arg-type]  # as above
    theirs = cv2.convertScaleAbs(rgb[:20, :40], alpha=gain)
    assert np.abs(whole[:20, :40].astype(int) - theirs).max() <= OFF
    assert np.array_equal(whole[20:], rgb[20:]) and np.array_equal(whole[:, 40:], rgb[:, 40:])


def test_what_does_not_lie_row_by_row_is_refused() -> None:
    plane = np.zeros((40, 80), np.uint8)
    with pytest.raises(ValueError, match="row by row"):
        scaled(plane[:, ::2], np.empty((20, 20), np.uint8))
    with pytest.raises(ValueError, match="row by row"):
        scaled(plane, np.empty((20, 40), np.uint8)[:, ::2])
    with pytest.raises(ValueError, match="no I420"):
        coloured(plane, np.empty((40, 80, 3), np.uint8))


@WAYS
def test_a_picture_whose_bytes_lie_elsewhere_is_neither_read_nor_filled(library: object) -> None:
    """What C would write before or behind it: three rows of two of colour, pixels from the right to
    the left, every second one, what may not be changed."""
    odd, whole = np.zeros((4, 80), np.uint8), np.zeros((3, 80, 3), np.uint8)
    with pytest.raises(ValueError, match="no I420"):
        coloured(odd, whole, library)  # type: ignore[arg-type]  # as above
    yuv, locked = np.zeros((6, 80), np.uint8), np.zeros((4, 80, 3), np.uint8)
    locked.flags.writeable = False
    wide = np.zeros((4, 160, 3), np.uint8)
    for wrong in (wide[:, 79::-1], wide[:, ::2], wide[:, :80, 2:], wide[:, :80, 0], locked):
        with pytest.raises(ValueError, match="no picture in RGB"):
            coloured(yuv, wrong, library)  # type: ignore[arg-type]  # as above
        with pytest.raises(ValueError, match="no picture in RGB"):
            brightened(wrong, 2.0, library)  # type: ignore[arg-type]  # as above
    small = np.full((2, 40), 7, np.uint8)
    small.flags.writeable = False
    with pytest.raises(ValueError, match="may not be filled"):
        scaled(odd, small, library)  # type: ignore[arg-type]  # as above
    assert (small == 7).all()
