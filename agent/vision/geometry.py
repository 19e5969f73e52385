"""Boxes and outlines in the picture: (0, 0) is the top left corner, (1, 1) the bottom right."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from agent.media.frame import Plane

Point = tuple[float, float]
"""A place (x, y), both 0-1 inside the picture."""


@dataclass(frozen=True, slots=True, init=False)
class Box:
    """An upright box; x0 <= x1 and y0 <= y1, all 0-1."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __init__(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Sets the slots directly: a frame makes dozens, and the frozen dataclass way takes four
        times as long."""
        _set_x0(self, x0)
        _set_y0(self, y0)
        _set_x1(self, x1)
        _set_y1(self, y1)

    @property
    def width(self) -> float:
        """Share of the picture's width."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Share of the picture's height."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Share of the picture's area."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    @property
    def center(self) -> Point:
        """Centre of the box (x, y)."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def overlap(self, other: "Box") -> float:
        """Area shared with `other`, as a share of the picture.

        Most pairs lie apart, and a frame has hundreds: `min` and `max` would take twice as long.
        """
        x0 = self.x0 if self.x0 > other.x0 else other.x0
        x1 = self.x1 if self.x1 < other.x1 else other.x1
        if not x1 > x0:
            return 0.0
        y0 = self.y0 if self.y0 > other.y0 else other.y0
        y1 = self.y1 if self.y1 < other.y1 else other.y1
        return (x1 - x0) * (y1 - y0) if y1 > y0 else 0.0

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0-1."""
        shared = self.overlap(other)
        return shared / (self.area + other.area - shared) if shared > 0 else 0.0

    def clipped(self) -> "Box":
        """The part inside the picture."""
        x0, y0, x1, y1 = self.x0, self.y0, self.x1, self.y1
        if 0 <= x0 <= 1 and 0 <= y0 <= 1 and 0 <= x1 <= 1 and 0 <= y1 <= 1:
            return self
        return Box(_clip(x0), _clip(y0), _clip(x1), _clip(y1))

    def grown(self, by_x: float, by_y: float) -> "Box":
        """Larger by `by_x` and `by_y` (shares of the picture) on every side, clipped."""
        return Box(self.x0 - by_x, self.y0 - by_y, self.x1 + by_x, self.y1 + by_y).clipped()


_set_x0, _set_y0, _set_x1, _set_y1 = (
    Box.__dict__[name].__set__ for name in ("x0", "y0", "x1", "y1")
)

LEAST_CORNERS = 3
"""Least number of corners of an outline that encloses an area."""
ON_THE_LINE = 1e-12
"""Rounding tolerance (twice the area, as a share of the picture) for a point on a line."""
LEAST_AREA = 1e-6
"""Below this share of the picture (twice the area) an outline is a line."""
GRID = (270, 480)
"""Rows and columns for drawing areas: a cell is 4 pixels of a 1080p picture."""
WHOLE = Box(0.0, 0.0, 1.0, 1.0)
"""The whole picture."""
SMALLER = Box(0.0, 0.0, 2.0, 2.0)
"""The whole picture at half its size."""
BORDER = 0.01
"""A box this close to a border, in shares of the picture, is cut by it."""
NEAR = 0.25
"""A body of at least this share of the picture's height is near. The network, which was trained on
smaller ones, is less sure of it; hardly anything else so large looks like a person to it."""


def is_whole(box: Box) -> bool:
    """True if no border of the picture cuts the box."""
    low, high = BORDER, 1 - BORDER
    return box.x0 > low and box.y0 > low and box.x1 < high and box.y1 < high


def grid_slice(box: Box, shape: tuple[int, int]) -> tuple[slice, slice]:
    """The cells under the box's part inside the picture, on a grid of (rows, columns); at least one
    if there is such a part."""
    (rows, columns), seen = shape, box.clipped()
    if seen.area <= 0:
        return slice(0), slice(0)
    y0, x0 = min(rows - 1, round(seen.y0 * rows)), min(columns - 1, round(seen.x0 * columns))
    y1, x1 = max(y0 + 1, round(seen.y1 * rows)), max(x0 + 1, round(seen.x1 * columns))
    return slice(y0, y1), slice(x0, x1)


