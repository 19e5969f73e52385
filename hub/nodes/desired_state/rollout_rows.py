"""Rows of roll-outs: started, advanced by the nodes' answers, halted and reverted; in the caller's
transaction. `hub.nodes.desired_state.rules.rollout` decides."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, case, insert, or_, select, update

from agent.wire.settings import canonical
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.nodes.desired_state import layer_rows, release_rows, settings_rows
from hub.nodes.desired_state.layer_rows import Scope
from hub.nodes.desired_state.release_tables import node_programs
from hub.nodes.desired_state.rules.layers import PROGRAMS, SettingsState
from hub.nodes.desired_state.rules.rollout import (
    NodeNow,
    NodeResult,
    RolloutState,
    decide,
    is_awaited,
    stage_of_each,
)
from hub.nodes.desired_state.tables import node_settings, rollout_nodes, rollouts
from hub.registry.tables import nodes

log = structlog.get_logger()

THE_HUB: Final = By()
_FATES: Final = {
    SettingsState.REFUSED: NodeResult.REFUSED,
    SettingsState.FELL_BACK: NodeResult.FELL_BACK,
    SettingsState.WAITING: NodeResult.WAITING,
}


@dataclass(frozen=True, slots=True)
class Rollout:
    """One roll-out and its progress."""

    rollout_id: UUID
    scope: Scope
    course: RolloutState
    stage: int
    why: str
    begun_utc_us: int
    ended_utc_us: int | None
    fates: Mapping[NodeResult, int]


def begin(
    conn: Connection, scope: Scope, body: Mapping[str, Any], *, reason: str, by: By, now: Moment
) -> UUID:
    """Start a roll-out in this scope, at a few nodes first.

    Raises RegistryError while another roll-out runs at any of the nodes, and SettingsFault if any
    node, including those of the last stage, cannot take these settings: later nobody is present to
    get the error.
    """
    node_ids = layer_rows.nodes_of(conn, scope)
    if (other := _under_way(conn, node_ids, scope)) is not None:
        raise RegistryError(
            f"a roll-out to some of these nodes is running ({other}): wait, or halt it",
            "settings.roll_out_running",
            name=other,
        )
    before = layer_rows.layer(conn, scope)
    layer_rows.save(conn, scope, body, reason=reason, by=by, now=now)
    settings_rows.check_fits(conn, node_ids, scope, body)
    rollout_id = new_id(now)
    conn.execute(
        insert(rollouts).values(
            id=rollout_id,
            scope=scope.kind,
            scope_id=scope.scope_id,
            before=canonical(before).decode(),
            course=RolloutState.RUNNING,
            stage=-1,
            why="",
            begun_by=by.person_id,
            **columns("begun", now),
        )
    )
    here = select(nodes.c.id).where(nodes.c.state == "online", nodes.c.id.in_(node_ids))
    are_here = dict.fromkeys(conn.scalars(here), True)
    ran = release_rows.running(conn, node_ids) if (body.get(PROGRAMS) or {}).get("bundle") else {}
    for node_id, stage in stage_of_each(node_ids, are_here=are_here).items():
        row = {"rollout_id": rollout_id, "node_id": node_id, "stage": stage, "is_changed": False}
        conn.execute(insert(rollout_nodes).values(row | {"ran_sha256": ran.get(node_id)}))
    detail = Detail("settings.in_stages", n=len(node_ids), reason=reason.strip())
    settings_rows.note_act(conn, "settings.roll", scope, detail, by=by, now=now)
    _go_on_to(conn, rollout_id, 0, now=now)
    return rollout_id


def step(conn: Connection, *, now: Moment) -> None:
    """Advance or revert the running roll-outs by one step."""
    running = select(rollouts).where(rollouts.c.course == RolloutState.RUNNING)
    for row in conn.execute(running).all():
        _mark(conn, row.id, now=now)
        nodes_now = _nodes_now(conn, row.id, row.stage)
        is_settled = not any(
            is_awaited(one, now.utc_us) for one in nodes_now if one.stage <= row.stage
        )
        settled = (row.settled_utc_us or now.utc_us) if is_settled else None
        decision = decide(
            nodes_now, stage=row.stage, settled_since_utc_us=settled, now_utc_us=now.utc_us
        )
        if decision.course is RolloutState.HALTED:
            halt(conn, row.id, why=decision.why, by=THE_HUB, now=now)
        elif decision.course is RolloutState.DONE:
            _end(conn, row.id, RolloutState.DONE, "", now=now)
            log.info("rollout.done", nodes=len(nodes_now))
        elif decision.stage != row.stage:
            _go_on_to(conn, row.id, decision.stage, now=now)
        elif (row.settled_utc_us is not None) != is_settled:
            since = columns("settled", now if is_settled else None)
            conn.execute(update(rollouts).where(rollouts.c.id == row.id).values(since))


def halt(conn: Connection, rollout_id: UUID, *, why: str, by: By, now: Moment) -> bool:
    """Restore the previous values everywhere; False if the roll-out is not running."""
    query = select(rollouts).where(
        rollouts.c.id == rollout_id, rollouts.c.course == RolloutState.RUNNING
    )
    row = conn.execute(query).first()
    if row is None:
        return False
    scope = Scope(row.scope, row.scope_id)
    _end(conn, rollout_id, RolloutState.HALTED, why, now=now)
    before = layer_rows.body_before(row)
    layer_rows.save(conn, scope, before, reason=f"halted: {why}", by=by, now=now)
    all_of_them, took = layer_rows.nodes_of(conn, scope), _took_programs(conn, rollout_id)
    changed = settings_rows.recompute_valid(conn, all_of_them, now=now, goes_back=True)
    for node_id, sha256 in took.items():
        release_rows.go_back_to(conn, node_id, sha256, now=now)
    detail = Detail("settings.go_back", n=len(changed), halted=why)
    settings_rows.note_act(conn, "settings.halt", scope, detail, by=by, now=now)
    log.warning("rollout.halted", why=why, back=len(changed))
    return True


def _took_programs(conn: Connection, rollout_id: UUID) -> dict[UUID, str]:
    """Nodes that took the roll-out's bundle or may still take it, and the bundle each ran
    before."""
    query = (
        select(rollout_nodes.c.node_id, rollout_nodes.c.ran_sha256)
        .join(node_programs, node_programs.c.node_id == rollout_nodes.c.node_id)
        .where(
            rollout_nodes.c.rollout_id == rollout_id,
            rollout_nodes.c.is_changed,
            rollout_nodes.c.ran_sha256.is_not(None),
            node_programs.c.sent_utc_us.is_not(None),
            node_programs.c.state.in_([SettingsState.WAITING, SettingsState.IN_FORCE]),
        )
    )
    return {row.node_id: row.ran_sha256 for row in conn.execute(query)}


def listed(
    conn: Connection, limit: int = 50, *, among: Collection[Scope] | None = None
) -> list[Rollout]:
    """Roll-outs, the running ones first, then the newest; only of these scopes, if given."""
    query = select(rollouts)
    if among is not None:
        query = query.where(rollouts.c.scope_id.in_([one.scope_id for one in among]))
    has_ended = rollouts.c.course != RolloutState.RUNNING
    query = query.order_by(has_ended, rollouts.c.id.desc()).limit(limit)
    return [_rollout(conn, row) for row in conn.execute(query).all()]


def one(conn: Connection, rollout_id: UUID) -> Rollout | None:
    """One roll-out."""
    row = conn.execute(select(rollouts).where(rollouts.c.id == rollout_id)).first()
    return None if row is None else _rollout(conn, row)


def running_of(conn: Connection, scope: Scope) -> UUID | None:
    """The running roll-out of this scope."""
    return conn.scalar(
        select(rollouts.c.id).where(
            rollouts.c.course == RolloutState.RUNNING,
            rollouts.c.scope == scope.kind,
            rollouts.c.scope_id == scope.scope_id,
        )
    )


def _rollout(conn: Connection, row: AnyRow) -> Rollout:
    fates: dict[NodeResult, int] = {}
    for one in _nodes_now(conn, row.id, row.stage):
        fates[one.result] = fates.get(one.result, 0) + 1
    return from_row(
        Rollout, row, rollout_id=row.id, scope=Scope(row.scope, row.scope_id), fates=fates
    )


def _under_way(conn: Connection, node_ids: Sequence[UUID], scope: Scope) -> str | None:
    query = (
        select(rollouts)
        .join(rollout_nodes, rollout_nodes.c.rollout_id == rollouts.c.id)
        .where(rollouts.c.course == RolloutState.RUNNING, rollout_nodes.c.node_id.in_(node_ids))
        .limit(1)
    )
    row = conn.execute(query).first()
    if row is None and running_of(conn, scope) is None:
        return None
    return scope.kind if row is None else f"{row.scope} {row.scope_id}"


def _go_on_to(conn: Connection, rollout_id: UUID, stage: int, *, now: Moment) -> None:
    """Send the settings to the nodes of this stage from now on."""
    this = rollouts.c.id == rollout_id
    values = {"stage": stage, **columns("settled", None)}
    conn.execute(update(rollouts).where(this).values(values))
    these = select(rollout_nodes.c.node_id).where(
        rollout_nodes.c.rollout_id == rollout_id, rollout_nodes.c.stage == stage
    )
    changed = settings_rows.recompute_valid(conn, list(conn.scalars(these)), now=now)
    mine = (rollout_nodes.c.rollout_id == rollout_id) & rollout_nodes.c.node_id.in_(changed)
    conn.execute(update(rollout_nodes).where(mine).values(is_changed=True))
    log.info("rollout.stage", stage=stage, nodes=len(changed))


def _mark(conn: Connection, rollout_id: UUID, *, now: Moment) -> None:
    """Record when each node was first told, and since when it is offline without an answer."""
    programs_wait = node_programs.c.state == SettingsState.WAITING
    sent = case((programs_wait, node_programs.c.sent_utc_us), else_=node_settings.c.sent_utc_us)
    heard = case((programs_wait, node_programs.c.reported_utc_us), else_=None)
    query = (
        select(rollout_nodes, sent.label("sent_utc_us"), heard.label("heard_utc_us"), nodes.c.state)
        .outerjoin(node_settings, node_settings.c.node_id == rollout_nodes.c.node_id)
        .outerjoin(node_programs, node_programs.c.node_id == rollout_nodes.c.node_id)
        .join(nodes, nodes.c.id == rollout_nodes.c.node_id)
        .where(
            rollout_nodes.c.rollout_id == rollout_id,
            rollout_nodes.c.is_changed,
            or_(node_settings.c.state == SettingsState.WAITING, programs_wait),
        )
    )
    for row in conn.execute(query).all():
        values: dict[str, object] = {}
        if row.told_utc_us is None and row.sent_utc_us is not None:
            values |= columns("told", now)
        # Downloads take long: a node that reports progress is not silent.
        if row.told_utc_us is not None and (row.heard_utc_us or 0) > row.told_utc_us:
            values |= columns("told", now)
        is_lost = row.state != "online" and (row.told_utc_us or row.sent_utc_us) is not None
        if is_lost != (row.lost_utc_us is not None):
            values |= columns("lost", now if is_lost else None)
        if values:
            mine = rollout_nodes.c.rollout_id == rollout_id
            one = mine & (rollout_nodes.c.node_id == row.node_id)
            conn.execute(update(rollout_nodes).where(one).values(values))


def _nodes_now(conn: Connection, rollout_id: UUID, stage: int) -> list[NodeNow]:
    """Nodes that were shut out are left out: their answers are not heard."""
    query = (
        select(
            rollout_nodes,
            nodes.c.state.label("presence"),
            # An answer to an earlier command tells nothing about this one.
            case(
                (node_settings.c.wanted_utc_us >= rollouts.c.begun_utc_us, node_settings.c.state)
            ).label("answer"),
            case(
                (node_programs.c.wanted_utc_us >= rollouts.c.begun_utc_us, node_programs.c.state)
            ).label("programs"),
        )
        .join(rollouts, rollouts.c.id == rollout_nodes.c.rollout_id)
        .join(nodes, nodes.c.id == rollout_nodes.c.node_id)
        .outerjoin(node_settings, node_settings.c.node_id == rollout_nodes.c.node_id)
        .outerjoin(node_programs, node_programs.c.node_id == rollout_nodes.c.node_id)
        .where(rollout_nodes.c.rollout_id == rollout_id, nodes.c.revoked_utc_us.is_(None))
    )
    return [
        from_row(NodeNow, row, result=_fate(row, stage), is_here=row.presence == "online")
        for row in conn.execute(query)
    ]


def _fate(row: AnyRow, stage: int) -> NodeResult:
    if row.stage > stage:
        return NodeResult.AHEAD
    if not row.is_changed:
        return NodeResult.DONE  # no change for this node: a nearer scope has its own value
    answers = {SettingsState(one) for one in (row.answer, row.programs) if one is not None}
    return next((fate for state, fate in _FATES.items() if state in answers), NodeResult.DONE)


def _end(
    conn: Connection, rollout_id: UUID, course: RolloutState, why: str, *, now: Moment
) -> None:
    values = {"course": course, "why": text(why, 1000), **columns("ended", now)}
    conn.execute(update(rollouts).where(rollouts.c.id == rollout_id).values(values))
