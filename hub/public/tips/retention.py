"""Retention of tips: the sender's identity for a shorter time than the content.

Tips of open cases and of alerts under hold stay. Of a deleted tip the row, code and alert remain,
so that the sender can read about the deletion, and an audit line describes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from hub.base.audit import log as audit_log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.batches import Stopping, in_pages, may_forget, never
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow, columns
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.cases.tables import cases
from hub.footage.retention.rules import DAY_US
from hub.footage.retention.tables import holds
from hub.public.tips.tables import tip_answers, tip_pictures, tip_reporters, tips

log = structlog.get_logger()

BY_THE_HUB: Final = By()


@dataclass(frozen=True, slots=True)
class TipSpans:
    """Days after arrival; 0: forever."""

    contact_days: int = 90
    """Identity and contact of the sender."""
    keep_days: int = 365
    """Text, pictures and answers."""


class TipRetention:
    """Deletes tips and identities of senders after their time. For one thread."""

    def __init__(self, db: Database, *, clock: Clock, spans: TipSpans) -> None:
        self._db = db
        self._clock = clock
        self._spans = spans

    def forget_overdue(self, stopping: Stopping = never) -> int:
        """Delete data past their retention; returns the number of tips affected."""
        now = self._clock.now()
        if not may_forget(self._db, now):
            return 0
        contacts, words = self._spans.contact_days, self._spans.keep_days
        forgotten = self._each(_has_contact(), contacts, _forget_contact, now, stopping)
        forgotten += self._each(tips.c.removed_utc_us.is_(None), words, _forget, now, stopping)
        if forgotten:
            log.info("tips.forgotten", tips=forgotten)
        return forgotten

    def _each(
        self,
        which: ColumnElement[bool],
        days: int,
        forget: Callable[[Connection, AnyRow, int, Moment], None],
        now: Moment,
        stopping: Stopping,
    ) -> int:
        if days <= 0:
            return 0
        is_old = tips.c.received_utc_us <= now.utc_us - days * DAY_US
        query = select(tips).where(which, is_old, ~kept()).order_by(tips.c.id)
        return in_pages(self._db, query, lambda conn, row: forget(conn, row, days, now), stopping)


def kept() -> ColumnElement[bool]:
    """SQL condition: an open case or an active hold needs this tip."""
    in_open_case = (
        select(cases.c.id)
        .where(cases.c.id == tips.c.case_id, cases.c.closed_utc_us.is_(None))
        .correlate(tips)
        .exists()
    )
    its_case = select(cases.c.number).where(cases.c.id == tips.c.case_id).correlate(tips)
    is_held = (
        select(holds.c.id)
        .where(
            holds.c.ended_utc_us.is_(None),
            or_(
                holds.c.alert_id == tips.c.alert_id,
                holds.c.case_number == its_case.scalar_subquery(),
            ),
        )
        .correlate(tips)
        .exists()
    )
    return or_(in_open_case, is_held)


def _has_contact() -> ColumnElement[bool]:
    return (
        select(tip_reporters.c.tip_id)
        .where(tip_reporters.c.tip_id == tips.c.id)
        .correlate(tips)
        .exists()
    )


def _forget_contact(conn: Connection, row: AnyRow, days: int, now: Moment) -> None:
    conn.execute(delete(tip_reporters).where(tip_reporters.c.tip_id == row.id))
    _note(conn, "tip.forget_contact", row, Detail("tip.sender_forgotten", n=days), now)


def _forget(conn: Connection, row: AnyRow, days: int, now: Moment) -> None:
    pictures = conn.execute(
        select(func.count(), func.coalesce(func.sum(tip_pictures.c.original_bytes), 0)).where(
            tip_pictures.c.tip_id == row.id
        )
    ).one()
    answers = delete(tip_answers).where(tip_answers.c.tip_id == row.id)
    for one in (
        delete(tip_reporters).where(tip_reporters.c.tip_id == row.id),
        delete(tip_pictures).where(tip_pictures.c.tip_id == row.id),
        answers,
    ):
        conn.execute(one)
    this = update(tips).where(and_(tips.c.id == row.id))
    emptied = {"what": "", "place": "", "latitude_deg": None, "longitude_deg": None}
    conn.execute(this.values(**emptied, **columns("removed", now)))
    detail = Detail("tip.all_forgotten", n=days, m=pictures[0], k=pictures[1])
    _note(conn, "tip.forget", row, detail, now)


def _note(conn: Connection, act: str, row: AnyRow, detail: Detail, now: Moment) -> None:
    audit_log.note(
        conn,
        BY_THE_HUB,
        act=act,
        object_kind="tip",
        object_id=row.id,
        detail=detail,
        now=now,
    )
