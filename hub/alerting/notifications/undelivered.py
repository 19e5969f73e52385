"""Notifications that never reached their phone, for people who look after cameras."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, exists, func, select

from hub.access.scope import tended_cameras
from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import DAY_S, Moment
from hub.notify.phones import heartbeat_rows
from hub.notify.phones.queries import lost_phones
from hub.notify.tables import notifications, phones
from hub.notify.views import LostPhone, SilentPhone
from hub.registry.areas import places
from hub.registry.tables import cameras

LETTERS: Final = 200
"""Limit of dead letters in the list; all are counted."""


_IS_DEAD: Final = notifications.c.state == "dead"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A notification that never reached its phone, and the reason."""

    person_name: str
    channel: str
    phone_label: str
    alert_id: UUID
    place: str
    moment: str
    reason: str
    owed_utc_us: int
    answered_utc_us: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Undelivered notifications: the newest ones, and their number in the last 24 hours."""

    letters: list[DeadLetter]
    in_a_day: int
    phones: list[LostPhone]
    silent: list[SilentPhone]


def undelivered(conn: Connection, person_id: UUID, now: Moment) -> Undelivered:
    """Dead letters about cameras this person looks after, and lost phones of the people
    concerned."""
    mine = select(tended_cameras(person_id, now).subquery("mine").c.camera_id)
    is_mine = alerts.c.camera_id.in_(mine)
    letters = conn.execute(_letters(is_mine).limit(LETTERS)).all()
    where = places(conn, {row.area_id for row in letters})
    since_utc_us = now.plus_s(-DAY_S).utc_us
    in_a_day = conn.scalar(
        select(func.count())
        .select_from(notifications)
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .where(_IS_DEAD, is_mine, notifications.c.answered_utc_us > since_utc_us)
    )
    was_owed = exists().where(
        notifications.c.phone_id == phones.c.id, notifications.c.alert_id == alerts.c.id, is_mine
    )
    return Undelivered(
        letters=[_letter(row, where[row.area_id]) for row in letters],
        in_a_day=in_a_day or 0,
        phones=lost_phones(conn, was_owed, now=now),
        silent=heartbeat_rows.of_those_alerted(
            conn, heartbeat_rows.silent_phones(conn, now=now), person_id, now=now
        ),
    )


def _letters(is_mine: ColumnElement[bool]) -> AnySelect:
    return (
        select(
            notifications,
            people.c.name,
            phones.c.channel,
            phones.c.label.label("phone_label"),
            cameras.c.area_id,
        )
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .join(cameras, cameras.c.id == alerts.c.camera_id)
        .join(people, people.c.id == notifications.c.person_id)
        .join(phones, phones.c.id == notifications.c.phone_id)
        .where(_IS_DEAD, is_mine)
        .order_by(notifications.c.answered_utc_us.desc(), notifications.c.id.desc())
    )


def _letter(row: AnyRow, place: str) -> DeadLetter:
    return from_row(DeadLetter, row, person_name=row.name, place=place)
