"""The notification ledger: the result of each notification, and the end of a phone.

States: queued; accepted (the push service took it); folded (sent as part of a digest); dropped (no
longer needed); dead (cannot be delivered). `reason` explains the state in words an officer can
read. Every function works in the caller's transaction. This module knows no alert;
`hub.alerting.notifications.recipients` decides who must be notified of one.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, update

from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.notify.rules.delivery_result import Settled
from hub.notify.tables import notifications, phones

QUEUED = notifications.c.state == "queued"


@dataclass(frozen=True)
class Counts:
    """Counters of the ledger."""

    queued: int
    accepted: int
    folded: int
    dropped: int
    dead: int
    shown: int
    opened: int
    repeats: int  # attempts beyond the first of each notification
    oldest_queued_utc_us: int | None


def retire_phone(conn: Connection, phone_id: UUID, *, reason: str, now: Moment) -> None:
    """Stop notifications to this phone, and drop its queued ones."""
    conn.execute(
        update(phones)
        .where(phones.c.id == phone_id, phones.c.gone_utc_us.is_(None))
        .values(gone_reason=reason, **columns("gone", now))
    )
    # Rows under lease are being sent right now; their own answer settles them.
    waiting = and_(
        notifications.c.phone_id == phone_id,
        func.coalesce(notifications.c.lease_until_utc_us, 0) <= now.utc_us,
    )
    drop(conn, waiting, reason="phone gone", now=now)


def counts(conn: Connection) -> Counts:
    """Counters of the whole ledger."""

    def number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    made = notifications.c.attempts
    row = conn.execute(
        select(
            *(
                number_of(notifications.c.state == state).label(state)
                for state in ("queued", "accepted", "folded", "dropped", "dead")
            ),
            number_of(notifications.c.shown_utc_us.is_not(None)).label("shown"),
            number_of(notifications.c.opened_utc_us.is_not(None)).label("opened"),
            func.coalesce(func.sum(case((made > 1, made - 1), else_=0)), 0).label("repeats"),
            func.min(case((QUEUED, notifications.c.owed_utc_us))).label("oldest_queued_utc_us"),
        )
    ).one()
    oldest = row.oldest_queued_utc_us
    numbers = {name: int(n) for name, n in row._mapping.items() if name != "oldest_queued_utc_us"}
    return Counts(**numbers, oldest_queued_utc_us=oldest)


def drop(conn: Connection, which: ColumnElement[bool], *, reason: str, now: Moment) -> None:
    """End the notifications among these that are still queued, with this reason."""
    settle(conn, and_(which, QUEUED), Settled("dropped", reason), now)


def settle(conn: Connection, which: ColumnElement[bool], last: Settled, now: Moment) -> None:
    """Write the result of these notifications."""
    # The lease stays in the row: a dropped row that was under lease may have reached the phone.
    conn.execute(
        update(notifications)
        .where(which)
        .values(state=last.state, reason=last.reason, **columns("answered", now))
    )
