"""Shapes on the map in which cameras are looked for: how far a point lies outside, and which are
none.

Degrees are taken as flat round the shape's first point: within 50 km that is wrong by a few metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, inf, radians
from typing import Final, assert_never

METRES_A_DEGREE: Final = 111_320.0

_Flat = tuple[float, float]
"""Metres to the east and to the north of a shape's first point."""


@dataclass(frozen=True, slots=True)
class Point:
    """On the ground, in degrees."""

    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class Circle:
    """Round a point, in degrees and metres."""

    latitude_deg: float
    longitude_deg: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Street:
    """Along a line of two points or more, so many metres to either side."""

    points: tuple[Point, ...]
    reach_m: float


@dataclass(frozen=True, slots=True)
class Ring:
    """What lies inside a line that closes itself; three points or more, none of its sides cross."""

    points: tuple[Point, ...]


Shape = Circle | Street | Ring


def beyond_m(shape: Shape, point: Point) -> float:
    """How many metres outside the shape the point lies; 0 inside and on its edge."""
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
    """Of a ring: the first two sides that cross or touch, each by the number of its first point
    from 1; None where none do."""
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
    """A line from the point to the east meets the ring an odd number of times."""
    flat = [_flat(points[0], one) for one in points]
    east, north = _flat(points[0], point)
    is_inside = False
    for (east_a, north_a), (east_b, north_b) in pairwise([*flat, flat[0]]):
        if (north_a > north) != (north_b > north):
            meets = east_a + (north - north_a) * (east_b - east_a) / (north_b - north_a)
            is_inside ^= meets > east
    return is_inside


def _cross(a: _Flat, b: _Flat, c: _Flat, d: _Flat) -> bool:
    """Whether the sides a–b and c–d have a point in common."""
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((turns[0], a, b, c), (turns[1], a, b, d), (turns[2], c, d, a), (turns[3], c, d, b))
    return any(turn == 0 and _is_between(one, other, end) for turn, one, other, end in ends)


def _turn(a: _Flat, b: _Flat, c: _Flat) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _is_between(one: _Flat, other: _Flat, point: _Flat) -> bool:
    """Of three points on one line."""
    return all(
        min(one[axis], other[axis]) <= point[axis] <= max(one[axis], other[axis]) for axis in (0, 1)
    )
