"""Plans for events about the node itself: clips, cameras, event numbers."""

from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select

from agent.wire.messages import (
    CameraBack,
    CameraLost,
    ClipBegun,
    ClipDropped,
    ClipReady,
    HoldAnswered,
    MediaAnswered,
    NumbersDropped,
    RecordingResumed,
    RecordingStopped,
)
from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.alerts.tables import sightings
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.db.statements import change
from hub.footage import media_rows
from hub.footage.growing import rows as growing_rows
from hub.footage.requests import clips, spans
from hub.footage.retention import node_holds
from hub.intake.filing.event import Fate, FilingPlan, NodeEvent
from hub.intake.filing.facts import BatchFacts
from hub.nodes.spool.tables import dropped_numbers, events
from hub.registry.tables import cameras, nodes

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


def plan_clip(
    conn: Connection,
    facts: BatchFacts,
    node_event: NodeEvent,
    body: ClipReady | ClipBegun | ClipDropped,
    policy: Policy,
) -> FilingPlan:
    """Plan for a clip that is being recorded, is complete, or will not come."""
    if isinstance(body, ClipReady):
        return _plan_whole(conn, facts, node_event, body, policy)
    return _plan_growing(conn, facts, node_event, body)


def _alert_of(
    conn: Connection, facts: BatchFacts, node_event: NodeEvent, sighting_ids: Sequence[UUID]
) -> UUID | None:
    known = facts.alerts_of(sighting_ids, node_event.camera_id)
    if known is not None:
        return known[0] if known else None
    asked = {"camera_id": node_event.camera_id, "sighting_ids": sighting_ids}
    found: UUID | None = conn.scalar(_ALERT_OF, asked)
    return found


def _plan_whole(
    conn: Connection, facts: BatchFacts, node_event: NodeEvent, body: ClipReady, policy: Policy
) -> FilingPlan:
    """Plan for a clip that waits at the node; its alerts show it once it is stored."""
    write = partial(_announce_clip, facts, node_event, body)
    alert_id = _alert_of(conn, facts, node_event, body.sighting_ids)
    if alert_id is not None:
        return FilingPlan("grouped", "a clip of this alert", alert_id, write)
    fate: Fate = "late" if node_event.age_s > policy.late_after_s else "noted"
    return FilingPlan(fate, "a clip of sightings that woke nobody", None, write)


def _plan_growing(
    conn: Connection, facts: BatchFacts, node_event: NodeEvent, body: ClipBegun | ClipDropped
) -> FilingPlan:
    """Plan for a clip that is being recorded, which its alerts show as it grows, or that will
    not come."""
    if isinstance(body, ClipDropped):
        return FilingPlan(
            "noted", "a clip will not come", None, partial(_drop_clip, node_event, body)
        )
    write = partial(_begin_clip, facts, node_event, body)
    alert_id = _alert_of(conn, facts, node_event, body.sighting_ids)
    if alert_id is not None:
        return FilingPlan("grouped", "a clip of this alert is being recorded", alert_id, write)
    return FilingPlan(
        "noted", "a clip of sightings that woke nobody is being recorded", None, write
    )


def plan_camera_state(
    conn: Connection, node_event: NodeEvent, body: CameraLost | CameraBack
) -> FilingPlan:
    """Plan for a camera that is lost or back; ignored if newer news of the camera is stored."""
    newer = (
        select(events.c.id)
        .where(
            events.c.node_id == node_event.origin.node_id,
            events.c.spool_id == node_event.spool_id,
            events.c.seq > node_event.seq,
            events.c.camera_id == node_event.camera_id,
            events.c.kind.in_(["camera_lost", "camera_back"]),
        )
        .limit(1)
    )
    if conn.scalar(newer) is not None:
        return FilingPlan("noted", "the camera's state has changed since")
    is_lost = isinstance(body, CameraLost)
    values = {
        "is_lost": is_lost,
        "lost_reason": text(body.reason, 500) if isinstance(body, CameraLost) else None,
        **columns("state_since", node_event.happened),
    }
    camera_id = node_event.camera_id

    def write(conn: Connection) -> None:
        change(conn, cameras, camera_id, values)

    return FilingPlan(
        "noted", "the camera is lost" if is_lost else "the camera is back", None, write
    )


OfTheNode = NumbersDropped | RecordingStopped | RecordingResumed | MediaAnswered | HoldAnswered


