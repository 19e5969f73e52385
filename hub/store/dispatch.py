"""Sending what the ledger owes: lease it to a worker, write down what came of it.

Works in the caller's transaction, like the ledger itself.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from hub.alerts.answers import (
    Answer,
    Delivered,
    Gone,
    Patience,
    Refused,
    Settled,
    TryAgain,
    Unwanted,
    what_follows,
)
from hub.alerts.moment import Moment
from hub.alerts.troubles import KINDS
from hub.store.ledger import QUEUED, retire_phone, settle, told_of_kind
from hub.store.owed import Owed, facts_of
from hub.store.tables import (
    alerts,
    attempts,
    columns,
    new_id,
    notifications,
    phones,
)

PATIENCE = Patience()


def claim(
    conn: Connection,
    *,
    worker: str,
    now: Moment,
    lease_s: float,
    limit: int,
    patience: Patience = PATIENCE,
) -> list[Owed]:
    """Lease up to `limit` due notifications to this worker; the most pressing first.

    An expired lease is due again: its worker died between sending and recording, so the phone may
    hear the same message twice, under the same tag. Who may be told is asked again here, so that
    a grant that ended drops what was still queued.
    """
    oldest_us = round((patience.deadline_s + lease_s) * 1e6)
    claimed: list[UUID] = []
    # What is settled on the way makes room for others, so look until there are enough, or none.
    while len(claimed) < limit:
        due = conn.execute(_claimable(now, limit - len(claimed))).all()
        if not due:
            break
        ids = _still_owed(conn, due, now=now, oldest_us=oldest_us)
        conn.execute(
            update(notifications)
            .where(notifications.c.id.in_(ids))
            .values(lease_by=worker, **columns("lease_until", now.plus_s(lease_s)))
        )
        claimed += ids
    return facts_of(conn, claimed, worker=worker)


def _claimable(now: Moment, limit: int) -> Select[*tuple[Any, ...]]:
    """Due rows under no lease, and whose phone is not just hearing of the same alert.

    One alert speaks to one phone in order: else "opened" could overtake "taken" on the line.
    """
    other = notifications.alias("other")
    other_leased = other.c.lease_until_utc_us > now.utc_us
    other_first = and_(other.c.id < notifications.c.id, other.c.due_utc_us <= now.utc_us)
    spoken_to = exists().where(
        other.c.alert_id == notifications.c.alert_id,
        other.c.phone_id == notifications.c.phone_id,
        other.c.id != notifications.c.id,
        # Not `== "queued"`: SQLite would walk the whole queue for every row of it.
        other.c.state.not_in(["accepted", "dropped", "dead"]),
        or_(other_leased, other_first),
    )
    return (
        select(
            notifications.c.id,
            notifications.c.person_id,
            notifications.c.phone_id,
            notifications.c.alert_id,
            alerts.c.camera_id,
            alerts.c.kind,
            notifications.c.owed_utc_us,
            phones.c.gone_utc_us,
        )
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .join(phones, phones.c.id == notifications.c.phone_id)
        .where(QUEUED, _ready_utc_us() <= now.utc_us, ~spoken_to)
        .order_by(
            case((notifications.c.moment == "opened", 0), else_=1),
            notifications.c.due_utc_us,
            notifications.c.id,
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=notifications)
    )


def _still_owed(
    conn: Connection,
    due: Sequence[Row[*tuple[Any, ...]]],
    *,
    now: Moment,
    oldest_us: int,
) -> list[UUID]:
    """The due rows that may be sent; the others are settled here, with their reason."""
    allowed = {
        key: set(conn.scalars(told_of_kind(*key[:2], camera_id=key[2], now=now)))
        for key in {_told_key(row) for row in due}
    }
    settled: dict[tuple[str, str], list[UUID]] = {}
    sendable: list[UUID] = []
    for row in due:
        if row.person_id not in allowed[_told_key(row)]:
            settled.setdefault(("dropped", "no longer entitled to this camera"), []).append(row.id)
        elif row.gone_utc_us is not None:
            settled.setdefault(("dropped", "phone gone"), []).append(row.id)
        elif now.utc_us - row.owed_utc_us > oldest_us:
            settled.setdefault(("dead", "too late: not sent in time"), []).append(row.id)
        else:
            sendable.append(row.id)
    for (state, reason), ids in settled.items():
        settle(conn, notifications.c.id.in_(ids), Settled(state, reason), now)
    return sendable


def _told_key(row: Row[*tuple[Any, ...]]) -> tuple[str, UUID | None, UUID]:
    """What decides who may be told: people of a camera are the same for all its alerts."""
    return row.kind, row.alert_id if row.kind in KINDS else None, row.camera_id


def next_due(conn: Connection, now: Moment) -> int | None:
    """The next moment after `now` (UTC, µs) at which a queued row can be claimed, if any."""
    ready = _ready_utc_us()
    return conn.scalar(select(func.min(ready)).where(QUEUED, ready > now.utc_us))


def _ready_utc_us() -> ColumnElement[int]:
    """When a queued row may be claimed: once it is due and no lease holds it.

    A first attempt is due at once, whatever the clock said when it was owed: an alert must not
    wait for an hour because the hub's clock was set back by one.
    """
    lease = func.coalesce(notifications.c.lease_until_utc_us, 0)
    due = case((notifications.c.attempts == 0, 0), else_=notifications.c.due_utc_us)
    return case((lease > due, lease), else_=due)


def record(
    conn: Connection,
    owed: Owed,
    answer: Answer,
    *,
    started: Moment,
    now: Moment,
    patience: Patience = PATIENCE,
    chance: float = 0.5,
) -> str:
    """Write down what came of one sending; returns the notification's state after it.

    `chance` (0-1) is the jitter of the next try. An answer that comes after the row was settled
    or leased anew changes nothing but its count, unless it says that the message did arrive.
    """
    row = conn.execute(
        select(notifications.c.state, notifications.c.attempts, notifications.c.lease_by)
        .where(notifications.c.id == owed.notification_id)
        .with_for_update()
    ).one()
    made = row.attempts + (0 if isinstance(answer, Unwanted) else 1)
    if made > row.attempts:
        _note_attempt(conn, owed, answer, started=started, now=now)
    if isinstance(answer, Gone):
        retire_phone(conn, owed.phone.phone_id, reason=answer.reason, now=now)
    this = notifications.c.id == owed.notification_id
    conn.execute(update(notifications).where(this).values(attempts=made))
    is_ours = row.state == "queued" and row.lease_by == owed.lease_by
    if not is_ours and not (isinstance(answer, Delivered) and row.state != "accepted"):
        return str(row.state)
    step = what_follows(
        answer,
        attempts=made,
        owed_utc_us=owed.owed.utc_us,
        now_utc_us=now.utc_us,
        patience=patience,
        chance=chance,
    )
    if isinstance(step, Settled):
        settle(conn, this, step, now)
        return step.state
    due = Moment(step.due_utc_us, now.error_ms)
    unleased = {"lease_by": None, **columns("lease_until", None)}
    again = {"reason": step.reason, **columns("due", due), **unleased}
    conn.execute(update(notifications).where(this).values(again))
    return "queued"


def _note_attempt(
    conn: Connection, owed: Owed, answer: Answer, *, started: Moment, now: Moment
) -> None:
    names = {Delivered: "delivered", TryAgain: "try_again", Gone: "gone", Refused: "refused"}
    conn.execute(
        insert(attempts).values(
            id=new_id(now),
            notification_id=owed.notification_id,
            answer=names[type(answer)],
            status=getattr(answer, "status", None),
            detail=getattr(answer, "reason", ""),
            **columns("started", started),
            **columns("ended", now),
        )
    )
