"""Plans for tampering with a camera's view: the start and the end.

Tampering raises an alert of its own kind (`tamper_covered`, …) for people with a grant, however
late the event arrives: while it lasts, a visit is worthwhile. Repeated tampering joins one alert
until that is closed.
"""

from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from agent.wire.messages import TamperBegan, TamperEnded, Tampering
from hub.alerting.alerts.rows import NewAlert, change_alert, note_history, raise_alert
from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.scope import IS_RUNNING
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications import recipients
from hub.alerting.routing import rows
from hub.alerting.routing.rules import Urgency
from hub.base.db.columns import AnyRow, columns, new_id
from hub.intake.filing.event import FilingPlan, NodeEvent
from hub.nodes.spool.tables import events

ONE_MATTER_S: Final = 12 * 3600
"""For so many seconds an alert accepts the same kind of tampering without a new ring."""

DELIBERATE: Final = (Tampering.COVERED, Tampering.SPRAYED, Tampering.TURNED)
"""Deliberate acts that blind the camera: exempt from the rate limit."""

_RUNNING: Final = (
    select(alerts.c.id, alerts.c.state, alerts.c.began_utc_us, alerts.c.over_utc_us)
    .where(
        alerts.c.camera_id == bindparam("camera_id"),
        alerts.c.kind == bindparam("kind"),
        IS_RUNNING,
    )
    .order_by(alerts.c.began_utc_us.desc())
    .limit(1)
)
_ENDED: Final = select(events.c.id).where(
    events.c.sighting_id == bindparam("tamper_id"),
    events.c.camera_id == bindparam("camera_id"),
    events.c.kind == "tamper_ended",
)


def alert_kind(what: Tampering) -> Kind:
    """Kind of the alert about this tampering."""
    return Kind[f"TAMPER_{what.name}"]


def plan_tampering(
    conn: Connection, node_event: NodeEvent, body: TamperBegan | TamperEnded
) -> FilingPlan:
    """Plan for a view that is lost or restored."""
    return (
        _began(conn, node_event, body)
        if isinstance(body, TamperBegan)
        else _ended(conn, node_event, body)
    )


def _began(conn: Connection, node_event: NodeEvent, body: TamperBegan) -> FilingPlan:
    """Raise an alert, or add to a running one."""
    asked = {"tamper_id": body.tamper_id, "camera_id": node_event.camera_id}
    if conn.scalar(_ENDED, asked) is not None:
        return FilingPlan("late", "it was over before its beginning arrived")
    running = _running(conn, node_event, body.what)
    if running is not None:
        since_us = node_event.happened.utc_us - running.began_utc_us
        if running.over_utc_us is None:
            return FilingPlan("grouped", "people know of it", running.id)
        if since_us <= ONE_MATTER_S * 1_000_000:
            write = partial(_again, node_event, running.id)
            return FilingPlan("grouped", "the same again", running.id, write)
    alert_id = new_id(node_event.now)
    reason = "nobody knows of it yet"
    return FilingPlan(
        "alerted", reason, alert_id, partial(_raise, node_event, body, alert_id, reason)
    )


def _ended(conn: Connection, node_event: NodeEvent, body: TamperEnded) -> FilingPlan:
    """Record the end on its alert."""
    running = _running(conn, node_event, body.what)
    if running is None or running.over_utc_us is not None:
        return FilingPlan("noted", "no alert is waiting for its end")
    how = "back" if body.is_back else "another view"
    write = partial(_over, node_event, running, how)
    return FilingPlan("grouped", "it is over", running.id, write)


def _running(conn: Connection, node_event: NodeEvent, what: Tampering) -> AnyRow | None:
    asked = {"camera_id": node_event.camera_id, "kind": alert_kind(what)}
    return conn.execute(_RUNNING, asked).first()


def _raise(
    node_event: NodeEvent, body: TamperBegan, alert_id: UUID, reason: str, conn: Connection
) -> None:
    kind = alert_kind(body.what)
    routing = rows.routing_decision(conn, node_event.camera_id, kind, (), at=node_event.now)
    alert = NewAlert(
        alert_id=alert_id,
        camera_id=node_event.camera_id,
        kind=kind,
        people=0,
        clock_source=node_event.clock_source.value,
        began=node_event.moment(body.since_utc_us),
        confirmed=node_event.happened,
        is_critical=body.what in DELIBERATE or routing.urgency is Urgency.CRITICAL,
        rule_id=routing.rule_id,
        rule_reason=routing.reason,
    )
    raise_alert(conn, alert, reason=reason, now=node_event.now)
    recipients.enqueue(
        conn, alert_id=alert_id, camera_id=node_event.camera_id, moment="opened", now=node_event.now
    )


def _again(node_event: NodeEvent, alert_id: UUID, conn: Connection) -> None:
    note_history(conn, alert_id, act="again", now=node_event.now)
    values = columns("over", None) | columns("last_seen", node_event.happened)
    change_alert(conn, alert_id, values, now=node_event.now)


def _over(node_event: NodeEvent, alert: AnyRow, how: str, conn: Connection) -> None:
    note_history(conn, alert.id, act="over", detail=how, now=node_event.now)
    values = columns("over", node_event.happened) | columns("last_seen", node_event.happened)
    change_alert(conn, alert.id, values, now=node_event.now)
    if alert.state == AlertState.OPEN:
        recipients.enqueue(
            conn,
            alert_id=alert.id,
            camera_id=node_event.camera_id,
            moment="grown",
            now=node_event.now,
        )
