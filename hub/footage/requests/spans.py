"""Span requests: footage of a camera's time span that its node keeps and sends only on request."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from agent.wire.answers import BringSpan
from agent.wire.messages import MediaAnswered
from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import BEFORE, before, columns
from hub.base.db.rows import from_row
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.footage.media_rows import touch_alerts
from hub.footage.tables import media, span_wishes
from hub.registry.tables import cameras, nodes

AGAIN_S: Final = 60.0
"""Repeat interval for a node that does not answer."""
AT_ONCE: Final = 50
LONGEST_S: Final = 3600.0
"""Maximum length of one request: a node answers with at most a hundred files."""


@dataclass(frozen=True, slots=True)
class DueSpanRequest:
    """A span request to send to its node now."""

    node: str
    command_id: UUID
    words: BringSpan


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A request in a list; `files` is None until the node answers."""

    command_id: UUID
    camera: str
    from_utc_us: int
    until_utc_us: int
    reason: str
    files: int | None
    stored: int


@dataclass(frozen=True, slots=True)
class RequestedTimes:
    """A time span to request, start and end included; `with_sound`: sound too."""

    from_utc_us: int
    until_utc_us: int
    with_sound: bool = False


def ask(
    conn: Connection,
    camera_id: UUID,
    *,
    span: RequestedTimes,
    reason: str,
    by: By,
    now: Moment,
    rights: Right = Right.CLIPS,
) -> UUID:
    """Request all footage of that span from the camera's node.

    RegistryError for an invalid or too long span, and for a camera or time outside this person's
    rights.
    """
    if not 0 <= span.until_utc_us - span.from_utc_us <= LONGEST_S * 1_000_000:
        raise RegistryError("a span ends after it begins, and lasts an hour at most", "span.length")
    if not reason.strip():
        raise RegistryError("asking for footage needs a reason", "span.needs_reason")
    if by.person_id is not None:
        scope = visible_cameras(by.person_id, rights, now).subquery("scope")
        seen = select(scope.c.camera_id).where(
            scope.c.camera_id == camera_id, scope.c.from_utc_us <= span.from_utc_us
        )
        if conn.scalar(seen.limit(1)) is None:
            raise RegistryError(
                "this person may not see clips of that camera, or not of that time",
                "span.not_allowed",
            )
    command_id = uuid4()
    conn.execute(
        insert(span_wishes).values(
            command_id=command_id,
            camera_id=camera_id,
            reason=text(reason.strip(), 500),
            with_sound=span.with_sound or None,
            asked_by=by.person_id,
            **columns("from", Moment(span.from_utc_us, 0)),
            **columns("until", Moment(span.until_utc_us, 0)),
            **columns("asked", now),
        )
    )
    detail = Detail(
        "span.with_sound" if span.with_sound else "span.requested",
        at=span.from_utc_us,
        at2=span.until_utc_us,
        reason=reason.strip(),
    )
    log.note(
        conn, by, act="span.ask", object_kind="camera", object_id=camera_id, detail=detail, now=now
    )
    return command_id


_DUE: Final = (  # built once: it runs at each look of the intake
    select(span_wishes, cameras.c.name.label("camera"), nodes.c.name.label("node"))
    .join(cameras, cameras.c.id == span_wishes.c.camera_id)
    .join(nodes, nodes.c.id == cameras.c.node_id)
    .where(
        span_wishes.c.answered_utc_us.is_(None),
        nodes.c.state == "online",
        or_(span_wishes.c.sent_utc_us.is_(None), span_wishes.c.sent_utc_us <= BEFORE),
    )
    .order_by(span_wishes.c.asked_utc_us)
    .limit(AT_ONCE)
)


def due(conn: Connection, *, now: Moment) -> list[DueSpanRequest]:
    """Requests due now for nodes that are online; recorded as sent."""
    rows = conn.execute(_DUE, before(now, AGAIN_S)).all()
    if rows:
        these = span_wishes.c.command_id.in_([row.command_id for row in rows])
        conn.execute(update(span_wishes).where(these).values(columns("sent", now)))
    return [
        DueSpanRequest(
            row.node,
            row.command_id,
            BringSpan(
                camera=row.camera,
                from_utc_us=row.from_utc_us,
                until_utc_us=row.until_utc_us,
                with_sound=row.with_sound or None,
            ),
        )
        for row in rows
    ]


def note_answer(conn: Connection, node_id: UUID, said: MediaAnswered, *, now: Moment) -> None:
    """Record the number of files that the camera's node announces."""
    its_own = select(cameras.c.id).where(cameras.c.node_id == node_id)
    conn.execute(
        update(span_wishes)
        .where(span_wishes.c.command_id == said.command_id, span_wishes.c.camera_id.in_(its_own))
        .values(files=len(said.coming), **columns("answered", now))
    )
    heard = conn.scalars(
        select(media.c.id)
        .join(span_wishes, overlaps())
        .where(span_wishes.c.command_id == said.command_id, span_wishes.c.with_sound)
        .limit(AT_ONCE)
    ).all()
    for media_id in heard:
        touch_alerts(conn, media_id, now=now)


def overlaps() -> ColumnElement[bool]:
    """Condition: clips of a request's camera that overlap its span."""
    return and_(
        media.c.camera_id == span_wishes.c.camera_id,
        media.c.kind == "clip",
        media.c.first_frame_utc_us <= span_wishes.c.until_utc_us,
        media.c.first_frame_utc_us + media.c.duration_ms * 1000 >= span_wishes.c.from_utc_us,
    )


def requested(conn: Connection) -> list[SpanRow]:
    """All requests, newest last, each with the number of its clips at the hub."""
    here = and_(overlaps(), media.c.stored_utc_us.is_not(None))
    stored = select(func.count()).where(here).scalar_subquery()
    rows = conn.execute(
        select(span_wishes, cameras.c.name, nodes.c.name.label("node"), stored.label("stored"))
        .join(cameras, cameras.c.id == span_wishes.c.camera_id)
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .order_by(span_wishes.c.asked_utc_us)
    )
    return [from_row(SpanRow, row, camera=f"{row.node}/{row.name}") for row in rows]
