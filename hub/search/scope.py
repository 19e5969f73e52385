"""Cameras of a sighting search: those the person may search, limited to a place.

The scope predicate applies first; a place only removes cameras from its result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import CTE, Connection, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.moment import Moment
from hub.base.text.normalize import fold
from hub.base.text.order import by_name
from hub.registry.areas import camera_at, places
from hub.registry.shapes import Point, Shape, beyond_m
from hub.registry.tables import areas, cameras, nodes

RIGHTS: Final = Right.SEARCH


@dataclass(frozen=True, slots=True)
class Spot:
    """A place or camera of a sentence, and whether cameras near it count too."""

    key: UUID
    is_near: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlace:
    """Place of a search; an empty field removes nothing."""

    camera_ids: tuple[UUID, ...] = ()
    area_id: UUID | None = None
    """With everything below it."""
    near: Shape | None = None
    named: str = ""
    """A part of the camera's name or place, with or without diacritics."""
    spots: tuple[Spot, ...] = ()
    """At any of these."""


@dataclass(frozen=True, slots=True)
class NearestCamera:
    """The nearest searchable camera to a shape that contains none."""

    camera_id: UUID
    label: str
    """With its place."""
    beyond_m: float


@dataclass(frozen=True, slots=True)
class SearchScope:
    """The cameras to search, and how far back each may be searched (0: no limit)."""

    reach: dict[UUID, int]
    nearest: NearestCamera | None = None
    unplaced: frozenset[UUID] = frozenset()
    """Cameras without a noted position, if a shape is searched: it may contain them."""


def meant_cameras(
    conn: Connection, person_id: UUID, place: SearchPlace, now: Moment
) -> SearchScope:
    """The cameras of this place that the person may search now, and how far back."""
    scope = visible_cameras(person_id, RIGHTS, now).subquery("scope")
    query: AnySelect = select(scope.c.camera_id, scope.c.from_utc_us)
    # A province has ten thousand rows: only the columns that the place needs are read.
    if place.area_id is not None or place.near is not None or place.named:
        query = query.join(cameras, cameras.c.id == scope.c.camera_id)
    if place.near is not None:
        query = query.add_columns(cameras.c.latitude_deg, cameras.c.longitude_deg)
    if place.named:
        query = _with_names(query).add_columns(cameras.c.area_id)
    if place.camera_ids:
        query = query.where(scope.c.camera_id.in_(place.camera_ids))
    if place.area_id is not None:
        below = _below(place.area_id)
        query = query.where(cameras.c.area_id.in_(select(below.c.id)))
    rows = _named(conn, conn.execute(query).all(), place.named)
    if place.near is None:
        return SearchScope({row.camera_id: row.from_utc_us for row in rows})
    beyond = {row: _beyond_m(row, place.near) for row in rows if row.latitude_deg is not None}
    inside = {row.camera_id: row.from_utc_us for row, metres in beyond.items() if metres == 0}
    unplaced = frozenset(row.camera_id for row in rows if row.latitude_deg is None)
    if inside or not beyond:
        return SearchScope(inside, unplaced=unplaced)
    row = min(beyond, key=lambda one: (beyond[one], one.camera_id))
    named = _with_names(select(cameras.c.area_id)).where(cameras.c.id == row.camera_id)
    found = conn.execute(named).one()
    label = camera_at(label_of(found), places(conn, [found.area_id])[found.area_id])
    return SearchScope({}, NearestCamera(row.camera_id, label, beyond[row]), unplaced)


def searched(conn: Connection, person_id: UUID, now: Moment) -> dict[UUID, int]:
    """The cameras that the person may search now, and how far back."""
    rows = conn.execute(visible_cameras(person_id, RIGHTS, now))
    return {row.camera_id: row.from_utc_us for row in rows}


def searched_areas(conn: Connection, person_id: UUID, now: Moment) -> list[tuple[UUID, str]]:
    """Areas with a searchable camera in or below them, by path."""
    scope = visible_cameras(person_id, RIGHTS, now).subquery("scope")
    stack = set(
        conn.scalars(
            select(cameras.c.area_id).join(scope, scope.c.camera_id == cameras.c.id).distinct()
        )
    )
    parents = {row.id: row.parent_id for row in conn.execute(select(areas.c.id, areas.c.parent_id))}
    found: set[UUID] = set()
    while stack:
        area_id = stack.pop()
        found.add(area_id)
        parent = parents.get(area_id)
        if parent is not None and parent not in found:
            stack.add(parent)
    return sorted(places(conn, found).items(), key=lambda one: by_name(one[1]))


def _with_names(query: AnySelect) -> AnySelect:
    """Add the camera names to a query."""
    return query.add_columns(cameras.c.label, cameras.c.name, nodes.c.name.label("node")).join(
        nodes, nodes.c.id == cameras.c.node_id
    )


def label_of(row: AnyRow) -> str:
    """The camera's label, or else the node's name for it."""
    return row.label or f"{row.node}/{row.name}"


def _named(conn: Connection, rows: Sequence[AnyRow], named: str) -> Sequence[AnyRow]:
    wanted = fold(named)
    if not wanted:
        return rows
    where = places(conn, {row.area_id for row in rows})
    return [row for row in rows if wanted in fold(f"{label_of(row)} {where[row.area_id]}")]


def _beyond_m(row: AnyRow, near: Shape) -> float:
    return beyond_m(near, Point(row.latitude_deg, row.longitude_deg))


def _below(area_id: UUID) -> CTE:
    below = select(areas.c.id).where(areas.c.id == area_id).cte("searched_below", recursive=True)
    return below.union(select(areas.c.id).join(below, areas.c.parent_id == below.c.id))
