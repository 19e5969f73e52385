"""The street at other sizes: the recording's bodies are 52 to 116 pixels high, others are made.

Far: the recording scaled down and set into a wide picture of the mirrored empty street. Close: an
enlarged window of it. An enlarged picture is no sharper than a cheap lens; a scaled-down body is
sharper than a far body through haze.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from agent.media.frame import Plane
from agent.vision.geometry import Box
from tests.bench.agent.scenes.footage import Shown, Street, empty_picture
from tests.bench.agent.scenes.shot import grained, split

SHOWS = 2 / 3
"""A body with a smaller share of its box in the picture is unsure."""


@dataclass(frozen=True, eq=False)
class Far:
    """The street, scaled down, in the middle of a canvas of `size_px` (height, width)."""

    street: Street
    size_px: tuple[int, int] = (260, 346)
    canvas_px: tuple[int, int] = (720, 1280)

    @property
    def size(self) -> tuple[int, int]:
        return self.canvas_px

    @property
    def frames(self) -> int:
        return self.street.frames

    @property
    def frames_per_s(self) -> float:
        return self.street.frames_per_s

    def picture(self, index: int) -> Plane:
        out = grained(self._surroundings, 2.0, seed=3, index=index)
        small = _resized(self.street.picture(index), self.size_px)
        y, x = self._corner
        for plane, part, half in zip(split(out), split(small), (1, 2, 2), strict=True):
            rows, columns = part.shape
            plane[y // half : y // half + rows, x // half : x // half + columns] = part
        return out

    def shown(self, index: int) -> Shown:
        scale_y, scale_x = (a / b for a, b in zip(self.size_px, self.street.size, strict=True))
        y, x = self._corner
        return _mapped(self.street.shown(index), (scale_y, scale_x), (y, x), self.canvas_px)

    @property
    def _corner(self) -> tuple[int, int]:
        """Top left of the small picture on the canvas; even."""
        (height, width), (rows, columns) = self.canvas_px, self.size_px
        return (height - rows) // 4 * 2, (width - columns) // 4 * 2

    @cached_property
    def _surroundings(self) -> Plane:
        """The empty street, mirrored at each border, so that no edge shows around the middle."""
        small = _resized(empty_picture(self.street), self.size_px)
        out = np.empty((self.canvas_px[0] * 3 // 2, self.canvas_px[1]), np.uint8)
        (top, left), (height, width) = self._corner, self.canvas_px
        right, under = width - left - self.size_px[1], height - top - self.size_px[0]
        for plane, part, half in zip(split(out), split(small), (1, 2, 2), strict=True):
            plane[:] = cv2.copyMakeBorder(
                part,
                top // half,
                under // half,
                left // half,
                right // half,
                borderType=cv2.BORDER_REFLECT,
            )
        return out


@dataclass(frozen=True, eq=False)
class Close:
    """A window of the street (y0, x0, height, width; even numbers), enlarged `times`."""

    street: Street
    window_px: tuple[int, int, int, int]
    times: float

    @property
    def size(self) -> tuple[int, int]:
        _, _, height, width = self.window_px
        return round(height * self.times / 2) * 2, round(width * self.times / 2) * 2

    @property
    def frames(self) -> int:
        return self.street.frames

    @property
    def frames_per_s(self) -> float:
        return self.street.frames_per_s

    def picture(self, index: int) -> Plane:
        y, x, height, width = self.window_px
        part = np.empty((height * 3 // 2, width), np.uint8)
        planes = zip(split(self.street.picture(index)), split(part), (1, 2, 2), strict=True)
        for plane, into, half in planes:
            rows, columns = into.shape
            into[:] = plane[y // half : y // half + rows, x // half : x // half + columns]
        return _resized(part, self.size)

    def shown(self, index: int) -> Shown:
        y, x, _, _ = self.window_px
        at = (-y * self.times, -x * self.times)
        return _mapped(self.street.shown(index), (self.times, self.times), at, self.size)


def _mapped(
    shown: Shown, scale: tuple[float, float], at: tuple[float, float], size: tuple[int, int]
) -> Shown:
    """Boxes scaled (y, x), moved to `at` (y, x) and clipped to the picture."""

    def moved(box: Box) -> Box:
        return Box(
            box.x0 * scale[1] + at[1],
            box.y0 * scale[0] + at[0],
            box.x1 * scale[1] + at[1],
            box.y1 * scale[0] + at[0],
        )

    picture = Box(0, 0, size[1], size[0])
    people, unsure = {}, [moved(box) for box in shown.unsure]
    for number, box in ((number, moved(box)) for number, box in shown.people.items()):
        if box.overlap(picture) >= SHOWS * box.area:
            people[number] = within(box, picture)
        else:
            unsure.append(box)
    return Shown(people, tuple(within(b, picture) for b in unsure if b.overlap(picture) > 0))


def within(box: Box, picture: Box) -> Box:
    """The part of `box` in the picture."""
    return Box(
        max(box.x0, picture.x0),
        max(box.y0, picture.y0),
        min(box.x1, picture.x1),
        min(box.y1, picture.y1),
    )


def _resized(yuv: Plane, size: tuple[int, int]) -> Plane:
    out = np.empty((size[0] * 3 // 2, size[1]), np.uint8)
    how = cv2.INTER_AREA if size[0] * 3 // 2 < yuv.shape[0] else cv2.INTER_CUBIC
    for plane, into in zip(split(yuv), split(out), strict=True):
        cv2.resize(plane, (into.shape[1], into.shape[0]), dst=into, interpolation=how)
    return out
