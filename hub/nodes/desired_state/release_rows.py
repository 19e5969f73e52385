"""Rows of node releases: bundles, the bundle wanted for each node, and the nodes' reports; in the
caller's transaction. `settings_rows` decides the target nodes and the roll-out stages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlalchemy import Connection, or_, select, update

from agent.wire.programs import ProgramsReport, Release, TakePrograms
from agent.wire.settings import SettingsFault
from hub.base.db.bounds import text
from hub.base.db.columns import BEFORE, AnyRow, before, columns
from hub.base.db.rows import from_row
from hub.base.db.statements import put
from hub.base.moment import Moment
from hub.nodes.desired_state.release_tables import node_programs, program_bundles
from hub.nodes.desired_state.rules.layers import PROGRAMS, SettingsState
from hub.nodes.desired_state.rules.releases import TOO_OLD, ProgramsWanted, judged
from hub.registry.tables import nodes

BACK: Final = "it goes back to what it ran before"
"""Status of a node without a wanted bundle because its roll-out was halted."""
AGAIN_S: Final = 60.0
AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle at the hub."""

    sha256: str
    size_bytes: int
    release: Release
    is_verified: bool
    """By the update key, at the hub; each node verifies it again."""
    added_utc_us: int
    added_by: UUID | None
    """None: the keeper's shell."""


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """The bundle wanted for a node, and the node's progress."""

    version: int
    sha256: str | None
    may_be_older: bool
    state: SettingsState
    reason: str
    report: ProgramsReport | None


@dataclass(frozen=True, slots=True)
class DueRelease:
    """A command to send to a node now."""

    node: str
    command_id: UUID
    words: TakePrograms


NOTHING: Final = ReleaseStatus(0, None, False, SettingsState.UNASKED, "", None)


def add(
    conn: Connection,
    sha256: str,
    release: Release,
    *,
    size_bytes: int,
    is_verified: bool,
    now: Moment,
    added_by: UUID | None = None,
) -> None:
    """Store the row of a new bundle."""
    row = {
        "sha256": sha256,
        "size_bytes": size_bytes,
        "number": release.number,
        "name": release.name,
        "is_verified": is_verified,
        "added_by": added_by,
        **columns("added", now),
    }
    put(conn, program_bundles, row)


def bundles(conn: Connection) -> list[Bundle]:
    """All bundles at the hub, newest release first."""
    query = select(program_bundles).order_by(program_bundles.c.number.desc())
    return [_bundle(row) for row in conn.execute(query)]


def is_bundle(conn: Connection, sha256: str) -> bool:
    """Whether the bundle is at the hub."""
    return _one(conn, sha256) is not None


def check(conn: Connection, body: Mapping[str, Any]) -> None:
    """Raise SettingsFault for a bundle that is not at the hub."""
    wanted = (body.get(PROGRAMS) or {}).get("bundle")
    if wanted is not None and not is_bundle(conn, wanted):
        raise SettingsFault("programs.bundle: not at the hub; add it: matthan-hub programs add")


def status(conn: Connection, node_id: UUID) -> ReleaseStatus:
    """The bundle wanted for this node, and the node's progress."""
    row = conn.execute(select(node_programs).where(node_programs.c.node_id == node_id)).first()
    return NOTHING if row is None else _status(row)


def statuses(conn: Connection, node_ids: Iterable[UUID]) -> dict[UUID, ReleaseStatus]:
    """`status` of many nodes; nodes that never had a wanted bundle are left out."""
    query = select(node_programs).where(node_programs.c.node_id.in_(list(node_ids)))
    return {row.node_id: _status(row) for row in conn.execute(query)}


def section(conn: Connection, node_id: UUID) -> dict[str, Any]:
    """The wanted bundle of a node, as a section beside its settings."""
    sha256 = status(conn, node_id).sha256
    return {PROGRAMS: {"bundle": sha256}} if sha256 is not None else {}


def want(
    conn: Connection, node_id: UUID, wanted: ProgramsWanted, *, goes_back: bool, now: Moment
) -> bool:
    """Set the wanted bundle of a node; returns whether it changed.

    `goes_back`: the previous bundle is wanted again; it is likely older.
    """
    known = status(conn, node_id)
    may_be_older = goes_back or bool(wanted.may_be_older)
    if wanted.bundle == known.sha256:
        # Refused as too old, but intended: send it again.
        is_meant_now = (
            may_be_older and not known.may_be_older and known.state is SettingsState.REFUSED
        )
        if not is_meant_now:
            return False
    if wanted.bundle is None and known.reason == BACK:
        return False  # let the rollback finish
    state, reason = SettingsState.UNASKED, ""
    if wanted.bundle is not None:
        is_able = known.report is not None
        state, reason = (SettingsState.WAITING, "") if is_able else (SettingsState.REFUSED, TOO_OLD)
    row = {
        "node_id": node_id,
        "version": known.version + 1,
        "sha256": wanted.bundle,
        "may_be_older": may_be_older,
        "state": state,
        "reason": reason,
        **columns("wanted", now),
        **columns("sent", None),
    }
    put(conn, node_programs, row)
    return True


def running(conn: Connection, node_ids: Iterable[UUID]) -> dict[UUID, str]:
    """For each node, the bundle of the release it runs, if the bundle is at the hub."""
    here = {one.release: one.sha256 for one in bundles(conn)}
    found = {}
    for node_id, known in statuses(conn, node_ids).items():
        said = known.report
        if said is not None and said.number is not None and said.name is not None:
            found[node_id] = here.get(Release(said.number, said.name), "")
    return {node_id: sha256 for node_id, sha256 in found.items() if sha256}


