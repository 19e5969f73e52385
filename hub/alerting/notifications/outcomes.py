"""Records the result of a send: the attempt, and the notification's next state.

Works in the caller's transaction, like the ledger.
"""

from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from hub.alerting.notifications.batching import rows_in_digest
from hub.alerting.notifications.leasing import DEFAULT_RETRY
from hub.alerting.notifications.pending import PendingNotification
from hub.base.db.columns import columns, new_id
from hub.base.db.statements import add, change
from hub.base.moment import Moment
from hub.notify.ledger import retire_phone, settle
from hub.notify.rules.delivery_result import (
    Answer,
    Delivered,
    Gone,
    MessageRefused,
    NotNeeded,
    Requeued,
    RetryPolicy,
    Settled,
    TryAgain,
    what_follows,
)
from hub.notify.tables import attempts, notifications

_ABOUT: Final = (
    select(
        notifications.c.state,
        notifications.c.attempts,
        notifications.c.lease_by,
        notifications.c.owed_utc_us,
    )
    .where(notifications.c.id == bindparam("notification_id"))
    .with_for_update()
)


def record(
    conn: Connection,
    pending: PendingNotification,
    answer: Answer,
    *,
    started: Moment,
    now: Moment,
    ended: Moment | None = None,
    retry_policy: RetryPolicy = DEFAULT_RETRY,
    chance: float = 0.5,
) -> str:
    """Record the result of one send; returns the notification's new state.

    `ended` defaults to `now`; the next state is always computed from `now`. `chance` (0-1) is the
    jitter of the next attempt. An answer that comes after the row was settled or leased again
    changes only the attempt count, unless it confirms that the message arrived.
    """
    row = conn.execute(_ABOUT, {"notification_id": pending.notification_id}).one()
    made = row.attempts + (0 if isinstance(answer, NotNeeded) else 1)
    if made > row.attempts:
        _note_attempt(conn, pending, answer, started=started, now=ended or now)
    step = what_follows(
        answer,
        attempts=made,
        owed_utc_us=row.owed_utc_us,  # the current value: a clock step changes it
        now_utc_us=now.utc_us,
        retry_policy=retry_policy,
        chance=chance,
    )
    _carry_over(conn, pending, step, now)
    if isinstance(answer, Gone):
        retire_phone(conn, pending.phone.phone_id, reason=answer.reason, now=now)
    this = pending.notification_id
    is_ours = row.state == "queued" and row.lease_by == pending.lease_by
    if not is_ours and not (isinstance(answer, Delivered) and row.state != "accepted"):
        change(conn, notifications, this, {"attempts": made})
        return str(row.state)
    if isinstance(step, Settled):
        # The lease stays in the row, as in `settle`.
        last = {"state": step.state, "reason": step.reason, **columns("answered", now)}
        change(conn, notifications, this, {"attempts": made, **last})
        return step.state
    due = Moment(step.due_utc_us, now.error_ms)
    unleased = {"lease_by": None, **columns("lease_until", None)}
    again = {"reason": step.reason, **columns("due", due), **unleased}
    change(conn, notifications, this, {"attempts": made, **again})
    return "queued"


def _carry_over(
    conn: Connection, pending: PendingNotification, step: Settled | Requeued, now: Moment
) -> None:
    """Settle the alerts in this digest: sent with it, or queued again."""
    if pending.digest is None:
        return
    others = rows_in_digest(pending.notification_id)
    if step == Settled("accepted", ""):
        told = f"told together: {pending.digest.alerts} alerts in one message"
        settle(conn, others, Settled("folded", told), now)
        return
    again: dict[str, object] = {"digest_id": None, "lease_by": None, **columns("lease_until", None)}
    if isinstance(step, Requeued):
        # Not null: an alert deferred once is sent in a digest again.
        again |= columns("held", Moment(step.due_utc_us, now.error_ms))
    ours = notifications.c.lease_by == pending.lease_by
    conn.execute(update(notifications).where(others, ours).values(again))


def _note_attempt(
    conn: Connection, pending: PendingNotification, answer: Answer, *, started: Moment, now: Moment
) -> None:
    names = {Delivered: "delivered", TryAgain: "try_again", Gone: "gone", MessageRefused: "refused"}
    row = {
        "id": new_id(now),
        "notification_id": pending.notification_id,
        "answer": names[type(answer)],
        "status": getattr(answer, "status", None),
        "detail": getattr(answer, "reason", ""),
        **columns("started", started),
        **columns("ended", now),
    }
    add(conn, attempts, row)
