"""Rows of cases, their members and items. Everything works in the caller's transaction.

Membership opens the case, not the footage: each clip and picture passes the same scope check as
everywhere, so a case is no way around a grant.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Uuid,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from hub.access.account_state import CLOSED
from hub.access.rules.grants import Right
from hub.access.scope import NOW, WHO, visible_cameras, visible_values
from hub.access.tables import people
from hub.base.audit.tables import audit
from hub.base.db.columns import AnyRow, AnySelect, columns
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.cases.seal_checks import stored_seal
from hub.cases.tables import case_items, case_members, cases, seal_checks
from hub.cases.views import CaseRow, HistoryLine, ItemRow, MemberRow
from hub.footage.scope import seen_media
from hub.footage.tables import media
from hub.registry.areas import places
from hub.registry.tables import cameras

HISTORY_LINES = 200
LOOKS = ("case.open", "case.households")
"""Acts on a case that change nothing in it; its history leaves them out."""


def is_in(person_id: UUID, now: Moment) -> ColumnElement[bool]:
    """SQL condition: the person's own cases, and those in which they are a member now; none for a
    closed account."""
    return _is_in(literal(person_id, Uuid), literal(now.utc_us, BigInteger))


def _is_in(who: ColumnElement[UUID], now_utc_us: ColumnElement[int]) -> ColumnElement[bool]:
    here = case_members.c
    member = select(here.case_id).where(
        here.person_id == who,
        here.ended_utc_us.is_(None),
        or_(here.until_utc_us.is_(None), here.until_utc_us > now_utc_us),
    )
    still = or_(cases.c.ends_utc_us.is_(None), cases.c.ends_utc_us > now_utc_us)
    asker = people.alias("asker")  # own alias: the outer query may join people too
    is_able = exists().where(asker.c.id == who, asker.c.state != CLOSED)
    return and_(is_able, or_(cases.c.owner_id == who, and_(still, cases.c.id.in_(member))))


NUMBER: Final = select(func.count(cases.c.id)).where(_is_in(WHO, NOW)).scalar_subquery()
"""Number of cases of a person, closed ones too; for the navigation."""


def works_on(
    conn: Connection, person_id: UUID, case_id: UUID | None, now: Moment, *, open_: bool = False
) -> bool:
    """True if this is a case of this person; with `open_` only while it is open."""
    query = select(cases.c.id).where(cases.c.id == case_id, is_in(person_id, now))
    if open_:
        query = query.where(cases.c.closed_utc_us.is_(None))
    return case_id is not None and conn.scalar(query) is not None


def case_rows(conn: Connection, *conditions: ColumnElement[bool]) -> list[CaseRow]:
    """Cases that meet the conditions, newest first."""
    return _as_cases(conn.execute(_case_query(*conditions)))


def open_case_rows(conn: Connection, person_id: UUID, now: Moment) -> list[CaseRow]:
    """The open cases of this person."""
    return _as_cases(conn.execute(_OPEN, visible_values(person_id, now)))


def _case_query(*conditions: ColumnElement[bool]) -> AnySelect:
    counted = select(func.count()).where(
        case_items.c.case_id == cases.c.id, case_items.c.removed_utc_us.is_(None)
    )
    marked = counted.where(case_items.c.is_marked)
    return (
        select(cases, people.c.name.label("owner_name"))
        .add_columns(counted.scalar_subquery().label("items"))
        .add_columns(marked.scalar_subquery().label("marked"))
        .join(people, people.c.id == cases.c.owner_id)
        .where(*conditions)
        .order_by(cases.c.opened_utc_us.desc(), cases.c.id.desc())
    )


_OPEN: Final = _case_query(_is_in(WHO, NOW), cases.c.closed_utc_us.is_(None))
"""Built once: every alert's page runs it."""


def _as_cases(rows: Iterable[AnyRow]) -> list[CaseRow]:
    return [from_row(CaseRow, row, case_id=row.id) for row in rows]


def member_rows(conn: Connection, case_id: UUID, now: Moment) -> list[MemberRow]:
    """Present members of the case, without the owner, by name."""
    here = case_members.c
    query = (
        select(case_members, people.c.name)
        .join(people, people.c.id == here.person_id)
        .where(
            here.case_id == case_id,
            here.ended_utc_us.is_(None),
            or_(here.until_utc_us.is_(None), here.until_utc_us > now.utc_us),
        )
        .order_by(here.id)
    )
    return [
        from_row(MemberRow, row, may_export=bool(row.may_export))
        for row in sorted(conn.execute(query), key=lambda row: by_name(row.name))
    ]


