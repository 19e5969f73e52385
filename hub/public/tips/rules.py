"""Rules of citizens' tips: required fields, place, whether they ring a phone, and the code.

A tip says what happened, where and when; the sender can stay anonymous. It becomes an alert of the
nearest camera, so that the same rules and rosters apply as to any alert.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.access.rules.grants import Parents
from hub.base.errors import DomainError
from hub.registry.neighbours import CameraSpot, distance
from hub.registry.shapes import Point

WHAT_CHARS: Final = 3000
PLACE_CHARS: Final = 300
NAME_CHARS: Final = 120
CONTACT_CHARS: Final = 200
ANSWER_CHARS: Final = 1500
MOST_PICTURES: Final = 3
MOST_PICTURE_BYTES: Final = 8 * 2**20

FARTHEST_M: Final = 20_000.0
"""A point farther from every camera is invalid."""
AHEAD_S: Final = 600.0
"""Tolerance for a phone's clock ahead of the hub's."""
OLDEST_S: Final = 366 * 86_400.0
ABOUT_US: Final = 1800 * 1_000_000
"""Time searched before and after the sender's time: people remember to the half hour."""
WAKING_AN_HOUR: Final = 30
"""More tips go to the inbox only: a flood must not keep a town awake."""
MOST_WAITING: Final = 1000
"""Most open tips; then the form accepts no more."""
MOST_ORIGINAL_BYTES: Final = 2 * 2**30
"""Total size of original pictures; then tips are accepted without pictures."""

CODE_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without letters that are easily confused; 5 bits each."""
CODE_CHARS: Final = 12
_ALIKE: Final = str.maketrans("OIL", "011")


class TipFault(StrEnum):
    """Why a tip is refused."""

    WHAT = "what"
    WHERE = "where"
    POINT = "point"
    FAR = "far"
    WHEN = "when"
    AHEAD = "ahead"
    OLD = "old"
    CONSENT = "consent"
    STALE = "stale"
    """The form is too old, too new, or not from this hub."""
    PICTURE = "picture"
    LARGE = "large"
    MANY = "many"
    GONE = "gone"
    """The pictures that the form names are not here: too late, or another process has them."""
    FULL = "full"
    """No space for pictures."""
    BUSY = "busy"
    """Too many open tips, or too many pictures at once."""


class TipError(DomainError):
    """The tip was refused; nothing was stored."""

    def __init__(self, fault: TipFault) -> None:
        super().__init__(fault.value, f"tip.{fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class TipTexts:
    """Text fields of a tip, already trimmed."""

    what: str
    place: str
    """Free text; may be empty if an area or a point is given."""
    area_id: UUID | None
    point: Point | None
    happened_utc_us: int | None
    """None: now."""
    has_consent: bool


def fault_of(words: TipTexts, *, now_utc_us: int) -> TipFault | None:
    """The first fault, or None if the tip is valid apart from its place."""
    if not words.what:
        return TipFault.WHAT
    if words.area_id is None and words.point is None:
        return TipFault.WHERE
    if words.happened_utc_us is not None:
        ago_s = (now_utc_us - words.happened_utc_us) / 1e6
        if ago_s < -AHEAD_S:
            return TipFault.AHEAD
        if ago_s > OLDEST_S:
            return TipFault.OLD
    return None if words.has_consent else TipFault.CONSENT


def read_point(text: str) -> Point | None:
    """Parse a point as typed or pasted ("11.5352, 106.6217"); None for an empty field.

    Raises ValueError for an invalid point.
    """
    if not text.strip():
        return None
    parts = text.replace(";", ",").split(",")
    if len(parts) != 2:
        raise ValueError("two numbers")
    latitude_deg, longitude_deg = (float(one) for one in parts)
    if not (-90 <= latitude_deg <= 90 and -180 <= longitude_deg <= 180):  # NaN fails too
        raise ValueError("not on the Earth")
    return Point(latitude_deg, longitude_deg)


def camera_for(
    words: TipTexts, cameras: Sequence[CameraSpot], parents: Parents
) -> CameraSpot | TipFault:
    """The camera for the tip: the nearest to the point; else one of the area, of its sub-areas, or
    of the nearest area above with a camera."""
    if words.point is not None:
        near = _nearest(words.point, cameras)
        if near is not None:
            return near
        if words.area_id is None:
            return TipFault.FAR
    if words.area_id is None or words.area_id not in parents:
        return TipFault.WHERE
    above = {one.area_id: _upward(one.area_id, parents) for one in cameras}
    for area_id in _upward(words.area_id, parents):
        here = [one for one in cameras if area_id in above[one.area_id]]
        # The area itself before its sub-areas; then always the same camera.
        here.sort(key=lambda one: (one.area_id != area_id, one.camera_id))
        if here:
            return here[0]
    return TipFault.WHERE


def wakes(woke_in_the_hour: int) -> bool:
    """True if another tip may ring phones, given the number in the last hour."""
    return woke_in_the_hour < WAKING_AN_HOUR


def code_of(secret: bytes) -> str:
    """The sender's code for following the answer, from at least 8 secret bytes."""
    number = int.from_bytes(secret[:8])
    letters = (CODE_LETTERS[number >> 5 * place & 31] for place in range(CODE_CHARS))
    code = "".join(letters)
    return "-".join(code[start : start + 4] for start in range(0, CODE_CHARS, 4))


def tidy_code(typed: str) -> str | None:
    """Normalise a typed code to the form of `code_of`; None if invalid."""
    bare = "".join(typed.split()).replace("-", "").upper().translate(_ALIKE)
    if len(bare) != CODE_CHARS or not set(bare) <= set(CODE_LETTERS):
        return None
    return "-".join(bare[start : start + 4] for start in range(0, CODE_CHARS, 4))


def _nearest(point: Point, cameras: Iterable[CameraSpot]) -> CameraSpot | None:
    found: list[tuple[float, UUID, CameraSpot]] = []
    for one in cameras:
        distance_m = distance(point, one)
        if distance_m is not None and distance_m <= FARTHEST_M:
            found.append((distance_m, one.camera_id, one))
    return min(found)[2] if found else None


def _upward(area_id: UUID, parents: Parents) -> list[UUID]:
    """The area and its ancestors, nearest first; stops at a cycle."""
    found: list[UUID] = []
    here: UUID | None = area_id
    while here is not None and here not in found:
        found.append(here)
        here = parents.get(here)
    return found
