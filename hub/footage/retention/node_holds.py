"""Commands to nodes about holds: sent, repeated until answered, and released.

A hold at the hub concerns one camera. The command names the camera, the span and the known files;
so the node holds both what it still has and what it has not recorded yet.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, and_, insert, or_, select, update

from agent.wire.answers import HoldFootage, ReleaseFootage
from agent.wire.messages import HoldAnswered
from hub.alerting.alerts.tables import alerts, sightings
from hub.base.db.bounds import bigint
from hub.base.db.columns import BEFORE, AnyRow, AnySelect, before, columns
from hub.base.moment import Moment
from hub.footage.retention.tables import holds, node_holds
from hub.footage.tables import media, media_sightings
from hub.registry.tables import cameras, nodes

AGAIN_S: Final = 60.0
"""Repeat interval for a node that does not answer; also the interval of checks for new files."""
AT_ONCE: Final = 50
FILES: Final = 200
SLACK_US: Final = 60_000_000
"""Margin before and after the span: pre-roll, post-roll and clock error."""

Words = HoldFootage | ReleaseFootage


@dataclass(frozen=True, slots=True)
class HoldCommand:
    """A command to send to a node now."""

    node: str
    command_id: UUID
    words: Words


def due(conn: Connection, *, now: Moment) -> list[HoldCommand]:
    """The hold commands due now for nodes that are online; recorded as sent."""
    rows = conn.execute(_WORTH_A_LOOK, before(now, AGAIN_S)).all()
    told = (_told(conn, row, now) for row in rows)
    return [one for one in told if one is not None]


def note_answer(conn: Connection, node_id: UUID, said: HoldAnswered, *, now: Moment) -> None:
    """Record the node's answer to this command."""
    its_own = select(cameras.c.id).where(cameras.c.node_id == node_id)
    conn.execute(
        update(node_holds)
        .where(node_holds.c.command_id == said.command_id, node_holds.c.camera_id.in_(its_own))
        .values(files=said.files, **columns("answered", now))
    )


def forget_sent(conn: Connection, node_id: UUID) -> None:
    """Mark the holds of a node that has lost its memory as unsent, so that they are sent again."""
    its_own = select(cameras.c.id).where(cameras.c.node_id == node_id)
    conn.execute(
        update(node_holds)
        .where(node_holds.c.camera_id.in_(its_own), node_holds.c.is_release.is_(False))
        .values(said="", sent_utc_us=0, **columns("answered", None))
    )


def _worth_a_look() -> AnySelect:
    """Holds that were never sent, ended but not released, unanswered, or not checked for a
    while."""
    is_over = holds.c.ended_utc_us.is_not(None)
    was_said = node_holds.c.hold_id.is_not(None)
    return (
        select(
            holds,
            node_holds.c.said,
            node_holds.c.command_id,
            node_holds.c.is_release,
            node_holds.c.answered_utc_us,
        )
        .outerjoin(node_holds, node_holds.c.hold_id == holds.c.id)
        .where(
            or_(
                and_(~was_said, ~is_over),
                and_(was_said, is_over, node_holds.c.is_release.is_(False)),
                and_(node_holds.c.answered_utc_us.is_(None), node_holds.c.sent_utc_us <= BEFORE),
                and_(~is_over, node_holds.c.sent_utc_us <= BEFORE),
            )
        )
        .order_by(node_holds.c.sent_utc_us)
        .limit(AT_ONCE)
    )


_WORTH_A_LOOK: Final = _worth_a_look()  # built once: it runs at each look of the intake


def _told(conn: Connection, hold: AnyRow, now: Moment) -> HoldCommand | None:
    camera = _camera_of(conn, hold)
    if camera is None or camera.state != "online":
        return None
    is_release = hold.ended_utc_us is not None
    words: Words = (
        ReleaseFootage(hold_id=hold.id) if is_release else _hold_words(conn, hold, camera.name)
    )
    said = words.model_dump_json()
    is_same = hold.said == said
    if is_same and hold.answered_utc_us is not None:
        _note_look(conn, hold.id, now)
        return None
    command_id = hold.command_id if is_same else uuid4()
    values = {
        "command_id": command_id,
        "said": said,
        "is_release": is_release,
        **columns("sent", now),
        **columns("answered", None),
    }
    if hold.said is None:
        row = {"hold_id": hold.id, "camera_id": camera.id, **values}
        conn.execute(insert(node_holds).values(row))
    else:
        conn.execute(update(node_holds).where(node_holds.c.hold_id == hold.id).values(values))
    return HoldCommand(camera.node, command_id, words)


def _note_look(conn: Connection, hold_id: UUID, now: Moment) -> None:
    this = node_holds.c.hold_id == hold_id
    conn.execute(update(node_holds).where(this).values(columns("sent", now)))


def _camera_of(conn: Connection, hold: AnyRow) -> AnyRow | None:
    """The camera of a hold, with its node's name and state."""
    query = select(cameras.c.id, cameras.c.name, nodes.c.name.label("node"), nodes.c.state)
    query = query.join(nodes, nodes.c.id == cameras.c.node_id)
    if hold.media_id is not None:
        query = query.join(media, media.c.camera_id == cameras.c.id)
        query = query.where(media.c.id == hold.media_id)
    elif hold.alert_id is not None:
        query = query.join(alerts, alerts.c.camera_id == cameras.c.id)
        query = query.where(alerts.c.id == hold.alert_id)
    else:
        query = query.where(cameras.c.id == hold.camera_id)
    return conn.execute(query).first()


def _hold_words(conn: Connection, hold: AnyRow, camera: str) -> HoldFootage:
    from_utc_us, until_utc_us, sha256s = _extent(conn, hold)
    return HoldFootage(
        hold_id=hold.id,
        case_number=hold.case_number[:100],
        reason=hold.reason[:500],
        camera=camera,
        from_utc_us=max(0, from_utc_us),
        until_utc_us=until_utc_us,
        sha256s=sha256s,
    )


def _extent(conn: Connection, hold: AnyRow) -> tuple[int, int | None, tuple[str, ...]]:
    """Start, end and known files of a hold."""
    if hold.media_id is not None:
        one = conn.execute(select(media).where(media.c.id == hold.media_id)).one()
        until = bigint(one.first_frame_utc_us + one.duration_ms * 1000)
        return one.first_frame_utc_us, until, (one.sha256,)
    if hold.alert_id is None:
        return hold.from_utc_us or 0, hold.until_utc_us, ()
    alert = conn.execute(select(alerts).where(alerts.c.id == hold.alert_id)).one()
    files = (
        select(media.c.sha256)
        .distinct()
        .join(media_sightings, media_sightings.c.media_id == media.c.id)
        .join(sightings, sightings.c.id == media_sightings.c.sighting_id)
        .where(sightings.c.alert_id == alert.id, media.c.camera_id == alert.camera_id)
        .order_by(media.c.sha256)
        .limit(FILES)
    )
    until = alert.last_seen_utc_us + SLACK_US
    return alert.began_utc_us - SLACK_US, until, tuple(conn.scalars(files).all())
