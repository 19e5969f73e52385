"""Rows about births, deaths and signs of life of nodes."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, update

from agent.wire.presence import Birth, CameraWords, Death
from hub.base.db.bounds import integer, text
from hub.base.db.columns import columns, new_id
from hub.base.db.statements import change
from hub.base.moment import Moment
from hub.footage.retention.node_holds import forget_sent
from hub.nodes.enrolment.sheet_rows import position_new_camera
from hub.registry.registry import Node, node_by_name
from hub.registry.tables import cameras, nodes


def note_birth(conn: Connection, birth: Birth, *, now: Moment) -> bool:
    """Mark the node as online with these cameras; False for a node that is not in the registry.

    The broker retains the birth message and repeats it at every subscription. A repeat only proves
    that the node was online at some time, and leaves `state_since` unchanged.
    """
    node = node_by_name(conn, birth.node)
    if node is None:
        return False
    is_news = node.birth_id != birth.birth_id or node.state != "online"
    conn.execute(
        update(nodes)
        .where(nodes.c.id == node.node_id)
        .values(
            state="online",
            birth_id=birth.birth_id,
            boot_id=birth.boot_id,
            spool_id=birth.spool_id,
            software=text(birth.software, 200),
            **columns("seen", now),
            **(columns("state_since", now) if is_news else {}),
        )
    )
    if node.spool_id not in (None, birth.spool_id):
        forget_sent(conn, node.node_id)  # its journal is new, and its holds went with the old one
    for camera in birth.cameras:
        _note_camera(conn, node, camera, now)
    return True


def note_death(conn: Connection, death: Death, *, now: Moment) -> bool:
    """Mark the node as offline; False if unknown, or if a newer birth message has come."""
    done = conn.execute(
        update(nodes)
        .where(
            nodes.c.name == death.node,
            nodes.c.birth_id == death.birth_id,
            nodes.c.state == "online",
        )
        .values(state="offline", **columns("state_since", now))
    )
    return done.rowcount == 1


def note_alive(conn: Connection, node_id: UUID, *, birth_id: UUID, now: Moment) -> None:
    """Mark the node as online by a birth message that the hub missed."""
    conn.execute(
        update(nodes)
        .where(nodes.c.id == node_id)
        .values(state="online", birth_id=birth_id, **columns("state_since", now))
    )


def note_rival(conn: Connection, node_id: UUID, *, now: Moment) -> None:
    """Record that two computers use this node's name."""
    conn.execute(update(nodes).where(nodes.c.id == node_id).values(columns("rival", now)))


def note_delayed(conn: Connection, delayed: Mapping[str, int], *, now: Moment) -> None:
    """The rate limit has delayed this number of messages of each of these nodes."""
    for name, messages in delayed.items():
        values = {"delayed_messages": integer(messages), **columns("delayed", now)}
        conn.execute(update(nodes).where(nodes.c.name == name).values(values))


def note_seen(conn: Connection, node_id: UUID, *, now: Moment) -> None:
    """Record that the node sent something; call it at intervals, not for each message."""
    change(conn, nodes, node_id, columns("seen", now))


def _note_camera(conn: Connection, node: Node, words: CameraWords, now: Moment) -> None:
    label = text(words.label, 200) or words.camera
    facts: dict[str, Any] = {
        "codec": text(words.codec, 40),
        "width": integer(words.width),
        "height": integer(words.height),
        "frames_per_s": words.frames_per_s,
        "sound": None if words.sound is None else text(words.sound, 500),
    }
    this = (cameras.c.node_id == node.node_id) & (cameras.c.name == words.camera)
    told = facts | {"label": func.coalesce(cameras.c.kept_label, label)}
    if conn.execute(update(cameras).where(this).values(told)).rowcount == 0:
        camera_id = new_id(now)
        conn.execute(
            insert(cameras).values(
                id=camera_id,
                node_id=node.node_id,
                name=words.camera,
                label=label,
                area_id=node.area_id,
                is_lost=False,
                **facts,
                **columns("state_since", now),
            )
        )
        position_new_camera(conn, node.node_id, camera_id, words.camera)