def item_rows(conn: Connection, case_id: UUID, person_id: UUID, now: Moment) -> list[ItemRow]:
    """Items of the case that this person may see, earliest first."""
    found: dict[UUID, AnyRow] = {}
    for right in (Right.SEE, Right.CLIPS):
        scope = visible_cameras(person_id, right, now).subquery("scope")
        is_picture = media.c.kind == "picture"
        query = (
            select(case_items, people.c.name.label("added_by_name"), cameras.c.label)
            .add_columns(
                media.c.camera_id, cameras.c.area_id, media.c.kind, media.c.codec, media.c.width
            )
            .add_columns(media.c.height, media.c.first_frame_utc_us, media.c.first_frame_error_ms)
            .add_columns(media.c.duration_ms, media.c.stored_utc_us, media.c.size_bytes)
            .join(media, media.c.id == case_items.c.media_id)
            .join(cameras, cameras.c.id == media.c.camera_id)
            .join(people, people.c.id == case_items.c.added_by)
            .add_columns(seal_checks.c.verdict, seal_checks.c.why)
            .outerjoin(
                seal_checks,
                and_(seal_checks.c.media_id == media.c.id, seal_checks.c.sha256 == media.c.sha256),
            )
            .join(scope, seen_media(scope))
            .where(case_items.c.case_id == case_id, case_items.c.removed_utc_us.is_(None))
            .where(is_picture if right is Right.SEE else ~is_picture)
        )
        found |= {row.id: row for row in conn.execute(query)}
    where = places(conn, {row.area_id for row in found.values()})
    in_order = sorted(found.values(), key=lambda row: (row.first_frame_utc_us, row.id))
    pictures: dict[UUID, list[AnyRow]] = defaultdict(list)
    for row in in_order:
        if row.kind == "picture" and row.stored_utc_us is not None:
            pictures[row.camera_id].append(row)
    return [
        from_row(
            ItemRow,
            row,
            item_id=row.id,
            camera_label=row.label,
            place=where.get(row.area_id, ""),
            is_stored=row.stored_utc_us is not None,
            is_marked=bool(row.is_marked),
            poster_id=_poster_id(row, pictures[row.camera_id]),
            seal=stored_seal(row.verdict, row.why) if row.verdict else None,
        )
        for row in in_order
    ]


def _poster_id(clip: AnyRow, pictures: Sequence[AnyRow]) -> UUID | None:
    if clip.kind != "clip":
        return None
    end_utc_us = clip.first_frame_utc_us + clip.duration_ms * 1000
    return next(
        (
            one.media_id
            for one in pictures
            if clip.first_frame_utc_us <= one.first_frame_utc_us <= end_utc_us
        ),
        None,
    )


def own_holds(conn: Connection, case_id: UUID) -> Sequence[UUID]:
    """Holds of the case's present items."""
    here = case_items.c
    query = select(here.hold_id).where(here.case_id == case_id, here.removed_utc_us.is_(None))
    return conn.scalars(query).all()


def end_member(conn: Connection, case_id: UUID, person_id: UUID, now: Moment) -> None:
    """End the membership now, if there is one."""
    here = case_members.c
    these = (here.case_id == case_id, here.person_id == person_id, here.ended_utc_us.is_(None))
    conn.execute(update(case_members).where(*these).values(**columns("ended", now)))


def end_memberships(conn: Connection, person_id: UUID, now: Moment) -> None:
    """End this person's memberships in cases of others."""
    here = case_members.c
    theirs = (here.person_id == person_id, here.ended_utc_us.is_(None))
    conn.execute(update(case_members).where(*theirs).values(**columns("ended", now)))


def give(conn: Connection, case_id: UUID, owner_id: UUID, now: Moment) -> None:
    """Make this person the owner of the case, and no longer a member."""
    end_member(conn, case_id, owner_id, now)
    conn.execute(update(cases).where(cases.c.id == case_id).values(owner_id=owner_id))


def history(conn: Connection, case_id: UUID) -> list[HistoryLine]:
    """Acts on the case itself, newest first."""
    query = (
        select(audit.c.at_utc_us, audit.c.act, people.c.name)
        .outerjoin(people, people.c.id == audit.c.person_id)
        .where(audit.c.object_kind == "case", audit.c.object_id == case_id)
        .where(audit.c.act.not_in(LOOKS), audit.c.act.not_like("%.refused"))
        .where(audit.c.act.not_like("%.again"))
        .order_by(audit.c.seq.desc())
        .limit(HISTORY_LINES)
    )
    return [HistoryLine(row.at_utc_us, row.name or "", row.act) for row in conn.execute(query)]
