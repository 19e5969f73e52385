"""Cameras that a person may pass next, from the side and time of leaving the picture.

With the camera's bearing, a side of the picture is a compass direction. A person leaving to the
east passes the cameras in the east first. Cameras aside need a turn; cameras behind were passed
before. The probability of a turn is unknown, so a turn counts as extra distance. `TURN_COSTS` is a
guess; the resulting order is not a probability, and none is shown.

Degrees are compass degrees, from north over east.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import atan2, cos, degrees, radians, sin
from typing import Final, Literal

from hub.registry.neighbours import CameraSpot, NearbyCamera, Position, neighbours

Side = Literal["left", "right", "towards", "away"]
"""Side of the picture, or towards the camera, or away from it."""
SIDES: Final[tuple[Side, ...]] = ("left", "right", "towards", "away")
_TURNED_DEG: Final[dict[Side, float]] = {"away": 0, "right": 90, "towards": 180, "left": 270}

POINTS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
TURN_COSTS: Final = 3.0
"""Turning back counts as this many times the distance more; turning aside as half of that."""
AHEAD_DEG: Final = 60.0
BACK_DEG: Final = 120.0
SAME_PLACE_M: Final = 15.0
"""Cameras this close stand on one pole; only their direction of view matters."""
ROUND: Final = 1.4
"""Longest ratio of street length to straight line."""
US_PER_S: Final = 1_000_000


class RelativeDirection(StrEnum):
    """Position of a camera relative to the direction of leaving."""

    AHEAD = "ahead"
    ASIDE = "aside"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class SpeedRange:
    """Range of speed in metres per second."""

    slow: float
    fast: float


WALKING: Final = SpeedRange(1.0, 2.0)
RIDING: Final = SpeedRange(3.0, 14.0)
"""From a narrow street to 50 km/h."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A person who left the picture of a camera."""

    utc_us: int
    error_ms: int | None
    """Error of that stamp; None if the node's clock is not trusted."""
    side: Side | None
    """None if unknown."""
    heading_deg: float | None
    """Compass direction; None without a side or without the camera's bearing."""
    rode: bool | None


@dataclass(frozen=True, slots=True)
class Passing:
    """A camera that the person may have passed next."""

    near: NearbyCamera
    turn: RelativeDirection | None
    """None if the camera's position or the person's direction is unknown."""
    from_utc_us: int | None
    until_utc_us: int | None
    """Time span to look at; both None if the distance is unknown."""


def heading(side: Side | None, bearing_deg: float | None) -> float | None:
    """Compass direction of a person leaving by this side; `bearing_deg` is the camera's bearing."""
    if side is None or bearing_deg is None:
        return None
    return (bearing_deg + _TURNED_DEG[side]) % 360


def compass_point(degrees_of_it: float) -> str:
    """The nearest compass point of `POINTS`."""
    return POINTS[round(degrees_of_it / 45) % 8]


def bearing_to(one: Position, other: Position) -> float | None:
    """Compass direction from `one` to `other`; None if either has no position."""
    if one.latitude_deg is None or one.longitude_deg is None:
        return None
    if other.latitude_deg is None or other.longitude_deg is None:
        return None
    south, north = radians(one.latitude_deg), radians(other.latitude_deg)
    east = radians(other.longitude_deg - one.longitude_deg)
    x = sin(east) * cos(north)
    y = cos(south) * sin(north) - sin(south) * cos(north) * cos(east)
    return degrees(atan2(x, y)) % 360


def apart(one_deg: float, other_deg: float) -> float:
    """Angle between two directions, 0 to 180 degrees."""
    return abs((one_deg - other_deg + 180) % 360 - 180)


def in_order_of_passing(
    of: CameraSpot, others: Iterable[CameraSpot], leaving: Departure | None, *, most: int = 6
) -> list[Passing]:
    """At most `most` nearby cameras: those ahead first, then by distance and sharpness of the turn.
    By distance alone if the direction is unknown."""
    spots = {one.camera_id: one for one in others}
    near = neighbours(of, spots.values(), most=len(spots))
    turns = [_turned(of, spots[one.camera_id], one, leaving) for one in near]

    def likely(index: int) -> tuple[bool, bool, float]:
        distance_m, turned_deg = near[index].distance_m, turns[index]
        is_ahead = turned_deg is not None and turned_deg <= AHEAD_DEG
        sharp = (1 - cos(radians(90 if turned_deg is None else turned_deg))) / 2
        return distance_m is None, not is_ahead, (distance_m or 0.0) * (1 + TURN_COSTS * sharp)

    is_known = leaving is not None and leaving.heading_deg is not None
    order = sorted(range(len(near)), key=likely) if is_known else range(len(near))
    return [_passing(near[index], turns[index], leaving) for index in order[:most]]


def _turned(
    of: CameraSpot, other: CameraSpot, near: NearbyCamera, leaving: Departure | None
) -> float | None:
    """Turn needed to pass the camera, 0 to 180 degrees."""
    if leaving is None or leaving.heading_deg is None or near.distance_m is None:
        return None
    is_same_place = near.distance_m <= SAME_PLACE_M
    there = other.bearing_deg if is_same_place else bearing_to(of, other)
    return None if there is None else apart(leaving.heading_deg, there)


def _passing(near: NearbyCamera, turned_deg: float | None, leaving: Departure | None) -> Passing:
    turn = None
    if turned_deg is not None:
        is_aside = AHEAD_DEG < turned_deg <= BACK_DEG
        turn = (
            RelativeDirection.ASIDE
            if is_aside
            else RelativeDirection.AHEAD
            if turned_deg <= AHEAD_DEG
            else RelativeDirection.BACK
        )
    if leaving is None or near.distance_m is None:
        return Passing(near, turn, None, None)
    slow = RIDING.slow if leaving.rode else WALKING.slow
    fast = WALKING.fast if leaving.rode is False else RIDING.fast
    doubt_us = (leaving.error_ms or 0) * 1000
    first_us = round(near.distance_m / fast * US_PER_S)
    last_us = round(ROUND * near.distance_m / slow * US_PER_S)
    return Passing(
        near, turn, leaving.utc_us + first_us - doubt_us, leaving.utc_us + last_us + doubt_us
    )
