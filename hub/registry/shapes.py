"""Shapes on the map for searching cameras: distance of a point, and validity.

Degrees are treated as flat around the shape's first point: within 50 km the error is a few metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, inf, radians
from typing import Final, assert_never

METRES_A_DEGREE: Final = 111_320.0

_Flat = tuple[float, float]
"""Metres east and north of a shape's first point."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point on the ground, in degrees."""

    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle: centre in degrees, radius in metres."""

    latitude_deg: float
    longitude_deg: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Street:
    """A line of two or more points with a margin in metres on both sides."""

    points: tuple[Point, ...]
    reach_m: float


@dataclass(frozen=True, slots=True)
class Ring:
    """A polygon of three or more points; its sides do not cross."""

    points: tuple[Point, ...]


Shape = Circle | Street | Ring


def beyond_m(shape: Shape, point: Point) -> float:
    """Distance in metres from the point to the shape; 0 inside and on its edge."""
    match shape:
        case Circle(latitude_deg, longitude_deg, radius_m):
            flat = _flat(Point(latitude_deg, longitude_deg), point)
            return max(0.0, hypot(*flat) - radius_m)
        case Street(points, reach_m):
            return max(0.0, _to_line(points, point) - reach_m)
        case Ring(points):
            return 0.0 if _is_inside(points, point) else _to_line((*points, points[0]), point)
        case _:
            assert_never(shape)


def crossing(points: Sequence[Point]) -> tuple[int, int] | None:
    """The first two sides of a ring that cross or touch, by the number of their first point from 1;
    None if none do."""
    if not points:
        return None
    flat = [_flat(points[0], one) for one in points]
    sides = list(pairwise([*flat, flat[0]]))
    for one, first in enumerate(sides):
        for other in range(one + 2, len(sides)):
            is_neighbour = one == 0 and other == len(sides) - 1
            if not is_neighbour and _cross(*first, *sides[other]):
                return one + 1, other + 1
    return None


def _flat(origin: Point, point: Point) -> _Flat:
    shrunk = cos(radians(origin.latitude_deg))
    east_m = (point.longitude_deg - origin.longitude_deg) * METRES_A_DEGREE * shrunk
    return east_m, (point.latitude_deg - origin.latitude_deg) * METRES_A_DEGREE


def _to_line(points: Sequence[Point], point: Point) -> float:
    flat = [_flat(points[0], one) for one in points]
    here = _flat(points[0], point)
    return min((_to_side(here, *side) for side in pairwise(flat)), default=inf)


def _to_side(here: _Flat, begin: _Flat, end: _Flat) -> float:
    east, north = end[0] - begin[0], end[1] - begin[1]
    length_squared = east * east + north * north
    along = 0.0
    if length_squared > 0:
        along = ((here[0] - begin[0]) * east + (here[1] - begin[1]) * north) / length_squared
        along = min(1.0, max(0.0, along))
    return hypot(here[0] - begin[0] - along * east, here[1] - begin[1] - along * north)


def _is_inside(points: Sequence[Point], point: Point) -> bool:
    """Ray casting: a ray to the east crosses the ring an odd number of times."""
    flat = [_flat(points[0], one) for one in points]
    east, north = _flat(points[0], point)
    is_inside = False
    for (east_a, north_a), (east_b, north_b) in pairwise([*flat, flat[0]]):
        if (north_a > north) != (north_b > north):
            meets = east_a + (north - north_a) * (east_b - east_a) / (north_b - north_a)
            is_inside ^= meets > east
    return is_inside


def _cross(a: _Flat, b: _Flat, c: _Flat, d: _Flat) -> bool:
    """True if the sides a–b and c–d share a point."""
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((turns[0], a, b, c), (turns[1], a, b, d), (turns[2], c, d, a), (turns[3], c, d, b))
    return any(turn == 0 and _is_between(one, other, end) for turn, one, other, end in ends)


def _turn(a: _Flat, b: _Flat, c: _Flat) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _is_between(one: _Flat, other: _Flat, point: _Flat) -> bool:
    """True if the point lies between two others; all three are on one line."""
    return all(
        min(one[axis], other[axis]) <= point[axis] <= max(one[axis], other[axis]) for axis in (0, 1)
    )
