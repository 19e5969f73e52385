"""Zones and lines of a camera: where its rules hold, and what is told of whoever is there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agent.vision.hours import Hours
from agent.vision.zones import Point, Polygon

WHOLE_PICTURE: Final = Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


class Side(StrEnum):
    """Of a line, for who looks along it from its start to its end in the picture."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A part of the picture; people are where their feet are."""

    name: str
    outline: Polygon = WHOLE_PICTURE
    tells_entry: bool = False
    """Of who is in it, wherever they came from."""
    loiter_s: float | None = None
    """Of who stays for so long."""
    group: int | None = None
    """Of so many people at once."""
    closed: Hours | None = None
    """Of who is in it at these hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line in the picture, of which is told when somebody steps over it."""

    name: str
    start: Point
    end: Point
    towards: Side | None = None
    """Only of who steps over to this side."""
