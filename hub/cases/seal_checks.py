"""A chore: judges the seals of clips in cases, for the page of the case.

A clip is judged within seconds after it was put into a case or after its row names another file,
and again once a month. The work is done beside the pages, some clips at a time; an export judges
its files anew.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog
from cryptography import x509
from sqlalchemy import Connection, delete, func, insert, or_, select

from hub.base.audit import log as audit_log
from hub.base.batches import Stopping, never
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow, AnySelect, columns
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.storage.blobs import Blobs, BlobsError
from hub.cases.evidence.box_papers import Papers, pack_papers
from hub.cases.evidence.seal_report import check_pieces
from hub.cases.evidence.seal_rules import (
    ARRIVALS,
    ClipSeal,
    Reason,
    SealVerdict,
    arrived,
    judge_clip,
)
from hub.cases.tables import case_items, seal_checks
from hub.footage.tables import media
from hub.nodes.enrolment.key_lines import key_lines
from hub.registry.tables import nodes

log = structlog.get_logger()

AGAIN_S: Final = 30 * 86_400.0
MOST_CLIPS: Final = 10
"""Clips in one run, so that other chores have their turn."""
RETRY_S: Final = 3600.0
"""A file that cannot be read is tried again after this time; the sweep looks for lost ones."""


class SealChecks:
    """Judges clips in cases. For one thread."""

    def __init__(
        self,
        db: Database,
        *,
        blobs: Blobs,
        clock: Clock,
        authority: Callable[[], x509.Certificate | None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`authority` issues the certificates of boxes; None if its certificate is not here."""
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._authority = authority
        self._now_s = now_s
        self._unread: dict[UUID, float] = {}

    def run(self, stopping: Stopping = never) -> int:
        """Judge what is due; returns how many clips were judged. Raises no error for a file that
        cannot be read."""
        with self._db.reading() as conn:
            due = conn.execute(_due(self._clock.now(), self._waiting())).all()
        if not due:
            return 0
        authority, done = self._authority(), 0
        for row in due:
            if stopping():
                break
            done += self._judge(row, authority)
        return done

    def _waiting(self) -> list[UUID]:
        now_s = self._now_s()
        self._unread = {one: until for one, until in self._unread.items() if until > now_s}
        return list(self._unread)

    def _judge(self, row: AnyRow, authority: x509.Certificate | None) -> bool:
        with self._db.reading() as conn:
            papers = pack_papers(authority, key_lines(conn, [row.node_id])).papers()
            came = _came(conn, row.id, row.stored_utc_us)
        try:
            judged = self._judged(row, papers, came)
        except (BlobsError, OSError) as error:
            log.warning("seal.unread", media=str(row.id), reason=str(error))
            self._unread[row.id] = self._now_s() + RETRY_S
            return False
        with self._db.writing() as conn:
            conn.execute(delete(seal_checks).where(seal_checks.c.media_id == row.id))
            values = {"media_id": row.id, "sha256": row.sha256, "verdict": judged.verdict}
            values |= {"why": why_json(judged.why), **columns("checked", self._clock.now())}
            conn.execute(insert(seal_checks).values(values))
        return True

    def _judged(self, row: AnyRow, papers: Papers, came: frozenset[str]) -> ClipSeal:
        digest = sha256()

        def pieces() -> Iterable[bytes]:
            for piece in self._blobs.read(row.sha256, length=row.size_bytes):
                digest.update(piece)
                yield piece

        check = check_pieces(pieces())
        return judge_clip(
            check,
            node=row.node,
            sha256=digest.hexdigest(),
            came=came,
            papers=papers.of(row.node),
        )


def why_json(why: Sequence[Reason]) -> str:
    """Reasons as they are stored."""
    return json.dumps([[one.id, one.value] for one in why])


def stored_seal(verdict: str, why: str) -> ClipSeal:
    """A verdict as it was stored."""
    return ClipSeal(SealVerdict(verdict), tuple(Reason(*one) for one in json.loads(why)))


def _due(now: Moment, unread: Sequence[UUID]) -> AnySelect:
    in_cases = select(case_items.c.media_id).where(case_items.c.removed_utc_us.is_(None))
    is_due = or_(
        seal_checks.c.media_id.is_(None),
        seal_checks.c.sha256 != media.c.sha256,
        seal_checks.c.checked_utc_us < now.plus_s(-AGAIN_S).utc_us,
    )
    return (
        select(media.c.id, media.c.sha256, media.c.size_bytes, media.c.stored_utc_us)
        .add_columns(media.c.node_id, nodes.c.name.label("node"))
        .join(nodes, nodes.c.id == media.c.node_id)
        .outerjoin(seal_checks, seal_checks.c.media_id == media.c.id)
        .where(media.c.id.in_(in_cases), media.c.kind != "picture", is_due)
        .where(media.c.stored_utc_us.is_not(None), media.c.id.not_in(unread))
        .order_by(func.coalesce(seal_checks.c.checked_utc_us, 0), media.c.id)
        .limit(MOST_CLIPS)
    )


def _came(conn: Connection, media_id: UUID, stored_utc_us: int) -> frozenset[str]:
    """SHA-256 of what was stored then, by the log."""
    lines = audit_log.lines_at(conn, stored_utc_us, acts=ARRIVALS, object_id=media_id)
    return arrived((record.act, record.detail or record.data) for _, record, _ in lines)
