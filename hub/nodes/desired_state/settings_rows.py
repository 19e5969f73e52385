"""Rows of the wanted settings of nodes and of the nodes' answers; in the caller's transaction.

The wanted settings of a node are computed again from all its layers (`layer_rows`) whenever one of
them changes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, or_, select, update

from agent.wire.settings import (
    Configure,
    SettingsFault,
    SettingsReport,
    canonical,
    check_settings,
    settings_hash,
)
from hub.base.audit import log as audit_log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import BEFORE, AnyRow, before, columns
from hub.base.db.rows import from_row
from hub.base.db.statements import put
from hub.base.moment import Moment
from hub.nodes.desired_state import release_rows
from hub.nodes.desired_state.layer_rows import Scope, layers, nodes_of, save, would_be
from hub.nodes.desired_state.rules.known_keys import known_part
from hub.nodes.desired_state.rules.layers import (
    SettingsState,
    combined,
    judged,
    names_by_camera,
)
from hub.nodes.desired_state.rules.releases import NodeWanted, apart
from hub.nodes.desired_state.tables import (
    node_settings,
)
from hub.registry import zones
from hub.registry.tables import nodes

log = structlog.get_logger()

AGAIN_S: Final = 60.0
"""Repeat interval for a node that does not answer."""
AT_ONCE: Final = 20
WITHIN_S: Final = 300
"""A node that does not reach its broker within this time after a change restores its old
settings."""
NOTHING: Final = settings_hash({})


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


def want(
    conn: Connection, scope: Scope, body: Mapping[str, Any], *, reason: str, by: By, now: Moment
) -> list[UUID]:
    """Replace the settings of this scope; returns the nodes whose settings this changes.

    It applies to all of them at once; `hub.nodes.desired_state.rollout_rows` goes in stages. Raises
    SettingsFault for invalid settings, RegistryError without a reason.
    """
    save(conn, scope, body, reason=reason, by=by, now=now)
    changed = recompute(conn, nodes_of(conn, scope), now=now)
    detail = Detail("settings.wanted", n=len(changed), reason=reason)
    note_act(conn, "settings.want", scope, detail, by=by, now=now)
    return changed


def note_act(
    conn: Connection, act: str, scope: Scope, detail: Detail | None, *, by: By, now: Moment
) -> None:
    """Write an audit line about these settings."""
    kind, one = scope.kind, scope.scope_id
    audit_log.note(conn, by, act=act, object_kind=kind, object_id=one, detail=detail, now=now)


def recompute(conn: Connection, node_ids: Iterable[UUID], *, now: Moment) -> list[UUID]:
    """Compute the wanted settings of these nodes again; returns the nodes whose settings changed.

    Raises SettingsFault if the layers of a node conflict.
    """
    return [node_id for node_id in node_ids if _recompute_one(conn, node_id, now=now)]


def recompute_valid(
    conn: Connection,
    node_ids: Iterable[UUID],
    *,
    now: Moment,
    goes_back: bool = False,
    report: SettingsReport | None = None,
) -> list[UUID]:
    """Like `recompute`, for callers that can show an error to nobody: a node whose layers conflict
    keeps its wanted settings, and the others are updated.

    `goes_back`: older programs than the running ones are intended. `report`: what the node says
    now, in place of the stored one.
    """
    changed = []
    for node_id in node_ids:
        try:
            if _recompute_one(conn, node_id, now=now, goes_back=goes_back, report=report):
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
    """Compute the settings of a moved area's nodes from the new parent areas."""
    recompute_valid(conn, nodes_of(conn, Scope("area", area_id)), now=now)


def waiting(conn: Connection, node_id: UUID) -> tuple[str, ...]:
    """Wanted keys that this node gets only with a newer program, as
    `agent.wire.settings.setting_keys` names them."""
    return known_part(combined(layers(conn, node_id)), status(conn, node_id).report)[1]


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
    recompute_valid(conn, [node_id], now=now, report=said)
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


_DUE: Final = (  # built once: it runs at each look of the intake
    select(node_settings, nodes.c.name)
    .join(nodes, nodes.c.id == node_settings.c.node_id)
    .where(
        node_settings.c.state == SettingsState.WAITING,
        node_settings.c.report.is_not(None),
        nodes.c.state == "online",
        or_(node_settings.c.sent_utc_us.is_(None), node_settings.c.sent_utc_us <= BEFORE),
    )
    .order_by(node_settings.c.sent_utc_us)
    .limit(AT_ONCE)
)


def due(conn: Connection, *, now: Moment) -> list[DueSettings]:
    """Commands due now for nodes that are online; recorded as sent.

    Only for nodes that have reported once: an older node does not know this command.
    """
    told = []
    for row in conn.execute(_DUE, before(now, AGAIN_S)).all():
        words = Configure(
            version=row.version,
            sha256=row.sha256,
            within_s=WITHIN_S,
            settings=json.loads(row.wanted),
        )
        told.append(DueSettings(row.name, uuid4(), words))
        this = node_settings.c.node_id == row.node_id
        conn.execute(update(node_settings).where(this).values(columns("sent", now)))
    return told


def _recompute_one(
    conn: Connection,
    node_id: UUID,
    *,
    now: Moment,
    goes_back: bool = False,
    report: SettingsReport | None = None,
) -> bool:
    wanted = combined(layers(conn, node_id))
    # Two valid layers may conflict: the combined length is limited like each layer's.
    check_settings(wanted, NodeWanted)
    settings, programs = apart(wanted)
    are_new = release_rows.want(conn, node_id, programs, goes_back=goes_back, now=now)
    return _set_wanted(conn, node_id, settings, report, now=now) or are_new


def _set_wanted(
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


def _status(row: AnyRow) -> SettingsStatus:
    return from_row(SettingsStatus, row, wanted=json.loads(row.wanted), report=_report(row.report))


def _report(body: str | None) -> SettingsReport | None:
    """None if an older hub stored it in a form not read any more."""
    if body is None:
        return None
    try:
        return SettingsReport.model_validate_json(body)
    except ValidationError:
        return None
