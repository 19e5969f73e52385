"""Places of a sentence: their names, the cameras there or near, and their positions.

Everything comes from the cameras that the person may search: a place without such a camera is not
named.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, product
from math import floor
from statistics import fmean
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.access.scope import visible_cameras
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment
from hub.registry.areas import area_parents
from hub.registry.neighbours import distance
from hub.registry.shapes import Point
from hub.registry.tables import areas, cameras, nodes
from hub.search.rules.chips import PlaceName
from hub.search.scope import RIGHTS, Spot, label_of

NEAR_M: Final = 300.0
"""Cameras so far from a camera of a place are near it."""
CELL_DEG: Final = 0.01
"""Wider than `NEAR_M` up to 74 degrees north or south."""


class SearchedPlaces:
    """The searched cameras with their areas and positions."""

    def __init__(self, conn: Connection, person_id: UUID, now: Moment) -> None:
        self._conn = conn
        scope = visible_cameras(person_id, RIGHTS, now).subquery("scope")
        query = (
            select(cameras.c.id, cameras.c.area_id, cameras.c.label, cameras.c.name)
            .add_columns(cameras.c.latitude_deg, cameras.c.longitude_deg)
            .add_columns(nodes.c.name.label("node"))
            .join(scope, scope.c.camera_id == cameras.c.id)
            .join(nodes, nodes.c.id == cameras.c.node_id)
        )
        self._rows = conn.execute(query).all()
        self._at = _by_place(self._rows, area_parents(conn))

    def names(self) -> list[PlaceName]:
        """Areas with such a camera in or below them, then the cameras."""
        named = self._conn.execute(select(areas.c.id, areas.c.name)).all()
        found = [PlaceName(row.id, row.name) for row in named if row.id in self._at]
        area = {row.id: row.name for row in named}
        return found + [
            PlaceName(row.id, label_of(row), is_camera=True, area=area[row.area_id])
            for row in self._rows
        ]

    def cameras_at(self, spots: Iterable[Spot]) -> set[UUID]:
        """Cameras at any of these spots."""
        there: set[UUID] = set()
        near: list[AnyRow] = []
        for spot in spots:
            rows = self._at.get(spot.key, ())
            there.update(row.id for row in rows)
            near += rows if spot.is_near else ()
        others = [row for row in self._rows if row.id not in there] if near else []
        return there | _near(others, near)

    def points(self, keys: Sequence[UUID]) -> tuple[Point, ...]:
        """Positions of these places: the middle of their cameras. A place without a known position
        is left out."""
        found = []
        for key in keys:
            placed = [row for row in self._at.get(key, ()) if row.latitude_deg is not None]
            if placed:
                latitude_deg = fmean(row.latitude_deg for row in placed)
                found.append(Point(latitude_deg, fmean(row.longitude_deg for row in placed)))
        return tuple(found)


def _by_place(
    rows: Sequence[AnyRow], parents: Mapping[UUID, UUID | None]
) -> dict[UUID, list[AnyRow]]:
    """The cameras of each area, in or below it, and each camera by its own id."""
    found: dict[UUID, list[AnyRow]] = {}
    for row in rows:
        at, above = row.area_id, {row.id}
        while at is not None and at not in above:
            above.add(at)
            at = parents.get(at)
        for key in above:
            found.setdefault(key, []).append(row)
    return found


def _near(rows: Sequence[AnyRow], there: Sequence[AnyRow]) -> set[UUID]:
    """The `rows` that are near any of `there`. Only the cells around each are compared: a province
    has ten thousand cameras."""
    cells: dict[tuple[int, int], list[AnyRow]] = {}
    for one in there:
        if one.latitude_deg is not None:
            cells.setdefault(_cell(one), []).append(one)
    found = set()
    for row in rows:
        if row.latitude_deg is not None:
            north, east = _cell(row)
            around = product((north - 1, north, north + 1), (east - 1, east, east + 1))
            if _is_near(row, chain.from_iterable(cells.get(cell, ()) for cell in around)):
                found.add(row.id)
    return found


def _is_near(row: AnyRow, there: Iterable[AnyRow]) -> bool:
    metres = (distance(row, one) for one in there)
    return any(one is not None and one <= NEAR_M for one in metres)


def _cell(row: AnyRow) -> tuple[int, int]:
    return floor(row.latitude_deg / CELL_DEG), floor(row.longitude_deg / CELL_DEG)
