"""Lines of the log that say since when a key is a box's, and time stamps over them.

Whoever holds the authority's key can date a certificate back. The line of the log with the key
cannot be dated back once an outside authority has stamped it. What is stamped is an anchor of the
log whose last record is that line, so that `log verify` can check it too.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, insert, select

from hub.base.audit import log as audit_log
from hub.base.batches import Stopping, never
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow, columns
from hub.base.db.database import Database
from hub.base.hash_chain import LogAnchor, anchor_line, line_of
from hub.base.rfc3161 import StampError, TimestampAuthority
from hub.nodes.enrolment.tables import enrolment_stamps, node_papers
from hub.registry.tables import nodes

log = structlog.get_logger()

ACTS: Final = ("enrolment.redeem", "papers.renew")
MOST_STAMPS: Final = 100
"""Stamps in one run; the rest follows in the next."""


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One such line, as the hash of the log covers it, and the stamp over it if there is one."""

    node: str
    seq: int
    previous: str
    """Hash of the line before."""
    line: str
    hash: str
    anchor: str = ""
    """The stamped text: moment, number and hash of this line."""
    stamp: bytes = b""
    roots: str = ""
    """PEM of the roots that the hub believed for the stamp."""


def key_lines(conn: Connection, node_ids: Collection[UUID]) -> list[KeyLine]:
    """Lines about these boxes in the order of the log."""
    query = (
        select(node_papers.c.id, node_papers.c.node_id, node_papers.c.issued_utc_us, nodes.c.name)
        .add_columns(enrolment_stamps.c.anchor, enrolment_stamps.c.stamp, enrolment_stamps.c.roots)
        .join(nodes, nodes.c.id == node_papers.c.node_id)
        .outerjoin(enrolment_stamps, enrolment_stamps.c.papers_id == node_papers.c.id)
        .where(node_papers.c.node_id.in_(node_ids))
        .order_by(node_papers.c.issued_utc_us)
    )
    found = {line.seq: line for row in conn.execute(query).all() for line in _lines(conn, row)}
    return [found[seq] for seq in sorted(found)]


def _lines(conn: Connection, row: AnyRow) -> Iterator[KeyLine]:
    at = row.issued_utc_us
    for previous, record, stored in audit_log.lines_at(conn, at, acts=ACTS, object_id=row.node_id):
        stamped = (row.anchor, row.stamp, row.roots) if row.stamp else ()
        yield KeyLine(row.name, record.seq, previous, line_of(record), stored, *stamped)


class EnrolmentStamps:
    """A chore: asks the time stamp authority for stamps over new keys' lines."""

    def __init__(
        self, db: Database, *, clock: Clock, authority: Callable[[], TimestampAuthority | None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._authority = authority

    def stamp(self, stopping: Stopping = never) -> int:
        """Stamp the lines that have none, oldest first; returns how many. An authority that does
        not answer is asked again at the next run."""
        asked = self._authority()
        if asked is None:
            return 0
        done = 0
        for papers_id, line_anchor, text in self._unstamped():
            if stopping():
                break
            try:
                answer, _ = asked.stamp(text.encode())
            except StampError as error:
                log.warning("enrolment.unstamped", authority=asked.name, reason=str(error))
                break
            roots = b"".join(one.public_bytes(Encoding.PEM) for one in asked.roots).decode()
            row = {"papers_id": papers_id, "seq": line_anchor.seq, "anchor": text}
            row |= {"stamp": answer, "roots": roots, **columns("stamped", self._clock.now())}
            with self._db.writing() as conn:
                conn.execute(insert(enrolment_stamps).values(row))
            done += 1
        return done

    def _unstamped(self) -> list[tuple[UUID, LogAnchor, str]]:
        query = (
            select(node_papers.c.id, node_papers.c.node_id, node_papers.c.issued_utc_us)
            .outerjoin(enrolment_stamps, enrolment_stamps.c.papers_id == node_papers.c.id)
            .where(enrolment_stamps.c.papers_id.is_(None))
            .order_by(node_papers.c.issued_utc_us.desc())
            .limit(MOST_STAMPS)
        )
        found = []
        with self._db.reading() as conn:
            for row in conn.execute(query).all():
                at = row.issued_utc_us
                for _, record, stored in audit_log.lines_at(
                    conn, at, acts=ACTS, object_id=row.node_id
                ):
                    if record.data:
                        anchor = LogAnchor(record.seq, stored, record.at_utc_us)
                        found.append((row.id, anchor, anchor_line(anchor)))
        return found[::-1]
