"""Retention of requesters' identities: for a time after the answer. Request and answer stay."""

from typing import Any

import structlog
from sqlalchemy import Connection, Row, delete, select

from hub.alerts.moment import Moment
from hub.alerts.retention import DAY_US
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.forgetting import Stopping, in_pages, may_forget, never
from hub.store.petition_rows import note
from hub.store.petition_tables import petition_people, petitions
from hub.store.remover import BY_THE_HUB

log = structlog.get_logger()


class PetitionKeeping:
    """For one thread. `contact_days`: days after the answer; 0: forever."""

    def __init__(self, db: Database, *, clock: Clock, contact_days: int) -> None:
        self._db = db
        self._clock = clock
        self._contact_days = contact_days

    def forget_overdue(self, stopping: Stopping = never) -> int:
        """Delete identities past their retention; returns their number."""
        now, days = self._clock.now(), self._contact_days
        if days <= 0 or not may_forget(self._db, now):
            return 0
        query = (
            select(petitions.c.id, petitions.c.number)
            .join(petition_people, petition_people.c.petition_id == petitions.c.id)
            .where(petitions.c.answered_utc_us <= now.utc_us - days * DAY_US)
            .order_by(petitions.c.id)
        )
        done = in_pages(
            self._db, query, lambda conn, row: _forget_contact(conn, row, days, now), stopping
        )
        if done:
            log.info("petitions.contacts_forgotten", petitions=done)
        return done


def _forget_contact(conn: Connection, row: Row[Any], days: int, now: Moment) -> None:
    conn.execute(delete(petition_people).where(petition_people.c.petition_id == row.id))
    detail = f"{row.number}: who asked, {days} days after the answer"
    note(conn, BY_THE_HUB, "petition.forget_contact", row.id, detail, now)
