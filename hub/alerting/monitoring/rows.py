"""Liveness of nodes and cameras from the database, and troubles as alerts that grow and end.

`hub.alerting.monitoring.rules.troubles` decides; everything here works in the caller's transaction,
so that two hubs, or a restarted one, raise nothing twice.
"""

from collections.abc import Collection
from typing import assert_never
from uuid import UUID

from sqlalchemy import Connection, select, update

from hub.alerting.alerts.rows import NewAlert, change_alert, note_history, raise_alert
from hub.alerting.alerts.rules.kinds import KINDS, TROUBLES, About, Kind
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alerts, trouble_cameras, troubles
from hub.alerting.monitoring.rules.liveness import (
    BrokerLiveness,
    CameraLiveness,
    LivenessFacts,
    NodeLiveness,
    Thresholds,
)
from hub.alerting.monitoring.rules.troubles import (
    Step,
    Trouble,
    TroubleChanged,
    TroubleOver,
    TroubleRaised,
    decide,
)
from hub.alerting.notifications import recipients
from hub.alerting.notifications.reopening import open_again
from hub.alerting.routing import rows as routing_rows
from hub.alerting.routing.rules import Urgency
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.db.statements import add_all_once
from hub.base.moment import Moment
from hub.registry.tables import areas, cameras, node_health, nodes


def look(
    conn: Connection, broker: BrokerLiveness, bounds: Thresholds, *, now: Moment
) -> list[Step]:
    """Steps that the current signs require; writes nothing."""
    running = running_troubles(conn)
    if broker.are_all_heard and not running and not _is_anything_dark(conn, bounds, now=now):
        return []  # the usual case
    return decide(liveness_facts(conn, broker), running, bounds, now_utc_us=now.utc_us)


def act(conn: Connection, step: Step, *, now: Moment) -> None:
    """Write a step: the alert, its cameras, and the notifications."""
    match step:
        case TroubleRaised():
            _raise(conn, step, now)
        case TroubleChanged(alert_id, dark):
            _change(conn, alert_id, dark, now)
        case TroubleOver(alert_id, is_told):
            _end(conn, alert_id, now, is_told=is_told)
        case _:
            assert_never(step)


def liveness_facts(conn: Connection, broker: BrokerLiveness) -> LivenessFacts:
    """Every camera, and every node that was ever online and has a camera."""
    above = {row.id: row.parent_id for row in conn.execute(select(areas.c.id, areas.c.parent_id))}
    eyes = conn.execute(select(cameras)).all()
    seeing = {row.node_id for row in eyes}
    heard = conn.execute(
        select(nodes, node_health.c.received_utc_us.label("heard_utc_us"))
        .outerjoin(node_health, node_health.c.node_id == nodes.c.id)
        .where(nodes.c.state != "never")
    ).all()
    return LivenessFacts(
        broker=broker,
        nodes=[_node_signs(row, above) for row in heard if row.id in seeing],
        cameras=[
            CameraLiveness(row.id, row.node_id, bool(row.is_lost), row.state_since_utc_us)
            for row in eyes
        ],
    )


def running_troubles(conn: Connection) -> list[Trouble]:
    """Troubles that are not over, with their units; a trouble of a kind that this version does not
    know is left to the newer process that raised it."""
    running = (
        select(troubles, alerts.c.zone)
        .join(alerts, alerts.c.id == troubles.c.alert_id)
        .where(troubles.c.over_utc_us.is_(None), troubles.c.kind.in_(sorted(TROUBLES)))
    )
    rows = conn.execute(running).all()
    members: dict[UUID, list[AnyRow]] = {row.alert_id: [] for row in rows}
    query = (
        select(trouble_cameras, cameras.c.node_id)
        .join(cameras, cameras.c.id == trouble_cameras.c.camera_id)
        .where(trouble_cameras.c.alert_id.in_(list(members)))
    )
    for row in conn.execute(query) if members else ():
        members[row.alert_id].append(row)
    return [_trouble(row, members[row.alert_id]) for row in rows]


