"""Receipts of a notification: its phone showed it, its person opened it or acted on it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select, update

from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.notify.ledger import QUEUED, settle
from hub.notify.rules.delivery_result import Settled
from hub.notify.tables import notifications, phones


def mark_shown(conn: Connection, *, notification_id: UUID, person_id: UUID, now: Moment) -> bool:
    """Record that the phone displayed it. False if it was not addressed to this person."""
    return _mark(conn, "shown", notification_id=notification_id, person_id=person_id, now=now)


def mark_opened(conn: Connection, *, notification_id: UUID, person_id: UUID, now: Moment) -> bool:
    """Record that the person tapped it. False if it was not addressed to this person."""
    return _mark(conn, "opened", notification_id=notification_id, person_id=person_id, now=now)


def mark_acknowledged(
    conn: Connection, alert_ids: Collection[UUID], *, person_id: UUID, now: Moment
) -> None:
    """Record on all notifications of these alerts to this person that they acted on them, wherever
    they did."""
    theirs = and_(notifications.c.alert_id.in_(alert_ids), notifications.c.person_id == person_id)
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
    # The phone has it: no need to wait for a lost answer of the push service, or to send again.
    settle(conn, and_(theirs, this, QUEUED), Settled("accepted", "the phone said so"), now)
    others = and_(theirs, told_with, ~this, QUEUED)
    settle(conn, others, Settled("folded", "told together with others"), now)
    return True
