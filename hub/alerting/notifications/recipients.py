"""Recipients of an alert: which phone gets which notification of it, written to the ledger.

Every function works in the caller's transaction, so an alert and its notifications are written
together. `hub.alerting.notifications.leasing` sends the rows.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)

from hub.access.rules.grants import Right
from hub.access.scope import ENTITLED, IS_AMONG, entitled_values
from hub.alerting.alerts.rows import NewAlert, severity_of
from hub.alerting.alerts.rules.kinds import is_trouble
from hub.alerting.alerts.scope import KEEPERS, keepers_values
from hub.alerting.alerts.tables import alerts
from hub.alerting.escalation import rows as escalation_rows
from hub.alerting.notifications.channel_choice import (
    first_phones,
    phones_of_entitled,
    phones_of_keepers,
)
from hub.base.db.columns import AnyRow, AnySelect, columns, new_id
from hub.base.db.statements import add_all_once, ensure_all
from hub.base.moment import Moment
from hub.notify.ledger import QUEUED, drop
from hub.notify.tables import notifications, phones
from hub.notify.views import AlertMoment

Receiver = tuple[UUID, UUID]
"""Id of a person, and id of one of their phones."""


_ABOUT: Final = select(alerts.c.kind, alerts.c.severity, alerts.c.quiet_reason).where(
    alerts.c.id == bindparam("alert_id")
)

_WERE_TOLD: Final = (
    select(phones.c.person_id, phones.c.id)
    .join(notifications, notifications.c.phone_id == phones.c.id)
    .where(
        notifications.c.alert_id == bindparam("alert_id"),
        notifications.c.moment == "opened",
        or_(notifications.c.state == "queued", notifications.c.state == "accepted"),
        phones.c.gone_utc_us.is_(None),
    )
)
"""Living phones with a first notification of the alert that was sent or may still be sent."""


def enqueue(
    conn: Connection,
    *,
    alert_id: UUID,
    camera_id: UUID,
    moment: AlertMoment,
    now: Moment,
    to_everybody: bool = False,
) -> int:
    """Queue this moment of an alert for every phone it concerns; returns the number of new rows.
    `to_everybody`: notify all people entitled to the alert, not only those that an escalation
    plan has called so far.

    A second call with the same moment adds nothing. "taken" and "back" drop what is still queued
    and go only to phones that may show the alert: a phone that never got it does not ring for its
    end.
    """
    if moment == "taken":
        return enqueue_taken(conn, [alert_id], now=now)
    if moment == "raised":
        _defer_no_more(conn, alert_id, now)
    receivers = _receivers(
        conn, alert_id, camera_id, moment=moment, now=now, to_everybody=to_everybody
    )
    rows = [_pending_row(alert_id, one, moment=moment, now=now) for one in receivers]
    return add_all_once(conn, notifications, rows)


def enqueue_taken(conn: Connection, alert_ids: Collection[UUID], *, now: Moment) -> int:
    """Queue that somebody has these alerts or closed them, for the phones that may show them; see
    `enqueue`. Nobody else is called for them."""
    theirs = notifications.c.alert_id.in_(alert_ids)
    drop(conn, theirs, reason="already handled", now=now)
    escalation_rows.end(conn, alert_ids)
    query = _may_show(alert_ids).where(_is_not_the_handler())
    rows = [
        _pending_row(row.alert_id, (row.person_id, row.id), moment="taken", now=now)
        for row in conn.execute(query)
    ]
    return add_all_once(conn, notifications, rows)


def _defer_no_more(conn: Connection, alert_id: UUID, now: Moment) -> None:
    """Make messages due that the rate limit defers: the alert is critical now. Messages of one
    alert keep their order, so "raised" would wait for a deferred "opened"."""
    is_deferred = notifications.c.held_utc_us > now.utc_us
    conn.execute(
        update(notifications)
        .where(notifications.c.alert_id == alert_id, QUEUED, is_deferred)
        .values(reason="", **columns("held", None))
    )


def enqueue_new(conn: Connection, alert: NewAlert, *, like_camera_id: UUID, now: Moment) -> None:
    """Queue an alert that this transaction raised for every phone it concerns; see `enqueue`.

    `like_camera_id`: a camera with the same recipients (`hub.access.scope.same_audience`).
    """
    if alert.quiet_reason is not None:
        return
    living = phones_of_entitled(conn, like_camera_id, now=now)
    living = escalation_rows.called_for_new(
        conn, alert.alert_id, like_camera_id, living, rule_id=alert.rule_id, now=now
    )
    chosen = first_phones(living, severity=severity_of(alert))
    rows = [_pending_row(alert.alert_id, one, moment="opened", now=now) for one in chosen]
    ensure_all(conn, notifications, rows)


def enqueue_others(
    conn: Connection, found: Iterable[tuple[UUID, UUID, UUID]], *, now: Moment
) -> int:
    """Queue the first notification of these alerts also for these (person, phone) pairs."""
    rows = [
        _pending_row(alert_id, (person_id, phone_id), moment="opened", now=now)
        for alert_id, person_id, phone_id in found
    ]
    return add_all_once(conn, notifications, rows)


def call(
    conn: Connection, alert_id: UUID, living_phones: Iterable[AnyRow], *, number: int, now: Moment
) -> int:
    """Queue an alert for the living phones of the people that an escalation plan calls: the first
    notification for phones that have had none, a repeat for the others. A phone with a queued
    notification of the alert gets no second one."""
    alert = conn.execute(_ABOUT, {"alert_id": alert_id}).one()
    waits = func.max(case((QUEUED, 1), else_=0)).label("waits")
    query = select(notifications.c.phone_id, waits).where(notifications.c.alert_id == alert_id)
    had = {
        row.phone_id: row.waits for row in conn.execute(query.group_by(notifications.c.phone_id))
    }
    rows = [
        _pending_row(
            alert_id, one, moment=f"again:{number}" if one[1] in had else "opened", now=now
        )
        for one in first_phones(living_phones, severity=alert.severity)
        if not had.get(one[1])
    ]
    return add_all_once(conn, notifications, rows)


def enqueue_hand_over(
    conn: Connection, alert_id: UUID, person_id: UUID, *, revision: int, now: Moment
) -> int:
    """Notify all phones of this person that the alert is handed to them; drop the queued
    notifications of earlier hand-overs of it."""
    handed = notifications.c.moment.like("handed:%")
    mine = and_(notifications.c.alert_id == alert_id, handed)
    drop(conn, mine, reason="handed to somebody else", now=now)
    query = select(phones.c.person_id, phones.c.id).where(
        phones.c.person_id == person_id, phones.c.gone_utc_us.is_(None)
    )
    moment = f"handed:{revision}"
    rows = [_pending_row(alert_id, one, moment=moment, now=now) for one in _pairs(conn, query)]
    return add_all_once(conn, notifications, rows)


def forget_handled(conn: Connection, alert_id: UUID, *, reason: str, now: Moment) -> None:
    """The holder gave the alert up: drop queued notifications that would name a holder, so that the
    next holder is announced again. Call it before the alert's revision grows."""
    handled = notifications.c.moment == "taken"
    its = notifications.c.alert_id == alert_id
    drop(
        conn,
        and_(its, or_(handled, notifications.c.moment.like("handed:%"))),
        reason=reason,
        now=now,
    )
    revision = select(alerts.c.revision).where(alerts.c.id == alert_id).scalar_subquery()
    earlier = literal("taken:") + cast(revision, Text)
    conn.execute(update(notifications).where(its, handled).values(moment=earlier))


