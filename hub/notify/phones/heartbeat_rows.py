"""Phone heartbeat: daily checks sent to phones, and the phones that did not answer.

Works in the caller's transaction. One check per phone and day, even with several hubs: the row is
unique.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from hub.access.account_state import NOT_CLOSED
from hub.access.rules.grants import Right
from hub.access.scope import WHO, visible_cameras
from hub.access.tables import people
from hub.base.db.columns import AnyRow, AnySelect, columns, new_id
from hub.base.db.rows import from_row
from hub.base.db.statements import add_all_once
from hub.base.moment import Moment
from hub.notify import ledger
from hub.notify.channels import webpush
from hub.notify.phones.heartbeat_tables import phone_checks
from hub.notify.rules.delivery_result import (
    Answer,
    Delivered,
    Gone,
    Requeued,
    RetryPolicy,
    what_follows,
)
from hub.notify.rules.heartbeat import CheckBounds, check_day, is_asked, is_silent
from hub.notify.tables import phones
from hub.notify.views import Phone, SilentPhone

CHANNEL: Final = webpush.NAME
"""The channel whose phones can answer."""
KEPT_S: Final = 30 * 86_400.0
MOST_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class Check:
    """A leased check to send now."""

    check_id: UUID
    phone: Phone
    language: str
    asked_utc_us: int
    attempts: int


def ask(conn: Connection, bounds: CheckBounds, *, now: Moment) -> int:
    """Queue today's check for each phone without a recent receipt; returns the number of new
    rows."""
    day = check_day(now.utc_us, bounds)
    if day is None:
        return 0
    of_today = select(phone_checks.c.phone_id).where(phone_checks.c.day == day.isoformat())
    query = (
        select(phones.c.id, phones.c.heard_utc_us)
        .join(people, people.c.id == phones.c.person_id)
        .where(
            phones.c.channel == CHANNEL,
            phones.c.gone_utc_us.is_(None),
            phones.c.id.not_in(of_today),
            NOT_CLOSED,
        )
    )
    asked = [row.id for row in conn.execute(query) if is_asked(row.heard_utc_us, now.utc_us)]
    if not asked:
        return 0
    old = phone_checks.c.asked_utc_us < now.plus_s(-KEPT_S).utc_us
    conn.execute(delete(phone_checks).where(old))
    rows = [
        {
            "id": new_id(now),
            "phone_id": phone_id,
            "day": day.isoformat(),
            "state": "owed",
            "reason": "",
            "attempts": 0,
            **columns("asked", now),
            **columns("due", now),
            **columns("answer_by", now.plus_s(bounds.answer_within_s)),
        }
        for phone_id in asked
    ]
    return add_all_once(conn, phone_checks, rows)


def claim(conn: Connection, *, lease_s: float, now: Moment) -> list[Check]:
    """Lease the checks that are due; after an expired lease the check is due again, and the phone
    shows one entry for both."""
    is_free = func.coalesce(phone_checks.c.lease_until_utc_us, 0) <= now.utc_us
    query = (
        select(phone_checks, phones, people.c.language, phone_checks.c.id.label("check_id"))
        .join(phones, phones.c.id == phone_checks.c.phone_id)
        .join(people, people.c.id == phones.c.person_id)
        .where(
            phone_checks.c.state == "owed",
            phone_checks.c.due_utc_us <= now.utc_us,
            phone_checks.c.answer_by_utc_us > now.utc_us,
            is_free,
            phones.c.gone_utc_us.is_(None),
        )
        .order_by(phone_checks.c.due_utc_us, phone_checks.c.id)
        .limit(MOST_AT_ONCE)
    )
    found = [from_row(Check, row, phone=from_row(Phone, row)) for row in conn.execute(query)]
    conn.execute(
        update(phone_checks)
        .where(phone_checks.c.id.in_([one.check_id for one in found]))
        .values(columns("lease_until", now.plus_s(lease_s)))
    )
    return found


def record(
    conn: Connection,
    check: Check,
    answer: Answer,
    *,
    retry_policy: RetryPolicy,
    chance: float,
    now: Moment,
) -> str:
    """Record the result of a send; returns the new state."""
    last = what_follows(
        answer,
        attempts=check.attempts + 1,
        owed_utc_us=check.asked_utc_us,
        now_utc_us=now.utc_us,
        retry_policy=retry_policy,
        chance=chance,
    )
    values: dict[str, object] = {"attempts": check.attempts + 1, **columns("lease_until", None)}
    if isinstance(last, Requeued):
        values |= {"state": "owed", **columns("due", Moment(last.due_utc_us, now.error_ms))}
    else:
        values["state"] = "sent" if isinstance(answer, Delivered) else "failed"
    values["reason"] = "" if isinstance(answer, Delivered) else last.reason
    conn.execute(update(phone_checks).where(phone_checks.c.id == check.check_id).values(values))
    if isinstance(answer, Gone):
        ledger.retire_phone(conn, check.phone.phone_id, reason=answer.reason, now=now)
    return str(values["state"])


def answered(conn: Connection, check_id: UUID, *, person_id: UUID, now: Moment) -> bool:
    """Record that the phone displayed the check; False if it was not sent to this person."""
    query = (
        select(phone_checks.c.phone_id)
        .join(phones, phones.c.id == phone_checks.c.phone_id)
        .where(phone_checks.c.id == check_id, phones.c.person_id == person_id)
    )
    phone_id = conn.scalar(query)
    if phone_id is None:
        return False
    conn.execute(update(phones).where(phones.c.id == phone_id).values(columns("heard", now)))
    return True


def silent_phones(conn: Connection, *, now: Moment) -> list[SilentPhone]:
    """Living phones that did not answer their last check, longest silent first."""
    return [_silent(row) for row in conn.execute(_CHECKED) if _missed_its_check(row, now)]


def silent_phones_of(conn: Connection, person_id: UUID, *, now: Moment) -> list[SilentPhone]:
    """Living phones of one person that did not answer their last check."""
    rows = conn.execute(_CHECKED_OF_ONE, {"scope_who": person_id})
    return [_silent(row) for row in rows if _missed_its_check(row, now)]


def _checked(*which: ColumnElement[bool]) -> AnySelect:
    """Living phones with their last check."""
    later = phone_checks.alias("later")
    newest = (
        select(func.max(later.c.asked_utc_us)).where(later.c.phone_id == phones.c.id)
    ).scalar_subquery()
    is_last = and_(phone_checks.c.phone_id == phones.c.id, phone_checks.c.asked_utc_us == newest)
    return (
        select(
            phone_checks.c.phone_id,
            phones.c.person_id,
            people.c.name,
            phones.c.label,
            phones.c.heard_utc_us,
            phone_checks.c.asked_utc_us,
            phone_checks.c.answer_by_utc_us,
            phone_checks.c.state,
        )
        .join(people, people.c.id == phones.c.person_id)
        .join(phone_checks, is_last)
        .where(phones.c.gone_utc_us.is_(None), NOT_CLOSED, *which)
        .order_by(phones.c.heard_utc_us, phones.c.id)
    )


_CHECKED: Final = _checked()
_CHECKED_OF_ONE: Final = _checked(phones.c.person_id == WHO)  # built once: every inbox runs it


def _missed_its_check(row: AnyRow, now: Moment) -> bool:
    return is_silent(
        row.heard_utc_us,
        asked_utc_us=row.asked_utc_us,
        answer_by_utc_us=row.answer_by_utc_us,
        now_utc_us=now.utc_us,
    )


def _silent(row: AnyRow) -> SilentPhone:
    return from_row(SilentPhone, row, person_name=row.name, was_taken=row.state == "sent")


def of_those_alerted(
    conn: Connection, found: Iterable[SilentPhone], keeper_id: UUID, *, now: Moment
) -> list[SilentPhone]:
    """The phones in `found` whose person is alerted for any camera that this keeper looks after."""
    tended = visible_cameras(keeper_id, Right.MANAGE, now).subquery("tended")

    def is_theirs(person_id: UUID) -> bool:
        woken = visible_cameras(person_id, Right.ALERTED, now).subquery("woken")
        both = select(woken.c.camera_id).join(tended, tended.c.camera_id == woken.c.camera_id)
        return conn.execute(both.limit(1)).first() is not None

    known: dict[UUID, bool] = {}
    return [
        one
        for one in found
        if known.setdefault(one.person_id, known.get(one.person_id) or is_theirs(one.person_id))
    ]
