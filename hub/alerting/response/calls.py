"""Due calls: the next people called for an alert that nobody has taken.

Works in the caller's transaction, which reads the alert's state and queues the notifications. So an
acknowledgement and a call can never both be the last event.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, func, or_, select, update

from hub.alerting.alerts.rows import change_alert
from hub.alerting.alerts.rules.kinds import is_trouble
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alert_history, alerts
from hub.alerting.escalation.rows import (
    call_from,
    due_at,
    end,
    note_call,
    phones_among,
    plan_of,
    reachable,
    write_progress,
)
from hub.alerting.escalation.tables import escalations
from hub.alerting.notifications import recipients
from hub.alerting.notifications.channel_choice import phones_of_entitled, phones_of_keepers
from hub.alerting.oncall.rules.escalation import (
    LONGEST_WAIT_S,
    Call,
    EscalationPlan,
    EscalationStep,
    NoFurtherCall,
    StepRecipients,
    is_due,
)
from hub.base.db.columns import AnyRow, columns
from hub.base.db.statements import add_once
from hub.base.moment import Moment

EVERYBODY = EscalationStep(StepRecipients.EVERYBODY, LONGEST_WAIT_S)


def due(conn: Connection, *, now: Moment) -> list[UUID]:
    """Alerts with a due call, the longest overdue first."""
    at, wait_us = escalations.c.due_utc_us, escalations.c.wait_s * 1_000_000
    query = (
        select(escalations.c.alert_id)
        # Further ahead than its wait: the clock was set back.
        .where(or_(at <= now.utc_us, at - wait_us > now.utc_us))
        .order_by(at, escalations.c.alert_id)
    )
    return list(conn.scalars(query))


def next_due(conn: Connection) -> int | None:
    """Time of the next due call (UTC microseconds), if any."""
    due_utc_us: int | None = conn.scalar(select(func.min(escalations.c.due_utc_us)))
    return due_utc_us


def call_next(conn: Connection, alert_id: UUID, *, now: Moment) -> int:
    """Make the due call; returns the number of notifications queued.

    If the plan was removed, or reaches nobody any more, everybody who may know is told.
    """
    row = conn.execute(
        select(
            alerts.c.state,
            alerts.c.kind,
            alerts.c.camera_id,
            escalations.c.number,
            escalations.c.wait_s,
            escalations.c.due_utc_us,
        )
        .join(alerts, alerts.c.id == escalations.c.alert_id)
        .where(escalations.c.alert_id == alert_id)
    ).one()
    if row.due_utc_us is None or not is_due(row.due_utc_us, row.wait_s or 0, now_utc_us=now.utc_us):
        return 0  # another process made the call, or somebody has the alert
    if row.state != AlertState.OPEN:
        end(conn, [alert_id])
        return 0
    if is_trouble(row.kind):  # no plan covers troubles of cameras: their keepers are told
        living, plan = phones_of_keepers(conn, alert_id, now=now), None
    else:
        living = phones_of_entitled(conn, row.camera_id, now=now)
        plan = plan_of(conn, row.camera_id, alert_id)
    made = _call(conn, plan, row.number + 1, living, now=now)
    write_progress(conn, alert_id, number=made.number, wait_s=made.wait_s, due=due_at(made, now))
    note_call(conn, alert_id, made, now=now)
    change_alert(conn, alert_id, {}, now=now)
    called = phones_among(living, made.people)
    return recipients.call(conn, alert_id, called, number=made.number, now=now)


def call_again(conn: Connection, alert_id: UUID, *, now: Moment) -> int:
    """Make the next call of an open alert now, due or not; returns the number of notifications
    queued.

    For an alert whose holder has left, or whose last call told only a person who has left. Without
    a plan, everybody who may know is told.
    """
    begun = {"alert_id": alert_id, "number": 0, "wait_s": None, **columns("due", None)}
    add_once(conn, escalations, begun)
    this = escalations.c.alert_id == alert_id
    conn.execute(update(escalations).where(this).values(columns("due", now)))
    return call_next(conn, alert_id, now=now)


def resume(conn: Connection, alert_id: UUID, *, now: Moment) -> int:
    """Go on calling for an alert that is open again: the phones that were told ring once more, and
    the next call is due when it would have been. Returns the number of notifications queued."""
    row = conn.execute(
        select(alerts.c.quiet_reason, alerts.c.raised_utc_us)
        .add_columns(escalations.c.number, escalations.c.wait_s)
        .outerjoin(escalations, escalations.c.alert_id == alerts.c.id)
        .where(alerts.c.id == alert_id)
    ).one()
    if row.quiet_reason is not None:
        return 0
    if row.wait_s is not None:
        last = select(func.max(alert_history.c.at_utc_us)).where(
            alert_history.c.alert_id == alert_id, alert_history.c.act == "called"
        )
        called_utc_us = conn.scalar(last) or row.raised_utc_us
        due = Moment(max(now.utc_us, called_utc_us + row.wait_s * 1_000_000), now.error_ms)
        write_progress(conn, alert_id, number=row.number, wait_s=row.wait_s, due=due)
    return recipients.ring_again(conn, alert_id, now=now)


def _call(
    conn: Connection,
    plan: EscalationPlan | None,
    number: int,
    living_phones: Sequence[AnyRow],
    *,
    now: Moment,
) -> Call:
    if plan is not None:
        made = call_from(conn, plan, number, living_phones, now=now)
        if not isinstance(made, NoFurtherCall):
            return made
    return Call(EVERYBODY, number, reachable({}, living_phones, now=now)(EVERYBODY), None)
