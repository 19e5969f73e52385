"""Queries for the page of holds and rules, each limited to a scope; only its service calls them."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Select, Uuid, and_, bindparam, exists, func, or_, select

from hub.access.rules.grants import Right
from hub.access.scope import (
    tended_area_ids,
    tended_areas,
    tends_area,
    visible_cameras,
    visible_to,
    visible_values,
)
from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.footage.retention.rows import held
from hub.footage.retention.tables import holds, node_holds, retention_rules
from hub.footage.retention.views import HeldRow, RetentionChoice, RetentionPage, RetentionRuleRow
from hub.footage.tables import media
from hub.registry.areas import places
from hub.registry.tables import areas, cameras, nodes

SHOWN_AT_MOST: Final = 200


def theirs(person_id: UUID, now: Moment) -> Select[UUID, int]:
    """Rows of (camera_id, from_utc_us): cameras that the person may manage or export from, and from
    when the right covers recordings."""
    return _widest(
        visible_cameras(person_id, Right.MANAGE, now),
        visible_cameras(person_id, Right.EXPORT, now),
    )


def _widest(managed: Select[UUID, int], exported: Select[UUID, int]) -> Select[UUID, int]:
    both = managed.union_all(exported).subquery("managed_or_exported")
    widest = func.min(both.c.from_utc_us).label("from_utc_us")
    return select(both.c.camera_id, widest).group_by(both.c.camera_id)


def holds_any(conn: Connection, person_id: UUID, now: Moment) -> bool:
    """True if they may hold footage of any camera, or set any rule."""
    if tends_area(conn, person_id, now):
        return True
    return conn.execute(theirs(person_id, now).limit(1)).first() is not None


def is_area_theirs(conn: Connection, person_id: UUID, area_id: UUID, now: Moment) -> bool:
    """True if the person manages this area."""
    mine = tended_areas(person_id, now).subquery("mine")
    return conn.scalar(select(mine.c.area_id).where(mine.c.area_id == area_id).limit(1)) is not None


def is_alert_theirs(conn: Connection, person_id: UUID, alert_id: UUID, now: Moment) -> bool:
    """True if the person may hold the footage of this alert."""
    asked = {**visible_values(person_id, now), "alert_id": alert_id}
    return conn.scalar(_ALERT_THEIRS, asked) is not None


def _alert_theirs() -> Select[UUID]:
    scope = _widest(visible_to(Right.MANAGE), visible_to(Right.EXPORT)).subquery("scope")
    return (
        select(alerts.c.id)
        .join(
            scope,
            and_(
                alerts.c.camera_id == scope.c.camera_id,
                scope.c.from_utc_us <= alerts.c.began_utc_us,
            ),
        )
        .where(alerts.c.id == bindparam("alert_id", type_=Uuid))
    )


_ALERT_THEIRS: Final = _alert_theirs()  # built once: every alert page runs it


def one_hold(conn: Connection, person_id: UUID, hold_id: UUID, now: Moment) -> AnyRow | None:
    """An active hold of a camera that the person may manage or export from."""
    return conn.execute(_held(person_id, now).where(holds.c.id == hold_id)).first()


def page(conn: Connection, person_id: UUID, now: Moment) -> RetentionPage:
    """The data of the whole page."""
    rows = conn.execute(
        _held(person_id, now)
        .order_by(holds.c.case_number, holds.c.placed_utc_us, holds.c.id)
        .limit(SHOWN_AT_MOST)
    ).all()
    scope = theirs(person_id, now).subquery("scope")
    seen = conn.execute(
        select(cameras.c.id, cameras.c.label, cameras.c.name, cameras.c.area_id)
        .add_columns(nodes.c.name.label("node"))
        .join(scope, scope.c.camera_id == cameras.c.id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
    ).all()
    tended = tended_area_ids(conn, person_id, now)
    rules = _rules(conn, {row.area_id for row in seen} | tended)
    where = places(
        conn,
        {row.area_id for row in (*rows, *seen)}
        | tended
        | {row.area_id for row in rules if row.area_id is not None},
    )
    return RetentionPage(
        holds=[_held_row(conn, row, where) for row in rows],
        rules=[
            from_row(
                RetentionRuleRow,
                row,
                place=where.get(row.area_id, ""),
                is_theirs=row.area_id in tended,
            )
            for row in rules
        ],
        cameras=sorted(
            (
                RetentionChoice(
                    row.id, f"{row.label or f'{row.node}/{row.name}'} · {where[row.area_id]}"
                )
                for row in seen
            ),
            key=lambda one: by_name(one.label),
        ),
        areas=sorted(
            (RetentionChoice(one, where[one]) for one in tended), key=lambda one: by_name(one.label)
        ),
    )


def _held(person_id: UUID, now: Moment) -> AnySelect:
    """Active holds of their cameras; of a hold before the start of their right, only its
    existence."""
    scope = theirs(person_id, now).subquery("scope")
    camera_id = func.coalesce(holds.c.camera_id, media.c.camera_id, alerts.c.camera_id)
    at_node = select(func.sum(node_holds.c.files)).where(node_holds.c.hold_id == holds.c.id)
    return (
        select(holds, cameras.c.label, cameras.c.name, cameras.c.area_id)
        .add_columns(
            people.c.name.label("placed_by_name"),
            at_node.scalar_subquery().label("node_files"),
            func.coalesce(
                holds.c.from_utc_us, media.c.first_frame_utc_us, alerts.c.began_utc_us
            ).label("began_utc_us"),
        )
        .outerjoin(media, media.c.id == holds.c.media_id)
        .outerjoin(alerts, alerts.c.id == holds.c.alert_id)
        .join(cameras, cameras.c.id == camera_id)
        .join(scope, scope.c.camera_id == cameras.c.id)
        .outerjoin(people, people.c.id == holds.c.placed_by)
        .where(holds.c.ended_utc_us.is_(None))
    )


def _held_row(conn: Connection, row: AnyRow, where: dict[UUID, str]) -> HeldRow:
    count, size_bytes = conn.execute(
        select(func.count(media.c.id), func.coalesce(func.sum(media.c.size_bytes), 0)).where(
            media.c.stored_utc_us.is_not(None), held(holds.c.id == row.id)
        )
    ).one()
    return from_row(
        HeldRow,
        row,
        hold_id=row.id,
        camera_label=row.label or row.name,
        place=where[row.area_id],
        of="media" if row.media_id else "alert" if row.alert_id else "camera",
        from_utc_us=row.began_utc_us,
        files=count,
        size_bytes=int(size_bytes),
        node_files=None if row.node_files is None else int(row.node_files),
    )


def _rules(conn: Connection, area_ids: set[UUID]) -> list[AnyRow]:
    """Active rules for these areas: their own, those above, and the one for everywhere."""
    start = select(areas.c.id, areas.c.parent_id).where(areas.c.id.in_(area_ids))
    above = start.cte("kept_above", recursive=True)
    above = above.union(
        select(areas.c.id, areas.c.parent_id).join(above, areas.c.id == above.c.parent_id)
    )
    counts = or_(
        retention_rules.c.area_id.is_(None),
        exists().where(above.c.id == retention_rules.c.area_id),
    )
    query = (
        select(retention_rules)
        .where(retention_rules.c.ended_utc_us.is_(None), counts)
        .order_by(retention_rules.c.made_utc_us)
    )
    return list(conn.execute(query))
