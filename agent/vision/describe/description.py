"""A description: words of short lists and one height, nothing to know a person by.

The wire has its own types with the same names, because vision and wire do not depend on each other.
"""

from dataclasses import dataclass
from enum import StrEnum


class ColourName(StrEnum):
    """The eleven basic colour terms of English (Berlin and Kay 1969)."""

    BLACK = "black"
    WHITE = "white"
    GREY = "grey"
    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    BLUE = "blue"
    PURPLE = "purple"
    PINK = "pink"
    BROWN = "brown"


class Transport(StrEnum):
    """How a person moves: on foot, or on which vehicle."""

    FOOT = "foot"
    BICYCLE = "bicycle"
    MOTORBIKE = "motorbike"


class Speed(StrEnum):
    """How fast a person moves."""

    STANDING = "standing"
    WALKING = "walking"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour with the share (0-1) of the pixels that speak for it."""

    name: ColourName
    confidence: float


@dataclass(frozen=True, slots=True)
class Description:
    """Description of a person by the best views; everything unsure is empty or None."""

    upper: tuple[Colour, ...] = ()
    """Colours of the upper clothing: at most two, best first."""
    lower: tuple[Colour, ...] = ()
    """Colours of the lower clothing: at most two, best first."""
    transport: Transport | None = None
    transport_colour: tuple[Colour, ...] = ()
    """Colours of the vehicle: at most two, best first."""
    people: int | None = None
    """Number of people in the group, or on the vehicle: 1 to 20."""
    height_m: float | None = None
    """0.5 to 2.5."""
    speed: Speed | None = None
