"""What follows from one event: decided on what the database holds, written a moment later.

A plan is made before the event's own row is written, so that the row can say what became of it,
and is carried out only if that row was new: so a repeated event changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, insert, select

from agent.wire.messages import (
    BoxWords,
    CameraBack,
    CameraLost,
    ClipReady,
    ClockSource,
    NumbersDropped,
    SightingClosed,
    SightingOpened,
    SightingUpdated,
)
from hub.alerts.moment import Moment
from hub.alerts.routing import Join, Late, Nothing, Policy, Raise, Seen, decide
from hub.store import footage, ledger
from hub.store.alert_rows import NewAlert, grow_alert, raise_alert, running_alerts
from hub.store.bounds import bigint, integer, text
from hub.store.footage import Origin
from hub.store.rows import add, change
from hub.store.tables import (
    cameras,
    columns,
    dropped_numbers,
    events,
    new_id,
    sightings,
)

Known = Row[*tuple[Any, ...]]
"""What the database has of a sighting."""

Fate = Literal["alerted", "grouped", "late", "noted"]


# Built once: see `hub.store.rows`.
_KNOWN: Final = select(
    sightings.c.camera_id,
    sightings.c.alert_id,
    sightings.c.people,
    sightings.c.score,
    sightings.c.last_seen_utc_us,
).where(sightings.c.id == bindparam("sighting_id"))
_ALERT_OF: Final = (
    select(sightings.c.alert_id)
    .where(
        sightings.c.id.in_(bindparam("sighting_ids", expanding=True)),
        sightings.c.camera_id == bindparam("camera_id"),
        sightings.c.alert_id.is_not(None),
    )
    .order_by(sightings.c.first_seen_utc_us)
    .limit(1)
)
_EARLY: Final = (
    select(events.c.kind, events.c.body, events.c.happened_utc_us, events.c.happened_error_ms)
    .where(
        events.c.sighting_id == bindparam("sighting_id"),
        events.c.camera_id == bindparam("camera_id"),
        events.c.kind.in_(["sighting_updated", "sighting_closed"]),
    )
    .order_by(events.c.seq)
)


@dataclass(frozen=True, slots=True)
class News:
    """One event with what the hub has made of its names and times."""

    origin: Origin
    spool_id: UUID
    seq: int
    clock_source: ClockSource
    happened: Moment
    shift_us: int
    """From the node's clock to the hub's, for the other times in the body."""
    age_s: float
    now: Moment

    @property
    def camera_id(self) -> UUID:
        """The camera it speaks of."""
        if self.origin.camera_id is None:
            raise LookupError("these words concern no camera")
        return self.origin.camera_id

    def moment(self, utc_us: int) -> Moment:
        """A time of the body as a moment of the hub."""
        return Moment(bigint(utc_us + self.shift_us), self.happened.error_ms)


def _write_nothing(_conn: Connection) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Plan:
    """An event's fate and the reason, and what is to be written besides its own row."""

    fate: Fate
    reason: str
    alert_id: UUID | None = None
    write: Callable[[Connection], None] = _write_nothing


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
    decision = decide(seen, running_alerts(conn, seen, policy), policy)
    match decision:
        case Raise(reason):
            alert_id = new_id(news.now)
            return Plan("alerted", reason, alert_id, partial(_raise, news, body, alert_id, reason))
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


def plan_clip(conn: Connection, news: News, body: ClipReady, policy: Policy) -> Plan:
    """A clip waits at the node; its alerts show it once it is stored."""
    write = partial(_announce_clip, news, body)
    asked = {"camera_id": news.camera_id, "sighting_ids": body.sighting_ids}
    alert_id = conn.scalar(_ALERT_OF, asked)
    if alert_id is not None:
        return Plan("grouped", "a clip of this alert", alert_id, write)
    fate: Fate = "late" if news.age_s > policy.late_after_s else "noted"
    return Plan(fate, "a clip of sightings that woke nobody", None, write)


def plan_camera_state(conn: Connection, news: News, body: CameraLost | CameraBack) -> Plan:
    """A camera is lost or back, unless the node has said something newer about it already."""
    newer = (
        select(events.c.id)
        .where(
            events.c.node_id == news.origin.node_id,
            events.c.spool_id == news.spool_id,
            events.c.seq > news.seq,
            events.c.camera_id == news.camera_id,
            events.c.kind.in_(["camera_lost", "camera_back"]),
        )
        .limit(1)
    )
    if conn.scalar(newer) is not None:
        return Plan("noted", "the camera's state has changed since")
    is_lost = isinstance(body, CameraLost)
    values = {
        "is_lost": is_lost,
        "lost_reason": text(body.reason, 500) if isinstance(body, CameraLost) else None,
        **columns("state_since", news.happened),
    }
    camera_id = news.camera_id

    def write(conn: Connection) -> None:
        change(conn, cameras, camera_id, values)

    return Plan("noted", "the camera is lost" if is_lost else "the camera is back", None, write)


def plan_dropped(news: News, body: NumbersDropped) -> Plan:
    """Numbers that will never come, so that nobody waits for them."""
    rows = [
        {
            "id": new_id(news.now),
            "node_id": news.origin.node_id,
            "spool_id": news.spool_id,
            "first_seq": bigint(first),
            "last_seq": bigint(last),
            "reason": text(body.reason, 500),
            **columns("said", news.now),
        }
        for first, last in body.ranges
    ]

    def write(conn: Connection) -> None:
        conn.execute(insert(dropped_numbers), rows)

    return Plan("noted", "the node will never send these numbers", None, write)


def _raise(news: News, body: SightingOpened, alert_id: UUID, reason: str, conn: Connection) -> None:
    alert = NewAlert(
        alert_id=alert_id,
        camera_id=news.camera_id,
        kind=body.object_kind.value,
        people=integer(body.people),
        clock_source=news.clock_source.value,
        began=news.moment(body.first_seen_utc_us),
        confirmed=news.happened,
    )
    raise_alert(conn, alert, reason=reason, now=news.now)
    _add_sighting(news, body, alert_id, conn)
    ledger.owe(conn, alert_id=alert_id, camera_id=alert.camera_id, moment="opened", now=news.now)


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


def _announce_clip(news: News, body: ClipReady, conn: Connection) -> None:
    first_frame = news.moment(body.first_frame_utc_us)
    footage.announce_clip(conn, news.origin, body, first_frame=first_frame, now=news.now)


def _sighting(conn: Connection, sighting_id: UUID) -> Known | None:
    return conn.execute(_KNOWN, {"sighting_id": sighting_id}).first()


def _box(box: BoxWords) -> dict[str, float]:
    return {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}
