"""Rows of the layers: the settings wanted of a node, a group or an area; in the caller's
transaction.

Every change is a permanent row, so the table itself is the history.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select

from agent.wire.ident import born_utc_us
from agent.wire.settings import canonical, check_settings
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.nodes.desired_state import release_rows
from hub.nodes.desired_state.rules.layers import combined
from hub.nodes.desired_state.rules.releases import GroupWanted, NodeWanted
from hub.nodes.desired_state.rules.rollout import RolloutState
from hub.nodes.desired_state.tables import (
    node_group_members,
    node_groups,
    rollout_nodes,
    rollouts,
    settings_changes,
)
from hub.registry.tables import areas, nodes

REASON_CHARS: Final = 300
MOST_AREAS_DEEP: Final = 20
NO_CHANGE: Final = UUID(int=0)

# Built once: each report of a node asks them several times, and building one takes longer than
# the answer.
_BODY: Final = (
    select(settings_changes.c.body)
    .where(
        settings_changes.c.scope == bindparam("kind"),
        settings_changes.c.scope_id == bindparam("scope_id"),
    )
    .order_by(settings_changes.c.id.desc())
    .limit(1)
)
_HELD_BACK: Final = (
    select(rollouts.c.before)
    .join(rollout_nodes, rollout_nodes.c.rollout_id == rollouts.c.id)
    .where(
        rollouts.c.course == RolloutState.RUNNING,
        rollouts.c.scope == bindparam("kind"),
        rollouts.c.scope_id == bindparam("scope_id"),
        rollout_nodes.c.node_id == bindparam("node_id"),
        rollout_nodes.c.stage > rollouts.c.stage,
    )
)
_AREA_OF_NODE: Final = select(nodes.c.area_id).where(nodes.c.id == bindparam("node_id"))
_PARENT: Final = select(areas.c.parent_id).where(areas.c.id == bindparam("area_id"))
_GROUPS: Final = (
    select(node_groups.c.id)
    .join(node_group_members, node_group_members.c.group_id == node_groups.c.id)
    .where(node_group_members.c.node_id == bindparam("node_id"))
    .order_by(node_groups.c.name_folded)
)

Kind = Literal["node", "area", "group"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Target of settings: one node, an area with all below it, or a named group."""

    kind: Kind
    scope_id: UUID


def layer(conn: Connection, scope: Scope) -> dict[str, Any]:
    """The current settings of this scope; may be empty."""
    body = conn.scalar(_BODY, {"kind": scope.kind, "scope_id": scope.scope_id})
    return json.loads(body) if body else {}


def layer_after(
    conn: Connection, scope: Scope, change_id: UUID | None
) -> tuple[UUID, dict[str, Any]]:
    """Settings of this scope after that change, with its id; after the last one for any other id.
    `NO_CHANGE` stands for the time before the first one."""
    if change_id == NO_CHANGE:
        return NO_CHANGE, {}
    mine = (settings_changes.c.scope == scope.kind) & (
        settings_changes.c.scope_id == scope.scope_id
    )
    query = select(settings_changes.c.id, settings_changes.c.body).where(mine)
    row = conn.execute(query.where(settings_changes.c.id == change_id)).first()
    row = row or conn.execute(query.order_by(settings_changes.c.id.desc()).limit(1)).first()
    return (NO_CHANGE, {}) if row is None else (row.id, json.loads(row.body))


def history(conn: Connection, scope: Scope, limit: int = 50) -> list[AnyRow]:
    """Every change of this scope, newest first."""
    query = (
        select(settings_changes)
        .where(
            settings_changes.c.scope == scope.kind, settings_changes.c.scope_id == scope.scope_id
        )
        .order_by(settings_changes.c.id.desc())
        .limit(limit)
    )
    return list(conn.execute(query).all())


def body_of(change: AnyRow) -> dict[str, Any]:
    """Settings of the scope after that change."""
    body: dict[str, Any] = json.loads(change.body)
    return body


def body_before(rollout: AnyRow) -> dict[str, Any]:
    """Settings of the scope before that roll-out."""
    body: dict[str, Any] = json.loads(rollout.before)
    return body


