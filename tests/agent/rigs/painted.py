"""Coloured frames with drawn bodies."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Frame, Plane
from agent.vision.geometry import Box
from tests.agent.rigs.vision import after

Rgb = tuple[int, int, int]
STREET: Rgb = (150, 150, 145)
LAWN: Rgb = (90, 150, 70)
GULLY: Rgb = (30, 30, 30)
CLOTHES: dict[str, Rgb] = {
    "black": (20, 20, 22),
    "white": (235, 235, 235),
    "grey": (110, 110, 112),
    "red": (200, 30, 35),
    "orange": (240, 130, 30),
    "yellow": (245, 210, 40),
    "green": (40, 140, 60),
    "blue": (35, 70, 180),
    "purple": (110, 50, 140),
    "pink": (240, 150, 170),
    "brown": (110, 70, 40),
}
HEIGHT, WIDTH = 240, 320
BODY = Box(0.4, 0.2, 0.55, 0.8)


def street(*bodies: tuple[Box, Rgb, Rgb], at_s: float = 0.0) -> Frame:
    """A street between a lawn and a gully by day, with bodies: box, upper and lower clothing."""
    rgb = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:] = STREET
    rgb[: HEIGHT // 6] = LAWN
    rgb[-HEIGHT // 24 :] = GULLY
    for box, upper, lower in bodies:
        x0, x1 = round(box.x0 * WIDTH), round(box.x1 * WIDTH)
        for low, high, colour in ((0.15, 0.5, upper), (0.5, 0.95, lower)):
            rows = (round((box.y0 + share * box.height) * HEIGHT) for share in (low, high))
            rgb[slice(*rows), x0:x1] = colour
    return frame_of(rgb, at_s)


def frame_of(rgb: NDArray[np.uint8], at_s: float = 0.0) -> Frame:
    """The frame of an RGB picture, uint8 (rows, columns, 3), both even."""
    yuv = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), np.uint8)
    return Frame(1 + round(10 * at_s), after(at_s), yuv, rgb.shape[1], rgb.shape[0])


def changed(frame: Frame, change: Callable[[Plane, Plane], None]) -> Frame:
    """The frame after `change` of its luma, (rows, columns), and its tints, (2, rows / 2, columns /
    2), in place."""
    yuv = frame.yuv.copy()
    height, width = frame.height, frame.width
    change(yuv[:height], yuv[height:].reshape(2, height // 2, width // 2))
    return replace(frame, yuv=yuv)
