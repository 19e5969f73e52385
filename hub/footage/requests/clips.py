"""Clip requests: a person asks a node for footage; the request, its delivery to the node, and the
answer."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, or_, select, update

from agent.wire.messages import MediaAnswered
from hub.base.audit.acting import Changing
from hub.base.db.columns import BEFORE, before, columns
from hub.base.moment import Moment
from hub.footage.media_rows import touch_alerts
from hub.footage.tables import media, wishes
from hub.registry.tables import nodes

AGAIN_S: Final = 60.0
"""Repeat interval for a node that does not answer."""
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class DueClipRequest:
    """A clip request to send to its node now."""

    node: str
    command_id: UUID
    sha256: str


def request_clip(conn: Connection, media_id: UUID, *, person_id: UUID, now: Moment) -> bool:
    """Request a file; False if a request already exists and its node has not answered "gone"."""
    row = conn.execute(select(wishes.c.answer).where(wishes.c.media_id == media_id)).first()
    if row is not None and row.answer != "gone":
        return False
    values = {
        "media_id": media_id,
        "command_id": uuid4(),
        "person_id": person_id,
        "answer": None,
        **columns("asked", now),
        **columns("sent", None),
        **columns("answered", None),
    }
    if row is None:
        conn.execute(insert(wishes).values(values))
    else:
        conn.execute(update(wishes).where(wishes.c.media_id == media_id).values(values))
    touch_alerts(conn, media_id, now=now)
    return True


def ask(change: Changing, media_id: UUID, *, may: bool) -> bool:
    """Do `request_clip` as an act of one person, with its line in the log. `may` is whether the
    person has the right, and is returned."""
    if not may:
        change.refuse()
    elif request_clip(change.conn, media_id, person_id=change.asker.person_id, now=change.now):
        change.done()
    else:
        change.refuse(how="again")
    return may


_DUE: Final = (  # built once: it runs at each look of the intake
    select(wishes.c.media_id, wishes.c.command_id, nodes.c.name, media.c.sha256)
    .join(media, media.c.id == wishes.c.media_id)
    .join(nodes, nodes.c.id == media.c.node_id)
    .where(
        wishes.c.answered_utc_us.is_(None),
        media.c.stored_utc_us.is_(None),
        nodes.c.state == "online",
        or_(wishes.c.sent_utc_us.is_(None), wishes.c.sent_utc_us <= BEFORE),
    )
    .order_by(wishes.c.asked_utc_us)
    .limit(AT_ONCE)
)


def due(conn: Connection, *, now: Moment) -> list[DueClipRequest]:
    """Requests due now for nodes that are online; recorded as sent."""
    rows = conn.execute(_DUE, before(now, AGAIN_S)).all()
    if rows:
        said = [row.media_id for row in rows]
        conn.execute(update(wishes).where(wishes.c.media_id.in_(said)).values(columns("sent", now)))
    return [DueClipRequest(row.name, row.command_id, row.sha256) for row in rows]


def note_answer(conn: Connection, node_id: UUID, said: MediaAnswered, *, now: Moment) -> None:
    """Record the node's answer about the files of this command."""
    for answer, sha256s in (("coming", said.coming), ("gone", said.gone)):
        media_ids = conn.scalars(
            select(wishes.c.media_id)
            .join(media, media.c.id == wishes.c.media_id)
            .where(
                wishes.c.command_id == said.command_id,
                media.c.node_id == node_id,
                media.c.sha256.in_(sha256s),
            )
        ).all()
        for media_id in media_ids:
            conn.execute(
                update(wishes)
                .where(wishes.c.media_id == media_id)
                .values(answer=answer, **columns("answered", now))
            )
            touch_alerts(conn, media_id, now=now)
