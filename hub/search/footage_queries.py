"""Queries of the footage search, each limited to a scope.

A search needs two rights, to search and to play clips, on the camera and for that time.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.access.tables import people
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.footage.queries import media_rows
from hub.footage.scope import seen_media
from hub.footage.tables import media, span_wishes
from hub.footage.views import AskedSpan, MediaRow
from hub.registry.areas import places
from hub.registry.condition_queries import IS_HEARD, condition_values
from hub.registry.tables import cameras, nodes
from hub.search.views import SearchedCamera

RIGHTS: Final = Right.SEARCH | Right.CLIPS
LONGEST_CLIP_S: Final = 3600
"""Maximum length of a clip or segment: a clip that overlaps a span begins at most this long before
it."""


def searched_cameras(conn: Connection, person_id: UUID, now: Moment) -> list[SearchedCamera]:
    """The cameras this person may search, by place."""
    scope = visible_cameras(person_id, RIGHTS, now).subquery("scope")
    rows = conn.execute(
        select(cameras.c.id, cameras.c.label, cameras.c.name, cameras.c.area_id, cameras.c.sound)
        .add_columns(nodes.c.name.label("node"), IS_HEARD.label("is_heard"))
        .join(scope, scope.c.camera_id == cameras.c.id)
        .join(nodes, nodes.c.id == cameras.c.node_id),
        condition_values(now),
    ).all()
    where = places(conn, {row.area_id for row in rows})
    found = [
        SearchedCamera(
            camera_id=row.id,
            label=row.label or f"{row.node}/{row.name}",
            place=where[row.area_id],
            is_node_here=bool(row.is_heard),
            sound=row.sound,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (by_name(one.place), by_name(one.label)))


def found_clips(
    conn: Connection,
    person_id: UUID,
    camera_id: UUID,
    *,
    from_utc_us: int,
    until_utc_us: int,
    now: Moment,
    limit: int,
) -> list[MediaRow]:
    """Clips of the camera that overlap the span, earliest first, and their sounds."""
    scope = visible_cameras(person_id, RIGHTS, now).subquery("scope")
    first = media.c.first_frame_utc_us
    theirs = select(media.c.id).join(scope, seen_media(scope)).where(media.c.camera_id == camera_id)
    overlaps = and_(
        media.c.kind.in_(("clip", "sound")),
        first.between(from_utc_us - LONGEST_CLIP_S * 1_000_000, until_utc_us),
        first + media.c.duration_ms * 1000 >= from_utc_us,
    )
    return media_rows(conn, media.c.id.in_(theirs.where(overlaps)), limit=limit)


def camera_of_clip_at_node(
    conn: Connection, person_id: UUID, media_id: UUID, now: Moment
) -> UUID | None:
    """The camera of a clip that its node still has, if this person may search and play it."""
    scope = visible_cameras(person_id, RIGHTS, now).subquery("scope")
    still_there: list[ColumnElement[bool]] = [
        media.c.kind == "clip",
        media.c.stored_utc_us.is_(None),
        media.c.removed_why.is_(None),
    ]
    query = select(media.c.camera_id).join(scope, seen_media(scope))
    return conn.scalar(query.where(media.c.id == media_id, *still_there))


def heard_clip(
    conn: Connection, person_id: UUID, media_id: UUID, *, rights: Right, now: Moment
) -> tuple[UUID, int] | None:
    """Camera and middle moment of a clip recorded with sound, if these rights let the person play
    it; None otherwise."""
    scope = visible_cameras(person_id, rights, now).subquery("scope")
    row = conn.execute(
        select(media.c.camera_id, media.c.first_frame_utc_us, media.c.duration_ms)
        .join(scope, seen_media(scope))
        .join(cameras, cameras.c.id == media.c.camera_id)
        .where(
            media.c.id == media_id,
            media.c.kind == "clip",
            media.c.removed_why.is_(None),
            cameras.c.sound.is_not(None),
        )
    ).first()
    return row and (row.camera_id, row.first_frame_utc_us + row.duration_ms * 500)


def asked_spans(
    conn: Connection,
    person_id: UUID,
    camera_id: UUID,
    *,
    from_utc_us: int,
    until_utc_us: int,
    now: Moment,
    rights: Right = RIGHTS,
) -> list[AskedSpan]:
    """Requests that overlap the span, newest last. Requests that begin before the reach of the
    person's rights are left out: the people in that footage are outside their scope."""
    scope = visible_cameras(person_id, rights, now).subquery("scope")
    theirs = and_(
        scope.c.camera_id == span_wishes.c.camera_id,
        scope.c.from_utc_us <= span_wishes.c.from_utc_us,
    )
    rows = conn.execute(
        select(span_wishes, people.c.name.label("person_name"))
        .join(scope, theirs)
        .outerjoin(people, people.c.id == span_wishes.c.asked_by)
        .where(
            span_wishes.c.camera_id == camera_id,
            span_wishes.c.from_utc_us <= until_utc_us,
            span_wishes.c.until_utc_us >= from_utc_us,
        )
        .order_by(span_wishes.c.asked_utc_us)
    )
    return [from_row(AskedSpan, row, with_sound=bool(row.with_sound)) for row in rows]