def scale(input_px: tuple[int, int], size_px: tuple[int, int], part: Box = WHOLE) -> float:
    """Pixels of an input (height, width) per pixel of a picture of `size_px` whose `part` it
    shows."""
    return min(
        input_px[0] / (part.height * size_px[0]),
        input_px[1] / (part.width * size_px[1]),
    )


@dataclass(frozen=True, slots=True)
class Polygon:
    """An outline by its corners (x, y), 0-1, in order; the last is joined to the first.

    ValueError unless there are three or more corners, all in the picture, around some area, and no
    edges cross: the space between crossed edges would be inside to one program and outside to
    another.
    """

    corners: tuple[Point, ...]

    def __post_init__(self) -> None:
        if len(self.corners) < LEAST_CORNERS:
            raise ValueError(
                f"an outline of {len(self.corners)} points encloses nothing: give three or more"
            )
        for x, y in self.corners:
            if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
                raise ValueError(
                    f"the point ({x:g}, {y:g}) is outside the picture: coordinates run from 0 to 1"
                )
        edges = self.edges()
        if any(crosses(*one, *other) for i, one in enumerate(edges) for other in edges[:i]):
            raise ValueError("its edges cross each other: give its points in their order around it")
        if abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in edges)) < LEAST_AREA:
            raise ValueError("the outline encloses nothing: its points lie on one line")

    def edges(self) -> list[tuple[Point, Point]]:
        """From corner to corner, then from the last to the first."""
        ahead = (*self.corners[1:], self.corners[0])
        return list(zip(self.corners, ahead, strict=True))

    def contains(self, point: Point) -> bool:
        """Even-odd rule: a ray to the right crosses the outline an odd number of times. A point on
        the outline can be either."""
        x, y = point
        is_in = False
        before = self.corners[-1]
        for corner in self.corners:
            (x0, y0), (x1, y1) = before, corner
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                is_in = not is_in
            before = corner
        return is_in


class Area:
    """Union of outlines, drawn once into a grid of cells for fast queries."""

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        """Without outlines nothing is covered."""
        covered = inside(polygons, GRID)
        self._covers_nothing = not covered.any()
        self._sums = np.zeros((GRID[0] + 1, GRID[1] + 1), np.int32)
        self._sums[1:, 1:] = covered.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)

    def share_of(self, box: Box) -> float:
        """Covered share (0-1) of the box's part inside the picture; 0 if there is none."""
        if self._covers_nothing:
            return 0.0
        (rows, columns), seen = GRID, box.clipped()
        x0, x1 = int(seen.x0 * columns), ceil(seen.x1 * columns)
        y0, y1 = int(seen.y0 * rows), ceil(seen.y1 * rows)
        cells = (x1 - x0) * (y1 - y0)
        if cells <= 0:
            return 0.0
        sums = self._sums
        return float(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]) / cells


def side_of(start: Point, end: Point, point: Point) -> float:
    """Positive if `point` lies right of the line from `start` to `end` as seen in the picture (y
    grows downwards), negative on the left, 0 on the line and within rounding of it, from either
    end."""
    (x0, y0), (x1, y1), (x, y) = start, end, point
    side = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
    return side if abs(side) > ON_THE_LINE else 0.0


def crosses(start: Point, end: Point, before: Point, after: Point) -> bool:
    """True if the way from `before` to `after` crosses the line from `start` to `end`; touching
    does not count."""
    apart = side_of(start, end, before) * side_of(start, end, after) < 0
    return apart and side_of(before, after, start) * side_of(before, after, end) < 0


def inside(polygons: Sequence[Polygon], shape: tuple[int, int]) -> Plane:
    """uint8 (rows, columns) for a picture cut into `shape`: 1 for cells whose middle is in an
    outline, exactly as `Polygon.contains`."""
    rows, columns = shape
    x, y = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
    covered = np.zeros(shape, bool)
    for polygon in polygons:
        is_in = np.zeros(shape, bool)
        for (x0, y0), (x1, y1) in polygon.edges():
            met = (y0 > y) != (y1 > y)
            if met.any():
                meets_at = x0 + (y[met] - y0) * (x1 - x0) / (y1 - y0)
                is_in[met] ^= x < meets_at[:, np.newaxis]
        covered |= is_in
    return covered.astype(np.uint8)


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
