"""A drawing of the watched places: no script, no map file, nothing from outside.

Each place is a circle at the middle of its cameras, moved to a grid of about half a kilometre, so
that no camera's position can be read from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sqrt
from typing import Final

from hub.public.watched.queries import Watched
from hub.registry.shapes import METRES_A_DEGREE, Point

WIDTH: Final = 620.0
HIGHEST: Final = 620.0
MARGIN: Final = 50.0
LEAST_M: Final = 2_000.0
"""The drawing shows at least so much, or one place would fill it."""
NAMED: Final = 12
"""With more circles than this names would cover each other."""
_STEPS_M: Final = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)


@dataclass(frozen=True, slots=True)
class Spot:
    """The places at one point of the grid; position in units of the drawing."""

    x: float
    y: float
    radius: float
    cameras: int
    names: tuple[str, ...]
    number: int
    """Number of the first of these places in the list, counted from 0."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The whole drawing."""

    height: float
    spots: tuple[Spot, ...]
    has_names: bool
    bar: float
    """Length of the scale bar, in units of the drawing."""
    bar_m: int


def sketch(areas: Sequence[Watched]) -> Sketch | None:
    """The drawing of these places, in the order of the list; None if none has a known position."""
    at: dict[Point, list[int]] = {}
    for number, area in enumerate(areas):
        if area.about is not None:
            at.setdefault(area.about, []).append(number)
    if not at:
        return None
    middle = sum(one.latitude_deg for one in at) / len(at)
    flat = {
        one: (
            one.longitude_deg * METRES_A_DEGREE * cos(radians(middle)),
            one.latitude_deg * METRES_A_DEGREE,
        )
        for one in at
    }
    (west, east), (south, north) = (_span([place[k] for place in flat.values()]) for k in (0, 1))
    scale = min((WIDTH - 2 * MARGIN) / (east - west), (HIGHEST - 2 * MARGIN) / (north - south))
    left = (WIDTH - (east - west) * scale) / 2
    bar_m = max((step for step in _STEPS_M if step * scale <= WIDTH / 3), default=_STEPS_M[0])
    spots = tuple(
        Spot(
            x=round(left + (flat[one][0] - west) * scale, 1),
            y=round(MARGIN + (north - flat[one][1]) * scale, 1),
            radius=round(min(24.0, 6 + 3 * sqrt(sum(areas[n].cameras for n in numbers))), 1),
            cameras=sum(areas[n].cameras for n in numbers),
            names=tuple(areas[n].place for n in numbers),
            number=numbers[0],
        )
        for one, numbers in at.items()
    )
    return Sketch(
        height=round((north - south) * scale + 2 * MARGIN, 1),
        spots=spots,
        has_names=len(spots) <= NAMED,
        bar=round(bar_m * scale, 1),
        bar_m=bar_m,
    )


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    missing = max(0.0, LEAST_M - (high - low)) / 2
    return low - missing, high + missing
