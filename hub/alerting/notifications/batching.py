"""Per-phone rate limit: send each alert, batch alerts into a digest, or defer them
(`hub.alerting.notifications.rules.batching` decides).

Works in the caller's transaction. The reason of a deferred row says why, `held_utc_us` until when.
Rows of a digest point to the row that carries it; that row points to itself.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications.rules.batching import (
    BatchDecision,
    BatchingLimits,
    SentRing,
    WaitingNotification,
    decide,
)
from hub.base.db.columns import AnyRow, AnySelect, columns
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.notify.tables import notifications
from hub.registry.tables import areas, cameras

BATCHING_LIMITS: Final = BatchingLimits()

IS_RATE_LIMITED: Final = and_(
    or_(notifications.c.moment == "opened", notifications.c.moment.like("again:%")),
    alerts.c.severity.is_(None),
)
"""Rows under the rate limit: the first or a repeated ring for an alert that is not critical."""

_NOW: Final = bindparam("now_utc_us", type_=BigInteger)
_OF_PHONES: Final = notifications.c.phone_id.in_(bindparam("phone_ids", expanding=True))
_CARRIES: Final = notifications.c.digest_id == notifications.c.id


@dataclass(frozen=True)
class AlertDigest:
    """Number of alerts in one message, by place; places with most alerts first."""

    alerts: int
    places: tuple[tuple[str, int], ...]


@dataclass
class ReadyMessages:
    """Messages to send now: single notifications and digests."""

    single: list[UUID] = field(default_factory=list)
    together: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    """Carrier row of a digest → all rows in it, including the carrier."""

    @property
    def leased(self) -> list[UUID]:
        """All rows that a worker must lease while it sends."""
        return [*self.single, *(one for ids in self.together.values() for one in ids)]


def is_rate_limited(row: AnyRow) -> bool:
    """The condition of the rate limit, for a row already read."""
    is_ringing = row.moment == "opened" or row.moment.startswith("again:")
    return is_ringing and row.severity is None


@dataclass(frozen=True)
class SendHistory:
    """Recent rings and waiting messages, by phone."""

    rang: Mapping[UUID, Sequence[SentRing]]
    waits: Mapping[UUID, int]
    held_until_utc_us: Mapping[UUID, int]
    """Phones with deferred rows, and the latest time of deferral."""

    def phones_to_read_in_full(self, bounds: BatchingLimits, now: Moment) -> list[UUID]:
        """Phones whose whole queue must be read for the decision.

        Left out are phones with too few rows to defer any, and phones whose rows are all deferred
        and stay so: under a heavy load hundreds of rows wait for one phone, and each new one would
        read them all.
        """
        return [
            phone_id
            for phone_id, waits in self.waits.items()
            if (phone_id in self.held_until_utc_us and not self._stays_held(phone_id, now))
            or (phone_id not in self.held_until_utc_us and waits > bounds.calm)
        ]

    def _stays_held(self, phone_id: UUID, now: Moment) -> bool:
        return phone_id in self.rang and self.held_until_utc_us[phone_id] > now.utc_us


def history_query(is_waiting: ColumnElement[bool]) -> AnySelect:
    """The query of `send_history`, by `phone_ids`; `is_waiting`: rows that are due at `now_utc_us`
    apart from the rate limit."""
    return (
        select(
            notifications.c.phone_id,
            func.count().label("waits"),
            func.max(notifications.c.held_utc_us).label("held_utc_us"),
        )
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .where(_OF_PHONES, is_waiting)
        .group_by(notifications.c.phone_id)
    )


def send_history(
    conn: Connection,
    query: AnySelect,
    phone_ids: Collection[UUID],
    *,
    bounds: BatchingLimits,
    now: Moment,
) -> SendHistory:
    """Send history and queue of these phones."""
    if not phone_ids:
        return SendHistory({}, {}, {})
    rows = conn.execute(query, _of(phone_ids, now)).all()
    return SendHistory(
        _recent_rings(conn, phone_ids, bounds=bounds, now=now),
        {row.phone_id: row.waits for row in rows},
        {row.phone_id: row.held_utc_us for row in rows if row.held_utc_us is not None},
    )


def ready_messages(
    conn: Connection,
    rows: Sequence[AnyRow],
    history: SendHistory,
    *,
    bounds: BatchingLimits,
    now: Moment,
) -> ReadyMessages:
    """The decision for each phone. `rows` are queued rings for these phones; for the phones of
    `SendHistory.phones_to_read_in_full`, all of them."""
    waiting: dict[UUID, list[AnyRow]] = {}
    for row in sorted(rows, key=lambda row: (row.owed_utc_us, row.id)):
        waiting.setdefault(row.phone_id, []).append(row)
    ready = ReadyMessages()
    for phone_id, rows_of_phone in waiting.items():
        is_deferring = phone_id in history.held_until_utc_us
        ids = [WaitingNotification(row.id, is_held=is_deferring) for row in rows_of_phone]
        decision = decide(history.rang.get(phone_id, ()), ids, bounds, now_utc_us=now.utc_us)
        ready.single += decision.single
        were_in_digest = {row.id for row in rows_of_phone if row.digest_id is not None}
        if decision.together:
            ready.together[decision.together[-1]] = decision.together
        _write_decision(conn, decision, bounds=bounds, now=now)
        if now_single := were_in_digest.intersection(decision.single):
            _change(conn, now_single, {"digest_id": None})
    return ready


def _recent_rings(
    conn: Connection, phone_ids: Collection[UUID], *, bounds: BatchingLimits, now: Moment
) -> dict[UUID, list[SentRing]]:
    """Recent rings of these phones, including those being sent now; each ring has the time of the
    last one of its kind."""
    params = {**_of(phone_ids, now), "from_utc_us": now.utc_us - bounds.span_us + 1}
    found: dict[UUID, list[SentRing]] = {}
    for query in (_BEING_SENT, _SENT_RECENTLY):
        for row in conn.execute(query, params):
            ring = SentRing(row.at_utc_us, bool(row.is_digest))
            found.setdefault(row.phone_id, []).extend([ring] * row.rings)
    return found


def _of(phone_ids: Collection[UUID], now: Moment) -> dict[str, object]:
    return {"phone_ids": list(phone_ids), "now_utc_us": now.utc_us}


def _rings(at: ColumnElement[int]) -> AnySelect:
    """Count and time of the last ring, by phone and kind of ring."""
    is_digest = notifications.c.digest_id.is_not(None)
    return (
        select(
            notifications.c.phone_id,
            is_digest.label("is_digest"),
            func.count().label("rings"),
            at.label("at_utc_us"),
        )
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .where(_OF_PHONES, IS_RATE_LIMITED, or_(notifications.c.digest_id.is_(None), _CARRIES))
        .group_by(notifications.c.phone_id, is_digest)
    )


# Two queries, each with its own index: one with OR would read a phone's whole history.
_BEING_SENT: Final = _rings(func.max(_NOW)).where(
    notifications.c.state == "queued", notifications.c.lease_until_utc_us > _NOW
)
# A ring in the future is from before the clock was set back: it defers nothing.
_SENT_RECENTLY: Final = _rings(func.max(notifications.c.answered_utc_us)).where(
    notifications.c.state == "accepted",
    notifications.c.answered_utc_us.between(bindparam("from_utc_us", type_=BigInteger), _NOW),
)


def _write_decision(
    conn: Connection, decision: BatchDecision, *, bounds: BatchingLimits, now: Moment
) -> None:
    if decision.held:
        until = Moment(decision.until_utc_us, now.error_ms)
        reason = f"held: more than {bounds.calm} alerts in {bounds.span_s:g} s, told together"
        held = {"reason": reason, "digest_id": None, **columns("held", until)}
        _change(conn, decision.held, held)
    if decision.together:
        carrier = decision.together[-1]
        reason = f"in one message about {len(decision.together)} alerts"
        _change(conn, decision.together, {"reason": reason, "digest_id": carrier})


def _change(conn: Connection, ids: Collection[UUID], values: Mapping[str, object]) -> None:
    conn.execute(update(notifications).where(notifications.c.id.in_(list(ids))).values(values))


def digest_of(conn: Connection, ids: Iterable[UUID]) -> AlertDigest:
    """Number of alerts in a digest, by place."""
    here = func.count().label("n")
    query = (
        select(areas.c.name, here)
        .select_from(notifications)
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .join(areas, areas.c.id == cameras.c.area_id)
        .where(notifications.c.id.in_(list(ids)))
        .group_by(areas.c.id, areas.c.name)
    )
    found = [(str(name), int(n)) for name, n in conn.execute(query)]
    places = tuple(sorted(found, key=lambda one: (-one[1], by_name(one[0]))))
    return AlertDigest(sum(n for _, n in places), places)


def rows_in_digest(carrier: UUID) -> ColumnElement[bool]:
    """Rows in the digest of this carrier that are not settled otherwise."""
    return and_(
        notifications.c.digest_id == carrier,
        notifications.c.id != carrier,
        notifications.c.state == "queued",
    )
