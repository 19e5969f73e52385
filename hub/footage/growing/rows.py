"""Rows of clips in recording: begun, extended by more sightings, complete or dropped."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from agent.wire.messages import ClipBegun, ClipDropped, ClipReady
from hub.alerting.alerts.rows import change_alert
from hub.alerting.alerts.tables import sightings
from hub.base.db.bounds import integer, text
from hub.base.db.columns import columns
from hub.base.db.statements import add_all_once, add_once, change
from hub.base.moment import Moment
from hub.footage.media_rows import media_of
from hub.footage.retention.tables import holds
from hub.footage.tables import growing_clips, growing_sightings
from hub.registry.registry import Origin

LONGEST_US: Final = 3600 * 1_000_000
"""Longest possible clip, in microseconds."""


def begin(
    conn: Connection, origin: Origin, clip: ClipBegun, *, first_frame: Moment, now: Moment
) -> None:
    """A node has begun to record a clip of these sightings; repeated when more sightings join."""
    row = {
        "id": clip.clip_id,
        "node_id": origin.node_id,
        "camera_id": origin.camera_id,
        "codec": text(clip.codec, 40),
        "width": integer(clip.width),
        "height": integer(clip.height),
        "media_id": None,
        "beginning": None,
        "dropped": None,
        **columns("first_frame", first_frame),
        **columns("begun", now),
    }
    is_new = add_once(conn, growing_clips, row)
    if not is_new and not _is_of(conn, clip.clip_id, origin):
        return  # the id of another node's clip
    joined = [{"clip_id": clip.clip_id, "sighting_id": one} for one in clip.sighting_ids]
    add_all_once(conn, growing_sightings, joined)
    touch_alerts(conn, clip.clip_id, now=now)


def drop(conn: Connection, origin: Origin, clip: ClipDropped, *, now: Moment) -> None:
    """Mark the clip as dropped: it will never be complete."""
    if _is_of(conn, clip.clip_id, origin):
        change(conn, growing_clips, clip.clip_id, {"dropped": text(clip.reason, 500)})
        touch_alerts(conn, clip.clip_id, now=now)


def end(conn: Connection, origin: Origin, clip: ClipReady) -> None:
    """Mark the clip as complete at its node: received bytes need not come again."""
    if not _is_of(conn, clip.clip_id, origin):
        return
    media_id = media_of(conn, origin.node_id, clip.sha256)
    values = {"media_id": media_id, "beginning": _bytes(clip.beginning), "dropped": None}
    change(conn, growing_clips, clip.clip_id, values)


def touch_alerts(conn: Connection, clip_id: UUID, *, now: Moment) -> None:
    """Notify open pages of its alerts about the change."""
    for alert_id in alerts_of(conn, clip_id):
        change_alert(conn, alert_id, {}, now=now)


def alerts_of(conn: Connection, clip_id: UUID) -> Sequence[UUID]:
    """Alerts that show this growing clip."""
    return conn.scalars(
        select(sightings.c.alert_id)
        .distinct()
        .join(growing_sightings, growing_sightings.c.sighting_id == sightings.c.id)
        .join(growing_clips, growing_clips.c.id == growing_sightings.c.clip_id)
        .where(
            growing_clips.c.id == clip_id,
            growing_clips.c.camera_id == sightings.c.camera_id,
            sightings.c.alert_id.is_not(None),
        )
    ).all()


def held_growing() -> ColumnElement[bool]:
    """SQL condition: an active hold may need this row of growing clips, whatever its final
    length."""
    shown = (
        select(sightings.c.alert_id)
        .join(growing_sightings, growing_sightings.c.sighting_id == sightings.c.id)
        .where(growing_sightings.c.clip_id == growing_clips.c.id)
        .correlate(growing_clips)
    )
    first, error_ms = growing_clips.c.first_frame_utc_us, growing_clips.c.first_frame_error_ms
    is_before = or_(
        holds.c.until_utc_us.is_(None),
        error_ms.is_(None),
        first - error_ms * 1000 <= holds.c.until_utc_us,
    )
    is_after = or_(error_ms.is_(None), first + LONGEST_US >= holds.c.from_utc_us)
    return (
        select(holds.c.id)
        .where(
            holds.c.ended_utc_us.is_(None),
            or_(
                holds.c.alert_id.in_(shown),
                and_(holds.c.camera_id == growing_clips.c.camera_id, is_before, is_after),
            ),
        )
        .correlate(growing_clips)
        .exists()
    )


def _is_of(conn: Connection, clip_id: UUID, origin: Origin) -> bool:
    camera = select(growing_clips.c.camera_id).where(growing_clips.c.id == clip_id)
    return conn.scalar(camera) == origin.camera_id


def _bytes(said: str | None) -> bytes | None:
    try:
        return base64.b64decode(said, validate=True) if said is not None else None
    except binascii.Error:
        return None
