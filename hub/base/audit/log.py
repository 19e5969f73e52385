"""Audit log: one line per act, written in the transaction of the act.

Each line contains the hash of the line before (`hub.base.hash_chain`). Write transactions queue
(`hub.base.db.database`), so that the head of the chain is still the head at commit.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.base.audit.detail import Detail
from hub.base.audit.tables import audit
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.inserts import insert_statement
from hub.base.db.rows import from_row
from hub.base.hash_chain import BEGINNING, LogAnchor, Record, bind
from hub.base.moment import Moment

PAGE: Final = 5000
_LINES: Final = "audit_lines"


@dataclass(frozen=True, slots=True)
class By:
    """Author of an act: a person, a node, or (neither) the hub itself or the keeper's shell."""

    person_id: UUID | None = None
    node_id: UUID | None = None
    came_from: str = ""
    """Network address the act came from."""


SHELL: Final = By(came_from="shell")
"""The keeper at the hub's shell."""


def note(
    conn: Connection,
    by: By,
    *,
    act: str,
    now: Moment,
    object_kind: str = "",
    object_id: UUID | None = None,
    detail: Detail | None = None,
    data: Mapping[str, str] | None = None,
) -> None:
    """Write one line. `act` is noun.verb: `alert.take`, `media.open`, `person.add`. `data`: fields
    for programs to check, where there is no detail for people."""
    seq, previous = _head(conn)
    record = Record(
        seq=seq + 1,
        id=new_id(now),
        person_id=by.person_id,
        node_id=by.node_id,
        act=act,
        object_kind=object_kind,
        object_id=object_id,
        detail="",  # older hubs wrote prose here
        came_from=by.came_from,
        at_utc_us=now.utc_us,
        at_error_ms=now.error_ms,
        data=_data(detail, data),
    )
    row = {
        "seq": record.seq,
        "hash": bind(previous, record),
        "id": record.id,
        "person_id": record.person_id,
        "node_id": record.node_id,
        "act": record.act,
        "object_kind": record.object_kind,
        "object_id": record.object_id,
        "detail": record.detail,
        "came_from": record.came_from,
        "data": record.data or None,
        **columns("at", now),
    }
    conn.execute(insert_statement(audit, conn.dialect.name), row)
    conn.info[_LINES, by.person_id] = lines_of(conn, by) + 1


def _data(detail: Detail | None, data: Mapping[str, str] | None) -> str:
    if detail is not None:
        return detail.to_json()
    return json.dumps(data) if data else ""


def lines_of(conn: Connection, by: By) -> int:
    """Number of lines that this connection has written for this person. Compared before and after a
    transaction, it tells whether the transaction wrote one."""
    written: int = conn.info.get((_LINES, by.person_id), 0)
    return written


def head(conn: Connection, now: Moment) -> LogAnchor:
    """The last line of the log now; number 0 if it is empty."""
    seq, last = _head(conn)
    return LogAnchor(seq, last, now.utc_us)


def read(conn: Connection) -> Iterator[tuple[Record, str]]:
    """The whole log from the start, each line with its hash; one page at a time in memory."""
    after = 0
    while True:
        query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(PAGE)
        rows = conn.execute(query).all()
        for row in rows:
            yield _record(row), row.hash
        if len(rows) < PAGE:
            return
        after = rows[-1].seq


def lines_at(
    conn: Connection, at_utc_us: int, *, acts: Collection[str], object_id: UUID
) -> Iterator[tuple[str, Record, str]]:
    """Lines of these acts on this object at this moment, each with the hash before it and its own.

    By the index of the log's times: a search by object would read all of the log.
    """
    query = (
        select(audit)
        .where(audit.c.at_utc_us == at_utc_us, audit.c.act.in_(acts))
        .where(audit.c.object_id == object_id, audit.c.seq.is_not(None))
        .order_by(audit.c.seq)
    )
    for row in conn.execute(query).all():
        before = conn.scalar(select(audit.c.hash).where(audit.c.seq == row.seq - 1))
        yield before or BEGINNING, _record(row), row.hash


def unbound(conn: Connection) -> int:
    """Number of lines outside the hash chain: no hub of this version wrote them."""
    return len(conn.execute(select(audit.c.id).where(audit.c.seq.is_(None))).all())


_LAST: Final = (
    select(audit.c.seq, audit.c.hash)
    .where(audit.c.seq.is_not(None))
    .order_by(audit.c.seq.desc())
    .limit(1)
)


def _head(conn: Connection) -> tuple[int, str]:
    row = conn.execute(_LAST).one_or_none()
    return (0, BEGINNING) if row is None else (row.seq, row.hash)


def _record(row: AnyRow) -> Record:
    return from_row(Record, row, data=row.data or "")
