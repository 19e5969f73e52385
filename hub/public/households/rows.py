"""Rows of household cameras; in the caller's transaction, audit by the callers."""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from hub.access.rules.grants import Right
from hub.access.scope import areas_with
from hub.access.tables import people
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.columns import columns
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.cases.evidence.arrival_seal import MarkedPart
from hub.public.households.tables import household_clips, household_requests, households
from hub.public.households.views import HouseholdClip, HouseholdRow, RequestRow
from hub.registry.areas import places

TOKEN_BYTES: Final = 24
MOST: Final = 500


def new_token() -> tuple[str, str]:
    """A random token for a link, and the hash under which it is stored."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, hashed(token)


def hashed(token: str) -> str:
    """Stored form of a token."""
    return sha256(token.encode(errors="replace")).hexdigest()


def tended(person_id: UUID, now: Moment) -> ColumnElement[bool]:
    """SQL condition: households in areas whose cameras this person looks after or exports from."""
    here = households.c.area_id
    return or_(
        here.in_(areas_with(person_id, Right.MANAGE, now)),
        here.in_(areas_with(person_id, Right.EXPORT, now)),
    )


def household_rows(
    conn: Connection, *conditions: ColumnElement[bool], limit: int = MOST
) -> list[HouseholdRow]:
    """Households that meet the conditions, by place; withdrawn ones last."""
    recorder, ender = people.alias("recorder"), people.alias("ender")
    asked = select(func.count()).where(
        household_requests.c.household_id == households.c.id,
        household_requests.c.ended_utc_us.is_(None),
    )
    query = (
        select(households, recorder.c.name.label("recorded_by_name"))
        .add_columns(ender.c.name.label("withdrawn_by_name"))
        .add_columns(asked.scalar_subquery().label("open_requests"))
        .join(recorder, recorder.c.id == households.c.recorded_by)
        .outerjoin(ender, ender.c.id == households.c.withdrawn_by)
        .where(*conditions)
        .order_by(households.c.withdrawn_utc_us.is_not(None), households.c.place, households.c.id)
        .limit(limit)
    )
    rows = conn.execute(query).all()
    where = places(conn, {row.area_id for row in rows})
    return [
        from_row(HouseholdRow, row, household_id=row.id, area=where.get(row.area_id, ""))
        for row in rows
    ]


def withdraw(conn: Connection, household_id: UUID, *, by: By, now: Moment) -> bool:
    """End the consent: no more requests are made, open requests end, name and contact are
    deleted."""
    this = (households.c.id == household_id, households.c.withdrawn_utc_us.is_(None))
    values = {"sealed": None, "withdrawn_by": by.person_id, **columns("withdrawn", now)}
    if not conn.execute(update(households).where(*this).values(**values)).rowcount:
        return False
    ended = end_requests(
        conn, household_requests.c.household_id == household_id, why="consent", by=by, now=now
    )
    given = conn.scalar(
        select(func.count()).where(
            household_clips.c.household_id == household_id,
            household_clips.c.removed_utc_us.is_(None),
        )
    )
    log.note(
        conn,
        by,
        act="household.withdraw",
        object_kind="household",
        object_id=household_id,
        detail=Detail("household.withdrawn", n=ended, m=given),
        now=now,
    )
    return True


def end_requests(
    conn: Connection, *conditions: ColumnElement[bool], why: str, by: By, now: Moment
) -> int:
    """Make the links of these requests invalid, each with a line in the log; returns the number."""
    here = household_requests.c
    query = select(here.id).where(here.ended_utc_us.is_(None), *conditions)
    found = conn.scalars(query).all()
    for request_id in found:
        values: dict[str, object] = {"ended_why": why, **columns("ended", now)}
        conn.execute(update(household_requests).where(here.id == request_id).values(**values))
        log.note(
            conn,
            by,
            act="household.request.end",
            object_kind="household_request",
            object_id=request_id,
            detail=Detail("household.request_ended", ended=why),
            now=now,
        )
    return len(found)


def request_rows(conn: Connection, case_id: UUID) -> list[RequestRow]:
    """All requests made from a case, newest first."""
    here = household_requests.c
    query = (
        select(household_requests, households.c.place, people.c.name)
        .join(households, households.c.id == here.household_id)
        .join(people, people.c.id == here.asked_by)
        .where(here.case_id == case_id)
        .order_by(here.asked_utc_us.desc(), here.id.desc())
        .limit(MOST)
    )
    return [
        from_row(
            RequestRow,
            row,
            request_id=row.id,
            asked_by_name=row.name,
            ended_why=row.ended_why or "",
            is_under_way=row.upload_id is not None,
        )
        for row in conn.execute(query)
    ]


def clip_rows(conn: Connection, *conditions: ColumnElement[bool]) -> list[HouseholdClip]:
    """Household clips, in the order of the requested time spans."""
    query = (
        select(household_clips, households.c.place)
        .add_columns(household_requests.c.since_utc_us, household_requests.c.until_utc_us)
        .join(households, households.c.id == household_clips.c.household_id)
        .join(household_requests, household_requests.c.id == household_clips.c.request_id)
        .where(*conditions)
        .order_by(household_requests.c.since_utc_us, household_clips.c.id)
    )
    return [
        from_row(
            HouseholdClip,
            row,
            clip_id=row.id,
            cut=MarkedPart(row.cut_from_ms, row.cut_until_ms),
            is_marked=bool(row.is_marked),
            is_removed=row.removed_utc_us is not None,
        )
        for row in conn.execute(query)
    ]


def given_ids(conn: Connection, case_id: UUID, *, only_marked: bool = False) -> Sequence[UUID]:
    """Household clips of a case that are still stored."""
    here = household_clips.c
    query = select(here.id).where(here.case_id == case_id, here.removed_utc_us.is_(None))
    query = query.where(here.released_utc_us.is_(None))
    return conn.scalars(query.where(here.is_marked) if only_marked else query).all()


def case_closes(conn: Connection, case_id: UUID, *, keeps: bool, by: By, now: Moment) -> None:
    """End the requests of a closed case; its household clips stay held or are released."""
    of_it = household_requests.c.case_id == case_id
    end_requests(conn, of_it, why="closed", by=by, now=now)
    if not keeps:
        _release(conn, household_clips.c.case_id == case_id, now)


def case_reopens(conn: Connection, case_id: UUID, *, closed_utc_us: int) -> None:
    """Hold again the clips that are still stored and were released when the case was closed: those
    taken out of it before stay out."""
    here = household_clips.c
    these = (here.case_id == case_id, here.released_utc_us == closed_utc_us)
    still = here.removed_utc_us.is_(None)
    conn.execute(update(household_clips).where(*these, still).values(**columns("released", None)))


def release(conn: Connection, clip_id: UUID, now: Moment) -> None:
    """Mark the clip as held by no case from now on."""
    _release(conn, household_clips.c.id == clip_id, now)


def _release(conn: Connection, which: ColumnElement[bool], now: Moment) -> None:
    these = (which, household_clips.c.released_utc_us.is_(None))
    conn.execute(update(household_clips).where(*these).values(**columns("released", now)))


def is_needed(conn: Connection, sha256: str) -> bool:
    """True if a household clip with this hash must be kept."""
    here = household_clips.c
    query = select(here.id).where(here.sha256 == sha256, here.removed_utc_us.is_(None))
    return conn.execute(query.limit(1)).first() is not None