def go_back_to(conn: Connection, node_id: UUID, sha256: str, *, now: Moment) -> bool:
    """Return a node without a wanted bundle to the release it ran before, if it took the withdrawn
    bundle or may still take it. False while a bundle is wanted."""
    known = status(conn, node_id)
    if known.sha256 is not None or known.report is None:
        return False
    want(conn, node_id, ProgramsWanted(bundle=sha256), goes_back=True, now=now)
    this = node_programs.c.node_id == node_id
    conn.execute(update(node_programs).where(this).values(reason=BACK))
    return True


def again(conn: Connection, node_id: UUID) -> bool:
    """Let a node that refused or fell back try once more; False for all others."""
    failed = node_programs.c.state.in_([SettingsState.REFUSED, SettingsState.FELL_BACK])
    these = (node_programs.c.node_id == node_id) & failed & node_programs.c.report.is_not(None)
    values = {"version": node_programs.c.version + 1, "state": SettingsState.WAITING, "reason": ""}
    cleared = columns("sent", None)
    return bool(conn.execute(update(node_programs).where(these).values(values | cleared)).rowcount)


def note_report(conn: Connection, node_id: UUID, said: ProgramsReport, *, now: Moment) -> None:
    """Store a node's report about its release."""
    known = status(conn, node_id)
    state, reason = judged(said, version=known.version, sha256=known.sha256)
    if state is SettingsState.WAITING and known.reason == BACK:
        reason = BACK
    if state is SettingsState.WAITING and _holds(known, said):
        state, reason = known.state, known.reason
    # A node repeats its answer whenever it is told again: whoever only repeats that it installs
    # makes no progress, and a roll-out must not wait for it for ever.
    is_stuck = said == known.report and said.last is not None and said.last.outcome == "installing"
    row = {
        "node_id": node_id,
        "version": known.version,
        "sha256": known.sha256,
        "may_be_older": known.may_be_older,
        "state": state,
        "reason": text(reason, 1000),
        "report": said.model_dump_json(),
        **({} if is_stuck else columns("reported", now)),
    }
    this = node_programs.c.node_id == node_id
    if not conn.execute(update(node_programs).where(this).values(row)).rowcount:
        put(conn, node_programs, {**row, **columns("wanted", now)})


def _holds(known: ReleaseStatus, said: ProgramsReport) -> bool:
    """True if the node refused the bundle, still has the version that it had at its refusal, and
    does not report the refusal any more, as after its restart."""
    last, before = said.last, known.report
    speaks_of_it = last is not None and (last.version, last.sha256) == (known.version, known.sha256)
    if known.state is not SettingsState.REFUSED or before is None or speaks_of_it:
        return False
    return (said.number, said.name) == (before.number, before.name)


def note_waits(conn: Connection, node: str, *, now: Moment) -> None:
    """The node of this name has asked for its bundle and must wait for its turn: not silent."""
    its_id = select(nodes.c.id).where(nodes.c.name == node).scalar_subquery()
    this = node_programs.c.node_id == its_id
    conn.execute(update(node_programs).where(this).values(columns("reported", now)))


_DUE: Final = (  # built once: it runs at each look of the intake
    select(node_programs, nodes.c.name.label("node"), program_bundles.c.size_bytes)
    .join(nodes, nodes.c.id == node_programs.c.node_id)
    .join(program_bundles, program_bundles.c.sha256 == node_programs.c.sha256)
    .where(
        node_programs.c.state == SettingsState.WAITING,
        nodes.c.state == "online",
        nodes.c.revoked_utc_us.is_(None),
        or_(node_programs.c.sent_utc_us.is_(None), node_programs.c.sent_utc_us <= BEFORE),
    )
    .order_by(node_programs.c.sent_utc_us)
    .limit(AT_ONCE)
)


def due(conn: Connection, *, now: Moment) -> list[DueRelease]:
    """Commands due now for nodes that are online; recorded as sent.

    Each is repeated until the node takes or refuses it: after a restart a node continues with what
    it had downloaded.
    """
    told = []
    for row in conn.execute(_DUE, before(now, AGAIN_S)).all():
        words = TakePrograms(
            version=row.version,
            sha256=row.sha256,
            size_bytes=row.size_bytes,
            may_be_older=row.may_be_older,
        )
        told.append(DueRelease(row.node, uuid4(), words))
        this = node_programs.c.node_id == row.node_id
        conn.execute(update(node_programs).where(this).values(columns("sent", now)))
    return told


def wanted_of(conn: Connection, node: str, sha256: str) -> Bundle | None:
    """The bundle, if it is wanted for the node of this name."""
    query = (
        select(program_bundles)
        .join(node_programs, node_programs.c.sha256 == program_bundles.c.sha256)
        .join(nodes, nodes.c.id == node_programs.c.node_id)
        .where(
            nodes.c.name == node,
            nodes.c.revoked_utc_us.is_(None),
            program_bundles.c.sha256 == sha256,
        )
    )
    row = conn.execute(query).first()
    return None if row is None else _bundle(row)


def _one(conn: Connection, sha256: str) -> Bundle | None:
    query = select(program_bundles).where(program_bundles.c.sha256 == sha256)
    row = conn.execute(query).first()
    return None if row is None else _bundle(row)


def _bundle(row: AnyRow) -> Bundle:
    release = Release(row.number, row.name)
    return from_row(Bundle, row, release=release)


def _status(row: AnyRow) -> ReleaseStatus:
    try:
        report = ProgramsReport.model_validate_json(row.report) if row.report else None
    except ValidationError:  # stored by an older hub in a form not read any more
        report = None
    return from_row(ReleaseStatus, row, report=report)
