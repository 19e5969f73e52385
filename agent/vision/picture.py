"""Picture of an alert: the whole frame with a box around each person, as JPEG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agent.media.frame import Frame, Plane
from agent.vision.geometry import Box

Colour = tuple[int, int, int]
"""Y (16-235), U, V (16-240)."""
AMBER: Colour = (171, 39, 175)
SHADOW: Colour = (16, 128, 128)
EDGE_PX = 2
"""Width of the dark edge on both sides of the amber line."""
CROP_PX = 160
"""Least width and height that a crop shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureStyle:
    """Size and quality of a picture; a phone on a bad line loads the default in a second."""

    widest_px: int = 1280
    quality: int = 82
    """1-100, the usual JPEG scale."""


@dataclass(frozen=True, slots=True)
class Jpeg:
    """An encoded picture and its size in pixels."""

    data: bytes
    width: int
    height: int


Encode = Callable[[Plane, int, tuple[int, int]], bytes]
"""A JPEG of an I420 picture in a quality and a size; see `agent.cameras.codec.jpeg`."""


def draw(frame: Frame, boxes: Sequence[Box], style: PictureStyle, encode: Encode) -> Jpeg:
    """The frame as a JPEG, no wider than `style.widest_px`, with `boxes` drawn on it."""
    rows, columns = frame.height, frame.width
    if columns > style.widest_px:
        columns = max(2, style.widest_px & ~1)
        rows = max(2, _even(frame.height * columns / frame.width))
    picture = drawn(frame, boxes) if boxes else frame.yuv
    return Jpeg(encode(picture, style.quality, (rows, columns)), columns, rows)


def crop(frame: Frame, box: Box, *, highest_px: int, quality: int, encode: Encode) -> Jpeg:
    """The box with its surroundings, and a line around it, at most `highest_px` wide and high."""
    clipped, least_x, least_y = box.clipped(), CROP_PX / frame.width, CROP_PX / frame.height
    around = clipped.grown(
        by_x=max(0.5 * clipped.width, (least_x - clipped.width) / 2),
        by_y=max(0.25 * clipped.height, (least_y - clipped.height) / 2),
    )
    left, right = _even_span(around.x0, around.x1, frame.width)
    top, bottom = _even_span(around.y0, around.y1, frame.height)
    height, width = bottom - top, right - left
    yuv = np.empty((height * 3 // 2, width), np.uint8)
    yuv[:height] = frame.yuv[top:bottom, left:right]
    tints = frame.yuv[frame.height :].reshape(2, frame.height // 2, frame.width // 2)
    halves = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
    yuv[height:].reshape(2, height // 2, width // 2)[:] = tints[:, *halves]
    x0, x1 = ((x * frame.width - left) / width for x in (box.x0, box.x1))
    y0, y1 = ((y * frame.height - top) / height for y in (box.y0, box.y1))
    beside_x, beside_y = 3 * EDGE_PX / width, 3 * EDGE_PX / height  # or else it hides a small body
    _outline(yuv, Box(x0 - beside_x, y0 - beside_y, x1 + beside_x, y1 + beside_y))
    widest = min(width, highest_px, _even(highest_px * width / height))
    style = PictureStyle(widest_px=max(2, widest), quality=quality)
    return draw(Frame(frame.index, frame.at, yuv, width, height), (), style, encode)


def drawn(frame: Frame, boxes: Sequence[Box]) -> Plane:
    """A copy of the frame (I420) with `boxes` drawn over it."""
    picture = frame.yuv.copy()
    for box in boxes:
        _outline(picture, box)
    return picture


def _outline(picture: Plane, box: Box) -> None:
    """An amber frame with a dark edge, visible on snow and on asphalt."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    stroke = max(2, _even(width / 256))
    x0, y0, x1, y1 = (
        _even(side * length)
        for side, length in zip((box.x0, box.y0, box.x1, box.y1), (width, height) * 2, strict=True)
    )
    shadow = x0 - EDGE_PX, y0 - EDGE_PX, x1 + EDGE_PX, y1 + EDGE_PX
    _ring(picture, shadow, stroke + 2 * EDGE_PX, SHADOW)
    _ring(picture, (x0, y0, x1, y1), stroke, AMBER)


def _ring(picture: Plane, box: tuple[int, int, int, int], thick: int, colour: Colour) -> None:
    """Paint the rim of a box in pixels, all even, as far as it is inside the picture."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    planes = (picture[:height], *picture[height:].reshape(2, height // 2, width // 2))
    x0, y0, x1, y1 = box
    inner = x0 + thick, y0 + thick, x1 - thick, y1 - thick
    for plane, value, share in zip(planes, colour, (1, 2, 2), strict=True):
        left, top, right, bottom = (max(0, side) // share for side in box)
        to_right, to_bottom, from_right, from_bottom = (max(0, side) // share for side in inner)
        plane[top:to_bottom, left:right] = value
        plane[max(top, from_bottom) : bottom, left:right] = value
        plane[top:bottom, left:to_right] = value
        plane[top:bottom, max(left, from_right) : right] = value


def _even_span(first: float, last: float, length: int) -> tuple[int, int]:
    """From and to in pixels, even, at least 16 apart if the picture has as many."""
    least = min(16, length)
    start = min(int(first * length) & ~1, length - least)
    return start, min(length, max(start + least, _even(last * length)))


def _even(length: float) -> int:
    """The nearest even number."""
    return round(length / 2) * 2
