"""Rows of pictures and clips: announced by a node, stored by the hub, shown in an alert."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from agent.wire.messages import ClipReady
from agent.wire.terms import Picture
from hub.alerting.alerts.rows import change_alert, note_history
from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alerts, sightings
from hub.alerting.notifications import recipients
from hub.base.db.bounds import bigint, integer, text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.statements import add, add_once, change, ensure_all
from hub.base.moment import Moment
from hub.footage.tables import media, media_sightings
from hub.registry.registry import Origin

_SAME_FILE: Final = select(media.c.id).where(
    media.c.node_id == bindparam("node"), media.c.sha256 == bindparam("sha256")
)
_STORED: Final = select(media.c.id).where(
    media.c.id == bindparam("media_id"), media.c.stored_utc_us.is_not(None)
)
_STORED_OF: Final = (
    select(media.c.id)
    .join(media_sightings, media_sightings.c.media_id == media.c.id)
    .where(
        media_sightings.c.sighting_id == bindparam("sighting_id"),
        media.c.stored_utc_us.is_not(None),
    )
    .limit(1)
)
_ALERTS_OF: Final = (
    select(sightings.c.alert_id)
    .distinct()
    .join(media_sightings, media_sightings.c.sighting_id == sightings.c.id)
    .join(media, media.c.id == media_sightings.c.media_id)
    .where(
        media.c.id == bindparam("media_id"),
        # A node can add media only to its own cameras, whatever sightings it names.
        media.c.camera_id == sightings.c.camera_id,
        sightings.c.alert_id.is_not(None),
    )
)
_SHOWN: Final = select(
    alerts.c.picture_id,
    alerts.c.clip_id,
    alerts.c.camera_id,
    alerts.c.state,
    alerts.c.raised_utc_us,
).where(alerts.c.id == bindparam("alert_id"))
_STORED_FILES: Final = (
    select(media.c.id, media.c.kind, media_sightings.c.sighting_id)
    .join(media_sightings, media_sightings.c.media_id == media.c.id)
    .join(sightings, sightings.c.id == media_sightings.c.sighting_id)
    .where(
        sightings.c.alert_id == bindparam("alert_id"),
        sightings.c.camera_id == media.c.camera_id,
        media.c.stored_utc_us.is_not(None),
    )
    .order_by(sightings.c.first_seen_utc_us, sightings.c.id, media.c.first_frame_utc_us, media.c.id)
)


def announce_picture(
    conn: Connection,
    origin: Origin,
    picture: Picture,
    *,
    sighting_id: UUID,
    taken: Moment,
    now: Moment,
    is_new: bool = False,
) -> None:
    """Record that the node has a picture of this sighting and will upload it. `is_new`: the caller
    knows that the node has not announced this file before."""
    facts = {
        "kind": "picture",
        "sha256": picture.sha256,
        "size_bytes": picture.size_bytes,
        "codec": "jpeg",
        "width": integer(picture.width),
        "height": integer(picture.height),
        "duration_ms": 0,
    }
    row = _announced(origin, facts, first_frame=taken, now=now)
    _announce(conn, row, sighting_ids=[sighting_id], is_new=is_new, now=now)


def announce_clip(
    conn: Connection,
    origin: Origin,
    clip: ClipReady,
    *,
    first_frame: Moment,
    now: Moment,
    is_new: bool = False,
) -> UUID | None:
    """Record that the node has a clip of these sightings, or its audio, and will upload it; returns
    the id of the row. `is_new`: the caller knows that the node has not announced this file before.
    """
    facts = {
        "kind": "sound" if clip.is_sound else "clip",
        "sha256": clip.sha256,
        "size_bytes": bigint(clip.size_bytes),
        "codec": text(clip.codec, 40),
        "width": integer(clip.width),
        "height": integer(clip.height),
        "duration_ms": clip.duration_ms,
        "from_recorder": clip.from_recorder,
    }
    row = _announced(origin, facts, first_frame=first_frame, now=now)
    return _announce(conn, row, sighting_ids=clip.sighting_ids, is_new=is_new, now=now)


def _announced(
    origin: Origin, facts: Mapping[str, object], *, first_frame: Moment, now: Moment
) -> dict[str, Any]:
    return {
        "id": new_id(now),
        "node_id": origin.node_id,
        "camera_id": origin.camera_id,
        **facts,
        **columns("first_frame", first_frame),
        **columns("announced", now),
    }


def _announce(
    conn: Connection,
    row: dict[str, Any],
    *,
    sighting_ids: Sequence[UUID],
    is_new: bool,
    now: Moment,
) -> UUID | None:
    media_id: UUID | None = row["id"]
    if is_new:
        add(conn, media, row)
    elif not (is_new := add_once(conn, media, row)):
        media_id = conn.scalar(_SAME_FILE, {"node": row["node_id"], "sha256": row["sha256"]})
    links = [{"media_id": media_id, "sighting_id": one} for one in dict.fromkeys(sighting_ids)]
    ensure_all(conn, media_sightings, links)
    if not is_new and media_id is not None and is_stored(conn, media_id):
        # The same file was uploaded before and will not come again.
        for alert_id in _alerts_of(conn, media_id):
            show_media(conn, alert_id, now=now)
    return media_id


def media_of(conn: Connection, node_id: UUID, sha256: str) -> UUID | None:
    """The announced file of this node with this hash, if any."""
    found: UUID | None = conn.scalar(_SAME_FILE, {"node": node_id, "sha256": sha256})
    return found


def is_stored(conn: Connection, media_id: UUID) -> bool:
    """True if the hub has the file."""
    return conn.scalar(_STORED, {"media_id": media_id}) is not None


def is_file(conn: Connection, sha256: str) -> bool:
    """True if a row of `media` says that this file is stored."""
    query = select(media.c.id).where(media.c.sha256 == sha256, media.c.stored_utc_us.is_not(None))
    return conn.scalar(query.limit(1)) is not None


def show_what_came_before(
    conn: Connection, sighting_id: UUID, *, alert_id: UUID, now: Moment
) -> None:
    """Show files in the alert that were stored before their sighting was filed."""
    if conn.scalar(_STORED_OF, {"sighting_id": sighting_id}) is not None:
        show_media(conn, alert_id, now=now)


def store_media(conn: Connection, media_id: UUID, *, policy: Policy, now: Moment) -> None:
    """Mark the file as stored and add it to its alerts."""
    values = {"removed_why": None, **columns("removed", None), **columns("stored", now)}
    change(conn, media, media_id, values)
    if conn.scalar(select(media.c.kind).where(media.c.id == media_id)) == "sound":
        touch_alerts(conn, media_id, now=now)
        return
    for alert_id in _alerts_of(conn, media_id):
        if show_media(conn, alert_id, now=now):
            enqueue_grown(conn, alert_id, policy=policy, now=now)


def touch_alerts(conn: Connection, media_id: UUID, *, now: Moment) -> None:
    """Notify open pages of its alerts about a change of this file."""
    for alert_id in _alerts_of(conn, media_id):
        change_alert(conn, alert_id, {}, now=now)


def _alerts_of(conn: Connection, media_id: UUID) -> Sequence[UUID]:
    return list(conn.scalars(_ALERTS_OF, {"media_id": media_id}))


def show_media(conn: Connection, alert_id: UUID, *, now: Moment) -> bool:
    """Show the best stored media in the alert; True if it got its first picture."""
    shown = conn.execute(_SHOWN, {"alert_id": alert_id}).one()
    stored = _stored(conn, alert_id)
    picture_id, clip_id = _best_picture(stored), _best_clip(stored)
    values: dict[str, object] = {}
    if picture_id is not None and picture_id != shown.picture_id:
        values["picture_id"] = picture_id
        note_history(conn, alert_id, act="picture", now=now)
    if clip_id is not None and clip_id != shown.clip_id:
        values["clip_id"] = clip_id
        note_history(conn, alert_id, act="clip", now=now)
    if values:
        change_alert(conn, alert_id, values, now=now)
    return "picture_id" in values and shown.picture_id is None


def hide_media(conn: Connection, alert_id: UUID, media_id: UUID, *, now: Moment) -> None:
    """Replace a removed file in an alert that showed it by the best one left."""
    shown = conn.execute(_SHOWN, {"alert_id": alert_id}).one()
    stored = _stored(conn, alert_id)
    values: dict[str, object] = {}
    if shown.picture_id == media_id:
        values["picture_id"] = _best_picture(stored)
    if shown.clip_id == media_id:
        values["clip_id"] = _best_clip(stored)
    if values:
        change_alert(conn, alert_id, values, now=now)


def enqueue_grown(conn: Connection, alert_id: UUID, *, policy: Policy, now: Moment) -> None:
    """Queue a notification about the picture, while nobody has the alert and it is recent."""
    row = conn.execute(_SHOWN, {"alert_id": alert_id}).one()
    is_news = now.utc_us - row.raised_utc_us <= policy.late_after_s * 1_000_000
    if row.state == AlertState.OPEN and is_news:
        recipients.enqueue(
            conn, alert_id=alert_id, camera_id=row.camera_id, moment="grown", now=now
        )


Stored = AnyRow


def _stored(conn: Connection, alert_id: UUID) -> Sequence[Stored]:
    """All stored files of an alert, files of its first sighting first, then by time."""
    found: Sequence[Stored] = conn.execute(_STORED_FILES, {"alert_id": alert_id}).all()
    return found


def _best_picture(stored: Sequence[Stored]) -> UUID | None:
    """The last picture of the earliest sighting with one: a node sends a later picture only if it
    shows more."""
    pictures = [row for row in stored if row.kind == "picture"]
    same = [row.id for row in pictures if row.sighting_id == pictures[0].sighting_id]
    return same[-1] if same else None


def _best_clip(stored: Sequence[Stored]) -> UUID | None:
    """The first clip of the earliest sighting with one: it shows the beginning."""
    return next((row.id for row in stored if row.kind == "clip"), None)
