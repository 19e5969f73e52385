"""The ledger of notifications: what is owed to which phone, and what became of it.

A row is queued until it is accepted (the phone's service took it), folded (told together with
others), dropped (nobody needs it any more) or dead (it could not be delivered); `reason` says why
in words an officer can read. Every function works in the caller's transaction, so that an alert
and what it owes are one. How a row is sent is told in `hub.store.dispatch`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from hub.alerts.answers import Settled
from hub.alerts.grants import Right
from hub.alerts.moment import Moment
from hub.alerts.troubles import KINDS
from hub.store.scope import entitled_people, keepers_of
from hub.store.tables import alerts, columns, new_id, notifications, phones

AlertMoment = Literal["opened", "grown", "raised", "taken", "back"]
"""The moments of an alert's life that phones are told of; "taken" also tells of its closing, and
"back" that what was lost is back by itself."""

QUEUED = notifications.c.state == "queued"

# Built once: see `hub.store.rows`.
_ABOUT: Final = select(alerts.c.kind, alerts.c.quiet_reason).where(
    alerts.c.id == bindparam("alert_id")
)


@dataclass(frozen=True)
class Counts:
    """The ledger in numbers."""

    queued: int
    accepted: int
    folded: int
    dropped: int
    dead: int
    shown: int
    opened: int
    repeats: int  # attempts beyond the first of each notification
    oldest_queued_utc_us: int | None


def owe(
    conn: Connection, *, alert_id: UUID, camera_id: UUID, moment: AlertMoment, now: Moment
) -> int:
    """Owe this moment of an alert to every phone it concerns; returns how many rows are new.

    Owing twice adds nothing. "taken" and "back" end what is still queued, and reach only phones
    that may show the alert: one that never heard of it is not woken to hear that it is over.
    """
    if moment == "taken":
        drop(conn, notifications.c.alert_id == alert_id, reason="already handled", now=now)
        receivers = _may_show(alert_id).where(_is_not_the_handler())
    elif moment == "back":
        drop(conn, notifications.c.alert_id == alert_id, reason="back again by itself", now=now)
        receivers = _may_show(alert_id)
    else:
        alert = conn.execute(_ABOUT, {"alert_id": alert_id}).one()
        if alert.quiet_reason is not None:
            return 0
        these = told_of(alert.kind, alert_id, camera_id=camera_id, now=now)
        receivers = _may_be_told(these)
    rows = [
        _owed_row(alert_id=alert_id, receiver=receiver, moment=moment, now=now)
        for receiver in conn.execute(receivers)
    ]
    return _insert_once(conn, rows)


def told_of(kind: str, alert_id: UUID | None, *, camera_id: UUID, now: Moment) -> Select[UUID]:
    """The people who are woken for an alert: its camera's, or the keepers of what is dark.

    Its id matters for a trouble alone.
    """
    if kind in KINDS and alert_id is not None:
        return keepers_of(alert_id, now)
    return entitled_people(camera_id, Right.ALERTED, now)


def _may_be_told(these: Select[UUID]) -> Select[UUID, UUID]:
    return select(phones.c.person_id, phones.c.id).where(
        phones.c.gone_utc_us.is_(None), phones.c.person_id.in_(these)
    )


def _may_show(alert_id: UUID) -> Select[UUID, UUID]:
    """Living phones this alert was sent to, or may be on its way to."""
    was_sent = or_(
        notifications.c.state == "accepted",
        notifications.c.attempts > 0,
        notifications.c.lease_by.is_not(None),
    )
    return (
        select(phones.c.person_id, phones.c.id)
        .distinct()
        .join(notifications, notifications.c.phone_id == phones.c.id)
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .where(
            alerts.c.id == alert_id,
            notifications.c.moment.not_in(["taken", "back"]),
            notifications.c.digest_id.is_(None),  # told with others it has no entry of its own
            was_sent,
            phones.c.gone_utc_us.is_(None),
        )
    )


def _is_not_the_handler() -> ColumnElement[bool]:
    handler = func.coalesce(alerts.c.closed_by, alerts.c.taken_by)
    return or_(handler.is_(None), phones.c.person_id != handler)


def _owed_row(
    *, alert_id: UUID, receiver: Row[UUID, UUID], moment: str, now: Moment
) -> Mapping[str, object]:
    person_id, phone_id = receiver
    return {
        "id": new_id(now),
        "alert_id": alert_id,
        "person_id": person_id,
        "phone_id": phone_id,
        "moment": moment,
        "state": "queued",
        "reason": "",
        "attempts": 0,
        **columns("owed", now),
        **columns("due", now),
    }


def _insert_once(conn: Connection, rows: Sequence[Mapping[str, object]]) -> int:
    if not rows:
        return 0
    # The two dialects spell ON CONFLICT alike but share no statement for it.
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    once = dialect.insert(notifications).on_conflict_do_nothing(
        index_elements=["alert_id", "phone_id", "moment"]
    )
    return len(conn.execute(once.returning(notifications.c.id), rows).all())


def mark_shown(conn: Connection, *, notification_id: UUID, person_id: UUID, now: Moment) -> bool:
    """The phone put it on its screen. False if this person was never owed it."""
    return _mark(conn, "shown", notification_id=notification_id, person_id=person_id, now=now)


def mark_opened(conn: Connection, *, notification_id: UUID, person_id: UUID, now: Moment) -> bool:
    """A person tapped on it. False if this person was never owed it."""
    return _mark(conn, "opened", notification_id=notification_id, person_id=person_id, now=now)


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
    # The phone has it, so the service's lost answer need not be waited for, nor the push repeated.
    settle(conn, and_(theirs, this, QUEUED), Settled("accepted", "the phone said so"), now)
    others = and_(theirs, told_with, ~this, QUEUED)
    settle(conn, others, Settled("folded", "told together with others"), now)
    return True


def retire_phone(conn: Connection, phone_id: UUID, *, reason: str, now: Moment) -> None:
    """This phone will hear no more; what it was still owed is dropped."""
    conn.execute(
        update(phones)
        .where(phones.c.id == phone_id, phones.c.gone_utc_us.is_(None))
        .values(gone_reason=reason, **columns("gone", now))
    )
    # Rows under lease are on the line right now and are settled by their own answer.
    waiting = and_(
        notifications.c.phone_id == phone_id,
        func.coalesce(notifications.c.lease_until_utc_us, 0) <= now.utc_us,
    )
    drop(conn, waiting, reason="phone gone", now=now)


def counts(conn: Connection) -> Counts:
    """The whole ledger in numbers."""

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
    settle(conn, and_(which, QUEUED), Settled("dropped", reason), now)


def settle(conn: Connection, which: ColumnElement[bool], last: Settled, now: Moment) -> None:
    # The lease stays written: a dropped row that was under lease may have reached the phone.
    conn.execute(
        update(notifications)
        .where(which)
        .values(state=last.state, reason=last.reason, **columns("answered", now))
    )
