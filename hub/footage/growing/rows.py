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
from hub.base.db.statements import add, add_once, change, ensure_all
from hub.base.moment import Moment
from hub.footage.retention.tables import holds
from hub.footage.tables import growing_clips, growing_sightings
from hub.registry.registry import Origin

LONGEST_US: Final = 3600 * 1_000_000
"""Longest possible clip, in microseconds."""


def begin(
    conn: Connection,
    origin: Origin,
    clip: ClipBegun,
    *,
    first_frame: Moment,
    now: Moment,
    alert_ids: Sequence[UUID] | None = None,
) -> None:
    """Store that a node has begun to record a clip of these sightings; repeated when more sightings
    join.

    `alert_ids`: the caller knows that the clip is new, and these are the alerts of its sightings.
    """
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
    if alert_ids is not None:
        add(conn, growing_clips, row)
    elif not add_once(conn, growing_clips, row) and not _is_of(conn, clip.clip_id, origin):
        return  # the id of another node's clip
    joined = [{"clip_id": clip.clip_id, "sighting_id": one} for one in clip.sighting_ids]
    ensure_all(conn, growing_sightings, joined)
    for alert_id in alerts_of(conn, clip.clip_id) if alert_ids is None else alert_ids:
        change_alert(conn, alert_id, {}, now=now)


def drop(conn: Connection, origin: Origin, clip: ClipDropped, *, now: Moment) -> None:
    """Mark the clip as dropped: it will never be complete."""
    if _is_of(conn, clip.clip_id, origin):
        change(conn, growing_clips, clip.clip_id, {"dropped": text(clip.reason, 500)})
        touch_alerts(conn, clip.clip_id, now=now)


def end(
    conn: Connection, origin: Origin, clip: ClipReady, *, media_id: UUID | None, is_of: bool | None
) -> None:
    """Mark the clip as complete at its node: received bytes need not come again.

    `media_id`: its file. `is_of`: whether the clip is one of this camera; None: it is looked up.
    """
    if not (_is_of(conn, clip.clip_id, origin) if is_of is None else is_of):
        return
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
