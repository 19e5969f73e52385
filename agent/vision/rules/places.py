"""Zones and lines of a camera, with their rules."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agent.vision.geometry import Point, Polygon
from agent.vision.hours import Hours

WHOLE_PICTURE: Final = Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


class LineSide(StrEnum):
    """Side of a line, looking along it from its start to its end in the picture."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A part of the picture; a person is where their feet are."""

    name: str
    outline: Polygon = WHOLE_PICTURE
    tells_entry: bool = False
    """Report people in it, wherever they came from."""
    loiter_s: float | None = None
    """Report people who stay this long."""
    group: int | None = None
    """Report this many people at once."""
    closed: Hours | None = None
    """Report people in it during these hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line in the picture; crossings are reported."""

    name: str
    start: Point
    end: Point
    towards: LineSide | None = None
    """Only crossings to this side."""
