"""Dispatch of queued notifications: due ones are leased to a worker.

`hub.alerting.notifications.outcomes` records the results. Everything works in the caller's
transaction, like the ledger.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
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

from hub.alerting.alerts.rules.kinds import KINDS
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications.batching import (
    FIRST_WORD,
    STORM,
    ReadyMessages,
    digest_of,
    history_query,
    is_first_word,
    ready_messages,
    send_history,
)
from hub.alerting.notifications.pending import PendingNotification, facts_of
from hub.alerting.notifications.recipients import all_recipients_of
from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.notify.ledger import QUEUED, settle
from hub.notify.rules.delivery_result import RetryPolicy, Settled
from hub.notify.tables import notifications, phones

PATIENCE = RetryPolicy()

HELD_AT_MOST_S: Final = 600.0
"""Seconds; no rate limit holds a message for longer and no lease lasts longer. A later time comes
from a clock that was set back."""
DUE_AT_MOST_S: Final = 3600.0
"""Seconds; no retry is put off for longer."""

SETTLED: Final = ("accepted", "folded", "dropped", "dead")

AnyRow = Row[*tuple[Any, ...]]


def claim(
    conn: Connection,
    *,
    worker: str,
    now: Moment,
    lease_s: float,
    limit: int,
    patience: RetryPolicy = PATIENCE,
    storm: BatchingLimits = STORM,
    is_critical_only: bool = False,
) -> list[PendingNotification]:
    """Lease up to `limit` due notifications to this worker, the most urgent first.

    An expired lease is due again: its worker died between sending and recording, so the phone may
    get the same message twice, under the same tag. Permission is checked again here: after the end
    of a grant, queued messages are dropped. Under the rate limit one notification can carry others.
    """
    oldest_us = round((patience.deadline_s + lease_s) * 1e6)
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
        told = _ready_messages(conn, due, now=now, oldest_us=oldest_us, storm=storm)
        told.each = told.each[: limit - len(claimed)]  # more may wait for one phone than the limit
        conn.execute(
            update(notifications)
            .where(notifications.c.id.in_(told.leased))
            .values(lease_by=worker, **columns("lease_until", now.plus_s(lease_s)))
        )
        claimed += [*told.each, *told.together]
        together |= told.together
    facts = facts_of(conn, claimed, worker=worker)
    return [
        replace(owed, digest=digest_of(conn, together[owed.notification_id]))
        if owed.notification_id in together
        else owed
        for owed in facts
    ]


def _ready_messages(
    conn: Connection, due: Sequence[AnyRow], *, now: Moment, oldest_us: int, storm: BatchingLimits
) -> ReadyMessages:
    """Messages to send now: later messages as they are, first messages as the rate limit allows."""
    phone_ids = {row.phone_id for row in due if is_first_word(row)}
    here = send_history(conn, _WEATHER, phone_ids, bounds=storm, now=now)
    wholly = here.wholly(storm, now)
    rows = [row for row in due if not is_first_word(row) or row.phone_id not in wholly]
    if wholly:
        of_them = {"phone_ids": wholly, "now_utc_us": now.utc_us}
        rows += conn.execute(_FIRST_WORDS, of_them).all()
    owed = _still_pending(conn, rows, now=now, oldest_us=oldest_us)
    told = ready_messages(
        conn, [row for row in owed if is_first_word(row)], here, bounds=storm, now=now
    )
    later_ids = [row.id for row in owed if not is_first_word(row)]
    critical = {row.id for row in owed if row.severity is not None}
    told.each = sorted([*told.each, *later_ids], key=lambda one: one not in critical)
    return told


_NOW: Final = bindparam("now_utc_us", type_=BigInteger)
# Statements are built once: building costs more than the query, and delays other writers.


def _near(at: ColumnElement[int], at_most_s: float) -> ColumnElement[int]:
    """The time, or 0 if it lies further ahead than any allowed delay."""
    return case((at <= _NOW + round(at_most_s * 1e6), at), else_=0)


_LEASED_UNTIL: Final = _near(func.coalesce(notifications.c.lease_until_utc_us, 0), HELD_AT_MOST_S)
_TRIED_DUE: Final = _near(
    case((notifications.c.attempts > 0, notifications.c.due_utc_us), else_=0), DUE_AT_MOST_S
)
"""Time of the next attempt of a tried message; an untried one is due at once."""
_HELD_UNTIL: Final = _near(func.coalesce(notifications.c.held_utc_us, 0), HELD_AT_MOST_S)
_READY: Final = case(
    (and_(_LEASED_UNTIL > _TRIED_DUE, _LEASED_UNTIL > _HELD_UNTIL), _LEASED_UNTIL),
    (_TRIED_DUE > _HELD_UNTIL, _TRIED_DUE),
    else_=_HELD_UNTIL,
)
"""Time from which a queued row may be claimed: due, without a lease, and not deferred.

