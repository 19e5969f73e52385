"""Rows of diagnosis files: requested, sent to the node, received, and deleted after their time.
Everything works in the caller's transaction."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from hub.access.tables import people
from hub.base.db.bounds import text
from hub.base.db.columns import BEFORE, AnyRow, before, columns, new_id
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.nodes.diagnostics.tables import diagnoses
from hub.nodes.uploaded_answer import AnswerState
from hub.registry.tables import nodes

WAITS_S: Final = 24 * 3600.0
"""Seconds; a request to a node that is away for longer ends."""
KEPT_S: Final = 14 * 86_400.0
KEPT_OF_A_NODE: Final = 5
"""The newest requests of a node are kept with their files; older ones are deleted."""
AGAIN_S: Final = 60.0
AT_ONCE: Final = 20
REASON_CHARS: Final = 500
MOST_BYTES: Final = 3 * 2**20
"""Largest size of one file, in bytes."""


_NEWEST_FIRST: Final = (diagnoses.c.asked_utc_us.desc(), diagnoses.c.id.desc())
"""Not by id alone: its time part does not go back when the hub's clock does."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A request for a diagnosis file, and its result."""

    diagnosis_id: UUID
    state: AnswerState
    who: str
    asked_utc_us: int
    until_utc_us: int
    ended_utc_us: int | None
    is_told: bool
    reason: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class DueDiagnosis:
    """A node to be asked now, and its name."""

    node: str
    command_id: UUID


def ask(conn: Connection, node_id: UUID, *, person_id: UUID, now: Moment) -> UUID | None:
    """Request a file from a node; None while a request is open."""
    _end_overdue(conn, now=now)
    waits = diagnoses.c.state == AnswerState.WAITING
    mine = diagnoses.c.node_id == node_id
    if conn.execute(select(diagnoses.c.id).where(waits, mine)).first() is not None:
        return None
    diagnosis_id = new_id(now)
    conn.execute(
        insert(diagnoses).values(
            id=diagnosis_id,
            node_id=node_id,
            command_id=uuid4(),
            asked_by=person_id,
            state=AnswerState.WAITING,
            reason="",
            **columns("asked", now),
            **columns("until", now.plus_s(WAITS_S)),
        )
    )
    newest = select(diagnoses.c.id).where(mine).order_by(*_NEWEST_FIRST)
    gone = conn.scalars(newest.offset(KEPT_OF_A_NODE)).all()
    conn.execute(delete(diagnoses).where(diagnoses.c.id.in_(gone)))
    return diagnosis_id


_DUE: Final = (  # built once: it runs at each look of the intake
    select(diagnoses.c.id, diagnoses.c.command_id, nodes.c.name)
    .join(nodes, nodes.c.id == diagnoses.c.node_id)
    .where(
        diagnoses.c.state == AnswerState.WAITING,
        nodes.c.state == "online",
        nodes.c.revoked_utc_us.is_(None),
        or_(diagnoses.c.sent_utc_us.is_(None), diagnoses.c.sent_utc_us <= BEFORE),
    )
    .order_by(diagnoses.c.sent_utc_us)
    .limit(AT_ONCE)
)


def due(conn: Connection, *, now: Moment) -> list[DueDiagnosis]:
    """Requests to send now to nodes that are online; marked as sent."""
    _end_overdue(conn, now=now)
    rows = conn.execute(_DUE, before(now, AGAIN_S)).all()
    if rows:
        these = diagnoses.c.id.in_([row.id for row in rows])
        conn.execute(update(diagnoses).where(these).values(columns("sent", now)))
    return [DueDiagnosis(row.name, row.command_id) for row in rows]


def put(
    conn: Connection, node: str, command_id: UUID, answer: bytes | str, *, now: Moment
) -> AnswerState | None:
    """Store a node's file or its reason for sending none; returns the new state.

    None if this node has no such request; a request that has ended keeps its state.
    """
    row = conn.execute(
        select(diagnoses.c.id, diagnoses.c.state)
        .join(nodes, nodes.c.id == diagnoses.c.node_id)
        .where(diagnoses.c.command_id == command_id, nodes.c.name == node)
    ).first()
    if row is None:
        return None
    if row.state != AnswerState.WAITING:
        return AnswerState(row.state)
    is_file = isinstance(answer, bytes)
    state = AnswerState.HERE if is_file else AnswerState.FAILED
    values: dict[str, object] = {"state": state, **columns("ended", now)}
    values |= {"content": answer} if isinstance(answer, bytes) else {}
    values |= {"reason": text(answer, REASON_CHARS)} if isinstance(answer, str) else {}
    conn.execute(update(diagnoses).where(diagnoses.c.id == row.id).values(values))
    return state


def is_asked(conn: Connection, node: str, command_id: UUID) -> bool:
    """True if the node has this request, open or already answered (it may repeat the answer)."""
    query = (
        select(diagnoses.c.id)
        .join(nodes, nodes.c.id == diagnoses.c.node_id)
        .where(
            diagnoses.c.command_id == command_id,
            nodes.c.name == node,
            diagnoses.c.state != AnswerState.OVER,
        )
    )
    return conn.execute(query).first() is not None


def listed(conn: Connection, node_id: UUID, *, now: Moment) -> list[Diagnosis]:
    """Requests of a node, newest first; an overdue one is shown as over."""
    query = (
        select(
            diagnoses.c.id,
            diagnoses.c.state,
            diagnoses.c.reason,
            diagnoses.c.asked_utc_us,
            diagnoses.c.until_utc_us,
            diagnoses.c.sent_utc_us,
            diagnoses.c.ended_utc_us,
            func.coalesce(func.length(diagnoses.c.content), 0).label("size_bytes"),
            people.c.name.label("who"),
        )
        .join(people, people.c.id == diagnoses.c.asked_by)
        .where(diagnoses.c.node_id == node_id)
        .order_by(*_NEWEST_FIRST)
        .limit(KEPT_OF_A_NODE)
    )
    return [_diagnosis(row, now) for row in conn.execute(query)]


def node_of(conn: Connection, diagnosis_id: UUID) -> UUID | None:
    """The node of this request."""
    return conn.scalar(select(diagnoses.c.node_id).where(diagnoses.c.id == diagnosis_id))


def content(conn: Connection, diagnosis_id: UUID) -> bytes | None:
    """Content of the file, while it is stored."""
    return conn.scalar(select(diagnoses.c.content).where(diagnoses.c.id == diagnosis_id))


def _end_overdue(conn: Connection, *, now: Moment) -> None:
    late = (diagnoses.c.state == AnswerState.WAITING) & (diagnoses.c.until_utc_us <= now.utc_us)
    ended = {"state": AnswerState.OVER, **columns("ended", now)}
    conn.execute(update(diagnoses).where(late).values(ended))
    old = diagnoses.c.asked_utc_us <= now.plus_s(-KEPT_S).utc_us
    conn.execute(delete(diagnoses).where(old))


def _diagnosis(row: AnyRow, now: Moment) -> Diagnosis:
    is_late = row.state == AnswerState.WAITING and row.until_utc_us <= now.utc_us
    return from_row(
        Diagnosis,
        row,
        diagnosis_id=row.id,
        state=AnswerState.OVER if is_late else AnswerState(row.state),
        is_told=row.sent_utc_us is not None,
    )
