"""Test alerts: queued for each living phone of the requester, leased, and their results.

Works in the caller's transaction. A test is leased, settled and sent like a notification, but is
not one: nobody else gets it, and an unanswered test is not escalated.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, select, update

from hub.access.account_state import NOT_CLOSED
from hub.access.tables import people
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.db.statements import add_all_once
from hub.base.errors import DomainError
from hub.base.moment import Moment
from hub.nodes.commissioning.tables import phone_tests
from hub.notify import ledger
from hub.notify.delivery import retry
from hub.notify.rules.delivery_result import Answer, Gone, RetryPolicy
from hub.notify.tables import phones
from hub.notify.views import Phone
from hub.registry.areas import places
from hub.registry.tables import cameras

MOST_AT_ONCE: Final = 32
MOST_AN_HOUR: Final = 20
"""Limit per person: some channels cost money, and a phone that rings all day tests nothing."""
KEPT_S: Final = 30 * 86_400.0

_WAITS: Final = phone_tests.c.state == "queued"


class TooManyTestsError(DomainError):
    """This person has reached the hourly limit of tests."""


@dataclass(frozen=True, slots=True)
class PendingTest:
    """A leased test to send now, with its content."""

    test_id: UUID
    phone: Phone
    camera_id: UUID
    camera: str
    place: str
    has_picture: bool
    language: str
    owed_utc_us: int
    attempts: int


@dataclass(frozen=True, slots=True)
class SentTest:
    """Result of a test on one phone."""

    test_id: UUID
    channel: str
    label: str
    picture_age_ms: int | None
    state: str
    reason: str
    attempts: int
    owed_utc_us: int
    answered_utc_us: int | None
    shown_utc_us: int | None
    opened_utc_us: int | None


def enqueue(
    conn: Connection,
    *,
    person_id: UUID,
    camera_id: UUID,
    picture_age_ms: int | None,
    now: Moment,
) -> int:
    """Queue a test for each living phone of this person; returns their number.

    Raises TooManyTestsError.
    """
    hour_ago = now.plus_s(-3600.0).utc_us
    mine = phone_tests.c.person_id == person_id
    asked = select(func.count(func.distinct(phone_tests.c.owed_utc_us)))
    sent = conn.scalar(asked.where(mine, phone_tests.c.owed_utc_us > hour_ago))
    if sent is not None and sent >= MOST_AN_HOUR:
        raise TooManyTestsError(
            f"{MOST_AN_HOUR} tests in the last hour", "phone.too_many_tests", n=MOST_AN_HOUR
        )
    old = phone_tests.c.owed_utc_us < now.plus_s(-KEPT_S).utc_us
    conn.execute(delete(phone_tests).where(old))
    living = select(phones.c.id).where(
        phones.c.person_id == person_id, phones.c.gone_utc_us.is_(None)
    )
    rows = [
        {
            "id": new_id(now),
            "person_id": person_id,
            "phone_id": phone_id,
            "camera_id": camera_id,
            "picture_age_ms": picture_age_ms,
            "state": "queued",
            "reason": "",
            "attempts": 0,
            **columns("owed", now),
            **columns("due", now),
        }
        for phone_id in conn.scalars(living)
    ]
    return add_all_once(conn, phone_tests, rows) if rows else 0


def is_any_due(conn: Connection, *, now: Moment) -> bool:
    """True if `claim` would find something; only reads."""
    return bool(conn.scalar(select(exists().where(_is_due(now)))))


def claim(conn: Connection, *, lease_s: float, now: Moment) -> list[PendingTest]:
    """Lease the tests that are due; after an expired lease the test is due again, and the phone
    shows one entry for both.

    Tests for a phone that is gone or has a new owner, or for a person without access, are dropped.
    """
    _drop_unheard(conn, now)
    query = (
        select(
            phone_tests,
            phones.c.channel,
            phones.c.address,
            phones.c.secrets,
            people.c.language,
            cameras.c.label,
            cameras.c.area_id,
        )
        .join(phones, phones.c.id == phone_tests.c.phone_id)
        .join(people, people.c.id == phone_tests.c.person_id)
        .join(cameras, cameras.c.id == phone_tests.c.camera_id)
        .where(_is_due(now))
        .order_by(phone_tests.c.due_utc_us, phone_tests.c.id)
        .limit(MOST_AT_ONCE)
    )
    rows: list[AnyRow] = list(conn.execute(query))
    where = places(conn, {row.area_id for row in rows})
    conn.execute(
        update(phone_tests)
        .where(phone_tests.c.id.in_([row.id for row in rows]))
        .values(columns("lease_until", now.plus_s(lease_s)))
    )
    return [
        PendingTest(
            test_id=row.id,
            phone=from_row(Phone, row),
            camera_id=row.camera_id,
            camera=row.label,
            place=where[row.area_id],
            has_picture=row.picture_age_ms is not None,
            language=row.language,
            owed_utc_us=row.owed_utc_us,
            attempts=row.attempts,
        )
        for row in rows
    ]


def record(
    conn: Connection,
    owed: PendingTest,
    answer: Answer,
    *,
    retry_policy: RetryPolicy,
    chance: float,
    now: Moment,
) -> str:
    """Record the result of a send; returns the new state."""
    values = retry.after(owed, answer, retry_policy=retry_policy, chance=chance, now=now)
    # A receipt from the phone overrides its push service's answer.
    this = phone_tests.c.id == owed.test_id
    conn.execute(update(phone_tests).where(this, _WAITS).values(values))
    if isinstance(answer, Gone):
        ledger.retire_phone(conn, owed.phone.phone_id, reason=answer.reason, now=now)
    return str(values["state"])


def mark(conn: Connection, what: str, test_id: UUID, *, person_id: UUID, now: Moment) -> bool:
    """Record that the phone has "shown" or its person "opened" it; False if it was not sent to
    them."""
    this = (phone_tests.c.id == test_id) & (phone_tests.c.person_id == person_id)
    phone_id = conn.scalar(select(phone_tests.c.phone_id).where(this))
    if phone_id is None:
        return False
    first_time = phone_tests.c[f"{what}_utc_us"].is_(None)
    conn.execute(update(phone_tests).where(this, first_time).values(columns(what, now)))
    conn.execute(
        update(phone_tests)
        .where(this, _WAITS)
        .values(state="accepted", reason="the phone said so", **columns("answered", now))
    )
    if what == "shown":
        conn.execute(update(phones).where(phones.c.id == phone_id).values(columns("heard", now)))
    return True


def newest(conn: Connection, *, person_id: UUID, camera_id: UUID) -> list[SentTest]:
    """Results of this person's last test of this camera, one per phone."""
    theirs = (phone_tests.c.person_id == person_id) & (phone_tests.c.camera_id == camera_id)
    last = select(func.max(phone_tests.c.owed_utc_us)).where(theirs).scalar_subquery()
    query = (
        select(phone_tests, phones.c.channel, phones.c.label)
        .join(phones, phones.c.id == phone_tests.c.phone_id)
        .where(theirs, phone_tests.c.owed_utc_us == last)
        .order_by(phones.c.created_utc_us, phone_tests.c.id)
    )
    return [from_row(SentTest, row, test_id=row.id) for row in conn.execute(query)]


def _is_due(now: Moment) -> ColumnElement[bool]:
    return and_(
        _WAITS,
        phone_tests.c.due_utc_us <= now.utc_us,
        func.coalesce(phone_tests.c.lease_until_utc_us, 0) <= now.utc_us,
    )


def _drop_unheard(conn: Connection, now: Moment) -> None:
    living = (
        exists()
        .where(
            phones.c.id == phone_tests.c.phone_id,
            phones.c.person_id == phone_tests.c.person_id,
            phones.c.gone_utc_us.is_(None),
            people.c.id == phones.c.person_id,
            NOT_CLOSED,
        )
        .correlate(phone_tests)
    )
    values = {"state": "dropped", "reason": "phone gone", **columns("answered", now)}
    conn.execute(update(phone_tests).where(_is_due(now), ~living).values(values))
