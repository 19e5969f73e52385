"""Reads the facts of a batch: a few queries for all its events together."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from agent.wire.messages import (
    ClipBegun,
    ClipDropped,
    ClipReady,
    Event,
    SightingClosed,
    SightingOpened,
    SightingUpdated,
)
from hub.access import scope
from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.alerts.tables import alerts, sightings
from hub.alerting.routing import rows as routing_rows
from hub.alerting.silences import rows as silences_rows
from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.footage.tables import growing_clips, media, media_sightings
from hub.intake.filing.facts import BatchFacts, KnownAlert
from hub.intake.filing.sighting_rows import sighting_of, wakes_now
from hub.nodes.spool import event_rows
from hub.nodes.spool.tables import events
from hub.registry.registry import Origin

SPARE_S: Final = 120.0
"""An event is taken for news while it is at most this much older than the policy says: its stamp
may be corrected."""
MOST_SIGHTINGS: Final = 10_000
"""More are not read together: a clip may name 500, and a statement of PostgreSQL has at most 65,535
parameters. A stolen node must not stop the intake with that."""

_OPEN: Final = sightings.alias("open_sightings")
_ALERTS: Final = select(
    alerts.c.id,
    alerts.c.camera_id,
    alerts.c.kind,
    alerts.c.state,
    alerts.c.people,
    alerts.c.began_utc_us,
    alerts.c.last_seen_utc_us,
    alerts.c.zone,
    alerts.c.quiet_reason,
    select(func.count())
    .where(_OPEN.c.alert_id == alerts.c.id, _OPEN.c.closed_utc_us.is_(None))
    .scalar_subquery()
    .label("open_sightings"),
)
_SIGHTINGS: Final = select(
    sightings.c.id,
    sightings.c.camera_id,
    sightings.c.alert_id,
    sightings.c.object_kind,
    sightings.c.people,
    sightings.c.score,
    sightings.c.first_seen_utc_us,
    sightings.c.last_seen_utc_us,
    sightings.c.closed_utc_us,
).where(sightings.c.id.in_(bindparam("ids", expanding=True)))
_EARLY: Final = (
    select(events.c.sighting_id)
    .where(events.c.sighting_id.in_(bindparam("ids", expanding=True)))
    .union(
        select(media_sightings.c.sighting_id)
        .join(media, media.c.id == media_sightings.c.media_id)
        .where(
            media_sightings.c.sighting_id.in_(bindparam("ids", expanding=True)),
            media.c.stored_utc_us.is_not(None),
        )
    )
)
_CLIPS: Final = select(growing_clips.c.id, growing_clips.c.camera_id).where(
    growing_clips.c.id.in_(bindparam("ids", expanding=True))
)
_FILES: Final = select(media.c.node_id, media.c.sha256).where(
    media.c.sha256.in_(bindparam("hashes", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and the node and camera that it comes from."""

    event: Event
    origin: Origin


def read_facts(
    conn: Connection,
    batch: Sequence[Placed],
    policy: Policy,
    *,
    doubtful: Collection[UUID],
    now: Moment,
) -> BatchFacts:
    """The facts that the batch needs. `doubtful`: events whose number may be another event's."""
    facts = BatchFacts()
    _read_events(conn, facts, batch, doubtful)
    _read_files(conn, facts, batch)
    _read_clips(conn, facts, batch)
    _read_sightings(conn, facts, batch)
    asking = [one for one in batch if _may_raise(one.event, policy, now)]
    _read_alerts(conn, facts, asking, policy)
    cameras = {one.origin.camera_id for one in asking if one.origin.camera_id is not None}
    if cameras:
        places, facts.same_audience = scope.same_audience(conn, cameras)
        routing_rows.know_areas(conn, places)
        silences_rows.know(conn, cameras, now=now)
    return facts


def _read_events(
    conn: Connection, facts: BatchFacts, batch: Sequence[Placed], doubtful: Collection[UUID]
) -> None:
    ids = [one.event.event_id for one in batch]
    facts.stored = event_rows.stored(conn, ids)
    unsure = {
        (one.origin.node_id, one.event.spool_id, one.event.seq): one.event.event_id
        for one in batch
        if one.event.event_id in doubtful and one.event.event_id not in facts.stored
    }
    taken = {unsure[one] for one in event_rows.taken(conn, unsure)} if unsure else set()
    seen: set[tuple[UUID, UUID, int]] = set()
    for one in batch:
        place = one.origin.node_id, one.event.spool_id, one.event.seq
        is_known = one.event.event_id in facts.stored or one.event.event_id in taken
        if not is_known and place not in seen:
            seen.add(place)
            facts.new_events.add(one.event.event_id)


