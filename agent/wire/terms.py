"""The terms that messages are made of: names, ranges, moments, boxes, pictures.

Units stand in the field names; a range is part of its type, so that what is out of range is no
message.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

VERSION: Final = 1
"""The version this code writes, and the only one it reads."""


Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


UtcMicros = Annotated[int, Field(ge=0, lt=253_402_300_800_000_000)]
"""Microseconds since 1970-01-01 UTC, up to the year 9999."""


Millis = Annotated[int, Field(ge=0, lt=2**53)]


Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=16_384)]


Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


Number = Annotated[int, Field(ge=1, lt=2**53)]
"""A place in a spool: counts from 1."""


Count = Annotated[int, Field(ge=0, lt=2**53)]


def _in_order(numbers: tuple[int, int]) -> tuple[int, int]:
    first, last = numbers
    if first > last:
        raise ValueError(f"a range from {first} to {last} holds nothing")
    return numbers


Numbers = Annotated[tuple[Number, Number], AfterValidator(_in_order)]
"""A closed range of places in a spool, its first before its last."""


class Words(BaseModel):
    """The base of all messages: frozen, and tolerant of fields that a newer sender adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ClockSource(StrEnum):
    """Who vouches for the node's UTC clock."""

    NTP = "ntp"
    GPS = "gps"
    RTC = "rtc"
    NONE = "none"


class Stamp(Words):
    """A moment in UTC, who vouches for it, and how far off it may be."""

    utc_us: UtcMicros
    source: ClockSource
    error_ms: Millis | None
    """None: no bound can be given (the clock was never set)."""


class BoxWords(Words):
    """A box in the picture, normalised: (0, 0) is the top left corner, (1, 1) the bottom right."""

    x0: Fraction
    y0: Fraction
    x1: Fraction
    y1: Fraction


class Picture(Words):
    """A picture that waits at the node; the hub fetches nothing, the node brings it by its hash."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0, le=8 * 2**20)]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]


class ObjectKind(StrEnum):
    """What the model can tell apart."""

    PERSON = "person"
    BICYCLE = "bicycle"
    MOTORCYCLE = "motorcycle"
    CAR = "car"
    BUS = "bus"
    TRUCK = "truck"


class RuleWords(Words):
    """A rule of the camera that somebody met, in the zone or at the line called `place`."""

    rule: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    """entry, loitering, crossing, after_hours or group; a newer node may know more."""
    place: Name
    seconds: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Of loitering: how long they had stayed."""
    people: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Of a group: how many they were."""
    towards: Literal["left", "right"] | None = None
    """Of a crossing: to which side of the line, seen from its start to its end."""


RulesMet = Annotated[tuple[RuleWords, ...], Field(min_length=1, max_length=100)]
