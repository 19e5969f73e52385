"""Meanings of the parts of a sentence: each is a chip that can be removed."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from hub.registry.passing import Side
from hub.search.rules.description import Colours, Garment


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A place or a camera that the reader may search."""

    key: UUID
    name: str
    is_camera: bool = False
    area: str = ""
    """Of a camera: the area in which it stands."""


@dataclass(frozen=True, slots=True)
class Worn:
    """Wears clothing of these colours; if there are several, of all of them."""

    part: Garment
    colours: tuple[Colours, ...]


@dataclass(frozen=True, slots=True)
class Riding:
    """On one of these vehicles (empty: any vehicle), of these colours."""

    transport: frozenset[str]
    colours: tuple[Colours, ...] = ()


@dataclass(frozen=True, slots=True)
class Moving:
    """On two wheels, or on foot."""

    rode: bool


@dataclass(frozen=True, slots=True)
class People:
    """Number of people: least and most, both included."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Height:
    """Approximate height of a person."""

    cm: int


@dataclass(frozen=True, slots=True)
class Speed:
    """Speed: one of standing, walking, fast."""

    speed: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """Left by this side of the picture."""

    side: Side


@dataclass(frozen=True, slots=True)
class Compass:
    """Left in this compass direction, one of `hub.registry.passing.POINTS`."""

    point: str


@dataclass(frozen=True, slots=True)
class Towards:
    """Left in the direction of any of these places."""

    places: tuple[PlaceName, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """Seen at any of these places, or near them."""

    places: tuple[PlaceName, ...]
    is_near: bool


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the day, in minutes since midnight; an end at or before the beginning is on the next
    day."""

    from_minute: int
    until_minute: int


@dataclass(frozen=True, slots=True)
class Days:
    """First and last day, both included."""

    first: date
    last: date
    hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """The last hours before now."""

    hours: int


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week; Monday is 0."""

    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class Only:
    """Only sightings in alerts, or only those with a clip."""

    what: str


Meaning = (
    Worn
    | Riding
    | Moving
    | People
    | Height
    | Speed
    | Leaving
    | Compass
    | Towards
    | Where
    | Hours
    | Days
    | Recent
    | Weekdays
    | Only
)


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the sentence and its meaning."""

    meaning: Meaning
    start: int
    end: int


Reason = Literal[
    "vehicle", "plate", "who", "carried", "animal", "deed", "garment", "place", "denied", "again"
]
"""Why a part of a sentence cannot be searched for."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part of the sentence that is not searched for."""

    text: str
    """As typed."""
    start: int
    end: int
    reasons: tuple[Reason, ...] = ()
    """Empty: the words are in no list."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A parsed text."""

    text: str
    chips: tuple[Chip, ...] = ()
    unknown: tuple[Unknown, ...] = ()

    def without(self, chip: Chip) -> str:
        """The text without the words of this chip."""
        left, right = self.text[: chip.start].rstrip(" ,;"), self.text[chip.end :].lstrip(" ,;")
        return ", ".join(part for part in (left, right) if part) if left and right else left + right
