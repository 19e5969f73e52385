"""What a phone and its person did with a notification: shown, opened, acknowledged."""

from uuid import UUID

from sqlalchemy import Connection, and_, or_, select, update

from hub.alerts.answers import Settled
from hub.alerts.moment import Moment
from hub.store.ledger import QUEUED, settle
from hub.store.tables import columns, notifications, phones


def mark_shown(conn: Connection, *, notification_id: UUID, person_id: UUID, now: Moment) -> bool:
    """The phone put it on its screen. False if this person was never owed it."""
    return _mark(conn, "shown", notification_id=notification_id, person_id=person_id, now=now)


def mark_opened(conn: Connection, *, notification_id: UUID, person_id: UUID, now: Moment) -> bool:
    """A person tapped on it. False if this person was never owed it."""
    return _mark(conn, "opened", notification_id=notification_id, person_id=person_id, now=now)


def mark_acknowledged(conn: Connection, alert_id: UUID, *, person_id: UUID, now: Moment) -> None:
    """The person acted on the alert: noted on what they were told of it, wherever they did."""
    theirs = and_(notifications.c.alert_id == alert_id, notifications.c.person_id == person_id)
    first_time = notifications.c.acknowledged_utc_us.is_(None)
    conn.execute(
        update(notifications).where(theirs, first_time).values(columns("acknowledged", now))
    )


def _mark(
    conn: Connection, what: str, *, notification_id: UUID, person_id: UUID, now: Moment
) -> bool:
    this = notifications.c.id == notification_id
    told_with = notifications.c.digest_id == notification_id
    theirs = notifications.c.person_id == person_id
    if conn.execute(select(notifications.c.id).where(this, theirs)).first() is None:
        return False
    first_time = notifications.c[f"{what}_utc_us"].is_(None)
    mine = and_(theirs, or_(this, told_with))
    conn.execute(update(notifications).where(mine, first_time).values(columns(what, now)))
    if what == "shown":
        phone = select(notifications.c.phone_id).where(this).scalar_subquery()
        conn.execute(update(phones).where(phones.c.id == phone).values(columns("heard", now)))
    # The phone has it, so the service's lost answer need not be waited for, nor the push repeated.
    settle(conn, and_(theirs, this, QUEUED), Settled("accepted", "the phone said so"), now)
    others = and_(theirs, told_with, ~this, QUEUED)
    settle(conn, others, Settled("folded", "told together with others"), now)
    return True
