"""Choice of phones for the first message of an alert, and for the fallback if nobody sees it.

`hub.notify.rules.channel_order` decides the order. Everything works in the caller's transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, exists, func, select

from hub.access.rules.grants import Right
from hub.access.scope import ENTITLED, entitled_values
from hub.access.tables import people
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.scope import KEEPERS, keepers_values
from hub.alerting.alerts.tables import alerts
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.statements import read_once
from hub.base.moment import Moment
from hub.notify.channels.listing import rank
from hub.notify.rules.channel_order import Order, Sent, next_channels, read_orders, steps_for
from hub.notify.tables import notifications, phones

NEWS_S: Final = 3600.0
"""Seconds; an older alert uses no fallback channel: the inbox tells more."""


def phones_of_entitled(conn: Connection, camera_id: UUID, *, now: Moment) -> Sequence[AnyRow]:
    """Active phones of people who are alerted for this camera."""
    return read_once(conn, _OF_ENTITLED, entitled_values(camera_id, Right.ALERTED, now))


def phones_of_keepers(conn: Connection, alert_id: UUID, *, now: Moment) -> Sequence[AnyRow]:
    """Active phones of people who look after the object of this trouble."""
    return conn.execute(_OF_KEEPERS, keepers_values(alert_id, now)).all()


def first_phones(
    living_phones: Iterable[AnyRow], *, severity: str | None
) -> list[tuple[UUID, UUID]]:
    """(person, phone) for the first step."""
    chosen = []
    for person_id, theirs in _by_person(living_phones).items():
        wanted = _steps(theirs, severity)[0]
        chosen += [(person_id, row.id) for row in theirs if row.channel in wanted]
    return chosen


def _steps(theirs: Sequence[AnyRow], severity: str | None) -> Order:
    """Order of channels; at least one step, as these people have an active phone."""
    living = {row.channel for row in theirs}
    return steps_for(_orders(theirs[0].channel_order), living, severity, rank=rank)


@lru_cache(maxsize=256)
def _orders(text: str | None) -> Mapping[str, Order]:
    try:
        return read_orders(text)
    except ValueError:  # from another version: it must not delay an alert
        return {}


def unseen(
    conn: Connection, *, unseen_after_s: float, now: Moment
) -> list[tuple[UUID, UUID, UUID]]:
    """Triples (alert, person, phone) for the fallback: nobody has seen the alert so far."""
    waiting: dict[tuple[UUID, UUID], list[AnyRow]] = {}
    for row in conn.execute(_waiting(now)):
        waiting.setdefault((row.alert_id, row.person_id), []).append(row)
    if not waiting:
        return []
    query = _living_phones(phones.c.person_id.in_({person for _, person in waiting}))
    living = _by_person(conn.execute(query))
    found = []
    for (alert_id, person_id), rows in waiting.items():
        theirs = living.get(person_id, [])
        if not theirs:
            continue
        channels = next_channels(
            _steps(theirs, rows[0].severity),
            [_sent(row) for row in rows],
            now_utc_us=now.utc_us,
            unseen_after_s=unseen_after_s,
        )
        found += [(alert_id, person_id, row.id) for row in theirs if row.channel in channels]
    return found


def _living_phones(which: ColumnElement[bool]) -> AnySelect:
    return (
        select(phones.c.id, phones.c.person_id, phones.c.channel, people.c.channel_order)
        .join(people, people.c.id == phones.c.person_id)
        .where(phones.c.gone_utc_us.is_(None), which)
        .order_by(phones.c.id)
    )


_OF_ENTITLED: Final = _living_phones(phones.c.person_id.in_(ENTITLED))
_OF_KEEPERS: Final = _living_phones(phones.c.person_id.in_(KEEPERS))


def _by_person(living_phones: Iterable[AnyRow]) -> dict[UUID, list[AnyRow]]:
    found: dict[UUID, list[AnyRow]] = {}
    for row in living_phones:
        found.setdefault(row.person_id, []).append(row)
    return found


def _waiting(now: Moment) -> AnySelect:
    """First messages of open alerts to people with an active phone that was sent none."""
    other = notifications.alias("other")
    is_owed = exists().where(
        other.c.alert_id == notifications.c.alert_id,
        other.c.phone_id == phones.c.id,
        other.c.moment == "opened",
    )
    spare = exists().where(
        phones.c.person_id == notifications.c.person_id, phones.c.gone_utc_us.is_(None), ~is_owed
    )
    used, every = phones.alias("used"), phones.alias("every")
    # Most people have one channel and need no check; a removed phone counts.
    several = (
        select(every.c.person_id)
        .group_by(every.c.person_id)
        .having(func.count(every.c.channel.distinct()) > 1)
    )
    return (
        select(
            notifications.c.alert_id,
            notifications.c.person_id,
            notifications.c.state,
            notifications.c.owed_utc_us,
            notifications.c.answered_utc_us,
            notifications.c.shown_utc_us,
            notifications.c.held_utc_us,
            alerts.c.severity,
            used.c.channel,
        )
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .join(used, used.c.id == notifications.c.phone_id)
        .where(
            alerts.c.state == AlertState.OPEN,
            # Time of the alert's raising, but this mark moves when the hub's clock is stepped.
            notifications.c.owed_utc_us > now.plus_s(-NEWS_S).utc_us,
            notifications.c.moment == "opened",
            notifications.c.person_id.in_(several),
            spare,
        )
    )


def _sent(row: AnyRow) -> Sent:
    is_told = row.state in ("accepted", "folded") and row.answered_utc_us is not None
    return Sent(
        channel=row.channel,
        state=row.state,
        since_utc_us=row.answered_utc_us if is_told else row.owed_utc_us,
        is_shown=row.shown_utc_us is not None,
        is_held=row.state == "queued" and row.held_utc_us is not None,
    )
