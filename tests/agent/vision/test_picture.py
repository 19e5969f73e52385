"""The picture of an alert: the camera's picture with boxes, and nothing else in the file."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from agent.cameras.codec.jpeg import jpeg
from agent.media.frame import Frame, Plane
from agent.vision.geometry import WHOLE, Box
from agent.vision.picture import PictureStyle, draw, drawn
from tests.agent.rigs.vision import after

AMBER_RGB = np.array([255, 176, 0])
SHOWN = b"\xff\xd8\xff"
SEGMENTS = {0xDB, 0xC0, 0xC4, 0xDA}
"""Quantisers, size, codes, picture: no comment and no notes of a program."""


def street(width: int, height: int) -> Frame:
    """Soft blocks of all brightnesses and colours that video has."""
    random = np.random.default_rng(width)
    planes = []
    for share, low, high in ((1, 16, 235), (2, 90, 166), (2, 90, 166)):
        coarse = random.integers(low, high, (2 + height // 48, 2 + width // 48), np.uint8)
        soft = cv2.resize(coarse, (width // share, height // share), interpolation=cv2.INTER_LINEAR)
        planes.append(soft.ravel())
    yuv = np.concatenate(planes).reshape(height * 3 // 2, width).astype(np.uint8, copy=False)
    return Frame(1, after(0), yuv, width, height)


def by_opencv(frame: Frame) -> Plane:
    return np.asarray(cv2.cvtColor(frame.yuv, cv2.COLOR_YUV2RGB_I420), np.uint8)


def opened(data: bytes) -> Plane:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize(("width", "height"), [(64, 64), (768, 576), (1280, 720), (34, 18)])
def test_a_picture_shows_what_the_camera_saw(width: int, height: int) -> None:
    frame = street(width, height)
    made = draw(frame, (), PictureStyle(), jpeg)
    assert (made.width, made.height) == (width, height)
    apart = np.abs(opened(made.data).astype(int) - by_opencv(frame))
    assert apart.mean() < 2.5
    assert abs(opened(made.data).mean() - by_opencv(frame).mean()) < 1.0


@pytest.mark.parametrize(
    ("size", "widest", "made_of"),
    [
        ((1920, 1080), 1280, (1280, 720)),
        ((768, 576), 641, (640, 480)),
        ((1920, 1088), 320, (320, 182)),
    ],
)
def test_a_large_one_is_made_smaller_and_of_even_sides(
    size: tuple[int, int], widest: int, made_of: tuple[int, int]
) -> None:
    frame = street(*size)
    made = draw(frame, (), PictureStyle(widest_px=widest), jpeg)
    assert (made.width, made.height) == made_of
    shown = opened(made.data)
    assert shown.shape[1::-1] == made_of
    theirs = cv2.resize(by_opencv(frame), made_of, interpolation=cv2.INTER_AREA)
    assert np.abs(shown.astype(int) - theirs).mean() < 3.5


def test_a_box_is_amber_with_dark_edges_and_the_rest_is_as_it_was() -> None:
    frame = street(640, 360)
    plain = opened(draw(frame, (), PictureStyle(quality=95), jpeg).data).astype(int)
    boxed = opened(draw(frame, [Box(0.25, 0.25, 0.5, 0.75)], PictureStyle(quality=95), jpeg).data)
    for row, column in ((180, 160), (180, 318), (90, 240), (268, 240)):
        assert np.abs(boxed[row, column] - AMBER_RGB).max() < 60, (row, column)
    for row, column in ((180, 158), (180, 163), (88, 240), (271, 240)):
        assert boxed[row, column].max() < 70, (row, column)
    far = np.ones((360, 640), bool)
    far[80:280, 150:330] = False
    far[104:256, 176:304] = True
    assert np.abs(boxed.astype(int) - plain)[far].max() <= 8


@pytest.mark.parametrize(
    "box", [WHOLE, Box(0, 0, 0.001, 0.001), Box(0.999, 0.999, 1, 1), Box(0.5, 0.5, 0.5, 0.5)]
)
def test_a_box_at_the_border_or_without_area_is_drawn_as_far_as_it_goes(box: Box) -> None:
    frame = street(64, 64)
    before = frame.yuv.copy()
    assert drawn(frame, [box]).shape == (96, 64)
    assert np.array_equal(frame.yuv, before)  # who films on is shown no box


def test_nothing_is_in_the_file_but_the_picture() -> None:
    data = draw(street(640, 360), [WHOLE], PictureStyle(), jpeg).data
    assert data[:3] == SHOWN
    assert data[-2:] == b"\xff\xd9"
    at, found = 2, set()
    while data[at + 1] != 0xDA:
        found.add(data[at + 1])
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    assert found | {0xDA} <= SEGMENTS
    assert data == draw(street(640, 360), [WHOLE], PictureStyle(), jpeg).data


def test_worse_is_smaller_and_the_usual_is_as_good_as_libjpegs() -> None:
    frame = street(768, 576)
    theirs = by_opencv(frame)
    sizes = []
    for quality in (30, 45, 60, 75, 82, 90, 95):
        sizes.append(len(draw(frame, (), PictureStyle(quality=quality), jpeg).data))
    assert sizes == sorted(sizes)
    ours = opened(draw(frame, (), PictureStyle(), jpeg).data)
    _, libjpeg = cv2.imencode(".jpg", theirs[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
    assert error(ours, theirs) < 1.2 * error(opened(libjpeg.tobytes()), theirs)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no JPEG"):
        jpeg(np.zeros((0, 0), np.uint8), 82, (64, 64))


def error(one: Plane, other: Plane) -> float:
    return float(np.sqrt(np.mean(np.square(one.astype(float) - other))))
