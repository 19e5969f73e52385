"""Results of a sighting search, and its description for the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from hub.registry.shapes import Circle, Point, Ring, Shape, Street
from hub.search.rules.description import described_words
from hub.search.scope import NearestCamera, SearchPlace
from hub.search.sighting_queries import SightingSearch
from hub.search.sighting_rows import FoundSighting

CAMERAS_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class SightingsPage:
    """One page of results; see `FoundSightings` for fields not described here."""

    hits: list[FoundSighting]
    count: int
    is_more: bool
    looked_from_utc_us: int
    cameras: int
    nearest: NearestCamera | None
    unaimed: int
    unplaced: int


def asked_words(wanted: SightingSearch) -> str:
    """Description of the search for the log: every condition that narrows it."""
    return ", ".join(_words(wanted))


def _words(wanted: SightingSearch) -> Iterator[str]:
    yield f"{_time(wanted.from_utc_us)} to {_time(wanted.until_utc_us)}"
    yield from _place(wanted)
    if wanted.people_from > 1:
        yield f"{wanted.people_from} people or more"
    if wanted.height_from > 0:
        yield f"{wanted.height_from:.0%} of the picture or taller"
    yield from described_words(wanted.described)
    yield from _ways(wanted)
    if wanted.windows:
        (begin, _), (_, end) = wanted.windows[-1], wanted.windows[0]
        yield f"in {len(wanted.windows)} parts of it, {_time(begin)} to {_time(end)}"
    if wanted.only_with_clip:
        yield "with a clip"
    if wanted.only_alerts:
        yield "in alerts"
    if wanted.before is not None:
        yield f"before {_time(wanted.before[0])}"


def _ways(wanted: SightingSearch) -> Iterator[str]:
    if wanted.way is not None:
        yield f"going {wanted.way}"
    if wanted.rode is not None:
        yield "riding" if wanted.rode else "on foot"
    if wanted.compass is not None:
        yield f"leaving {wanted.compass}"
    if wanted.towards:
        yield f"leaving towards {_points(wanted.towards)}"
    if wanted.towards_places:
        yield f"leaving towards {' '.join(str(one) for one in wanted.towards_places)}"


def _place(place: SearchPlace) -> Iterator[str]:
    if place.camera_ids:
        told = " ".join(str(one) for one in islice(place.camera_ids, CAMERAS_TOLD))
        yield f"cameras {told}"
    if place.area_id is not None:
        yield f"area {place.area_id}"
    if place.named:
        yield f"named {place.named!r}"
    for spot in place.spots:
        yield f"{'near' if spot.is_near else 'at'} {spot.key}"
    if place.near is not None:
        yield _shape(place.near)


def _shape(shape: Shape) -> str:
    match shape:
        case Circle(latitude_deg, longitude_deg, radius_m):
            return f"{radius_m:.0f} m round {latitude_deg:.5f} {longitude_deg:.5f}"
        case Street(points, reach_m):
            return f"{reach_m:.0f} m along {_points(points)}"
        case Ring(points):
            return f"inside {_points(points)}"


def _points(points: tuple[Point, ...]) -> str:
    return "; ".join(f"{one.latitude_deg:.5f} {one.longitude_deg:.5f}" for one in points)


def _time(utc_us: int) -> str:
    try:
        return f"{datetime.fromtimestamp(utc_us / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return str(utc_us)
