"""Near people: one body, enlarged to most of the picture's height, comes close and stays.

Bodies are cut from the street, or from a folder of labelled pictures, and set before an enlarged
part of the empty street. Whoever has come stands as still as a photograph: a living person moves a
little and is easier to find. An enlarged body of the street is no sharper than a cheap lens. The
view from above narrows the body towards the feet; it hides no face and shows no crown of a hat.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import cycle
from typing import Final

import cv2
import numpy as np

from agent.media.frame import Plane
from agent.vision.geometry import Box
from tests.bench.agent.scenes.conditions import BY_NAME, CLEAR, Condition
from tests.bench.agent.scenes.crowd import cutout, walks
from tests.bench.agent.scenes.footage import Shown, Street, empty_picture
from tests.bench.agent.scenes.heights import within
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.shot import grained, split

BEFORE: Final = 20
"""Frames of the empty picture before somebody enters."""
ENTERS: Final = 15
"""Frames from the entry until the place is reached."""
STAYS: Final = 30
"""Frames of staying at the place."""
SIZES_PX: Final = ((480, 640), (360, 640))
"""Height and width of the pictures, in turn."""
WINDOWS_PX: Final = ((150, 300, 288, 384), (200, 300, 216, 384))
"""The parts of the empty street behind them (y, x, height, width)."""
FILLS: Final = (0.5, 0.7, 0.85, 0.95)
"""Visible body, in shares of the picture's height."""
TALL_PX: Final = 90
"""Least height of a body of the street that is enlarged."""
NIGHT: Final = BY_NAME["night"]
ABOVE: Final = (1.2, 0.55)
"""Width of the upper and of the lower end of a body seen from above, in shares of its width."""
UNDER: Final = (1.5, 0.35)
"""The same, right under the lens."""


class Manner(StrEnum):
    """How a person is near the camera."""

    ENTERS = "enters and stays"
    STANDS = "stands there from the first frame"
    GATE = "behind the bars of a gate"
    COUNTER = "behind a counter"
    LENS = "under the lens"
    BORDER = "half of the body in the picture"
    RIDES = "on a motorbike at the kerb"


SHOWN: Final = {Manner.COUNTER: 0.55, Manner.LENS: 0.75}
"""Visible upper part of the body's height; else all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A body as Y, U, V (rows, columns, 3) and its mask, 0-255 (rows, columns)."""

    yuv: Plane
    mask: Plane


@dataclass(frozen=True, eq=False)
class Near:
    """Footage of one person who comes near, or is there from the start."""

    street: Street
    steps: tuple[Body, ...]
    """Played in turn while walking; the first one while standing."""
    manner: Manner
    fill: float
    is_above: bool
    number: int
    """Decides the picture's shape, the side and, on a motorbike, whether it is there at first."""

    @property
    def size(self) -> tuple[int, int]:
        return SIZES_PX[self.number % 2]

    @property
    def frames(self) -> int:
        return self.ready + STAYS

    @property
    def frames_per_s(self) -> float:
        return self.street.frames_per_s

    @property
    def ready(self) -> int:
        """Index of the first frame in which the whole body is in view, or all that will ever be."""
        return 0 if self._is_there_first else BEFORE + ENTERS

    def picture(self, index: int) -> Plane:
        out = background(self.street, self.number % 2).copy()
        if (box := self._place(index)) is not None:
            self._draw(out, box, self._step(index))
        if self.manner is Manner.GATE:
            _draw_bars(out)
        return grained(i420(out), 2.0, seed=self.number, index=index)

    def shown(self, index: int) -> Shown:
        box = self._place(index)
        if box is None:
            return Shown({}, ())
        height, width = self.size
        part = SHOWN.get(self.manner, 1.0)
        seen = Box(box.x0, box.y0, box.x1, box.y0 + part * box.height)
        visible = within(seen, Box(0, 0, width, height))
        if index < self.ready:
            return Shown({}, (visible,))
        return Shown({0: visible}, ())

    @property
    def _is_there_first(self) -> bool:
        is_parked = self.manner is Manner.RIDES and self.number % 4 < 2
        return self.manner is Manner.STANDS or is_parked

    def _step(self, index: int) -> Body:
        return self.steps[0 if index >= self.ready else index % len(self.steps)]

    def _place(self, index: int) -> Box | None:
        """The whole body's box in pixels, also outside the picture; None before it comes."""
        done = 1.0 if self._is_there_first else min(1.0, (index - BEFORE) / ENTERS)
        if done < 0:
            return None
        end, (height, width) = self._end, self.size
        away = 1.0 - done
        if self.manner is Manner.LENS:
            return shifted(end, 0.0, away * (height - end.y0))
        from_right = self.number % 4 in (1, 2)
        return shifted(end, away * ((width - end.x0) if from_right else -end.x1), 0.0)

    @cached_property
    def _end(self) -> Box:
        """The body's last place."""
        height, width = self.size
        visible = self.fill * height
        tall = visible / SHOWN.get(self.manner, 1.0)
        rows, columns = self.steps[0].mask.shape
        wide = min(tall * columns / rows, 0.9 * width)
        is_cut = self.manner in SHOWN
        top = height - visible if is_cut else 0.5 * (height - visible)
        x = width * (0.3, 0.65, 0.5)[self.number % 3]
        if self.manner is Manner.BORDER:
            x = float(width if self.number % 4 in (1, 2) else 0)
        return Box(x - wide / 2, top, x + wide / 2, top + tall)

    def _draw(self, out: Plane, box: Box, body: Body) -> None:
        ends = UNDER if self.manner is Manner.LENS else ABOVE if self.is_above else (1.0, 1.0)
        paste(out, box, body, ends)
        if self.manner is Manner.RIDES:
            _draw_motorbike(out, box)


