"""Queries for people who look after cameras, each limited to what they may manage.

Only `hub.nodes.health.service` calls these; it adds the audit.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    exists,
    func,
    not_,
    or_,
    select,
)

from hub.access.rules.grants import Right
from hub.access.scope import (
    areas_to,
    tended_areas,
    tended_cameras,
    visible_to,
    visible_values,
)
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.nodes.health.views import CameraState, FateCount, LastRefusal, NodeState
from hub.nodes.spool.tables import dropped_numbers, events, missing_numbers
from hub.registry import health
from hub.registry.areas import camera_at, lineages, places
from hub.registry.condition import DOUBT_US, RANKS, node_condition
from hub.registry.condition_queries import IS_HEARD, condition_values, node_columns, node_facts
from hub.registry.tables import cameras, nodes, set_aside

DELAYED_US: Final = 600_000_000
"""Time for which delayed messages are shown after the last of them."""


def node_states(conn: Connection, person_id: UUID, now: Moment) -> list[NodeState]:
    """Nodes of this person's cameras and areas, by place and name."""
    mine = select(tended_cameras(person_id, now).subquery("mine").c.camera_id)
    here = select(cameras.c.node_id).where(cameras.c.id.in_(mine))
    is_mine = or_(nodes.c.id.in_(here), nodes.c.area_id.in_(tended_areas(person_id, now)))
    rows = conn.execute(select(nodes).where(is_mine).order_by(nodes.c.name)).all()
    eyes: dict[UUID, list[CameraState]] = {row.id: [] for row in rows}
    seen = conn.execute(select(cameras).where(cameras.c.id.in_(mine)))
    for row in sorted(seen, key=lambda row: by_name(row.label)):
        eyes[row.node_id].append(_camera_state(row))
    where = lineages(conn, {row.area_id for row in rows})
    said, counts, refusals = health.latest(conn), _counts(conn, now), _last_refusals(conn, now)
    states = [
        NodeState(
            node_id=row.id,
            name=row.name,
            lineage=tuple(where[row.area_id]),
            state=row.state,
            since_utc_us=row.state_since_utc_us,
            heard_utc_us=_latest(row.seen_utc_us, said.get(row.id)),
            software=row.software or "",
            is_doubled=row.rival_utc_us is not None and now.utc_us - row.rival_utc_us < DOUBT_US,
            cameras=tuple(eyes[row.id]),
            health=said.get(row.id),
            missing=counts["missing"].get(row.id, 0),
            refused=counts["refused"].get(row.name, 0),
            last_refusal=refusals.get(row.name),
            delayed=row.delayed_messages or 0 if _is_recent(row.delayed_utc_us, now) else 0,
            unrecorded_why=row.unrecorded_why,
            is_held_back=row.held_back_utc_us is not None
            and now.utc_us - row.held_back_utc_us < DOUBT_US,
            dropped=counts["dropped"].get(row.id, 0),
        )
        for row in rows
    ]
    return sorted(states, key=lambda one: (by_name(one.place), one.name))


def _is_recent(delayed_utc_us: int | None, now: Moment) -> bool:
    return delayed_utc_us is not None and now.utc_us - delayed_utc_us < DELAYED_US


def dark_cameras(conn: Connection, person_id: UUID, now: Moment) -> list[str]:
    """Cameras this person may see that deliver no picture now, each with its place."""
    values = {**visible_values(person_id, now), **condition_values(now)}
    rows = conn.execute(_DARK, values).all()
    where = places(conn, {row.area_id for row in rows}) if rows else {}
    return sorted((camera_at(row.label, where[row.area_id]) for row in rows), key=by_name)


