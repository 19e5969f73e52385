"""Reads picture files of any format by OpenCV, which only this module loads."""

from pathlib import Path

import cv2
import numpy as np

from agent.cameras.port import CameraError
from agent.media.frame import Plane


def size_of(path: Path) -> tuple[int, int]:
    """The picture's even width and height in pixels."""
    height, width = _read_bgr(path).shape[:2]
    return width & ~1, height & ~1


def still(path: Path, size: tuple[int, int]) -> Plane:
    """The picture as I420 of `size` (width, height)."""
    bgr = cv2.resize(_read_bgr(path), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), np.uint8)


def _read_bgr(path: Path) -> Plane:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise CameraError(f"{path} is not a picture.", "Take it out of the folder.")
    return np.asarray(picture, np.uint8)
