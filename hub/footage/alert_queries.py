"""Queries of the footage of one alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Uuid, bindparam, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.alerting.alerts.tables import sightings
from hub.base.db.columns import AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.footage.queries import as_media_rows, media_query
from hub.footage.scope import seen_media
from hub.footage.tables import growing_clips, growing_sightings, media, media_sightings
from hub.footage.views import GrowingRow, MediaRow


@dataclass(frozen=True, slots=True)
class Unended:
    """A clip without a final stored file: its node, and its announced file, if there is one."""

    node_id: UUID
    media_id: UUID | None
    sha256: str | None
    row: GrowingRow


def _its_media() -> AnySelect:
    its = media.alias("its")
    its_own = (
        select(its.c.id)
        .join(media_sightings, media_sightings.c.media_id == its.c.id)
        .join(sightings, sightings.c.id == media_sightings.c.sighting_id)
        .where(sightings.c.alert_id == _ALERT, sightings.c.camera_id == its.c.camera_id)
    )
    is_wanted = media.c.kind.in_(bindparam("kinds", expanding=True))
    return media_query(media.c.id.in_(its_own), is_wanted)


def _its_growing() -> AnySelect:
    return (
        select(growing_clips, media.c.sha256)
        .distinct()
        .join(growing_sightings, growing_sightings.c.clip_id == growing_clips.c.id)
        .join(sightings, sightings.c.id == growing_sightings.c.sighting_id)
        .outerjoin(media, media.c.id == growing_clips.c.media_id)
        .where(
            sightings.c.alert_id == _ALERT,
            sightings.c.camera_id == growing_clips.c.camera_id,
            media.c.stored_utc_us.is_(None),
            media.c.removed_why.is_(None),
            growing_clips.c.remains_id.is_(None),
        )
        .order_by(growing_clips.c.first_frame_utc_us, growing_clips.c.id)
    )


# Built once: every alert's page runs them, and building costs more than their execution.
_ALERT: Final = bindparam("alert_id", type_=Uuid)
_MEDIA: Final = _its_media()
_GROWING: Final = _its_growing()


def alert_media(conn: Connection, alert_id: UUID, *, kinds: Sequence[str]) -> list[MediaRow]:
    """The alert's pictures and clips, announced or stored, by time."""
    return as_media_rows(conn.execute(_MEDIA, {"alert_id": alert_id, "kinds": list(kinds)}))


def alert_growing(conn: Connection, alert_id: UUID) -> list[Unended]:
    """The alert's clips without a final stored file."""
    return [
        from_row(
            Unended,
            row,
            row=from_row(GrowingRow, row, clip_id=row.id, is_dropped=row.dropped is not None),
        )
        for row in conn.execute(_GROWING, {"alert_id": alert_id})
    ]


def clip_at_node(
    conn: Connection, person_id: UUID, media_id: UUID, *, alert_id: UUID, now: Moment
) -> bool:
    """True if this clip belongs to that alert, is still at its node, and this person may play
    it."""
    scope = visible_cameras(person_id, Right.CLIPS, now).subquery("scope")
    query = (
        select(media.c.id)
        .join(scope, seen_media(scope))
        .join(media_sightings, media_sightings.c.media_id == media.c.id)
        .join(sightings, sightings.c.id == media_sightings.c.sighting_id)
        .where(
            media.c.id == media_id,
            media.c.kind == "clip",
            media.c.stored_utc_us.is_(None),
            media.c.removed_why.is_(None),
            sightings.c.alert_id == alert_id,
            sightings.c.camera_id == media.c.camera_id,
        )
    )
    return conn.execute(query).first() is not None
