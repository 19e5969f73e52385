"""Rows of an alert: raise it, let it grow, and notify open pages.

Every change increases the revision and adds a row to `alert_changes`; open pages follow its cursor.
Callers hold the only write transaction, so rows read here stay valid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
)

from hub.alerting.alerts.rules.grouping import NewSighting, Policy, RunningAlert
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.rules.rules_met import Rules, to_text
from hub.alerting.alerts.tables import alert_changes, alert_history, alerts, sightings
from hub.base.db.columns import columns, new_id
from hub.base.db.statements import add, at_the_end, change, once
from hub.base.moment import Moment
from hub.registry import zones

_SIZE: Final = select(alerts.c.people, alerts.c.last_seen_utc_us).where(
    alerts.c.id == bindparam("alert_id")
)
_RUNNING: Final = select(
    alerts.c.id,
    alerts.c.state,
    alerts.c.began_utc_us,
    alerts.c.last_seen_utc_us,
    exists()
    .where(sightings.c.alert_id == alerts.c.id, sightings.c.closed_utc_us.is_(None))
    .label("has_open_sighting"),
).where(
    alerts.c.camera_id == bindparam("camera_id"),
    alerts.c.kind == bindparam("kind"),
    # The last sighting is never before the start, so this bound drops no alert and uses the
    # index.
    alerts.c.last_seen_utc_us >= bindparam("not_before"),
    alerts.c.began_utc_us <= bindparam("not_after"),
    or_(alerts.c.state == AlertState.OPEN, alerts.c.state == AlertState.TAKEN),
)
_WOKE: Final = select(func.max(alerts.c.began_utc_us)).where(
    alerts.c.camera_id == bindparam("camera_id"),
    alerts.c.kind == bindparam("kind"),
    func.coalesce(alerts.c.zone, "") == bindparam("zone"),
    alerts.c.last_seen_utc_us >= bindparam("not_before"),
    alerts.c.began_utc_us <= bindparam("not_after"),
    alerts.c.quiet_reason.is_(None),
)


# A separate query, not RETURNING in the UPDATE: that took SQLite twice as long.
_CHANGED: Final = insert(alert_changes).from_select(
    ["alert_id", "camera_id", "revision", "at_utc_us", "at_error_ms"],
    select(
        alerts.c.id,
        alerts.c.camera_id,
        alerts.c.revision,
        bindparam("at_utc_us", type_=BigInteger),
        bindparam("at_error_ms", type_=BigInteger),
    ).where(alerts.c.id == bindparam("this")),
)


@dataclass(frozen=True, slots=True)
class NewAlert:
    """Fields of a new alert; the three moments are by the node's clock."""

    alert_id: UUID
    camera_id: UUID
    kind: str
    people: int
    clock_source: str
    began: Moment
    confirmed: Moment
    is_critical: bool = False
    zone: str | None = None
    quiet_reason: str | None = None
    rules: Rules = ()
    rule_id: UUID | None = None
    """The town's rule that says who must know; None without one."""
    rule_reason: str = ""


def severity_of(alert: NewAlert) -> str | None:
    """The value of `alerts.severity`."""
    return "critical" if alert.is_critical else None


def with_labels(conn: Connection, camera_id: UUID, rules: Rules) -> Rules:
    """The rules with the present labels of their zones and lines."""
    known = _labels(conn, camera_id) if rules else {}
    return tuple(replace(met, label=known.get((camera_id, met.place)) or None) for met in rules)


def _labels(conn: Connection, camera_id: UUID) -> zones.ZoneLabels:
    return once(conn, ("labels", camera_id), lambda: zones.labels(conn, [camera_id]))


