"""What follows from a sighting: decided on what the database holds, written a moment later.

A plan is made before the event's own row is written, so that the row can say what became of it,
and is carried out only if that row was new: so a repeated event changes nothing.
"""

from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, select

from agent.wire.messages import (
    BoxWords,
    SightingClosed,
    SightingOpened,
    SightingUpdated,
)
from hub.alerts.moment import Moment
from hub.alerts.routing import Join, Late, Nothing, Policy, Raise, Seen, decide
from hub.store import footage, ledger
from hub.store.alert_rows import NewAlert, grow_alert, last_woke, raise_alert, running_alerts
from hub.store.bounds import integer
from hub.store.news import Fate, News, Plan
from hub.store.rows import add, change
from hub.store.tables import (
    columns,
    events,
    new_id,
    sightings,
)

Known = Row[*tuple[Any, ...]]
"""What the database has of a sighting."""

# Built once: see `hub.store.rows`.
_KNOWN: Final = select(
    sightings.c.camera_id,
    sightings.c.alert_id,
    sightings.c.people,
    sightings.c.score,
    sightings.c.last_seen_utc_us,
).where(sightings.c.id == bindparam("sighting_id"))
_EARLY: Final = (
    select(events.c.kind, events.c.body, events.c.happened_utc_us, events.c.happened_error_ms)
    .where(
        events.c.sighting_id == bindparam("sighting_id"),
        events.c.camera_id == bindparam("camera_id"),
        events.c.kind.in_(["sighting_updated", "sighting_closed"]),
    )
    .order_by(events.c.seq)
)


def plan_opened(conn: Connection, news: News, body: SightingOpened, policy: Policy) -> Plan:
    """A sighting begins: it raises an alert, joins one, or wakes nobody."""
    if _sighting(conn, body.sighting_id) is not None:
        return Plan("noted", "this sighting was opened before")
    seen = Seen(
        camera_id=news.camera_id,
        kind=body.object_kind.value,
        first_seen_utc_us=news.moment(body.first_seen_utc_us).utc_us,
        confirmed_utc_us=news.happened.utc_us,
        age_s=news.age_s,
    )
    running, woke_utc_us = running_alerts(conn, seen, policy), last_woke(conn, seen, policy)
    decision = decide(seen, running, policy, woke_utc_us=woke_utc_us)
    match decision:
        case Raise():
            return _plan_raise(news, body, decision, policy)
        case Join(alert_id, reason):
            return Plan("grouped", reason, alert_id, partial(_join, news, body, alert_id))
        case Late(reason):
            return Plan("late", reason, None, partial(_add_sighting, news, body, None))
        case Nothing(reason):
            return Plan("noted", reason, None, partial(_add_sighting, news, body, None))


def plan_updated(
    conn: Connection, news: News, body: SightingUpdated | SightingClosed, policy: Policy
) -> Plan:
    """A sighting goes on or ends: it grows, and its alert with it; nobody is woken anew."""
    row = _sighting(conn, body.sighting_id)
    if row is None:
        # Kept for `_catch_up`; a picture is announced all the same, or it could not be brought.
        write = partial(_announce_picture, news, body)
        return Plan("noted", "the opening of this sighting has not arrived", None, write)
    if row.camera_id != news.camera_id:
        return Plan("noted", "another camera's sighting")
    write = partial(_update_sighting, news, body, row)
    if row.alert_id is not None:
        return Plan("grouped", "its sighting belongs to this alert", row.alert_id, write)
    if news.age_s > policy.late_after_s:
        return Plan("late", "its sighting woke nobody, and it is late itself", None, write)
    return Plan("noted", "its sighting woke nobody", None, write)


