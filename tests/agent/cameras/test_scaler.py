"""The scaler gives the network the picture that OpenCV would, to half a grey level on average."""

import cv2
import numpy as np
import pytest

from agent.cameras.codec.scaler import gray, rgb
from agent.media.frame import Plane
from agent.vision.detect.person import PAD
from agent.vision.detect.sheet import Part
from agent.vision.geometry import WHOLE

OFF = 5
"""Grey levels, of single pixels."""
OFF_IN_THE_MEAN = 0.5


def street(height: int, width: int) -> Plane:
    """I420 of soft blocks in the brightnesses and colours that video has."""
    dice = np.random.default_rng(height + width)
    planes = []
    for share, low, high in ((1, 16, 235), (2, 90, 166), (2, 90, 166)):
        coarse = dice.integers(low, high, (2 + height // 24, 2 + width // 24), np.uint8)
        planes.append(cv2.resize(coarse, (width // share, height // share)).ravel())
    return np.concatenate(planes).reshape(height * 3 // 2, width).astype(np.uint8, copy=False)


def by_opencv(yuv: Plane, rows: int, columns: int) -> Plane:
    """Each plane scaled, then RGB."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    u, v = yuv[height:].reshape(2, height // 2, width // 2)
    is_smaller = rows < height or columns < width
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    small = [
        cv2.resize(plane, (columns // share, rows // share), interpolation=how).ravel()
        for plane, share in ((yuv[:height], 1), (u, 2), (v, 2))
    ]
    i420 = np.concatenate(small).reshape(rows * 3 // 2, columns)
    return np.asarray(cv2.cvtColor(i420, cv2.COLOR_YUV2RGB_I420), np.uint8)


def part(rows: int, columns: int, *, y: int = 0, x: int = 0) -> Part:
    return Part(WHOLE, rows, columns, y, x)


def scaled(yuv: Plane, size: tuple[int, int]) -> Plane:
    """The picture alone on a canvas that is large enough."""
    rows, columns = size
    canvas = -(-rows // 32) * 32, -(-columns // 32) * 32
    return rgb([(yuv, part(rows, columns))], canvas)[:rows, :columns]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((1080, 1920), (180, 320)),
        ((1080, 1920), (234, 416)),
        ((576, 768), (240, 320)),
        ((384, 384), (320, 320)),
        ((322, 320), (320, 318)),
        ((64, 64), (64, 64)),
        ((160, 100), (320, 200)),
        ((2, 1920), (2, 320)),
    ],
)
def test_a_picture_is_scaled_and_coloured_as_opencv_does_it(
    source: tuple[int, int], target: tuple[int, int]
) -> None:
    yuv = street(*source)
    before, shown = yuv.copy(), scaled(yuv, target)
    assert shown.shape == (*target, 3)
    apart = np.abs(shown.astype(int) - by_opencv(yuv, *target))
    assert apart.max() <= OFF
    assert apart.mean() <= OFF_IN_THE_MEAN
    assert np.array_equal(yuv, before)


def test_brightness_alone_is_scaled_from_rows_that_lie_apart() -> None:
    luma = street(360, 640)[:300, 20:420]
    theirs = cv2.resize(luma, (160, 120), interpolation=cv2.INTER_AREA)
    assert np.abs(gray(luma, (120, 160)).astype(int) - theirs).max() <= OFF


def test_the_smallest_part_of_a_picture_is_scaled_too() -> None:
    assert (scaled(np.full((3, 2), 128, np.uint8), (64, 64)) > 100).all()


def test_parts_side_by_side_have_the_pixels_that_they_have_alone() -> None:
    one, other = street(64, 40), street(96, 120)
    shown = rgb([(one, part(64, 40)), (other, part(48, 60, y=64, x=100))], (128, 192))
    assert np.array_equal(shown[:64, :40], scaled(one, (64, 40)))
    assert np.array_equal(shown[64:112, 100:160], scaled(other, (48, 60)))
    shown[:64, :40] = shown[64:112, 100:160] = PAD
    assert (shown == PAD).all()
