"""Queries of pictures and clips; the conditions contain the scope."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, exists, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.access.tables import people
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.footage.retention.tables import retention_rules
from hub.footage.scope import seen_growing, seen_media
from hub.footage.tables import growing_clips, media, wishes
from hub.footage.views import ClipRequestRow, MediaRow, Removed
from hub.registry.tables import areas


def media_rows(
    conn: Connection, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[MediaRow]:
    """Pictures and clips that meet the conditions, by time. The conditions must contain the
    scope."""
    return as_media_rows(conn.execute(media_query(*conditions, limit=limit)))


def media_query(*conditions: ColumnElement[bool], limit: int | None = None) -> AnySelect:
    """Query of pictures and clips for `as_media_rows`; see `media_rows`."""
    rule = retention_rules
    wish = [wishes.c.asked_utc_us, wishes.c.answer, wishes.c.answered_utc_us]
    left = exists().where(growing_clips.c.remains_id == media.c.id)
    return (
        select(media, rule.c.keep_days, rule.c.reason, areas.c.name.label("rule_area"))
        .add_columns(*(column.label(f"wish_{column.name}") for column in wish))
        .add_columns(people.c.name.label("wish_person_name"), left.label("is_remains"))
        .outerjoin(rule, rule.c.id == media.c.removed_rule_id)
        .outerjoin(areas, areas.c.id == rule.c.area_id)
        .outerjoin(wishes, wishes.c.media_id == media.c.id)
        .outerjoin(people, people.c.id == wishes.c.person_id)
        .where(*conditions)
        .order_by(media.c.first_frame_utc_us, media.c.id)
        .limit(limit)
    )


def as_media_rows(rows: Iterable[AnyRow]) -> list[MediaRow]:
    """The pictures and clips in rows of `media_query`."""
    return [
        from_row(
            MediaRow,
            row,
            media_id=row.id,
            is_stored=row.stored_utc_us is not None,
            removed=_removed(row),
            wish=_wish_row(row),
            from_recorder=bool(row.from_recorder),
            error_ms=row.first_frame_error_ms,
        )
        for row in rows
    ]


def _removed(row: AnyRow) -> Removed | None:
    if row.removed_why is None:
        return None
    return Removed(
        why=row.removed_why,
        at_utc_us=row.removed_utc_us,
        keep_days=row.keep_days,
        area=row.rule_area,
        reason=row.reason or "",
    )


def may_watch(conn: Connection, person_id: UUID, clip_id: UUID, now: Moment) -> bool:
    """Whether this person may play a clip that is still being recorded."""
    scope = visible_cameras(person_id, Right.CLIPS, now).subquery("scope")
    query = select(growing_clips.c.id).join(scope, seen_growing(scope))
    return conn.execute(query.where(growing_clips.c.id == clip_id)).first() is not None


def _wish_row(row: AnyRow) -> ClipRequestRow | None:
    if row.wish_asked_utc_us is None:
        return None
    return ClipRequestRow(
        person_name=row.wish_person_name,
        asked_utc_us=row.wish_asked_utc_us,
        answer=row.wish_answer,
        answered_utc_us=row.wish_answered_utc_us,
    )


def one_media(conn: Connection, person_id: UUID, media_id: UUID, now: Moment) -> AnyRow | None:
    """Kind, node, sha256, size, codec and duration of a stored file this person may see; clips and
    sound need CLIPS."""
    kind = conn.scalar(select(media.c.kind).where(media.c.id == media_id))
    right = Right.SEE if kind == "picture" else Right.CLIPS
    scope = visible_cameras(person_id, right, now).subquery("scope")
    return conn.execute(
        select(
            media.c.kind,
            media.c.node_id,
            media.c.sha256,
            media.c.size_bytes,
            media.c.codec,
            media.c.duration_ms,
        )
        .join(scope, seen_media(scope))
        .where(media.c.id == media_id, media.c.stored_utc_us.is_not(None))
    ).first()
