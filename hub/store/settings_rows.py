"""What is wanted of nodes' settings, and what they answered, as rows; in the caller's transaction.

Every change is a row that stays, so who changed what and when is the table itself. What a node is
to work by is reckoned anew from all layers above it whenever one of them changes.
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
from hub.alerts.layers import State, judged, laid_together
from hub.alerts.moment import Moment
from hub.alerts.programs import GroupWanted, NodeWanted, apart
from hub.alerts.rollout import Course
from hub.store import audit, program_rows
from hub.store.audit import By
from hub.store.bounds import text
from hub.store.registry import RegistryError
from hub.store.rows import put
from hub.store.settings_tables import (
    node_group_members,
    node_groups,
    node_settings,
    rollout_nodes,
    rollouts,
    settings_changes,
)
from hub.store.tables import areas, columns, new_id, nodes

log = structlog.get_logger()

AGAIN_S: Final = 60.0
"""A node that does not answer is told again after so long."""
AT_ONCE: Final = 20
WITHIN_S: Final = 300
"""A node that does not reach its broker within so long goes back to what it had."""
REASON_CHARS: Final = 300
MOST_AREAS_DEEP: Final = 20
NOTHING: Final = settings_hash({})

Kind = Literal["node", "area", "group"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Of whom something is wanted: one node, an area with all below it, or a named group."""

    kind: Kind
    scope_id: UUID


@dataclass(frozen=True, slots=True)
class Standing:
    """What is wanted of a node, and how far it has come."""

    version: int
    wanted: Mapping[str, Any]
    sha256: str
    state: State
    reason: str
    report: SettingsReport | None
    reported_utc_us: int | None


@dataclass(frozen=True, slots=True)
class Due:
    """What a node is to be told now."""

    node: str
    command_id: UUID
    words: Configure


def layer(conn: Connection, scope: Scope) -> dict[str, Any]:
    """What is wanted there now; empty where nothing is."""
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
    """Every change there, the newest first."""
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
    """What was wanted from that change on."""
    body: dict[str, Any] = json.loads(change.body)
    return body