def raise_alert(conn: Connection, alert: NewAlert, *, reason: str, now: Moment) -> None:
    """Write a new, open alert."""
    rules = with_labels(conn, alert.camera_id, alert.rules)
    row = {
        "id": alert.alert_id,
        "camera_id": alert.camera_id,
        "kind": alert.kind,
        "state": AlertState.OPEN,
        "people": alert.people,
        "clock_source": alert.clock_source,
        "revision": 1,
        "severity": severity_of(alert),
        "zone": alert.zone,
        "quiet_reason": alert.quiet_reason,
        "rules": to_text(rules) if rules else None,
        "rule_id": alert.rule_id,
        **columns("began", alert.began),
        **columns("confirmed", alert.confirmed),
        **columns("last_seen", alert.confirmed),
        **columns("raised", now),
    }
    add(conn, alerts, row)
    note_history(conn, alert.alert_id, act="raised", detail=reason, now=now)
    if rules:
        note_history(conn, alert.alert_id, act="rules", detail=to_text(rules), now=now)
    if alert.rule_id is not None:
        note_history(conn, alert.alert_id, act="ruled", detail=alert.rule_reason, now=now)
    _note_change(conn, alert.alert_id, now)


@dataclass(frozen=True, slots=True)
class AlertSize:
    """Size of an alert so far."""

    people: int
    last_seen_utc_us: int


def grow_alert(
    conn: Connection,
    alert_id: UUID,
    *,
    seen: Moment,
    people: int,
    now: Moment,
    detail: str = "",
    before: AlertSize | None = None,
) -> None:
    """Record that a person of this alert was seen again, or that there are more people. Only more
    people add a history entry.

    `before` is the alert as the caller has just read it; None: it is read here.
    """
    known = before or AlertSize(*conn.execute(_SIZE, {"alert_id": alert_id}).one())
    values: dict[str, object] = {"people": max(people, known.people)}
    if seen.utc_us > known.last_seen_utc_us:
        values |= columns("last_seen", seen)
    if people > known.people:
        detail = f"{known.people} → {people}" + (f": {detail}" if detail else "")
    if detail:
        note_history(conn, alert_id, act="grown", detail=detail, now=now)
    change_alert(conn, alert_id, values, now=now)


def change_alert(
    conn: Connection, alert_id: UUID, values: Mapping[str, object], *, now: Moment
) -> None:
    """Write new values to an alert as its next revision; LookupError without the alert."""
    change(conn, alerts, alert_id, values, growth={"revision": 1})
    _note_change(conn, alert_id, now)


def note_history(
    conn: Connection,
    alert_id: UUID,
    *,
    act: str,
    now: Moment,
    detail: str = "",
    person_id: UUID | None = None,
) -> None:
    """Add one step to the alert's history, for its page."""
    row = {
        "id": new_id(now),
        "alert_id": alert_id,
        "act": act,
        "person_id": person_id,
        "detail": detail,
        **columns("at", now),
    }
    add(conn, alert_history, row)


def running_alerts(conn: Connection, seen: NewSighting, policy: Policy) -> list[RunningAlert]:
    """The camera's alerts that the sighting may join; `routing` decides."""
    span_us = round(policy.group_max_s * 1_000_000)
    asked = {
        "camera_id": seen.camera_id,
        "kind": seen.kind,
        "not_before": seen.first_seen_utc_us - span_us,
        "not_after": seen.first_seen_utc_us + span_us,
    }
    return [
        RunningAlert(
            alert_id=row.id,
            camera_id=seen.camera_id,
            kind=seen.kind,
            state=AlertState(row.state),
            began_utc_us=row.began_utc_us,
            last_seen_utc_us=row.last_seen_utc_us,
            has_open_sighting=bool(row.has_open_sighting),
        )
        for row in conn.execute(_RUNNING, asked)
    ]


def last_woke(conn: Connection, seen: NewSighting, policy: Policy) -> int | None:
    """Start of the last alert of this spot that rang a phone; None if that was too long ago."""
    asked = {
        "camera_id": seen.camera_id,
        "kind": seen.kind,
        "zone": seen.zone or "",
        "not_before": seen.first_seen_utc_us - round(policy.cooldown_s * 1_000_000),
        "not_after": seen.first_seen_utc_us,
    }
    woke_utc_us: int | None = conn.scalar(_WOKE, asked)
    return woke_utc_us


def _note_change(conn: Connection, alert_id: UUID, now: Moment) -> None:
    """Add a change row, so that followers of the cursor are notified."""
    at_the_end(conn, _CHANGED, alert_id, {"this": alert_id, **columns("at", now)})
