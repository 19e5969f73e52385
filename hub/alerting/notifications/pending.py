"""Data for the notifier: a notification, its phone, and the facts of its alert."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, select

from hub.access.tables import people
from hub.alerting.alerts.rules.kinds import About, entry_of
from hub.alerting.alerts.rules.rules_met import Rules, from_text
from hub.alerting.alerts.scope import able_people
from hub.alerting.alerts.tables import alerts, troubles
from hub.alerting.escalation.tables import escalations
from hub.alerting.notifications.batching import AlertDigest
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.notify.tables import notifications, phones
from hub.notify.views import AlertMoment, Phone
from hub.registry.tables import areas, cameras, nodes


@dataclass(frozen=True)
class PendingNotification:
    """One notification under lease, with the current facts of its alert."""

    notification_id: UUID
    alert_id: UUID
    moment: AlertMoment
    revision: int
    kind: str
    state: str
    people: int
    has_picture: bool
    place: str
    camera_label: str  # of a broker: its address
    node_name: str
    began: Moment
    handled_by: str | None
    language: str
    phone: Phone
    attempts: int  # made before this one
    lease_by: str
    is_critical: bool = False
    digest: AlertDigest | None = None  # the alerts in the digest have no message of their own
    rules: Rules = ()
    may_act: bool = True  # its person may see the alert, and so take it
    is_called_on: bool = False  # others were notified before, and nobody has taken the alert


def facts_of(
    conn: Connection, ids: Collection[UUID], *, worker: str, now: Moment
) -> list[PendingNotification]:
    """The leased notifications with these ids: critical ones first, then by due time."""
    rows = conn.execute(_FACTS, {"ids": list(ids)}).all()
    kinds = {row.alert_id: row.kind for row in rows}
    able = able_people(conn, kinds, {row.person_id for row in rows}, now)
    return [
        _as_pending(row, worker=worker, may_act=(row.alert_id, row.person_id) in able)
        for row in rows
    ]


def _facts() -> AnySelect:
    parent = areas.alias("parent")
    handler = people.alias("handler")
    return (
        select(
            notifications,
            alerts.c.revision,
            alerts.c.kind,
            alerts.c.severity,
            alerts.c.zone,
            alerts.c.state.label("alert_state"),
            alerts.c.people,
            alerts.c.picture_id,
            alerts.c.rules,
            alerts.c.began_utc_us,
            alerts.c.began_error_ms,
            areas.c.name.label("area_name"),
            parent.c.name.label("parent_name"),
            cameras.c.label.label("camera_label"),
            nodes.c.name.label("node_name"),
            handler.c.name.label("handler_name"),
            people.c.language,
            phones.c.channel,
            phones.c.address,
            phones.c.secrets,
            escalations.c.number.label("call_number"),
        )
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .outerjoin(troubles, troubles.c.alert_id == alerts.c.id)
        .join(areas, areas.c.id == func.coalesce(troubles.c.area_id, cameras.c.area_id))
        .outerjoin(parent, parent.c.id == areas.c.parent_id)
        .join(people, people.c.id == notifications.c.person_id)
        .join(phones, phones.c.id == notifications.c.phone_id)
        .outerjoin(escalations, escalations.c.alert_id == alerts.c.id)
        .outerjoin(handler, handler.c.id == func.coalesce(alerts.c.closed_by, alerts.c.taken_by))
        .where(notifications.c.id.in_(bindparam("ids", expanding=True)))
        .order_by(alerts.c.severity.is_(None), notifications.c.due_utc_us, notifications.c.id)
    )


_FACTS: Final = _facts()  # built once: it is queried for every message


def _as_pending(row: AnyRow, *, worker: str, may_act: bool) -> PendingNotification:
    return from_row(
        PendingNotification,
        row,
        notification_id=row.id,
        moment=row.moment.partition(":")[0],
        state=row.alert_state,
        has_picture=row.picture_id is not None,
        place=_place(row),
        camera_label=_label(row),
        began=Moment(row.began_utc_us, row.began_error_ms),
        handled_by=row.handler_name,
        phone=from_row(Phone, row),
        lease_by=worker,
        is_critical=row.severity == "critical",
        rules=from_text(row.rules),
        may_act=may_act,
        is_called_on=bool(row.call_number),
    )


def _label(row: AnyRow) -> str:
    if entry_of(row.kind).about is About.BROKER:
        return row.zone or "?"  # raised by a version that did not store which
    return str(row.camera_label)


def _place(row: AnyRow) -> str:
    """Names of two area levels: they distinguish places with the same name, such as "Khu phố 1",
    and fit a lock screen."""
    if entry_of(row.kind).is_everywhere:
        return ""
    return ", ".join(name for name in (row.area_name, row.parent_name) if name)
