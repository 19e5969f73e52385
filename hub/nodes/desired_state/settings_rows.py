"""Rows of the wanted node settings and the nodes' answers; in the caller's transaction.

Every change is a permanent row, so the table itself is the history. The wanted settings of a node
are computed again from all layers above it whenever one of them changes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, Row, insert, or_, select, update

from agent.wire.ident import born_utc_us
from agent.wire.settings import (
    Configure,
    SettingsFault,
    SettingsReport,
    canonical,
    check_settings,
    settings_hash,
)
from hub.base.audit import log as audit_log
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.db.statements import put
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.nodes.desired_state import release_rows
from hub.nodes.desired_state.rules.known_keys import known_part
from hub.nodes.desired_state.rules.layers import (
    SettingsState,
    combined,
    judged,
    names_by_camera,
)
from hub.nodes.desired_state.rules.releases import GroupWanted, NodeWanted, apart
from hub.nodes.desired_state.rules.rollout import RolloutState
from hub.nodes.desired_state.tables import (
    node_group_members,
    node_groups,
    node_settings,
    rollout_nodes,
    rollouts,
    settings_changes,
)
from hub.registry import zones
from hub.registry.tables import areas, nodes

log = structlog.get_logger()

AGAIN_S: Final = 60.0
"""Repeat interval for a node that does not answer."""
AT_ONCE: Final = 20
WITHIN_S: Final = 300
"""A node that does not reach its broker within this time after a change restores its old
settings."""
REASON_CHARS: Final = 300
MOST_AREAS_DEEP: Final = 20
NOTHING: Final = settings_hash({})

Kind = Literal["node", "area", "group"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Target of settings: one node, an area with all below it, or a named group."""

    kind: Kind
    scope_id: UUID


@dataclass(frozen=True, slots=True)
class SettingsStatus:
    """The wanted settings of a node, and its progress."""

    version: int
    wanted: Mapping[str, Any]
    """Without the keys that it does not know; see `waiting`."""
    sha256: str
    state: SettingsState
    reason: str
    report: SettingsReport | None
    reported_utc_us: int | None


@dataclass(frozen=True, slots=True)
class DueSettings:
    """A command to send to a node now."""

    node: str
    command_id: UUID
    words: Configure


def layer(conn: Connection, scope: Scope) -> dict[str, Any]:
    """The current settings of this scope; may be empty."""
    query = (
        select(settings_changes.c.body)
        .where(
            settings_changes.c.scope == scope.kind, settings_changes.c.scope_id == scope.scope_id
        )
        .order_by(settings_changes.c.id.desc())
        .limit(1)
    )
    body = conn.scalar(query)
    return json.loads(body) if body else {}


def history(conn: Connection, scope: Scope, limit: int = 50) -> list[Row[*tuple[Any, ...]]]:
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


