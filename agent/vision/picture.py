"""Picture of an alert: the whole frame with a box around each person, as JPEG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agent.media.frame import Frame, Plane
from agent.vision.scale import scaled_i420
from agent.vision.zones import Box

Colour = tuple[int, int, int]
"""Y, U, V, each 0-255."""
AMBER: Colour = (180, 27, 182)
SHADOW: Colour = (0, 128, 128)
EDGE_PX = 2
"""Width of the dark edge on both sides of the amber line."""
_BRIGHT, _TINT = (
    bytes(np.clip(np.rint((np.arange(256.0) - zero) * 255 / span + base), 0, 255).astype(np.uint8))
    for zero, span, base in ((16, 219, 0), (128, 224, 128))
)
"""From video range (16-235, 16-240) to the 0-255 of a JPEG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLook:
    """Size and quality of a picture: a phone on a bad line loads it in a second."""

    widest_px: int = 1280
    quality: int = 82
    """1-100, the usual JPEG scale."""


@dataclass(frozen=True, slots=True)
class Jpeg:
    """An encoded picture and its size in pixels."""

    data: bytes
    width: int
    height: int


Encode = Callable[[Plane, int], bytes]
"""Encodes an I420 picture of range 0-255 as JPEG with a quality; see `agent.devices.jpeg`."""


def draw(frame: Frame, boxes: Sequence[Box], look: PictureLook, encode: Encode) -> Jpeg:
    """The frame, at most `look.widest_px` wide, with `boxes` drawn on it."""
    picture = drawn(frame, boxes, look.widest_px)
    return Jpeg(encode(picture, look.quality), picture.shape[1], picture.shape[0] * 2 // 3)


def drawn(frame: Frame, boxes: Sequence[Box], widest_px: int) -> Plane:
    """The drawn picture before encoding: I420 of range 0-255, even sides."""
    yuv = frame.yuv
    if frame.width > widest_px:
        columns = max(2, widest_px & ~1)
        rows = max(2, _even(frame.height * columns / frame.width))
        yuv = scaled_i420(frame.luma, frame.tints, (rows, columns))
    picture = _of_full_range(yuv)
    for box in boxes:
        _outline(picture, box)
    return picture


def _of_full_range(yuv: Plane) -> Plane:
    """By lookup tables of bytes: numpy would make eight bytes of each on the way."""
    rows = yuv.shape[0] * 2 // 3
    light, tint = bytearray(yuv[:rows]).translate(_BRIGHT), bytearray(yuv[rows:]).translate(_TINT)
    return np.frombuffer(light + tint, np.uint8).reshape(yuv.shape)


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


def _even(length: float) -> int:
    """The nearest even number."""
    return round(length / 2) * 2
