"""Common terms of messages: names, ranges, moments, boxes, pictures.

Units are in the field names. A range is part of its type, so a value out of range makes the message
invalid.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

VERSION: Final = 1
"""Version that this code writes, and the only one it reads."""


Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


LABEL_CHARS: Final = 60


def _one_line(text: str) -> str:
    if not text.isprintable() or '"' in text:
        raise ValueError('a label is one line of letters, digits, spaces and signs other than "')
    return text


Label = Annotated[str, Field(max_length=LABEL_CHARS), AfterValidator(_one_line)]
"""A name for people in any letters. Empty: none."""


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


UtcMicros = Annotated[int, Field(ge=0, lt=253_402_300_800_000_000)]
"""Microseconds since 1970-01-01 UTC, up to the year 9999."""


Millis = Annotated[int, Field(ge=0, lt=2**53)]


Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=16_384)]


Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


Number = Annotated[int, Field(ge=1, lt=2**53)]
"""Position in a spool; counts from 1."""


Count = Annotated[int, Field(ge=0, lt=2**53)]


def _in_order(numbers: tuple[int, int]) -> tuple[int, int]:
    first, last = numbers
    if first > last:
        raise ValueError(f"a range from {first} to {last} holds nothing")
    return numbers


Numbers = Annotated[tuple[Number, Number], AfterValidator(_in_order)]
"""Closed range of positions in a spool, its first before its last."""


class Words(BaseModel):
    """Base of all messages: frozen; ignores fields that a newer sender adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ClockSource(StrEnum):
    """Source of the node's UTC clock."""

    NTP = "ntp"
    GPS = "gps"
    RTC = "rtc"
    NONE = "none"


class Stamp(Words):
    """A moment in UTC, its clock source, and its error."""

    utc_us: UtcMicros
    source: ClockSource
    error_ms: Millis | None
    """None: no error bound is known (the clock was never set)."""


class BoxWords(Words):
    """Box in the picture, normalised: (0, 0) is the top left corner, (1, 1) the bottom right."""

    x0: Fraction
    y0: Fraction
    x1: Fraction
    y1: Fraction


class Picture(Words):
    """A picture waiting at the node; the node uploads it by its hash."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0, le=8 * 2**20)]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]


class ObjectKind(StrEnum):
    """Object classes of the detector."""

    PERSON = "person"
    BICYCLE = "bicycle"
    MOTORCYCLE = "motorcycle"
    CAR = "car"
    BUS = "bus"
    TRUCK = "truck"


class RuleWords(Words):
    """A camera rule that somebody met, at the zone or line `place`."""

    rule: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    """One of `entry`, `loitering`, `crossing`, `after_hours`, `group`. A newer node may send
    others."""
    place: Name
    seconds: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """For loitering: time stayed."""
    people: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """For a group: number of people."""
    towards: Literal["left", "right"] | None = None
    """For a crossing: side of the line reached, seen from its start to its end."""


RulesMet = Annotated[tuple[RuleWords, ...], Field(min_length=1, max_length=100)]