A first attempt is due at once, whatever its stored time: an alert must not wait for an hour because
the hub's clock was set back by one.
"""
_NEXT_DUE: Final = select(func.min(_READY)).where(QUEUED, _READY > _NOW)

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
    )
    .join(alerts, alerts.c.id == notifications.c.alert_id)
    .join(phones, phones.c.id == notifications.c.phone_id)
)


def _claimable(*, is_opened: bool, is_critical_only: bool) -> Select[*tuple[Any, ...]]:
    """Due rows without a lease, and no message about the same alert in progress for that phone.

    Messages of one alert to one phone stay in order: otherwise "opened" could overtake "taken".
    First and later messages are queried separately, each by an index in their order. In one query
    every claim would scan the whole queue, and a longer queue would slow down the sending.
    """
    other = notifications.alias("other")
    other_leased = other.c.lease_until_utc_us.between(_NOW + 1, _NOW + round(HELD_AT_MOST_S * 1e6))
    other_first = and_(other.c.id < notifications.c.id, other.c.due_utc_us <= _NOW)
    spoken_to = exists().where(
        other.c.alert_id == notifications.c.alert_id,
        other.c.phone_id == notifications.c.phone_id,
        other.c.id != notifications.c.id,
        # Not `== "queued"`: SQLite would scan the whole queue for each of its rows.
        other.c.state.not_in(SETTLED),
        or_(other_leased, other_first),
    )
    is_critical = alerts.c.severity == "critical"
    moment = notifications.c.moment
    which = moment == "opened" if is_opened else moment != "opened"
    order: list[ColumnElement[Any]] = [notifications.c.due_utc_us, notifications.c.id]
    if is_opened:
        order.insert(0, case((is_critical, 0), else_=1))
    return (
        _ROW.where(
            QUEUED, which, _READY <= _NOW, ~spoken_to, is_critical if is_critical_only else true()
        )
        .order_by(*order)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True, of=notifications)
    )


_CLAIMABLE: Final = {
    only: (
        _claimable(is_opened=True, is_critical_only=only),
        _claimable(is_opened=False, is_critical_only=only),
    )
    for only in (False, True)
}


def _due(conn: Connection, now: Moment, *, most: int, is_critical_only: bool) -> list[AnyRow]:
    """The most urgent rows: first messages before later ones, critical ones before all."""
    found: list[AnyRow] = []
    for question in _CLAIMABLE[is_critical_only]:
        if len(found) < most:
            asked = {"now_utc_us": now.utc_us, "most": most - len(found)}
            found += conn.execute(question, asked).all()
    return found


_IS_FIRST_WORD_THAT_WAITS: Final = and_(
    QUEUED, FIRST_WORD, _LEASED_UNTIL <= _NOW, _TRIED_DUE <= _NOW
)
_WEATHER: Final = history_query(_IS_FIRST_WORD_THAT_WAITS)
_FIRST_WORDS: Final = _ROW.where(
    notifications.c.phone_id.in_(bindparam("phone_ids", expanding=True)), _IS_FIRST_WORD_THAT_WAITS
)
"""All first messages queued for these phones, deferred or not, without those that wait for a
retry."""


def _still_pending(
    conn: Connection, due: Sequence[AnyRow], *, now: Moment, oldest_us: int
) -> list[AnyRow]:
    """Due rows that may be sent; the others are settled here, with a reason."""
    allowed = {
        key: all_recipients_of(conn, *key[:2], camera_id=key[2], now=now)
        for key in {_permission_key(row) for row in due}
    }
    folded = _in_digests(conn, [row.id for row in due if row.moment == "grown"])
    settled: dict[tuple[str, str], list[UUID]] = {}
    sendable: list[AnyRow] = []
    for row in due:
        if row.person_id not in allowed[_permission_key(row)]:
            settled.setdefault(("dropped", "no longer entitled to this camera"), []).append(row.id)
        elif row.gone_utc_us is not None:
            settled.setdefault(("dropped", "phone gone"), []).append(row.id)
        elif now.utc_us - row.owed_utc_us > oldest_us:
            settled.setdefault(("dead", "too late: not sent in time"), []).append(row.id)
        elif row.id in folded:
            settled.setdefault(("dropped", "told together with others"), []).append(row.id)
        else:
            sendable.append(row)
    for (state, reason), ids in settled.items():
        settle(conn, notifications.c.id.in_(ids), Settled(state, reason), now)
    return sendable


def _in_digests(conn: Connection, grown: Collection[UUID]) -> set[UUID]:
    """Alerts, of these, without an entry of their own on the phone: they are in a digest."""
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
    """Key of the permission check: all alerts of a camera have the same people."""
    return row.kind, row.alert_id if row.kind in KINDS else None, row.camera_id


def next_due(conn: Connection, now: Moment) -> int | None:
    """The next moment after `now` (UTC microseconds) at which a queued row can be claimed, if
    any."""
    at_us: int | None = conn.scalar(_NEXT_DUE, {"now_utc_us": now.utc_us})
    return at_us