def body_before(rollout: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """What was wanted before that roll-out."""
    body: dict[str, Any] = json.loads(rollout.before)
    return body


def want(
    conn: Connection, scope: Scope, body: Mapping[str, Any], *, reason: str, by: By, now: Moment
) -> list[UUID]:
    """From now on this is wanted there, in place of what was; the nodes whose settings it changes.

    At all of them at once; `hub.store.rollout_rows` goes in stages. Raises SettingsFault for what
    nobody may want, RegistryError without a reason.
    """
    put_down(conn, scope, body, reason=reason, by=by, now=now)
    changed = reckon(conn, nodes_of(conn, scope), now=now)
    note_act(conn, "settings.want", scope, f"{len(changed)} nodes: {reason}", by=by, now=now)
    return changed


def put_down(
    conn: Connection, scope: Scope, body: Mapping[str, Any], *, reason: str, by: By, now: Moment
) -> None:
    """Write down what is wanted there; no node is told of it before it is reckoned."""
    kept = text(reason.strip(), REASON_CHARS)
    if not kept:
        raise RegistryError("give a reason: somebody will ask one day")
    check_settings(body, NodeWanted if scope.kind == "node" else GroupWanted)
    program_rows.check(conn, body)
    conn.execute(
        insert(settings_changes).values(
            id=_id_after_all(conn, scope, now),
            scope=scope.kind,
            scope_id=scope.scope_id,
            body=canonical(laid_together([body])).decode(),
            changed_by=by.person_id,
            reason=kept,
            **columns("changed", now),
        )
    )


def _id_after_all(conn: Connection, scope: Scope, now: Moment) -> UUID:
    """The last one counts: also where the hub's clock was set back since the one before."""
    query = select(settings_changes.c.id).where(
        settings_changes.c.scope == scope.kind, settings_changes.c.scope_id == scope.scope_id
    )
    last = conn.scalar(query.order_by(settings_changes.c.id.desc()).limit(1))
    not_before_us = 0 if last is None else born_utc_us(last) + 1
    return new_id(Moment(max(now.utc_us, not_before_us), now.error_ms))


def note_act(conn: Connection, act: str, scope: Scope, detail: str, *, by: By, now: Moment) -> None:
    """One line of the log."""
    kind, one = scope.kind, scope.scope_id
    audit.note(conn, by, act=act, object_kind=kind, object_id=one, detail=detail, now=now)


def reckon(conn: Connection, node_ids: Iterable[UUID], *, now: Moment) -> list[UUID]:
    """Lay together anew what is wanted of these nodes; those of which it is another now.

    Raises SettingsFault where the layers of one do not fit together.
    """
    return [node_id for node_id in node_ids if _reckon_one(conn, node_id, now=now)]


def reckon_what_fits(
    conn: Connection, node_ids: Iterable[UUID], *, now: Moment, goes_back: bool = False
) -> list[UUID]:
    """The same where nobody is there who could want something else: a node whose layers do not
    fit together keeps what was wanted of it, and the others go on.

    `goes_back`: programs that are older than those that run are meant.
    """
    changed = []
    for node_id in node_ids:
        try:
            if _reckon_one(conn, node_id, now=now, goes_back=goes_back):
                changed.append(node_id)
        except SettingsFault as fault:
            log.warning("settings.do_not_fit", node_id=str(node_id), why=str(fault))
    return changed


def check_fits(
    conn: Connection, node_ids: Iterable[UUID], scope: Scope, body: Mapping[str, Any]
) -> None:
    """Raise SettingsFault if `scope` could not say `body` to each of these nodes."""
    for node_id in node_ids:
        check_settings(would_be(conn, node_id, scope, body), NodeWanted)


def area_moved(conn: Connection, area_id: UUID, *, now: Moment) -> None:
    """Its nodes lie below other areas now, and are told what those want."""
    reckon_what_fits(conn, nodes_of(conn, Scope("area", area_id)), now=now)


def would_be(
    conn: Connection, node_id: UUID, scope: Scope, body: Mapping[str, Any]
) -> dict[str, Any]:
    """What would be wanted of this node if `scope` said `body`."""
    return laid_together(_layers(conn, node_id, (scope, body)))


def standing(conn: Connection, node_id: UUID) -> Standing:
    """What is wanted of this node, and how far it has come."""
    row = conn.execute(select(node_settings).where(node_settings.c.node_id == node_id)).first()
    if row is None:
        return Standing(0, {}, NOTHING, State.UNASKED, "", None, None)
    return _standing(row)


def standings(conn: Connection, node_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """The same of many; those that never were in touch about settings are left out."""
    query = select(node_settings).where(node_settings.c.node_id.in_(list(node_ids)))
    return {row.node_id: _standing(row) for row in conn.execute(query)}


def again(conn: Connection, node_id: UUID, *, by: By, now: Moment) -> bool:
    """Have a node that refused or fell back try the same once more; False for all others."""
    this = node_settings.c.node_id == node_id
    failed = node_settings.c.state.in_([State.REFUSED, State.FELL_BACK])
    version = node_settings.c.version + 1
    values = {"version": version, "state": State.WAITING, "reason": ""} | columns("sent", None)
    done = conn.execute(update(node_settings).where(this, failed).values(values)).rowcount
    is_done = bool(done) | program_rows.again(conn, node_id)
    if is_done:
        audit.note(conn, by, act="settings.again", object_kind="node", object_id=node_id, now=now)
    return is_done


def note_report(conn: Connection, node_id: UUID, said: SettingsReport, *, now: Moment) -> None:
    """Keep what a node says of its settings; a new one is then told what its area wants."""
    reckon_what_fits(conn, [node_id], now=now)
    known = standing(conn, node_id)
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


def due(conn: Connection, *, now: Moment) -> list[Due]:
    """What nodes that are here are to be told now; noted as said.

    Only nodes that ever reported: an older one would not know the word.
    """
    before = now.plus_s(-AGAIN_S).utc_us
    settings = node_settings.c
    query = (
        select(node_settings, nodes.c.name)
        .join(nodes, nodes.c.id == settings.node_id)
        .where(
            settings.state == State.WAITING,
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
        told.append(Due(row.name, uuid4(), words))
        this = settings.node_id == row.node_id
        conn.execute(update(node_settings).where(this).values(columns("sent", now)))
    return told


def nodes_of(conn: Connection, scope: Scope) -> list[UUID]:
    """The nodes that a scope speaks to, by their names; none that was shut out."""
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
    """From the outermost area to the node itself, `instead` in the place of its own."""
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
    """What counts there for this node: of a roll-out that has not come to it, what was before."""
    query = (
        select(rollouts.c.before)
        .join(rollout_nodes, rollout_nodes.c.rollout_id == rollouts.c.id)
        .where(
            rollouts.c.course == Course.RUNNING,
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


def _reckon_one(conn: Connection, node_id: UUID, *, now: Moment, goes_back: bool = False) -> bool:
    wanted = laid_together(_layers(conn, node_id))
    # Two layers that fit may not fit together: the longest of all is bounded like each.
    check_settings(wanted, NodeWanted)
    settings, programs = apart(wanted)
    are_new = program_rows.want(conn, node_id, programs, goes_back=goes_back, now=now)
    return _is_news(conn, node_id, settings, now=now) or are_new


def _is_news(conn: Connection, node_id: UUID, wanted: Mapping[str, Any], *, now: Moment) -> bool:
    """Whether something else is wanted of the node from now on."""
    known = standing(conn, node_id)
    sha256 = settings_hash(wanted)
    if sha256 == known.sha256:
        return False
    row = {
        "node_id": node_id,
        "version": known.version + 1,
        "wanted": canonical(wanted).decode(),
        "sha256": sha256,
        "state": State.WAITING,
        "reason": "",
        **columns("wanted", now),
        **columns("sent", None),
    }
    put(conn, node_settings, row)
    return True


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        version=row.version,
        wanted=json.loads(row.wanted),
        sha256=row.sha256,
        state=State(row.state),
        reason=row.reason,
        report=_report(row.report),
        reported_utc_us=row.reported_utc_us,
    )


def _report(body: str | None) -> SettingsReport | None:
    """None for what an older hub kept and this one does not read."""
    if body is None:
        return None
    try:
        return SettingsReport.model_validate_json(body)
    except ValidationError:
        return None
