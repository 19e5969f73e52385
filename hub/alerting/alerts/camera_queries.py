"""Queries for one camera's page and for the map of cameras; each limited to a scope.

The services that call these add the audit.
"""

from dataclasses import dataclass
from math import cos, radians
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_to, visible_values
from hub.alerting.alerts.queries import alert_rows
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.scope import IS_TROUBLE, seen_alerts
from hub.alerting.alerts.tables import alerts
from hub.alerting.alerts.views import AlertRow, SeenCamera
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.registry.areas import places
from hub.registry.condition_queries import condition_of, condition_values, node_columns
from hub.registry.neighbours import NEAR_M, CameraSpot, NearbyCamera, neighbours
from hub.registry.tables import cameras, nodes

RECENT: Final = 20


@dataclass(frozen=True, slots=True)
class CameraPage:
    """One camera: its state, its events, and cameras near it."""

    camera: SeenCamera
    alerts: list[AlertRow]
    near: list[tuple[SeenCamera, NearbyCamera]]


def seen_cameras(conn: Connection, person_id: UUID, now: Moment) -> list[SeenCamera]:
    """Every camera this person may see, by place and name."""
    rows = _rows(conn, person_id, now)
    where = places(conn, {row.area_id for row in rows})
    found = [_camera(row, where, now) for row in rows]
    return sorted(found, key=lambda one: (by_name(one.place), by_name(one.label)))


def near(
    conn: Connection, person_id: UUID, camera_id: UUID, now: Moment
) -> list[tuple[SeenCamera, NearbyCamera]]:
    """Cameras near this one that the person may also see."""
    own = conn.execute(select(cameras).where(cameras.c.id == camera_id)).first()
    if own is None:
        return []
    return around(conn, person_id, _spot(own), now)


def around(
    conn: Connection, person_id: UUID, spot: CameraSpot, now: Moment
) -> list[tuple[SeenCamera, NearbyCamera]]:
    """Cameras near a place that the person may see, without the place's own camera."""
    rows = {row.id: row for row in _rows(conn, person_id, now, _is_around(spot))}
    found = neighbours(spot, [_spot(row) for row in rows.values()])
    where = places(conn, {rows[one.camera_id].area_id for one in found})
    return [(_camera(rows[one.camera_id], where, now), one) for one in found]


def camera_page(
    conn: Connection, person_id: UUID, camera_id: UUID, now: Moment
) -> CameraPage | None:
    """One camera, if this person may see it."""
    found = _rows(conn, person_id, now, cameras.c.id == camera_id)
    if not found:
        return None
    (row,) = found
    recent = alert_rows(
        conn,
        person_id,
        alerts.c.camera_id == camera_id,
        newest_by=alerts.c.raised_utc_us,
        now=now,
        limit=RECENT,
    )
    return CameraPage(
        camera=_camera(row, places(conn, {row.area_id}), now),
        alerts=recent,
        near=near(conn, person_id, camera_id, now),
    )


def _is_around(own: CameraSpot) -> ColumnElement[bool]:
    """A box around all neighbours, so that the query does not read a whole province for one
    street."""
    same: ColumnElement[bool] = cameras.c.area_id == own.area_id
    if own.latitude_deg is None or own.longitude_deg is None:
        return same
    north, east = NEAR_M / 111_000, NEAR_M / 111_000 / max(0.01, cos(radians(own.latitude_deg)))
    box = and_(
        cameras.c.latitude_deg.between(own.latitude_deg - north, own.latitude_deg + north),
        cameras.c.longitude_deg.between(own.longitude_deg - east, own.longitude_deg + east),
    )
    return or_(same, box)


def _query() -> AnySelect:
    """Cameras visible to the person bound as a parameter; built once."""
    scope = visible_to(Right.SEE).subquery("scope")
    running = (
        select(alerts.c.camera_id, func.count().label("n"))
        .join(scope, seen_alerts(scope))
        .where(alerts.c.state == AlertState.OPEN, ~IS_TROUBLE)
        .group_by(alerts.c.camera_id)
        .subquery("running")
    )
    return (
        select(
            cameras,
            *node_columns(),
            func.coalesce(running.c.n, 0).label("open_alerts"),
        )
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .join(scope, scope.c.camera_id == cameras.c.id)
        .outerjoin(running, running.c.camera_id == cameras.c.id)
        .order_by(cameras.c.id)
    )


_SEEN: Final = _query()


def _rows(
    conn: Connection, person_id: UUID, now: Moment, *conditions: ColumnElement[bool]
) -> list[AnyRow]:
    query = _SEEN.where(*conditions) if conditions else _SEEN
    values = {**visible_values(person_id, now), **condition_values(now)}
    return list(conn.execute(query, values))


def _camera(row: AnyRow, where: dict[UUID, str], now: Moment) -> SeenCamera:
    return from_row(
        SeenCamera,
        row,
        camera_id=row.id,
        place=where[row.area_id],
        condition=condition_of(row, now),
    )


def _spot(row: AnyRow) -> CameraSpot:
    return from_row(CameraSpot, row, camera_id=row.id)