def plan_node(conn: Connection, node_event: NodeEvent, body: OfTheNode) -> FilingPlan:
    """Events about the node and no camera."""
    match body:
        case NumbersDropped():
            return _plan_dropped(node_event, body)
        case MediaAnswered():
            return _plan_answer(node_event, body)
        case HoldAnswered():
            write = partial(_note_hold, node_event, body)
            return FilingPlan("noted", "the node holds footage, or lets go of it", None, write)
        case RecordingStopped() | RecordingResumed():
            return _plan_recording(conn, node_event, body)


def _plan_dropped(node_event: NodeEvent, body: NumbersDropped) -> FilingPlan:
    """Event numbers that will never come; the hub stops waiting for them."""
    rows = [
        {
            "id": new_id(node_event.now),
            "node_id": node_event.origin.node_id,
            "spool_id": node_event.spool_id,
            "first_seq": first,
            "last_seq": last,
            "reason": text(body.reason, 500),
            **columns("said", node_event.now),
        }
        for first, last in body.ranges
    ]

    def write(conn: Connection) -> None:
        conn.execute(insert(dropped_numbers), rows)

    return FilingPlan("noted", "the node will never send these numbers", None, write)


def _plan_recording(
    conn: Connection, node_event: NodeEvent, body: RecordingStopped | RecordingResumed
) -> FilingPlan:
    """Plan for a node that stops or resumes storing footage; ignored if newer news is stored."""
    newer = (
        select(events.c.id)
        .where(
            events.c.node_id == node_event.origin.node_id,
            events.c.spool_id == node_event.spool_id,
            events.c.seq > node_event.seq,
            events.c.kind.in_(["recording_stopped", "recording_resumed"]),
        )
        .limit(1)
    )
    if conn.scalar(newer) is not None:
        return FilingPlan("noted", "the state of the node's recording has changed since")
    is_stopped = isinstance(body, RecordingStopped)
    values = {
        "unrecorded_why": body.why.value if isinstance(body, RecordingStopped) else None,
        **columns("unrecorded", node_event.happened if is_stopped else None),
    }
    node_id = node_event.origin.node_id

    def write(conn: Connection) -> None:
        change(conn, nodes, node_id, values)

    why = "the node records nothing" if is_stopped else "the node records again"
    return FilingPlan("noted", why, None, write)


def _note_hold(node_event: NodeEvent, body: HoldAnswered, conn: Connection) -> None:
    node_holds.note_answer(conn, node_event.origin.node_id, body, now=node_event.now)


def _plan_answer(node_event: NodeEvent, body: MediaAnswered) -> FilingPlan:
    """The node's answer to a request for footage."""
    write = partial(_note_answer, node_event, body)
    return FilingPlan("noted", "what comes of footage that was asked for", None, write)


def _note_answer(node_event: NodeEvent, body: MediaAnswered, conn: Connection) -> None:
    clips.note_answer(conn, node_event.origin.node_id, body, now=node_event.now)
    spans.note_answer(conn, node_event.origin.node_id, body, now=node_event.now)


def _announce_clip(
    facts: BatchFacts, node_event: NodeEvent, body: ClipReady, conn: Connection
) -> None:
    origin = node_event.origin
    is_new = facts.is_new_file(origin.node_id, body.sha256)
    if not is_new:
        facts.unannounced.difference_update(body.sighting_ids)  # the file may be stored
    media_id = media_rows.announce_clip(
        conn,
        origin,
        body,
        first_frame=node_event.moment(body.first_frame_utc_us),
        now=node_event.now,
        is_new=is_new,
    )
    if not body.is_sound:
        is_known = body.clip_id in facts.clips
        is_of = facts.clips[body.clip_id] == origin.camera_id if is_known else None
        growing_rows.end(conn, origin, body, media_id=media_id, is_of=is_of)


def _begin_clip(
    facts: BatchFacts, node_event: NodeEvent, body: ClipBegun, conn: Connection
) -> None:
    is_new = body.clip_id in facts.clips and facts.clips[body.clip_id] is None
    if is_new:
        facts.clips[body.clip_id] = node_event.camera_id
    growing_rows.begin(
        conn,
        node_event.origin,
        body,
        first_frame=node_event.moment(body.first_frame_utc_us),
        now=node_event.now,
        alert_ids=facts.alerts_of(body.sighting_ids, node_event.camera_id) if is_new else None,
    )


def _drop_clip(node_event: NodeEvent, body: ClipDropped, conn: Connection) -> None:
    growing_rows.drop(conn, node_event.origin, body, now=node_event.now)
