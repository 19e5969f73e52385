"""Rows of a sighting: inserted, updated, and messages that came before its opening.

Callers hold the one write transaction; `sighting_plans` decides which alert a sighting joins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, or_, select

from agent.wire.description import ColourWords
from agent.wire.messages import SightingClosed, SightingOpened, SightingUpdated
from agent.wire.terms import BoxWords
from hub.alerting.alerts.rows import AlertSize, grow_alert
from hub.alerting.alerts.tables import alerts, sightings
from hub.alerting.notifications.rules_met import meet_rules, rules_of
from hub.base.db.bounds import integer
from hub.base.db.columns import AnyRow, columns
from hub.base.db.rows import from_row
from hub.base.db.statements import add, change
from hub.base.moment import Moment
from hub.footage import media_rows
from hub.intake.filing.event import NodeEvent
from hub.intake.filing.facts import BatchFacts, KnownSighting
from hub.nodes.spool.tables import events


@dataclass(frozen=True, slots=True)
class EarlyMessage:
    """A message that arrived before the opening of its sighting."""

    body: SightingUpdated | SightingClosed
    happened: Moment


_KNOWN: Final = (
    select(
        sightings.c.camera_id,
        sightings.c.alert_id,
        sightings.c.people,
        sightings.c.score,
        sightings.c.first_seen_utc_us,
        sightings.c.last_seen_utc_us,
        sightings.c.closed_utc_us,
        sightings.c.object_kind,
        alerts.c.people.label("alert_people"),
        alerts.c.last_seen_utc_us.label("alert_last_seen_utc_us"),
    )
    .outerjoin(alerts, alerts.c.id == sightings.c.alert_id)
    .where(sightings.c.id == bindparam("sighting_id"))
)
_EARLY: Final = (
    select(events.c.kind, events.c.body, events.c.happened_utc_us, events.c.happened_error_ms)
    .where(
        events.c.sighting_id == bindparam("sighting_id"),
        events.c.camera_id == bindparam("camera_id"),
        or_(events.c.kind == "sighting_updated", events.c.kind == "sighting_closed"),
    )
    .order_by(events.c.seq)
)


def add_sighting(
    facts: BatchFacts,
    node_event: NodeEvent,
    body: SightingOpened,
    early: Sequence[EarlyMessage],
    alert_id: UUID | None,
    conn: Connection,
) -> None:
    """Insert a sighting with its early messages, and link it to its alert, if any."""
    first_seen = node_event.moment(body.first_seen_utc_us)
    known = KnownSighting(
        camera_id=node_event.camera_id,
        alert_id=alert_id,
        object_kind=body.object_kind.value,
        people=integer(body.people),
        score=body.score,
        first_seen_utc_us=first_seen.utc_us,
        last_seen_utc_us=node_event.happened.utc_us,
        is_open=True,
    )
    row = {
        "id": body.sighting_id,
        "camera_id": node_event.camera_id,
        "alert_id": alert_id,
        "object_kind": body.object_kind.value,
        "people": known.people,
        "score": body.score,
        **_box(body.box),
        **columns("first_seen", first_seen),
        **columns("confirmed", node_event.happened),
        **columns("last_seen", node_event.happened),
    }
    add(conn, sightings, row)
    facts.opened(body.sighting_id, known)
    announce_picture(facts, node_event, body, conn)
    for one in early:  # their rules count with the opening's
        then = replace(node_event, happened=one.happened)
        update_sighting(facts, then, one.body, known, conn)
    if alert_id is not None and body.sighting_id not in facts.unannounced:
        media_rows.show_what_came_before(
            conn, body.sighting_id, alert_id=alert_id, now=node_event.now
        )


def update_sighting(
    facts: BatchFacts,
    node_event: NodeEvent,
    body: SightingUpdated | SightingClosed,
    row: KnownSighting,
    conn: Connection,
    *,
    raising: frozenset[str] = frozenset(),
) -> None:
    """Update or close the sighting; phones are notified of rules that are new to its alert and in
    `raising`."""
    values: dict[str, object] = {}
    people = 0
    if isinstance(body, SightingClosed):
        seen = node_event.moment(body.last_seen_utc_us)
        values |= columns("closed", node_event.happened) | _way(body) | _look(body)
        facts.closed(row)
    else:
        seen, people = node_event.happened, integer(body.people)
        row.people, row.score = max(people, row.people), max(body.score, row.score)
        values |= {"people": row.people, "score": row.score}
        if body.picture is not None:  # the box says where in the newest picture the person is
            values |= _box(body.box)
    if seen.utc_us > row.last_seen_utc_us:
        row.last_seen_utc_us = seen.utc_us
        values |= columns("last_seen", seen)
    change(conn, sightings, body.sighting_id, values)
    announce_picture(facts, node_event, body, conn)
    if row.alert_id is not None:
        before = facts.size(row.alert_id) or row.alert_size
        grow_alert(conn, row.alert_id, seen=seen, people=people, now=node_event.now, before=before)
        facts.grown(row.alert_id, people=people, seen=seen)
        if rules := rules_of(body):
            meet_rules(conn, row.alert_id, rules, raising=raising, now=node_event.now)
            facts.forget_alerts(row.camera_id)


def early_messages(
    conn: Connection, facts: BatchFacts, node_event: NodeEvent, sighting_id: UUID
) -> list[EarlyMessage]:
    """Messages about this sighting that arrived before its opening."""
    if sighting_id in facts.unannounced:
        return []
    found = []
    asked = {"camera_id": node_event.camera_id, "sighting_id": sighting_id}
    for event in conn.execute(_EARLY, asked):
        reader = SightingUpdated if event.kind == "sighting_updated" else SightingClosed
        body = reader.model_validate_json(event.body)
        found.append(EarlyMessage(body, Moment(event.happened_utc_us, event.happened_error_ms)))
    return found


def announce_picture(
    facts: BatchFacts,
    node_event: NodeEvent,
    body: SightingOpened | SightingUpdated | SightingClosed,
    conn: Connection,
) -> None:
    """Announce the picture, so that the node can upload it."""
    if isinstance(body, SightingClosed) or body.picture is None:
        return
    is_new = facts.is_new_file(node_event.origin.node_id, body.picture.sha256)
    if not is_new:
        facts.unannounced.discard(body.sighting_id)  # the file may be stored
    media_rows.announce_picture(
        conn,
        node_event.origin,
        body.picture,
        sighting_id=body.sighting_id,
        taken=node_event.happened,
        now=node_event.now,
        is_new=is_new,
    )


def known_sighting(conn: Connection, facts: BatchFacts, sighting_id: UUID) -> KnownSighting | None:
    """This sighting, if there is one."""
    if sighting_id in facts.sightings:
        return facts.sightings[sighting_id]
    row = conn.execute(_KNOWN, {"sighting_id": sighting_id}).first()
    if row is None:
        return None
    size = None if row.alert_id is None else AlertSize(row.alert_people, row.alert_last_seen_utc_us)
    return sighting_of(row, size)


def sighting_of(row: AnyRow, alert_size: AlertSize | None = None) -> KnownSighting:
    """The sighting in a row of the table."""
    return from_row(KnownSighting, row, is_open=row.closed_utc_us is None, alert_size=alert_size)


def wakes_now(body: SightingUpdated | SightingClosed) -> bool:
    """True if a sighting without an alert may raise one from now on."""
    return isinstance(body, SightingUpdated) and (body.wakes is True or bool(body.rules))


def _way(body: SightingClosed) -> dict[str, object]:
    """Columns of a path: first and last foot position, direction, and side of the exit."""
    values: dict[str, object] = {} if body.rode is None else {"rode": body.rode}
    if body.left_by is not None:
        values["left_by"] = body.left_by.value
    if body.came is None or body.went is None:
        return values
    for name, box in (("came", body.came), ("went", body.went)):
        values |= {f"{name}_x": (box.x0 + box.x1) / 2, f"{name}_y": box.y1}
    return values


def _look(body: SightingClosed) -> dict[str, object]:
    """Columns of the description. Confidences stay in the event."""
    said = body.description
    if said is None:
        return {}
    return {
        "is_described": True,
        **_two_colours("upper_colour", said.upper),
        **_two_colours("lower_colour", said.lower),
        "transport": said.transport,
        **_two_colours("transport_colour", said.transport_colour),
        "group_people": said.people,
        "height_cm": None if said.height_m is None else round(said.height_m * 100),
        "speed": said.speed,
    }


def _two_colours(name: str, colours: Sequence[ColourWords]) -> dict[str, str | None]:
    best, second, *_ = *(one.colour for one in colours), None, None
    return {name: best, f"{name}_2": second}


def _box(box: BoxWords) -> dict[str, float]:
    return {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}