def _dark() -> Select[str, UUID]:
    mine = select(visible_to(Right.SEE).subquery("mine").c.camera_id)
    is_dark = and_(nodes.c.state != "never", or_(cameras.c.is_lost.is_(True), not_(IS_HEARD)))
    return (
        select(cameras.c.label, cameras.c.area_id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .where(cameras.c.id.in_(mine), is_dark)
    )


_DARK: Final = _dark()  # built once: every inbox runs it


def troubled_nodes(conn: Connection, person_id: UUID, now: Moment) -> int:
    """Number of this person's nodes that need somebody to look at them; for the navigation."""
    values = {**visible_values(person_id, now), **condition_values(now)}
    judged = (
        node_condition(node_facts(row), lost=int(row.has_lost), now_utc_us=now.utc_us)
        for row in conn.execute(_TENDED, values)
    )
    return sum(RANKS[condition] > 0 for condition, _ in judged)


def _tended() -> AnySelect:
    """The nodes of `node_states`, with what their condition is judged by alone."""
    mine = select(visible_to(Right.MANAGE).cte("mine").c.camera_id)
    has_lost = exists().where(
        cameras.c.node_id == nodes.c.id, cameras.c.is_lost.is_(True), cameras.c.id.in_(mine)
    )
    here = select(cameras.c.node_id).where(cameras.c.id.in_(mine))
    return select(*node_columns(), has_lost.label("has_lost")).where(
        or_(nodes.c.id.in_(here), nodes.c.area_id.in_(areas_to(Right.MANAGE)))
    )


_TENDED: Final = _tended()  # built once: every page of a technician runs it


def fates(conn: Connection, node_ids: Iterable[UUID] | None = None) -> list[FateCount]:
    """Number of events by kind and result; every event has exactly one result.

    Refused messages were set aside and are counted by reason. None: of all nodes.
    """
    these = None if node_ids is None else list(node_ids)
    stored = select(events.c.kind, events.c.fate, func.count()).group_by(
        events.c.kind, events.c.fate
    )
    aside = select(set_aside.c.reason, func.count(set_aside.c.event_id.distinct())).where(
        set_aside.c.event_id.is_not(None)
    )
    if these is not None:
        names = select(nodes.c.name).where(nodes.c.id.in_(these))
        stored = stored.where(events.c.node_id.in_(these))
        aside = aside.where(set_aside.c.node_name.in_(names))
    found = [FateCount(kind, fate, n) for kind, fate, n in conn.execute(stored)]
    refused = conn.execute(aside.group_by(set_aside.c.reason))
    found += [FateCount(reason, "refused", n) for reason, n in refused]
    return sorted(found, key=lambda one: (one.fate, one.kind))


def _camera_state(row: AnyRow) -> CameraState:
    return CameraState(
        row.id, row.label, bool(row.is_lost), row.lost_reason or "", row.state_since_utc_us
    )


def _latest(seen_utc_us: int | None, said: health.LastHealth | None) -> int | None:
    told = [at for at in (seen_utc_us, said.received_utc_us if said else None) if at is not None]
    return max(told) if told else None


def _counts(conn: Connection, now: Moment) -> dict[str, dict[UUID | str, int]]:
    """By node: numbers missing and dropped; by node name: messages refused within a day."""

    def sum_by_node(table: Table) -> dict[UUID | str, int]:
        span = func.sum(table.c.last_seq - table.c.first_seq + 1)
        query = select(table.c.node_id, span).group_by(table.c.node_id)
        return {node_id: int(n) for node_id, n in conn.execute(query)}

    refused = select(set_aside.c.node_name, func.count()).group_by(set_aside.c.node_name)
    return {
        "missing": sum_by_node(missing_numbers),
        "dropped": sum_by_node(dropped_numbers),
        "refused": {name: int(n) for name, n in conn.execute(refused.where(_lately(now)))},
    }


def _last_refusals(conn: Connection, now: Moment) -> dict[str, LastRefusal]:
    """Last refusal within a day, by node name."""
    newest = (
        select(set_aside.c.node_name, func.max(set_aside.c.received_utc_us).label("at"))
        .where(_lately(now), set_aside.c.node_name.is_not(None))
        .group_by(set_aside.c.node_name)
        .subquery("newest")
    )
    is_it = and_(
        set_aside.c.node_name == newest.c.node_name, set_aside.c.received_utc_us == newest.c.at
    )
    query = (
        select(set_aside.c.node_name, set_aside.c.reason, set_aside.c.received_utc_us)
        .join(newest, is_it)
        .order_by(set_aside.c.id)
    )
    return {name: LastRefusal(reason, at) for name, reason, at in conn.execute(query)}


def _lately(now: Moment) -> ColumnElement[bool]:
    return set_aside.c.received_utc_us > now.utc_us - DOUBT_US
