"""Cameras near a camera, for an officer on the way.

Cameras with coordinates come first, by distance; then cameras of the same area without any.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Final, Protocol
from uuid import UUID

AT_HAND_M: Final = 5.0
"""A nearer camera is "beside it": rounded to tens of metres it would be 0."""


EARTH_M: Final = 6_371_000.0
NEAR_M: Final = 1_000.0
MOST: Final = 6


class Position(Protocol):
    """Something with a place on the map; None if the place is not known."""

    @property
    def latitude_deg(self) -> float | None: ...

    @property
    def longitude_deg(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class CameraSpot:
    """Known position of a camera."""

    camera_id: UUID
    area_id: UUID
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    bearing_deg: float | None = None
    """Direction of view in degrees from north over east; None if not recorded."""


@dataclass(frozen=True, slots=True)
class NearbyCamera:
    """A nearby camera; `distance_m` is None if only the area is the same."""

    camera_id: UUID
    distance_m: float | None


def neighbours(
    of: CameraSpot, others: Iterable[CameraSpot], *, most: int = MOST
) -> list[NearbyCamera]:
    """At most `most` cameras: first cameras within `NEAR_M` metres, then cameras of the same
    area."""
    found: list[tuple[float, UUID]] = []
    same: list[UUID] = []
    for spot in others:
        if spot.camera_id == of.camera_id:
            continue
        distance_m = distance(of, spot)
        if distance_m is not None and distance_m <= NEAR_M:
            found.append((distance_m, spot.camera_id))
        elif distance_m is None and spot.area_id == of.area_id:
            same.append(spot.camera_id)
    near = [NearbyCamera(camera_id, distance_m) for distance_m, camera_id in sorted(found)]
    return [*near, *(NearbyCamera(camera_id, None) for camera_id in same)][:most]


def distance(one: Position, other: Position) -> float | None:
    """Distance in metres (haversine on a sphere; error at most 0.5 %); None without a position."""
    if one.latitude_deg is None or one.longitude_deg is None:
        return None
    if other.latitude_deg is None or other.longitude_deg is None:
        return None
    north, south = radians(one.latitude_deg), radians(other.latitude_deg)
    east = radians(other.longitude_deg - one.longitude_deg)
    chord = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(east / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(min(1.0, chord)))