def _is_anything_dark(conn: Connection, bounds: Thresholds, *, now: Moment) -> bool:
    lost = select(cameras.c.id).where(cameras.c.is_lost.is_(True))
    gone = select(nodes.c.id).where(nodes.c.state == "offline")
    silent_from = now.plus_s(-bounds.node_unheard_after_s).utc_us
    unheard = select(node_health.c.node_id).where(node_health.c.received_utc_us < silent_from)
    rival_from = now.plus_s(-bounds.rival_over_after_s).utc_us
    rival = select(nodes.c.id).where(nodes.c.rival_utc_us > rival_from)
    held_from = now.plus_s(-bounds.held_back_over_after_s).utc_us
    held = select(nodes.c.id).where(nodes.c.held_back_utc_us > held_from)
    blind = select(nodes.c.id).where(nodes.c.unrecorded_utc_us.is_not(None))
    signs = (lost, gone, unheard, rival, held, blind)
    return any(conn.scalar(one.limit(1)) is not None for one in signs)


def _node_signs(row: AnyRow, above: dict[UUID, UUID | None]) -> NodeLiveness:
    path: list[UUID] = []
    here: UUID | None = row.area_id
    while here is not None and here not in path:
        path.append(here)
        here = above.get(here)
    return from_row(
        NodeLiveness,
        row,
        node_id=row.id,
        area_ids=tuple(path),
        is_online=row.state == "online",
        since_utc_us=row.state_since_utc_us,
    )


def _trouble(row: AnyRow, members: Collection[AnyRow]) -> Trouble:
    kind = KINDS[row.kind]
    unit = "camera_id" if kind.entry.about is About.CAMERA else "node_id"
    return Trouble(
        alert_id=row.alert_id,
        kind=kind,
        units=frozenset(getattr(one, unit) for one in members),
        dark=frozenset(getattr(one, unit) for one in members if one.is_dark),
        node_id=row.node_id,
        area_id=row.area_id,
        broker=row.zone or "",
    )


def _cameras_of(conn: Connection, kind: Kind, units: Collection[UUID]) -> list[UUID]:
    is_of_cameras = kind.entry.about is About.CAMERA
    column = cameras.c.id if is_of_cameras else cameras.c.node_id
    query = select(cameras.c.id).where(column.in_(list(units))).order_by(cameras.c.id)
    return list(conn.scalars(query))


def _raise(conn: Connection, step: TroubleRaised, now: Moment) -> None:
    dark = _cameras_of(conn, step.kind, step.dark)
    began = Moment(step.since_utc_us, now.error_ms)
    alert = NewAlert(
        alert_id=new_id(now),
        camera_id=dark[0],
        kind=step.kind.value,
        people=len(step.dark),
        clock_source="ntp" if now.error_ms is not None else "none",  # of the hub's clock
        began=began,
        confirmed=now,
        zone=step.broker or None,
        is_critical=step.kind.entry.is_critical or _is_urgent(conn, step.kind, dark, now),
    )
    raise_alert(conn, alert, reason="no sign of life", now=now)
    boot_id = conn.scalar(select(nodes.c.boot_id).where(nodes.c.id == step.node_id))
    conn.execute(
        troubles.insert().values(
            alert_id=alert.alert_id,
            kind=step.kind.value,
            node_id=step.node_id,
            area_id=step.area_id,
            boot_id=boot_id,
        )
    )
    _note_members(conn, alert.alert_id, dark)
    recipients.enqueue(conn, alert_id=alert.alert_id, camera_id=dark[0], moment="opened", now=now)


def _is_urgent(conn: Connection, kind: Kind, dark: Collection[UUID], now: Moment) -> bool:
    """Whether the town's rules make it critical for any camera that is down."""
    told = (routing_rows.routing_decision(conn, one, kind.value, (), at=now) for one in dark)
    return any(one.urgency is Urgency.CRITICAL for one in told)


