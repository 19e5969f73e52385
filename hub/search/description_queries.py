"""Conditions of a search by description, and by compass direction, in SQL."""

from collections.abc import Collection, Mapping, Sequence
from itertools import product
from typing import Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, func, literal_column, or_, select

from hub.alerting.alerts.tables import COMMON_COLOURS, GROUPS, sightings
from hub.base.db.columns import AnyRow
from hub.registry.neighbours import Position, distance
from hub.registry.passing import (
    AHEAD_DEG,
    POINTS,
    SAME_PLACE_M,
    SIDES,
    Side,
    apart,
    bearing_to,
    heading,
)
from hub.registry.shapes import Point
from hub.registry.tables import cameras
from hub.search.rules.description import Colours, Described

LOOKED_AT: Final = 1000
"""Number of the latest described sightings from which the offered chips are taken."""
LATEST: Final = 20_000
"""Sightings of the town among which a described one is searched."""
FEW_CAMERAS: Final = 50
"""The sightings of so few may all be older than the latest ones of a town."""
GROUP_FROM: Final = 3
"""Number of people as in `GROUPS`."""
BESIDE_DEG: Final = 45.0
"""The sides of a picture are 90 degrees apart: each direction has a nearest one."""


def described(wanted: Described) -> list[ColumnElement[bool]]:
    """SQL conditions on a row of `sightings`."""
    c = sightings.c
    found: list[ColumnElement[bool]] = []
    if wanted.needs_description:  # worded like the partial indexes, so that they are used
        found.append(c.is_described.is_not(None))
    upper, lower = (c.upper_colour, c.upper_colour_2), (c.lower_colour, c.lower_colour_2)
    on = (c.transport_colour, c.transport_colour_2)
    found += [_has(upper, colours) for colours in wanted.upper]
    found += [_has(lower, colours) for colours in wanted.lower]
    found += [_has(upper + lower, colours) for colours in wanted.clothes]
    found += [_has(on, colours) for colours in wanted.transport_colours]
    if wanted.transport:
        found.append(c.transport.in_(sorted(wanted.transport)))
    if wanted.people is not None:
        found.append(func.coalesce(c.group_people, c.people).between(*wanted.people))
    if is_group(wanted):  # as above
        found.append(literal_column(GROUPS))
    if wanted.height_cm is not None:
        found.append(c.height_cm.between(*wanted.height_cm))
    if wanted.speed is not None:
        found.append(c.speed == wanted.speed)
    return found


def _has(columns: Sequence[Column[int]], colours: Colours) -> ColumnElement[bool]:
    return or_(*(column.in_(sorted(colours)) for column in columns))


def is_group(wanted: Described) -> bool:
    """True if an index of its own holds every sighting with so many people."""
    return wanted.people is not None and wanted.people[0] >= GROUP_FROM


def rare_leads(wanted: Described) -> list[tuple[Column[int], str]]:
    """Columns and colours of a part of the description that only rare colours match: each sighting
    that matches has one of them. Empty if there is no such part."""
    c = sightings.c
    upper, lower = (c.upper_colour, c.upper_colour_2), (c.lower_colour, c.lower_colour_2)
    on = (c.transport_colour, c.transport_colour_2)
    parts = [
        (columns, colours)
        for columns, sets in (
            (upper, wanted.upper),
            (lower, wanted.lower),
            (on, wanted.transport_colours),
            (upper + lower, wanted.clothes),
        )
        for colours in sets
        if colours.isdisjoint(COMMON_COLOURS)
    ]
    if not parts:
        return []
    columns, colours = min(parts, key=lambda part: len(part[0]) * len(part[1]))
    return list(product(columns, sorted(colours)))


def sides_by_camera(
    conn: Connection,
    camera_ids: Collection[UUID],
    *,
    compass: str | None,
    towards: Sequence[Point] | None,
) -> dict[UUID, frozenset[Side]]:
    """Sides of each camera's picture by which a person leaves in that compass direction, and
    towards any of these points (None: anywhere; empty: towards a place without a position): none
    if no side leads there. A camera without a stored bearing (or position) is left out."""
    query = select(
        cameras.c.id, cameras.c.latitude_deg, cameras.c.longitude_deg, cameras.c.bearing_deg
    ).where(cameras.c.bearing_deg.is_not(None))
    found: dict[UUID, frozenset[Side]] = {}
    for row in conn.execute(query):
        if row.id not in camera_ids:
            continue
        if towards is None or any(distance(row, point) is not None for point in towards):
            there = _directions(row, towards)
            found[row.id] = frozenset(
                side
                for side in SIDES
                if _leads(side, row.bearing_deg, compass=compass, towards_deg=there)
            )
    return found


def _directions(here: Position, towards: Sequence[Point] | None) -> list[float] | None:
    """Compass directions of these points; a point where the camera stands lies in none."""
    if towards is None:
        return None
    away = (point for point in towards if (distance(here, point) or 0) > SAME_PLACE_M)
    return [one for one in (bearing_to(here, point) for point in away) if one is not None]


def _leads(
    side: Side, bearing_deg: float, *, compass: str | None, towards_deg: list[float] | None
) -> bool:
    leaves_deg = heading(side, bearing_deg)
    if leaves_deg is None:
        return False
    if compass is not None and apart(leaves_deg, POINTS.index(compass) * 45) > BESIDE_DEG:
        return False
    return towards_deg is None or any(apart(leaves_deg, one) <= AHEAD_DEG for one in towards_deg)


def is_any_described(conn: Connection) -> bool:
    """True if any of the town's latest sightings was described."""
    c = sightings.c
    latest = select(c.is_described).order_by(c.first_seen_utc_us.desc()).limit(LATEST).subquery()
    query = select(latest.c.is_described).where(latest.c.is_described.is_not(None))
    return conn.execute(query.limit(1)).first() is not None


def recent_looks(conn: Connection, reach: Mapping[UUID, int]) -> list[AnyRow]:
    """Colours and vehicles of the latest described sightings of these cameras, each as far back as
    it may be searched."""
    c = sightings.c
    query = (
        select(c.camera_id, c.first_seen_utc_us, c.upper_colour, c.lower_colour, c.transport)
        .where(c.is_described.is_not(None))
        .order_by(c.first_seen_utc_us.desc())
        .limit(LOOKED_AT)
    )
    if len(reach) <= FEW_CAMERAS:
        query = query.where(c.camera_id.in_(reach))
    return [
        row
        for row in conn.execute(query)
        if row.camera_id in reach and row.first_seen_utc_us >= reach[row.camera_id]
    ]