def ring_again(conn: Connection, alert_id: UUID, *, now: Moment) -> int:
    """Ring all living phones that were told of the alert, because it is open again. A phone with a
    queued notification of the alert gets no second one."""
    revision = conn.scalar(select(alerts.c.revision).where(alerts.c.id == alert_id))
    told = select(notifications.c.phone_id).where(notifications.c.alert_id == alert_id)
    query = select(phones.c.person_id, phones.c.id).where(
        phones.c.id.in_(told),
        phones.c.id.not_in(told.where(QUEUED)),
        phones.c.gone_utc_us.is_(None),
    )
    moment = f"again:undone {revision}"
    rows = [_pending_row(alert_id, one, moment=moment, now=now) for one in _pairs(conn, query)]
    return add_all_once(conn, notifications, rows)


def _receivers(
    conn: Connection,
    alert_id: UUID,
    camera_id: UUID,
    *,
    moment: AlertMoment,
    now: Moment,
    to_everybody: bool,
) -> Iterable[Receiver]:
    match moment:
        case "back":
            drop(conn, notifications.c.alert_id == alert_id, reason="back again by itself", now=now)
            escalation_rows.end(conn, [alert_id])
            return _pairs(conn, _may_show([alert_id]))
        case "grown":
            told = conn.execute(_WERE_TOLD, {"alert_id": alert_id})
            return [(row.person_id, row.id) for row in told]
        case "opened" | "raised":
            alert = conn.execute(_ABOUT, {"alert_id": alert_id}).one()
            if alert.quiet_reason is not None:
                return ()
            if is_trouble(alert.kind):
                living = phones_of_keepers(conn, alert_id, now=now)
            else:
                living = phones_of_entitled(conn, camera_id, now=now)
                if not to_everybody:
                    living = escalation_rows.called_first(
                        conn, alert_id, camera_id, living, now=now
                    )
            return first_phones(living, severity=alert.severity)
        case "taken" | "again" | "handed":
            raise ValueError("another function knows the receivers of this moment")