def _plan_raise(news: News, body: SightingOpened, decision: Raise, policy: Policy) -> Plan:
    """A new alert; where its spot has just woken people it is in the inbox and wakes nobody."""
    kind = body.object_kind.value
    alert = NewAlert(
        alert_id=new_id(news.now),
        camera_id=news.camera_id,
        kind=kind,
        people=integer(body.people),
        clock_source=news.clock_source.value,
        began=news.moment(body.first_seen_utc_us),
        confirmed=news.happened,
        is_critical=kind in policy.critical_kinds,
        quiet_reason=decision.quiet_reason,
    )
    reason = decision.quiet_reason or decision.reason
    fate: Fate = "alerted" if decision.quiet_reason is None else "silenced"
    return Plan(fate, reason, alert.alert_id, partial(_raise, news, body, alert, reason))


def _raise(
    news: News, body: SightingOpened, alert: NewAlert, reason: str, conn: Connection
) -> None:
    raise_alert(conn, alert, reason=reason, now=news.now)
    _add_sighting(news, body, alert.alert_id, conn)
    ledger.owe(
        conn, alert_id=alert.alert_id, camera_id=alert.camera_id, moment="opened", now=news.now
    )


def _join(news: News, body: SightingOpened, alert_id: UUID, conn: Connection) -> None:
    grow_alert(
        conn,
        alert_id,
        seen=news.happened,
        people=integer(body.people),
        now=news.now,
        detail="another sighting",
    )
    _add_sighting(news, body, alert_id, conn)


def _add_sighting(
    news: News, body: SightingOpened, alert_id: UUID | None, conn: Connection
) -> None:
    row = {
        "id": body.sighting_id,
        "camera_id": news.camera_id,
        "alert_id": alert_id,
        "object_kind": body.object_kind.value,
        "people": integer(body.people),
        "score": body.score,
        **_box(body.box),
        **columns("first_seen", news.moment(body.first_seen_utc_us)),
        **columns("confirmed", news.happened),
        **columns("last_seen", news.happened),
    }
    add(conn, sightings, row)
    _announce_picture(news, body, conn)
    _catch_up(conn, news, body.sighting_id)
    if alert_id is not None:
        footage.show_what_came_before(conn, body.sighting_id, alert_id=alert_id, now=news.now)


def _update_sighting(
    news: News, body: SightingUpdated | SightingClosed, row: Known, conn: Connection
) -> None:
    values: dict[str, Any] = {}
    people = 0
    if isinstance(body, SightingClosed):
        seen = news.moment(body.last_seen_utc_us)
        values |= columns("closed", news.happened)
    else:
        seen, people = news.happened, integer(body.people)
        values |= {"people": max(people, row.people), "score": max(body.score, row.score)}
        values |= _box(body.box)
    if seen.utc_us > row.last_seen_utc_us:
        values |= columns("last_seen", seen)
    change(conn, sightings, body.sighting_id, values)
    _announce_picture(news, body, conn)
    if row.alert_id is not None:
        grow_alert(conn, row.alert_id, seen=seen, people=people, now=news.now)


def _catch_up(conn: Connection, news: News, sighting_id: UUID) -> None:
    """Apply what was said of this sighting before its opening arrived."""
    asked = {"camera_id": news.camera_id, "sighting_id": sighting_id}
    early = conn.execute(_EARLY, asked).all()
    for event in early:
        reader = SightingUpdated if event.kind == "sighting_updated" else SightingClosed
        body = reader.model_validate_json(event.body)
        then = replace(news, happened=Moment(event.happened_utc_us, event.happened_error_ms))
        row = _sighting(conn, sighting_id)
        if row is not None:
            _update_sighting(then, body, row, conn)


def _announce_picture(
    news: News, body: SightingOpened | SightingUpdated | SightingClosed, conn: Connection
) -> None:
    if isinstance(body, SightingClosed) or body.picture is None:
        return
    footage.announce_picture(
        conn,
        news.origin,
        body.picture,
        sighting_id=body.sighting_id,
        taken=news.happened,
        now=news.now,
    )


def _sighting(conn: Connection, sighting_id: UUID) -> Known | None:
    return conn.execute(_KNOWN, {"sighting_id": sighting_id}).first()


def _box(box: BoxWords) -> dict[str, float]:
    return {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}
