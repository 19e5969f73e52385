"""Rows of public notices and of their delivery per channel; in the caller's transaction.

Delivery uses leases, like notifications: if the hub dies between sending and recording, it sends
once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select, update

from hub.access.tables import people
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.db.statements import add_all_once
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.notify.delivery import retry
from hub.notify.rules.delivery_result import Answer, RetryPolicy
from hub.notify.views import Phone
from hub.public.notices.tables import notice_files, notice_sendings, notice_ways, notices
from hub.public.notices.views import Notice, NoticeChannel, Sending
from hub.registry.areas import places
from hub.registry.tables import areas

MOST_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """One message of a notice for one channel, under lease."""

    sending_id: UUID
    notice_id: UUID
    title: str
    text: str
    word: str
    way: Phone
    owed_utc_us: int
    attempts: int


def found(conn: Connection, *which: ColumnElement[bool], limit: int = 200) -> list[Notice]:
    """Notices that meet the conditions, newest first."""
    has = select(notice_files.c.id).where(notice_files.c.notice_id == notices.c.id)
    query = (
        select(
            notices,
            people.c.name,
            has.where(notice_files.c.kind == "picture").exists().label("has_picture"),
            has.where(notice_files.c.kind == "sound").exists().label("has_sound"),
        )
        .join(people, people.c.id == notices.c.made_by)
        .where(*which)
        .order_by(func.coalesce(notices.c.sent_utc_us, notices.c.made_utc_us).desc(), notices.c.id)
        .limit(limit)
    )
    rows: list[AnyRow] = list(conn.execute(query))
    where = places(conn, {row.area_id for row in rows})
    return [
        from_row(Notice, row, notice_id=row.id, place=where[row.area_id], made_by_name=row.name)
        for row in rows
    ]


def living_channels(conn: Connection, *which: ColumnElement[bool]) -> list[NoticeChannel]:
    """Active channels, by area and name."""
    query = (
        select(notice_ways)
        .where(notice_ways.c.ended_utc_us.is_(None), *which)
        .order_by(notice_ways.c.id)
    )
    rows: list[AnyRow] = sorted(conn.execute(query), key=lambda row: by_name(row.label))
    where = places(conn, {row.area_id for row in rows})
    return [from_row(NoticeChannel, row, way_id=row.id, place=where[row.area_id]) for row in rows]


def channels_of_area(conn: Connection, area_id: UUID) -> list[NoticeChannel]:
    """Channels of an area and of all areas below it."""
    below = select(areas.c.id).where(areas.c.id == area_id).cte("below", recursive=True)
    below = below.union(select(areas.c.id).join(below, areas.c.parent_id == below.c.id))
    return living_channels(conn, notice_ways.c.area_id.in_(select(below.c.id)))


def enqueue(
    conn: Connection, notice_id: UUID, way_ids: Sequence[UUID], *, word: str, now: Moment
) -> int:
    """Queue this message for these channels; a repeat adds nothing."""
    rows = [
        {
            "id": new_id(now),
            "notice_id": notice_id,
            "way_id": way_id,
            "word": word,
            "state": "queued",
            "reason": "",
            "attempts": 0,
            **columns("owed", now),
            **columns("due", now),
        }
        for way_id in way_ids
    ]
    return add_all_once(conn, notice_sendings, rows)


def drop_queued(conn: Connection, notice_id: UUID, *, now: Moment) -> list[UUID]:
    """Drop the queued messages of a notice; returns the channels that may already have got it."""
    this = notice_sendings.c.notice_id == notice_id
    untried = (notice_sendings.c.attempts == 0) & notice_sendings.c.lease_until_utc_us.is_(None)
    may_be_there = notice_sendings.c.state != "dead"
    query = select(notice_sendings.c.way_id).where(this, ~untried, may_be_there)
    reached = list(conn.scalars(query))
    conn.execute(
        update(notice_sendings)
        .where(this, notice_sendings.c.state == "queued")
        .values(state="dropped", reason="withdrawn", **columns("answered", now))
    )
    return reached


def sendings(conn: Connection, notice_id: UUID) -> list[Sending]:
    """Delivery results, in the order of queueing."""
    query = (
        select(notice_sendings, notice_ways.c.label, notice_ways.c.channel)
        .join(notice_ways, notice_ways.c.id == notice_sendings.c.way_id)
        .where(notice_sendings.c.notice_id == notice_id)
        .order_by(notice_sendings.c.owed_utc_us, notice_sendings.c.id)
    )
    rows = sorted(conn.execute(query), key=lambda row: (row.owed_utc_us, by_name(row.label)))
    return [from_row(Sending, row) for row in rows]


def is_any_due(conn: Connection, *, now: Moment) -> bool:
    """True if `claim` would find something; takes no place in the write queue."""
    query = select(notice_sendings.c.id).where(
        notice_sendings.c.state == "queued", notice_sendings.c.due_utc_us <= now.utc_us
    )
    return conn.scalar(query.limit(1)) is not None


def claim(conn: Connection, *, lease_s: float, now: Moment) -> list[PendingNotice]:
    """Lease the messages that are due."""
    query = (
        select(notice_sendings, notices.c.title, notices.c.text, notice_ways.c.channel,
               notice_ways.c.address)
        .join(notices, notices.c.id == notice_sendings.c.notice_id)
        .join(notice_ways, notice_ways.c.id == notice_sendings.c.way_id)
        .where(
            notice_sendings.c.state == "queued",
            notice_sendings.c.due_utc_us <= now.utc_us,
            func.coalesce(notice_sendings.c.lease_until_utc_us, 0) <= now.utc_us,
        )
        .order_by(notice_sendings.c.due_utc_us, notice_sendings.c.id)
        .limit(MOST_AT_ONCE)
    )  # fmt: skip
    owed = [
        from_row(
            PendingNotice,
            row,
            sending_id=row.id,
            way=Phone(row.way_id, row.channel, row.address, "{}"),
        )
        for row in conn.execute(query)
    ]
    conn.execute(
        update(notice_sendings)
        .where(notice_sendings.c.id.in_([one.sending_id for one in owed]))
        .values(columns("lease_until", now.plus_s(lease_s)))
    )
    return owed


def record(
    conn: Connection,
    owed: PendingNotice,
    answer: Answer,
    *,
    retry_policy: RetryPolicy,
    chance: float,
    now: Moment,
) -> str:
    """Record the result of one delivery; returns the new state."""
    values = retry.after(owed, answer, retry_policy=retry_policy, chance=chance, now=now)
    # A notice withdrawn during its delivery stays withdrawn: this channel gets the withdrawal too.
    waiting = notice_sendings.c.state == "queued"
    this = notice_sendings.c.id == owed.sending_id
    conn.execute(update(notice_sendings).where(this, waiting).values(values))
    return str(values["state"])