def body_of(change: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Settings of the scope after that change."""
    body: dict[str, Any] = json.loads(change.body)
    return body


def body_before(rollout: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Settings of the scope before that roll-out."""
    body: dict[str, Any] = json.loads(rollout.before)
    return body


def want(
    conn: Connection, scope: Scope, body: Mapping[str, Any], *, reason: str, by: By, now: Moment
) -> list[UUID]:
    """Replace the settings of this scope; returns the nodes whose settings this changes.

    It applies to all of them at once; `hub.nodes.desired_state.rollout_rows` goes in stages. Raises
    SettingsFault for invalid settings, RegistryError without a reason.
    """
    put_down(conn, scope, body, reason=reason, by=by, now=now)
    changed = reckon(conn, nodes_of(conn, scope), now=now)
    note_act(conn, "settings.want", scope, f"{len(changed)} nodes: {reason}", by=by, now=now)
    return changed


def put_down(
    conn: Connection, scope: Scope, body: Mapping[str, Any], *, reason: str, by: By, now: Moment
) -> None:
    """Write the settings of this scope; nodes get them after `reckon`."""
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


def note_act(conn: Connection, act: str, scope: Scope, detail: str, *, by: By, now: Moment) -> None:
    """Write an audit line."""
    kind, one = scope.kind, scope.scope_id
    audit_log.note(conn, by, act=act, object_kind=kind, object_id=one, detail=detail, now=now)


def reckon(conn: Connection, node_ids: Iterable[UUID], *, now: Moment) -> list[UUID]:
    """Compute the wanted settings of these nodes again; returns the nodes whose settings changed.

    Raises SettingsFault if the layers of a node conflict.
    """
    return [node_id for node_id in node_ids if _reckon_one(conn, node_id, now=now)]


def reckon_what_fits(
    conn: Connection,
    node_ids: Iterable[UUID],
    *,
    now: Moment,
    goes_back: bool = False,
    report: SettingsReport | None = None,
) -> list[UUID]:
    """Like `reckon`, for calls without a person to get the error: a node whose layers conflict
    keeps its wanted settings, and the others go on.

    `goes_back`: older programs than the running ones are intended. `report`: what the node says
    now, in place of the stored one.
    """
    changed = []
    for node_id in node_ids:
        try:
            if _reckon_one(conn, node_id, now=now, goes_back=goes_back, report=report):
                changed.append(node_id)
        except SettingsFault as fault:
            log.warning("settings.do_not_fit", node_id=str(node_id), why=str(fault))
    return changed


def check_fits(
    conn: Connection, node_ids: Iterable[UUID], scope: Scope, body: Mapping[str, Any]
) -> None:
    """Raise SettingsFault if any of these nodes could not take `body` from `scope`."""
    for node_id in node_ids:
        check_settings(would_be(conn, node_id, scope, body), NodeWanted)


def area_moved(conn: Connection, area_id: UUID, *, now: Moment) -> None:
    """The area was moved: compute its nodes' settings from the new parent areas."""
    reckon_what_fits(conn, nodes_of(conn, Scope("area", area_id)), now=now)


def would_be(
    conn: Connection, node_id: UUID, scope: Scope, body: Mapping[str, Any]
) -> dict[str, Any]:
    """The wanted settings of this node if `scope` had `body`."""
    return combined(_layers(conn, node_id, (scope, body)))


def waiting(conn: Connection, node_id: UUID) -> tuple[str, ...]:
    """Wanted keys that this node gets only with a newer program, as
    `agent.wire.settings.setting_keys` names them."""
    return known_part(combined(_layers(conn, node_id)), status(conn, node_id).report)[1]


def status(conn: Connection, node_id: UUID) -> SettingsStatus:
    """The wanted settings of this node, and its progress."""
    row = conn.execute(select(node_settings).where(node_settings.c.node_id == node_id)).first()
    if row is None:
        return SettingsStatus(0, {}, NOTHING, SettingsState.UNASKED, "", None, None)
    return _status(row)


def statuses(conn: Connection, node_ids: Iterable[UUID]) -> dict[UUID, SettingsStatus]:
    """`status` of many nodes; nodes that never exchanged settings are left out."""
    query = select(node_settings).where(node_settings.c.node_id.in_(list(node_ids)))
    return {row.node_id: _status(row) for row in conn.execute(query)}


def again(conn: Connection, node_id: UUID, *, by: By, now: Moment) -> bool:
    """Let a node that refused or fell back try the same once more; False for all others."""
    this = node_settings.c.node_id == node_id
    failed = node_settings.c.state.in_([SettingsState.REFUSED, SettingsState.FELL_BACK])
    version = node_settings.c.version + 1
    values = {"version": version, "state": SettingsState.WAITING, "reason": ""} | columns(
        "sent", None
    )
    done = conn.execute(update(node_settings).where(this, failed).values(values)).rowcount
    is_done = bool(done) | release_rows.again(conn, node_id)
    if is_done:
        audit_log.note(
            conn, by, act="settings.again", object_kind="node", object_id=node_id, now=now
        )
    return is_done


def note_report(conn: Connection, node_id: UUID, said: SettingsReport, *, now: Moment) -> None:
    """Store a node's report about its settings; a new node then gets the settings of its area."""
    reckon_what_fits(conn, [node_id], now=now, report=said)
    known = status(conn, node_id)
    state, reason = judged(said, version=known.version, sha256=known.sha256)
    row = {
        "node_id": node_id,
        "version": known.version,
        "wanted": canonical(known.wanted).decode(),
        "sha256": known.sha256,
        "state": state,
        "reason": text(reason, 1000),
        "report": said.model_dump_json(),
        **columns("wanted", now),
        **columns("reported", now),
    }
    if known.version:
        del row["wanted_utc_us"], row["wanted_error_ms"]
        conn.execute(update(node_settings).where(node_settings.c.node_id == node_id).values(row))
    else:
        put(conn, node_settings, row)


def due(conn: Connection, *, now: Moment) -> list[DueSettings]:
    """Commands due now for nodes that are online; recorded as sent.

    Only for nodes that have reported once: an older node does not know this command.
    """
    before = now.plus_s(-AGAIN_S).utc_us
    settings = node_settings.c
    query = (
        select(node_settings, nodes.c.name)
        .join(nodes, nodes.c.id == settings.node_id)
        .where(
            settings.state == SettingsState.WAITING,
            settings.report.is_not(None),
            nodes.c.state == "online",
            or_(settings.sent_utc_us.is_(None), settings.sent_utc_us <= before),
        )
        .order_by(settings.sent_utc_us)
        .limit(AT_ONCE)
    )
    told = []
    for row in conn.execute(query).all():
        words = Configure(
            version=row.version,
            sha256=row.sha256,
            within_s=WITHIN_S,
            settings=json.loads(row.wanted),
        )
        told.append(DueSettings(row.name, uuid4(), words))
        this = settings.node_id == row.node_id
        conn.execute(update(node_settings).where(this).values(columns("sent", now)))
    return told


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


def _layers(
    conn: Connection, node_id: UUID, instead: tuple[Scope, Mapping[str, Any]] | None = None
) -> list[Mapping[str, Any]]:
    """Layers from the outermost area to the node itself; `instead` replaces the layer of its
    scope."""
    scopes = [
        *(Scope("area", one) for one in _areas_above(conn, node_id)),
        *(Scope("group", one) for one in _groups_of(conn, node_id)),
        Scope("node", node_id),
    ]
    return [
        instead[1] if instead is not None and instead[0] == one else _layer_of(conn, one, node_id)
        for one in scopes
    ]


def _layer_of(conn: Connection, scope: Scope, node_id: UUID) -> Mapping[str, Any]:
    """The layer of this scope for this node; during a roll-out that has not reached the node, the
    previous one."""
    query = (
        select(rollouts.c.before)
        .join(rollout_nodes, rollout_nodes.c.rollout_id == rollouts.c.id)
        .where(
            rollouts.c.course == RolloutState.RUNNING,
            rollouts.c.scope == scope.kind,
            rollouts.c.scope_id == scope.scope_id,
            rollout_nodes.c.node_id == node_id,
            rollout_nodes.c.stage > rollouts.c.stage,
        )
    )
    before = None if scope.kind == "node" else conn.scalar(query)
    if before is not None:
        body: dict[str, Any] = json.loads(before)
        return body
    return layer(conn, scope)


def _areas_above(conn: Connection, node_id: UUID) -> list[UUID]:
    found: list[UUID] = []
    area_id = conn.scalar(select(nodes.c.area_id).where(nodes.c.id == node_id))
    while area_id is not None and area_id not in found and len(found) < MOST_AREAS_DEEP:
        found.append(area_id)
        area_id = conn.scalar(select(areas.c.parent_id).where(areas.c.id == area_id))
    return found[::-1]


def _groups_of(conn: Connection, node_id: UUID) -> list[UUID]:
    query = (
        select(node_groups.c.id)
        .join(node_group_members, node_group_members.c.group_id == node_groups.c.id)
        .where(node_group_members.c.node_id == node_id)
        .order_by(node_groups.c.name_folded)
    )
    return list(conn.scalars(query))


def _reckon_one(
    conn: Connection,
    node_id: UUID,
    *,
    now: Moment,
    goes_back: bool = False,
    report: SettingsReport | None = None,
) -> bool:
    wanted = combined(_layers(conn, node_id))
    # Two valid layers may conflict: the combined length is limited like each layer's.
    check_settings(wanted, NodeWanted)
    settings, programs = apart(wanted)
    are_new = release_rows.want(conn, node_id, programs, goes_back=goes_back, now=now)
    return _is_news(conn, node_id, settings, report, now=now) or are_new


def _is_news(
    conn: Connection,
    node_id: UUID,
    settings: Mapping[str, Any],
    report: SettingsReport | None,
    *,
    now: Moment,
) -> bool:
    """Set the wanted settings of the node, as far as it understands them; returns whether they
    changed."""
    known = status(conn, node_id)
    report = report or known.report
    zones.note_names(conn, node_id, names_by_camera(report, settings))
    wanted, _ = known_part(settings, report)
    sha256 = settings_hash(wanted)
    if sha256 == known.sha256:
        return False
    row = {
        "node_id": node_id,
        "version": known.version + 1,
        "wanted": canonical(wanted).decode(),
        "sha256": sha256,
        "state": SettingsState.WAITING,
        "reason": "",
        **columns("wanted", now),
        **columns("sent", None),
    }
    put(conn, node_settings, row)
    return True


def _status(row: Row[Any]) -> SettingsStatus:
    return SettingsStatus(
        version=row.version,
        wanted=json.loads(row.wanted),
        sha256=row.sha256,
        state=SettingsState(row.state),
        reason=row.reason,
        report=_report(row.report),
        reported_utc_us=row.reported_utc_us,
    )


def _report(body: str | None) -> SettingsReport | None:
    """None if an older hub stored it in a form not read any more."""
    if body is None:
        return None
    try:
        return SettingsReport.model_validate_json(body)
    except ValidationError:
        return None