def _pairs(conn: Connection, query: AnySelect) -> list[Receiver]:
    return [(row.person_id, row.id) for row in conn.execute(query)]


def recipients_of(
    conn: Connection,
    kind: str,
    alert_id: UUID | None,
    *,
    camera_id: UUID,
    now: Moment,
    among: Collection[UUID] | None = None,
) -> set[UUID]:
    """The people to notify of an alert: for a camera's alert, people who are alerted of it; for a
    trouble, the keepers of the device. With `among`, only people of that set.

    `alert_id` matters only for a trouble.
    """
    if is_trouble(kind) and alert_id is not None:
        everybody, values = KEEPERS, keepers_values(alert_id, now)
    else:
        everybody, values = ENTITLED, entitled_values(camera_id, Right.ALERTED, now)
    if among is None:
        return set(conn.scalars(everybody, values))
    return set(conn.scalars(_AMONG[everybody], {**values, "scope_people": list(among)}))


_AMONG: Final = {everybody: everybody.where(IS_AMONG) for everybody in (ENTITLED, KEEPERS)}


def _may_show(alert_ids: Collection[UUID]) -> Select[UUID, UUID, UUID]:
    """Living phones that got one of these alerts, or may be getting it now."""
    was_sent = or_(
        notifications.c.state == "accepted",
        notifications.c.attempts > 0,
        notifications.c.lease_by.is_not(None),
    )
    return (
        select(phones.c.person_id, phones.c.id, notifications.c.alert_id)
        .distinct()
        .join(notifications, notifications.c.phone_id == phones.c.id)
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .where(
            alerts.c.id.in_(alert_ids),
            notifications.c.moment.not_in(["taken", "back"]),
            # An alert sent in a digest has no entry of its own.
            notifications.c.digest_id.is_(None),
            was_sent,
            phones.c.gone_utc_us.is_(None),
        )
    )


def _is_not_the_handler() -> ColumnElement[bool]:
    handler = func.coalesce(alerts.c.closed_by, alerts.c.taken_by)
    return or_(handler.is_(None), phones.c.person_id != handler)


def _pending_row(
    alert_id: UUID, receiver: Receiver, *, moment: str, now: Moment
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