def family(street: Street, others: Sequence[tuple[Body, ...]] = ()) -> Iterator[Scene]:
    """All scenes: every manner at every height, by day and by night, level and from above.

    `others` are bodies besides those of the street; all take turns.
    """
    bodies = cycle([*others, *street_bodies(street)])
    for manner in Manner:
        for condition in (CLEAR, NIGHT):
            for number, fill in enumerate(FILLS):
                footage = Near(
                    street=street,
                    steps=next(bodies),
                    manner=manner,
                    fill=fill,
                    is_above=(number + (condition is NIGHT)) % 2 == 1,
                    number=number,
                )
                yield _scene(footage, condition)


def _scene(footage: Near, condition: Condition) -> Scene:
    view = "from above" if footage.is_above else "level"
    name = f"near, {footage.manner}, {condition.name}, {footage.fill:g}, {view}"
    return Scene(name, footage, condition)


@lru_cache(maxsize=1)
def street_bodies(street: Street) -> tuple[tuple[Body, ...], ...]:
    """A few steps of every tall body of the street that walks alone."""
    found = []
    for person, first, length in walks(street):
        if street.shown(first).people[person].height >= TALL_PX:
            indexes = range(first, first + length, 3)[:8]
            found.append(tuple(body_of(street, person, index) for index in indexes))
    return tuple(found)


def body_of(street: Street, person: int, index: int) -> Body:
    """The body alone, cut to its mask."""
    cut = cutout(street, person, index)
    rows, columns = cut.mask.shape
    y, u, v = split(cut.yuv)
    whole = np.dstack([y, *(cv2.resize(plane, (columns, rows)) for plane in (u, v))])
    return trimmed(Body(np.asarray(whole, np.uint8), cut.mask))


def trimmed(body: Body) -> Body:
    """Without empty rows and columns, and without pieces apart from the largest one."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((body.mask > 127).astype(np.uint8))
    if count < 2:
        return body
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    mask = np.where(labels == best, 255, 0).astype(np.uint8)
    x, y, columns, rows, _ = (int(n) for n in stats[best])
    part = slice(y, y + rows), slice(x, x + columns)
    return replace(body, yuv=body.yuv[part], mask=mask[part])


def paste(out: Plane, box: Box, body: Body, ends: tuple[float, float]) -> None:
    """Draw the body into `box`, with its upper and lower end `ends` times as wide."""
    rows, columns = body.mask.shape
    middle, half = (box.x0 + box.x1) / 2, box.width / 2
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    upper, lower = half * ends[0], half * ends[1]
    places = np.array(
        [
            [middle - upper, box.y0],
            [middle + upper, box.y0],
            [middle + lower, box.y1],
            [middle - lower, box.y1],
        ],
        np.float32,
    )
    height, width = out.shape[:2]
    turn = cv2.getPerspectiveTransform(corners, places)
    yuv = cv2.warpPerspective(
        body.yuv, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    soft = cv2.GaussianBlur(body.mask, (3, 3), 0)
    mask = cv2.warpPerspective(soft, turn, (width, height))[:, :, None] / np.float32(255)
    out[:] = np.rint(out + mask * (yuv.astype(np.float32) - out)).astype(np.uint8)


def _draw_bars(out: Plane) -> None:
    height, width = out.shape[:2]
    for x in range(0, width, width // 14):
        cv2.rectangle(out, (x, 0), (x + width // 90, height), (45, 128, 128), cv2.FILLED)


def _draw_motorbike(out: Plane, box: Box) -> None:
    """Seen from the side, before the rider's legs: two wheels, an engine, a seat."""
    tall, middle = box.height, (box.x0 + box.x1) / 2
    radius, axle = round(0.15 * tall), round(box.y1 - 0.13 * tall)
    for side in (-0.34, 0.34):
        hub = round(middle + side * tall), axle
        cv2.circle(out, hub, radius, (35, 128, 128), max(2, round(0.05 * tall)), cv2.LINE_AA)
    frame = [(-0.34, -0.13), (-0.25, -0.36), (-0.05, -0.3), (0.2, -0.42), (0.34, -0.13), (0, -0.08)]
    points = [(round(middle + x * tall), round(box.y1 + y * tall)) for x, y in frame]
    cv2.fillPoly(out, [np.array(points, np.int32)], (90, 110, 170), cv2.LINE_AA)


@lru_cache(maxsize=2)
def background(street: Street, shape: int) -> Plane:
    """The part of the empty street that is enlarged behind them, Y, U, V (rows, columns, 3), in the
    size `SIZES_PX[shape]`; not to be written to."""
    y, x, rows, columns = WINDOWS_PX[shape]
    height, width = SIZES_PX[shape]
    planes = [
        cv2.resize(
            plane[y // half : (y + rows) // half, x // half : (x + columns) // half],
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        for plane, half in zip(split(empty_picture(street)), (1, 2, 2), strict=True)
    ]
    return np.asarray(np.dstack(planes), np.uint8)


def i420(yuv: Plane) -> Plane:
    """The I420 of a picture of Y, U, V (rows, columns, 3)."""
    height, width = yuv.shape[:2]
    out = np.empty((height * 3 // 2, width), np.uint8)
    for number, into in enumerate(split(out)):
        plane = np.ascontiguousarray(yuv[:, :, number])
        into[:] = cv2.resize(plane, (into.shape[1], into.shape[0]), interpolation=cv2.INTER_AREA)
    return out


def shifted(box: Box, dx: float, dy: float) -> Box:
    """The box elsewhere."""
    return Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy)
