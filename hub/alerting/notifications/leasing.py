"""Leases due notifications to a worker.

`hub.alerting.notifications.outcomes` records the results. Everything works in the caller's
transaction, like the ledger.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from hub.alerting.alerts.rules.kinds import is_trouble
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications.batching import (
    BATCHING_LIMITS,
    IS_RATE_LIMITED,
    ReadyMessages,
    digest_of,
    history_query,
    is_rate_limited,
    ready_messages,
    send_history,
)
from hub.alerting.notifications.pending import PendingNotification, facts_of
from hub.alerting.notifications.recipients import recipients_of
from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.base.db.columns import AnyColumn, AnyRow, AnySelect, columns
from hub.base.moment import Moment
from hub.notify.ledger import QUEUED, settle
from hub.notify.rules.delivery_result import RetryPolicy, Settled
from hub.notify.tables import notifications, phones

DEFAULT_RETRY = RetryPolicy()

MAX_DEFERRED_S: Final = 600.0
"""Seconds; no rate limit holds a message for longer and no lease lasts longer. A later time comes
from a clock that was set back."""
MAX_RETRY_WAIT_S: Final = 3600.0
"""Seconds; no retry is put off for longer."""

SETTLED: Final = ("accepted", "folded", "dropped", "dead")


def claim(
    conn: Connection,
    *,
    worker: str,
    now: Moment,
    lease_s: float,
    limit: int,
    retry_policy: RetryPolicy = DEFAULT_RETRY,
    limits: BatchingLimits = BATCHING_LIMITS,
    is_critical_only: bool = False,
) -> list[PendingNotification]:
    """Lease up to `limit` due notifications to this worker, the most urgent first.

    An expired lease is due again: its worker died between sending and recording, so the phone may
    get the same message twice, under the same tag. Permission is checked again here: after the
    end of a grant, queued messages are dropped. Under the rate limit one notification can carry
    others.
    """
    oldest_us = round((retry_policy.deadline_s + lease_s) * 1e6)
    claimed: list[UUID] = []
    together: dict[UUID, tuple[UUID, ...]] = {}
    # Settled rows make room for others, so repeat until there are enough, or none.
    before: set[UUID] = set()
    while len(claimed) < limit:
        most = limit - len(claimed)
        due = _due(conn, now, most=most, is_critical_only=is_critical_only)
        if {row.id for row in due} <= before:
            break  # none, or only those that could not be sent a moment ago
        before = {row.id for row in due}
        ready = _ready_messages(conn, due, now=now, oldest_us=oldest_us, limits=limits)
        # More may wait for one phone than the limit.
        ready.single = ready.single[:most]
        until = columns("to_lease_until", now.plus_s(lease_s))
        conn.execute(_LEASE, {"leased": ready.leased, "to_lease_by": worker, **until})
        claimed += [*ready.single, *ready.together]
        together |= ready.together
    facts = facts_of(conn, claimed, worker=worker, now=now)
    return [
        replace(pending, digest=digest_of(conn, together[pending.notification_id]))
        if pending.notification_id in together
        else pending
        for pending in facts
    ]


def _ready_messages(
    conn: Connection, due: Sequence[AnyRow], *, now: Moment, oldest_us: int, limits: BatchingLimits
) -> ReadyMessages:
    """Messages to send now. The rate limit decides about first and repeated rings of alerts that
    are not critical; all others are sent as they are."""
    phone_ids = {row.phone_id for row in due if is_rate_limited(row)}
    history = send_history(conn, _HISTORY, phone_ids, bounds=limits, now=now)
    read_in_full = history.phones_to_read_in_full(limits, now)
    rows = [row for row in due if not is_rate_limited(row) or row.phone_id not in read_in_full]
    if read_in_full:
        params = {"phone_ids": read_in_full, "now_utc_us": now.utc_us}
        rows += conn.execute(_WAITING_RINGS, params).all()
    pending = _still_pending(conn, rows, now=now, oldest_us=oldest_us)
    ready = ready_messages(
        conn, [row for row in pending if is_rate_limited(row)], history, bounds=limits, now=now
    )
    unlimited_ids = [row.id for row in pending if not is_rate_limited(row)]
    critical = {row.id for row in pending if row.severity is not None}
    ready.single = sorted([*ready.single, *unlimited_ids], key=lambda one: one not in critical)
    return ready


_NOW: Final = bindparam("now_utc_us", type_=BigInteger)
# Statements are built once: building costs more than the query, and delays other writers.


def _unless_too_far_ahead(at: ColumnElement[int], at_most_s: float) -> ColumnElement[int]:
    """The time, or 0 if it lies further ahead than any allowed delay."""
    return case((at <= _NOW + round(at_most_s * 1e6), at), else_=0)


_LEASED_UNTIL: Final = _unless_too_far_ahead(
    func.coalesce(notifications.c.lease_until_utc_us, 0), MAX_DEFERRED_S
)
_TRIED_DUE: Final = _unless_too_far_ahead(
    case((notifications.c.attempts > 0, notifications.c.due_utc_us), else_=0), MAX_RETRY_WAIT_S
)
"""Time of the next attempt of a tried message; an untried one is due at once."""
_HELD_UNTIL: Final = _unless_too_far_ahead(
    func.coalesce(notifications.c.held_utc_us, 0), MAX_DEFERRED_S
)
_READY: Final = case(
    (and_(_LEASED_UNTIL > _TRIED_DUE, _LEASED_UNTIL > _HELD_UNTIL), _LEASED_UNTIL),
    (_TRIED_DUE > _HELD_UNTIL, _TRIED_DUE),
    else_=_HELD_UNTIL,
)
"""Time from which a queued row may be claimed: due, without a lease, and not deferred.

