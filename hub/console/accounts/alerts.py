"""Alerts of an account that is being closed: they are handed back, offers are withdrawn, the next
person is called.

Everything works in the caller's transaction.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, or_, select

from hub.alerting.alerts.rows import change_alert, note_history
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alerts
from hub.alerting.escalation.tables import escalations as progress
from hub.alerting.notifications import recipients
from hub.alerting.notifications.channel_choice import NEWS_S
from hub.alerting.response import calls
from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.notify import ledger
from hub.notify.tables import notifications, phones

RETURNED: Final = "returned"
"""Act in an alert's history: its holder's account was closed, and nobody holds it."""
WITHDRAWN: Final = "offer_ended"
"""Act in an alert's history: the person it was offered to has left."""

Told = Mapping[UUID, frozenset[UUID]]
"""Alert id → the other people told by its last call."""


def waiting_for(conn: Connection, person_id: UUID, *, now: Moment) -> Told:
    """Open alerts whose last call told this person, each with the others it told.

    Call this before the person's notifications are dropped. An alert without a further call counts
    for `NEWS_S` only: after that, the list of alerts is the better source.
    """
    theirs = select(notifications.c.alert_id).where(notifications.c.person_id == person_id)
    is_news = alerts.c.raised_utc_us > now.plus_s(-NEWS_S).utc_us
    query = (
        select(alerts.c.id, progress.c.due_utc_us, progress.c.wait_s)
        .outerjoin(progress, progress.c.alert_id == alerts.c.id)
        .where(
            alerts.c.state == AlertState.OPEN,
            alerts.c.id.in_(theirs),
            or_(progress.c.due_utc_us.is_not(None), is_news),
        )
        .order_by(alerts.c.raised_utc_us, alerts.c.id)
    )
    found = {}
    for row in conn.execute(query).all():
        is_last = row.due_utc_us is None
        called_utc_us = 0 if is_last else row.due_utc_us - row.wait_s * 1_000_000
        told = _told_since(conn, row.id, called_utc_us)
        if person_id in told:
            found[row.id] = told - {person_id}
    return found


def _told_since(conn: Connection, alert_id: UUID, since_utc_us: int) -> frozenset[UUID]:
    """People told by the last call. A person with an earlier message still queued got no second
    one."""
    told = notifications.c.moment
    is_call = or_(told == "opened", told.like("again:%"))
    is_of_call = or_(notifications.c.owed_utc_us >= since_utc_us, ledger.QUEUED)
    query = select(notifications.c.person_id).distinct()
    return frozenset(
        conn.scalars(query.where(notifications.c.alert_id == alert_id, is_call, is_of_call))
    )


def call_next(conn: Connection, waiting: Told, *, now: Moment) -> int:
    """Call the next person for alerts that nobody else of the last call can answer; returns the
    number of alerts."""
    called = 0
    for alert_id, others in waiting.items():
        if not others & _reachable(conn, alert_id, now=now):
            calls.call_again(conn, alert_id, now=now)
            called += 1
    return called


def _reachable(conn: Connection, alert_id: UUID, *, now: Moment) -> set[UUID]:
    """People with a phone who may be told of the alert now."""
    this = alerts.c.id == alert_id
    row = conn.execute(select(alerts.c.kind, alerts.c.camera_id).where(this)).one()
    may = recipients.recipients_of(conn, row.kind, alert_id, camera_id=row.camera_id, now=now)
    living = select(phones.c.person_id).where(
        phones.c.person_id.in_(may), phones.c.gone_utc_us.is_(None)
    )
    return set(conn.scalars(living.distinct()))


def give_back(conn: Connection, person_id: UUID, *, now: Moment) -> int:
    """Take this person's alerts away and call the next for each; returns the number of alerts.

    A silent alert (a silence, a rule) stays silent, and so does one that is over.
    """
    query = (
        select(alerts.c.id, alerts.c.quiet_reason, alerts.c.over_utc_us)
        .where(alerts.c.state == AlertState.TAKEN, alerts.c.taken_by == person_id)
        .order_by(alerts.c.raised_utc_us, alerts.c.id)
    )
    nobody = {
        "state": AlertState.OPEN,
        "taken_by": None,
        "offered_to": None,
        **columns("taken", None),
        **columns("offered", None),
        **columns("arrived", None),
    }
    held = conn.execute(query).all()
    for row in held:
        # Otherwise a phone that has still to hear that somebody has the alert would get no call.
        recipients.forget_handled(conn, row.id, reason="its holder has left", now=now)
        change_alert(conn, row.id, nobody, now=now)
        note_history(conn, row.id, act=RETURNED, person_id=person_id, now=now)
        if row.quiet_reason is None and row.over_utc_us is None:
            calls.call_again(conn, row.id, now=now)
    return len(held)


def withdraw_offers(conn: Connection, person_id: UUID, *, now: Moment) -> None:
    """End offers of alerts to this person; each alert stays with its holder."""
    query = select(alerts.c.id).where(
        alerts.c.state == AlertState.TAKEN, alerts.c.offered_to == person_id
    )
    for alert_id in conn.scalars(query).all():
        change_alert(conn, alert_id, {"offered_to": None, **columns("offered", None)}, now=now)
        note_history(conn, alert_id, act=WITHDRAWN, person_id=person_id, now=now)
