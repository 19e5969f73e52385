"""Rows of named groups of nodes that share settings; in the caller's transaction."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from hub.base.audit import log
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.base.text.normalize import fold
from hub.nodes.desired_state.layer_rows import Scope, nodes_of
from hub.nodes.desired_state.settings_rows import recompute
from hub.nodes.desired_state.tables import node_group_members, node_groups


def make_group(conn: Connection, name: str, *, area_id: UUID, by: By, now: Moment) -> UUID:
    """Create a group; people who look after its area look after the group. RegistryError if the
    name is taken."""
    kept = text(name.strip(), 100)
    if not kept:
        raise RegistryError("a group needs a name")
    if group_by_name(conn, kept) is not None:
        raise RegistryError(f"there is a group {kept!r} already")
    group_id = new_id(now)
    conn.execute(
        insert(node_groups).values(
            id=group_id, area_id=area_id, name=kept, name_folded=fold(kept), **columns("made", now)
        )
    )
    called = plain(kept)
    log.note(
        conn, by, act="group.add", object_kind="group", object_id=group_id, detail=called, now=now
    )
    return group_id


def group_by_name(conn: Connection, name: str) -> UUID | None:
    """The group of this name, ignoring diacritics and case."""
    return conn.scalar(select(node_groups.c.id).where(node_groups.c.name_folded == fold(name)))


def put_members(
    conn: Connection, group_id: UUID, node_ids: Iterable[UUID], *, by: By, now: Moment
) -> list[UUID]:
    """Set the members of a group; returns the nodes whose settings this changes."""
    before, after = set(nodes_of(conn, Scope("group", group_id))), set(node_ids)
    gone = node_group_members.c.node_id.in_(before - after)
    conn.execute(delete(node_group_members).where(node_group_members.c.group_id == group_id, gone))
    for node_id in after - before:
        conn.execute(insert(node_group_members).values(group_id=group_id, node_id=node_id))
    log.note(
        conn,
        by,
        act="group.members",
        object_kind="group",
        object_id=group_id,
        detail=Detail("group.members", n=len(after), m=len(after - before), k=len(before - after)),
        now=now,
    )
    return recompute(conn, sorted(before ^ after), now=now)
