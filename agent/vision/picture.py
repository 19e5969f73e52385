"""The picture of an alert: the whole frame with a box over each person, as a JPEG."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from agent.media.frame import Frame, Plane
from agent.vision.zones import Box

AMBER_BGR = (0, 176, 255)
SHADOW_BGR = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLook:
    """How a picture is made; a phone on a bad line loads it in a second."""

    widest_px: int = 1280
    quality: int = 82


@dataclass(frozen=True, slots=True)
class Jpeg:
    """An encoded picture and its size in pixels."""

    data: bytes
    width: int
    height: int


def draw(frame: Frame, boxes: Sequence[Box], look: PictureLook) -> Jpeg:
    """The frame, no wider than `look.widest_px`, with `boxes` drawn over it."""
    picture: Plane = np.asarray(cv2.cvtColor(frame.yuv, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
    if frame.width > look.widest_px:
        height = round(frame.height * look.widest_px / frame.width)
        small = cv2.resize(picture, (look.widest_px, height), interpolation=cv2.INTER_AREA)
        picture = np.asarray(small, dtype=np.uint8)
    for box in boxes:
        _outline(picture, box)
    return _encode(picture, look.quality)


def _outline(picture: Plane, box: Box) -> None:
    """An amber frame with a dark edge, seen on snow and on asphalt alike."""
    height, width = picture.shape[:2]
    corner = round(box.x0 * width), round(box.y0 * height)
    opposite = round(box.x1 * width), round(box.y1 * height)
    stroke = max(2, width // 256)
    cv2.rectangle(picture, corner, opposite, SHADOW_BGR, stroke + 2)
    cv2.rectangle(picture, corner, opposite, AMBER_BGR, stroke)


def _encode(picture: Plane, quality: int) -> Jpeg:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"no JPEG can be made of a picture of {picture.shape}")
    return Jpeg(data.tobytes(), picture.shape[1], picture.shape[0])