def save(
    conn: Connection, scope: Scope, body: Mapping[str, Any], *, reason: str, by: By, now: Moment
) -> None:
    """Write the settings of this scope; nodes get them after `recompute`."""
    kept = text(reason.strip(), REASON_CHARS)
    if not kept:
        raise RegistryError("give a reason: somebody will ask one day")
    check_settings(body, NodeWanted if scope.kind == "node" else GroupWanted)
    release_rows.check(conn, body)
    conn.execute(
        insert(settings_changes).values(
            id=_id_after_all(conn, scope, now),
            scope=scope.kind,
            scope_id=scope.scope_id,
            body=canonical(combined([body])).decode(),
            changed_by=by.person_id,
            reason=kept,
            **columns("changed", now),
        )
    )


def _id_after_all(conn: Connection, scope: Scope, now: Moment) -> UUID:
    """An id after all others of this scope, as the highest id counts: also after the hub's clock
    was set back."""
    query = select(settings_changes.c.id).where(
        settings_changes.c.scope == scope.kind, settings_changes.c.scope_id == scope.scope_id
    )
    last = conn.scalar(query.order_by(settings_changes.c.id.desc()).limit(1))
    not_before_us = 0 if last is None else born_utc_us(last) + 1
    return new_id(Moment(max(now.utc_us, not_before_us), now.error_ms))


def nodes_of(conn: Connection, scope: Scope) -> list[UUID]:
    """The nodes of a scope, by name; without nodes whose access was withdrawn."""
    query = select(nodes.c.id).where(nodes.c.revoked_utc_us.is_(None)).order_by(nodes.c.name)
    match scope.kind:
        case "node":
            query = query.where(nodes.c.id == scope.scope_id)
        case "area":
            below = select(areas.c.id).where(areas.c.id == scope.scope_id)
            tree = below.cte("settings_below", recursive=True)
            tree = tree.union(select(areas.c.id).join(tree, areas.c.parent_id == tree.c.id))
            query = query.where(nodes.c.area_id.in_(select(tree.c.id)))
        case "group":
            members = select(node_group_members.c.node_id)
            query = query.where(
                nodes.c.id.in_(members.where(node_group_members.c.group_id == scope.scope_id))
            )
    return list(conn.scalars(query))


def layers(
    conn: Connection, node_id: UUID, instead: tuple[Scope, Mapping[str, Any]] | None = None
) -> list[Mapping[str, Any]]:
    """Layers from the outermost area to the node itself; `instead` replaces the layer of its
    scope."""
    return [
        instead[1] if instead is not None and instead[0] == one else _layer_of(conn, one, node_id)
        for one in scopes_over(conn, Scope("node", node_id))
    ]


def scopes_over(conn: Connection, scope: Scope) -> list[Scope]:
    """The scopes whose settings count for this one, from the outermost area to itself. A group has
    nodes of many areas, so only its own settings count."""
    match scope.kind:
        case "group":
            return [scope]
        case "area":
            return [Scope("area", one) for one in _areas_down_to(conn, scope.scope_id)]
        case "node":
            area_id = conn.scalar(_AREA_OF_NODE, {"node_id": scope.scope_id})
            return [
                *(Scope("area", one) for one in _areas_down_to(conn, area_id)),
                *(Scope("group", one) for one in _groups_of(conn, scope.scope_id)),
                scope,
            ]


def layer_for(conn: Connection, one: Scope, scope: Scope) -> Mapping[str, Any]:
    """The layer of `one`, as far as it counts for `scope`; see `scopes_over`."""
    return _layer_of(conn, one, scope.scope_id) if scope.kind == "node" else layer(conn, one)


def would_be(
    conn: Connection, node_id: UUID, scope: Scope, body: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings that this node would be sent if `scope` had `body`."""
    return combined(layers(conn, node_id, (scope, body)))


def _layer_of(conn: Connection, scope: Scope, node_id: UUID) -> Mapping[str, Any]:
    """The layer of this scope for this node; during a roll-out that has not reached the node, the
    previous one."""
    asked = {"kind": scope.kind, "scope_id": scope.scope_id, "node_id": node_id}
    before = None if scope.kind == "node" else conn.scalar(_HELD_BACK, asked)
    if before is not None:
        body: dict[str, Any] = json.loads(before)
        return body
    return layer(conn, scope)


def _areas_down_to(conn: Connection, area_id: UUID | None) -> list[UUID]:
    found: list[UUID] = []
    while area_id is not None and area_id not in found and len(found) < MOST_AREAS_DEEP:
        found.append(area_id)
        area_id = conn.scalar(_PARENT, {"area_id": area_id})
    return found[::-1]


def _groups_of(conn: Connection, node_id: UUID) -> list[UUID]:
    return list(conn.scalars(_GROUPS, {"node_id": node_id}))
