"""Retention of requesters' identities: for a time after the answer. Request and answer stay."""

import structlog
from sqlalchemy import Connection, delete, select

from hub.base.audit.detail import Detail
from hub.base.batches import Stopping, in_pages, may_forget, never
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.footage.retention.remover import BY_THE_HUB
from hub.footage.retention.rules import DAY_US
from hub.public.data_requests.rows import note
from hub.public.data_requests.tables import data_request_people, petitions

log = structlog.get_logger()


class DataRequestRetention:
    """Deletes identities of requesters after their time. For one thread. `contact_days`: days
    after the answer; 0: forever."""

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
            .join(data_request_people, data_request_people.c.petition_id == petitions.c.id)
            .where(petitions.c.answered_utc_us <= now.utc_us - days * DAY_US)
            .order_by(petitions.c.id)
        )
        done = in_pages(
            self._db, query, lambda conn, row: _forget_contact(conn, row, days, now), stopping
        )
        if done:
            log.info("petitions.contacts_forgotten", petitions=done)
        return done


def _forget_contact(conn: Connection, row: AnyRow, days: int, now: Moment) -> None:
    conn.execute(delete(data_request_people).where(data_request_people.c.petition_id == row.id))
    detail = Detail("data_request.contact_forgotten", number=row.number, n=days)
    note(conn, BY_THE_HUB, "petition.forget_contact", row.id, detail, now)