def _note_members(conn: Connection, alert_id: UUID, dark: Collection[UUID]) -> bool:
    """Add these cameras to the trouble; True if it never had one of them before."""
    rows = [{"alert_id": alert_id, "camera_id": one, "is_dark": True} for one in dark]
    return add_all_once(conn, trouble_cameras, rows) > 0


def _change(conn: Connection, alert_id: UUID, dark: frozenset[UUID], now: Moment) -> None:
    this = select(alerts.c.kind, alerts.c.people, alerts.c.state, alerts.c.camera_id)
    kind_now, before, state, camera_id = conn.execute(this.where(alerts.c.id == alert_id)).one()
    kind = KINDS[kind_now]
    there = _cameras_of(conn, kind, dark)
    has_joined = _note_members(conn, alert_id, there)
    mine = trouble_cameras.c.alert_id == alert_id
    is_dark = trouble_cameras.c.camera_id.in_(there)
    conn.execute(update(trouble_cameras).where(mine).values(is_dark=is_dark))
    if before != len(dark):
        note_history(conn, alert_id, act="dark", detail=f"{before} → {len(dark)}", now=now)
    values: dict[str, object] = {"people": len(dark), **columns("last_seen", now)}
    if there and camera_id not in there:  # the alert names a camera that is lost
        values["camera_id"] = camera_id = there[0]
    is_closed = not AlertState(state).is_running
    if has_joined and is_closed:  # whoever closed it did not know of this loss
        open_again(conn, alert_id, values, now=now)
    else:
        change_alert(conn, alert_id, values, now=now)
    if has_joined and state != AlertState.TAKEN:
        _tell_of_more(conn, alert_id, camera_id, is_closed=is_closed, now=now)


def _tell_of_more(
    conn: Connection, alert_id: UUID, camera_id: UUID, *, is_closed: bool, now: Moment
) -> None:
    """Notify the keepers of the further cameras; if the alert was closed, all others again too."""
    recipients.enqueue(conn, alert_id=alert_id, camera_id=camera_id, moment="opened", now=now)
    if is_closed:
        recipients.ring_again(conn, alert_id, now=now)


def _end(conn: Connection, alert_id: UUID, now: Moment, *, is_told: bool) -> None:
    """Store that the device is back. Its open alert is closed, and phones that show it are
    notified if `is_told`."""
    this = alerts.c.id == alert_id
    row = conn.execute(select(alerts.c.state, alerts.c.camera_id).where(this)).one()
    conn.execute(
        update(troubles).where(troubles.c.alert_id == alert_id).values(columns("over", now))
    )
    conn.execute(
        update(trouble_cameras).where(trouble_cameras.c.alert_id == alert_id).values(is_dark=False)
    )
    note_history(conn, alert_id, act="back", detail=_how_it_was(conn, alert_id), now=now)
    values: dict[str, object] = {}
    if AlertState(row.state).is_running:
        values = {"state": AlertState.RESOLVED, **columns("closed", now)}
    change_alert(conn, alert_id, values | columns("last_seen", now), now=now)
    if values and is_told:
        recipients.enqueue(conn, alert_id=alert_id, camera_id=row.camera_id, moment="back", now=now)


def _how_it_was(conn: Connection, alert_id: UUID) -> str:
    """For a node: "line" if it kept running, "restart" if it restarted; else empty."""
    query = (
        select(troubles.c.boot_id, nodes.c.boot_id.label("boot_now"))
        .join(nodes, nodes.c.id == troubles.c.node_id)
        .where(troubles.c.alert_id == alert_id, troubles.c.kind == Kind.NODE_SILENT)
    )
    row = conn.execute(query).first()
    if row is None or row.boot_id is None:
        return ""
    return "line" if row.boot_id == row.boot_now else "restart"