def _read_files(conn: Connection, facts: BatchFacts, batch: Sequence[Placed]) -> None:
    said = {
        (one.origin.node_id, sha256) for one in batch if (sha256 := _file_of(one.event)) is not None
    }
    if said:
        asked = {"hashes": list({sha256 for _, sha256 in said})}
        known = {(row.node_id, row.sha256) for row in conn.execute(_FILES, asked)}
        facts.new_files = said - known


def _read_clips(conn: Connection, facts: BatchFacts, batch: Sequence[Placed]) -> None:
    ids = {
        one.event.body.clip_id
        for one in batch
        if isinstance(one.event.body, ClipBegun | ClipReady | ClipDropped)
    }
    if ids:
        found = {row.id: row.camera_id for row in conn.execute(_CLIPS, {"ids": list(ids)})}
        facts.clips = {one: found.get(one) for one in ids}


def _read_sightings(conn: Connection, facts: BatchFacts, batch: Sequence[Placed]) -> None:
    wanted = {sighting_id for one in batch for sighting_id in _sightings_of(one.event)}
    if not 0 < len(wanted) <= MOST_SIGHTINGS:
        return  # each event reads its own
    found = {row.id: sighting_of(row) for row in conn.execute(_SIGHTINGS, {"ids": list(wanted)})}
    facts.sightings = {one: found.get(one) for one in wanted}
    opened = {
        one.event.body.sighting_id for one in batch if isinstance(one.event.body, SightingOpened)
    }
    if opened := opened - found.keys():
        early = set(conn.scalars(_EARLY, {"ids": list(opened)}))
        facts.unannounced = opened - early


def _read_alerts(
    conn: Connection, facts: BatchFacts, asking: Sequence[Placed], policy: Policy
) -> None:
    linked = {one.alert_id for one in facts.sightings.values() if one and one.alert_id}
    cameras = {one.origin.camera_id for one in asking if one.origin.camera_id is not None}
    span_us = round(max(policy.group_max_s, policy.cooldown_s) * 1_000_000)
    since = min((_began(one.event) for one in asking), default=0) - span_us
    kinds = sorted(policy.alerting_kinds)
    which: list[ColumnElement[bool]] = []
    if linked:
        which.append(alerts.c.id.in_(linked))
    if cameras:
        recent = alerts.c.last_seen_utc_us >= since
        which.append(and_(alerts.c.camera_id.in_(cameras), alerts.c.kind.in_(kinds), recent))
    if which:
        rows = conn.execute(_ALERTS.where(or_(*which)))
        facts.watch(cameras, kinds, map(_alert_of, rows), since_utc_us=since)


def _alert_of(row: AnyRow) -> KnownAlert:
    return from_row(KnownAlert, row, alert_id=row.id)


def _may_raise(event: Event, policy: Policy, now: Moment) -> bool:
    """Whether the event may raise an alert, or join one. Of others, older ones above all, the
    alerts are read when they are needed after all."""
    body = event.body
    if not isinstance(body, SightingOpened | SightingUpdated):
        return False
    if isinstance(body, SightingUpdated) and not wakes_now(body):
        return False
    return now.utc_us - _began(event) <= round((policy.late_after_s + SPARE_S) * 1_000_000)


def _began(event: Event) -> int:
    body = event.body
    return body.first_seen_utc_us if isinstance(body, SightingOpened) else event.stamp.utc_us


def _sightings_of(event: Event) -> Iterable[UUID]:
    match event.body:
        case SightingOpened() | SightingUpdated() | SightingClosed() as body:
            return (body.sighting_id,)
        case ClipReady() | ClipBegun() as body:
            return body.sighting_ids
        case _:
            return ()


def _file_of(event: Event) -> str | None:
    match event.body:
        case SightingOpened() | SightingUpdated() as body:
            return None if body.picture is None else body.picture.sha256
        case ClipReady() as body:
            return body.sha256
        case _:
            return None