A first attempt is due at once, whatever its stored time: an alert must not wait for an hour because
the hub's clock was set back by one.
"""
IS_LEASED: Final = and_(QUEUED, _LEASED_UNTIL > _NOW)
"""A worker is sending the message; the parameter is `now_utc_us`."""
_NEXT_DUE: Final = select(func.min(_READY)).where(QUEUED, _READY > _NOW)

_LEASE: Final = (
    update(notifications)
    .where(notifications.c.id.in_(bindparam("leased", expanding=True)))
    .values(
        lease_by=bindparam("to_lease_by"),
        lease_until_utc_us=bindparam("to_lease_until_utc_us"),
        lease_until_error_ms=bindparam("to_lease_until_error_ms"),
    )
)

_ROW: Final = (
    select(
        notifications.c.id,
        notifications.c.person_id,
        notifications.c.phone_id,
        notifications.c.alert_id,
        notifications.c.moment,
        notifications.c.owed_utc_us,
        notifications.c.held_utc_us,
        notifications.c.digest_id,
        alerts.c.camera_id,
        alerts.c.kind,
        alerts.c.severity,
        phones.c.gone_utc_us,
        phones.c.person_id.label("owner_id"),
    )
    .join(alerts, alerts.c.id == notifications.c.alert_id)
    .join(phones, phones.c.id == notifications.c.phone_id)
)


def _leasable(*, is_opened: bool, is_critical_only: bool) -> AnySelect:
    """Due rows without a lease, and no message about the same alert in progress for that phone.

    Messages of one alert to one phone stay in order: otherwise "opened" could overtake "taken".
    "opened" and all other messages are queried separately, each by an index in their order. In one
    query every claim would scan the whole queue, and a longer queue would slow down the sending.
    """
    other = notifications.alias("other")
    other_leased = other.c.lease_until_utc_us.between(_NOW + 1, _NOW + round(MAX_DEFERRED_S * 1e6))
    other_first = and_(other.c.id < notifications.c.id, other.c.due_utc_us <= _NOW)
    other_in_progress = exists().where(
        other.c.alert_id == notifications.c.alert_id,
        other.c.phone_id == notifications.c.phone_id,
        other.c.id != notifications.c.id,
        # Not `== "queued"`: SQLite would scan the whole queue for each of its rows.
        other.c.state.not_in(SETTLED),
        or_(other_leased, other_first),
    )
    is_critical = alerts.c.severity == "critical"
    moment = notifications.c.moment
    is_moment = moment == "opened" if is_opened else moment != "opened"
    order: list[AnyColumn] = [notifications.c.due_utc_us, notifications.c.id]
    if is_opened:
        order.insert(0, case((is_critical, 0), else_=1))
    return (
        _ROW.where(
            QUEUED,
            is_moment,
            _READY <= _NOW,
            ~other_in_progress,
            is_critical if is_critical_only else true(),
        )
        .order_by(*order)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True, of=notifications)
    )


_LEASABLE: Final = {
    only: (
        _leasable(is_opened=True, is_critical_only=only),
        _leasable(is_opened=False, is_critical_only=only),
    )
    for only in (False, True)
}


def _due(conn: Connection, now: Moment, *, most: int, is_critical_only: bool) -> list[AnyRow]:
    """The most urgent rows: "opened" messages first, the critical ones of them before the others;
    then all other messages, oldest first."""
    found: list[AnyRow] = []
    for query in _LEASABLE[is_critical_only]:
        if len(found) < most:
            params = {"now_utc_us": now.utc_us, "most": most - len(found)}
            found += conn.execute(query, params).all()
    return found


_IS_WAITING_RING: Final = and_(QUEUED, IS_RATE_LIMITED, _LEASED_UNTIL <= _NOW, _TRIED_DUE <= _NOW)
_HISTORY: Final = history_query(_IS_WAITING_RING)
_WAITING_RINGS: Final = _ROW.where(
    notifications.c.phone_id.in_(bindparam("phone_ids", expanding=True)), _IS_WAITING_RING
)
"""All first and repeated rings queued for these phones, deferred or not, without those that wait
for a retry."""


def _still_pending(
    conn: Connection, due: Sequence[AnyRow], *, now: Moment, oldest_us: int
) -> list[AnyRow]:
    """Due rows that may be sent; the others are settled here, with a reason."""
    asked: dict[tuple[str, UUID | None, UUID], set[UUID]] = {}
    for row in due:
        asked.setdefault(_permission_key(row), set()).add(row.person_id)
    allowed = {
        key: recipients_of(conn, *key[:2], camera_id=key[2], now=now, among=person_ids)
        for key, person_ids in asked.items()
    }
    in_digest = _in_digests(conn, [row.id for row in due if row.moment == "grown"])
    settled: dict[tuple[str, str], list[UUID]] = {}
    sendable: list[AnyRow] = []
    for row in due:
        if row.person_id not in allowed[_permission_key(row)]:
            settled.setdefault(("dropped", "no longer entitled to this camera"), []).append(row.id)
        elif row.gone_utc_us is not None or row.owner_id != row.person_id:
            settled.setdefault(("dropped", "phone gone"), []).append(row.id)
        elif now.utc_us - row.owed_utc_us > oldest_us:
            settled.setdefault(("dead", "too late: not sent in time"), []).append(row.id)
        elif row.id in in_digest:
            settled.setdefault(("dropped", "told together with others"), []).append(row.id)
        else:
            sendable.append(row)
    for (state, reason), ids in settled.items():
        settle(conn, notifications.c.id.in_(ids), Settled(state, reason), now)
    return sendable


def _in_digests(conn: Connection, grown: Collection[UUID]) -> set[UUID]:
    """The notifications, of `grown`, whose alert the phone shows only inside a digest."""
    if not grown:
        return set()
    first = notifications.alias("first")
    same = and_(
        first.c.alert_id == notifications.c.alert_id,
        first.c.phone_id == notifications.c.phone_id,
        first.c.moment == "opened",
        first.c.digest_id.is_not(None),
    )
    query = select(notifications.c.id).join(first, same).where(notifications.c.id.in_(list(grown)))
    return set(conn.scalars(query))


def _permission_key(row: AnyRow) -> tuple[str, UUID | None, UUID]:
    """Key of the permission check: the camera, and for a trouble also the alert."""
    return row.kind, row.alert_id if is_trouble(row.kind) else None, row.camera_id


def next_due(conn: Connection, now: Moment) -> int | None:
    """Time (UTC microseconds) after `now` at which the next queued row can be leased; None without
    one."""
    at_us: int | None = conn.scalar(_NEXT_DUE, {"now_utc_us": now.utc_us})
    return at_us
