"""Places of a sentence: their names, the cameras there or near, and where they lie.

Everything comes from the cameras that the person may search: a place without one is not named.
"""

from collections.abc import Iterable, Sequence
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
        self._parents = area_parents(conn)

    def names(self) -> list[PlaceName]:
        """Areas with such a camera in or below them, then the cameras."""
        above = {area for row in self._rows for area in self._lineage(row.area_id)}
        named = self._conn.execute(select(areas.c.id, areas.c.name)).all()
        found = [PlaceName(row.id, row.name) for row in named if row.id in above]
        return found + [PlaceName(row.id, label_of(row), is_camera=True) for row in self._rows]

    def cameras_at(self, spots: Iterable[Spot]) -> set[UUID]:
        """Cameras at any of these spots."""
        found: set[UUID] = set()
        for spot in spots:
            there = self._there(spot.key)
            found.update(row.id for row in there)
            if spot.is_near:
                found.update(row.id for row in self._rows if _is_near(row, there))
        return found

    def points(self, keys: Sequence[UUID]) -> tuple[Point, ...]:
        """Where each lies: the middle of its cameras. One without a known position is left out."""
        found = []
        for key in keys:
            placed = [row for row in self._there(key) if row.latitude_deg is not None]
            if placed:
                latitude_deg = fmean(row.latitude_deg for row in placed)
                found.append(Point(latitude_deg, fmean(row.longitude_deg for row in placed)))
        return tuple(found)

    def _there(self, key: UUID) -> list[AnyRow]:
        return [row for row in self._rows if row.id == key or key in self._lineage(row.area_id)]

    def _lineage(self, area_id: UUID) -> list[UUID]:
        found: list[UUID] = []
        at: UUID | None = area_id
        while at is not None and at not in found:
            found.append(at)
            at = self._parents.get(at)
        return found


def _is_near(row: AnyRow, there: Sequence[AnyRow]) -> bool:
    metres = (distance(row, one) for one in there)
    return any(one is not None and one <= NEAR_M for one in metres)
