"""Clips under way as rows: begun, joined by more sightings, whole or dropped."""

import base64
import binascii
from uuid import UUID

from sqlalchemy import Connection, select

from agent.wire.messages import ClipBegun, ClipDropped, ClipReady
from hub.alerts.moment import Moment
from hub.store.alert_rows import change_alert
from hub.store.bounds import integer, text
from hub.store.footage import Origin, media_of
from hub.store.rows import add_all_once, add_once, change
from hub.store.tables import columns, growing_clips, growing_sightings, sightings


def begin(
    conn: Connection, origin: Origin, clip: ClipBegun, *, first_frame: Moment, now: Moment
) -> None:
    """A node records a clip of these sightings; said again when more joined it."""
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
    """It will never be whole."""
    if _is_of(conn, clip.clip_id, origin):
        change(conn, growing_clips, clip.clip_id, {"dropped": text(clip.reason, 500)})
        touch_alerts(conn, clip.clip_id, now=now)


def end(conn: Connection, origin: Origin, clip: ClipReady) -> None:
    """It is whole at its node: what came of it need not come again."""
    if not _is_of(conn, clip.clip_id, origin):
        return
    media_id = media_of(conn, origin.node_id, clip.sha256)
    values = {"media_id": media_id, "beginning": _bytes(clip.beginning), "dropped": None}
    change(conn, growing_clips, clip.clip_id, values)


def touch_alerts(conn: Connection, clip_id: UUID, *, now: Moment) -> None:
    """Whoever looks at its alerts sees that something has changed."""
    alert_ids = conn.scalars(
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
    for alert_id in alert_ids:
        change_alert(conn, alert_id, {}, now=now)


def _is_of(conn: Connection, clip_id: UUID, origin: Origin) -> bool:
    camera = select(growing_clips.c.camera_id).where(growing_clips.c.id == clip_id)
    return conn.scalar(camera) == origin.camera_id


def _bytes(said: str | None) -> bytes | None:
    try:
        return base64.b64decode(said, validate=True) if said is not None else None
    except binascii.Error:
        return None
