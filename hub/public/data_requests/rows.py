"""Rows of data requests; only `hub.public.data_requests.public_service` and
`hub.public.data_requests.service` call these."""

from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, insert, select

from hub.access.tables import people
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.public.data_requests.rules import DataRequest, RequestKind, RequestOutcome, stands
from hub.public.data_requests.tables import data_request_people, petition_acts, petitions
from hub.public.data_requests.views import (
    AnswerSettings,
    DataRequestAct,
    DataRequestRow,
    NewDataRequest,
)
from hub.public.tips.sealing import SealBox, code_hash
from hub.registry.areas import places

KIND = "petition"
MOST_LISTED = 500


def write(
    conn: Connection,
    new: NewDataRequest,
    *,
    box: SealBox,
    code: str,
    year: int,
    source: str,
    by: By,
    now: Moment,
) -> UUID:
    """Insert a request and the sealed identity of its requester; the audit line contains
    neither."""
    petition_id = new_id(now)
    conn.execute(
        insert(petitions).values(
            id=petition_id,
            number=_number(conn, year),
            wish=new.wish,
            what=new.what,
            area_id=new.area_id,
            language=new.language,
            source=source,
            code_hash=code_hash(code),
            taken_by=by.person_id,
            **columns("received", now),
        )
    )
    sealed = box.seal_reporter(new.person, tip_id=petition_id)
    conn.execute(insert(data_request_people).values(petition_id=petition_id, sealed=sealed))
    note(conn, by, "petition.take_in", petition_id, _taken_in(new.wish, source), now)
    return petition_id


def _number(conn: Connection, year: int) -> str:
    """The year's next number; writes are serialized, so no other request can get the same one."""
    begins = f"YC-{year}-"
    of_year = petitions.c.number.like(f"{begins}%")
    last = conn.scalar(select(func.max(petitions.c.number)).where(of_year))
    return f"{begins}{1 if last is None else int(last.removeprefix(begins)) + 1:05d}"


def found(
    conn: Connection,
    *conditions: ColumnElement[bool],
    office: AnswerSettings,
    now: Moment,
    with_acts: bool = False,
) -> list[DataRequestRow]:
    """Requests that meet the conditions: open ones by deadline, then answered ones, newest answer
    first."""
    query = (
        select(petitions, people.c.name.label("taken_by_name"))
        .add_columns(data_request_people.c.petition_id.label("person"))
        .outerjoin(people, people.c.id == petitions.c.taken_by)
        .outerjoin(data_request_people, data_request_people.c.petition_id == petitions.c.id)
        .where(*conditions)
        .order_by(
            petitions.c.answered_utc_us.is_not(None),
            petitions.c.answered_utc_us.desc(),
            petitions.c.received_utc_us,  # over the limit the oldest stay
        )
        .limit(MOST_LISTED)
    )
    rows = conn.execute(query).all()
    where = places(conn, {row.area_id for row in rows if row.area_id is not None})
    listed = [_row(conn, row, where, office, now, with_acts=with_acts) for row in rows]
    return sorted(
        listed,
        key=lambda one: (
            one.outcome is not None,
            one.stands.due_utc_us if one.outcome is None else -(one.dates.answered_utc_us or 0),
        ),
    )


def _row(
    conn: Connection,
    row: AnyRow,
    where: dict[UUID, str],
    office: AnswerSettings,
    now: Moment,
    *,
    with_acts: bool,
) -> DataRequestRow:
    dates = from_row(DataRequest, row)
    return from_row(
        DataRequestRow,
        row,
        petition_id=row.id,
        place=where.get(row.area_id, ""),
        taken_by=row.taken_by_name or "",
        is_proof_asked=row.proof_asked_utc_us is not None,
        knows_person=row.person is not None,
        outcome=None if row.outcome is None else RequestOutcome(row.outcome),
        dates=dates,
        stands=stands(dates, office.terms, office.week, now_utc_us=now.utc_us),
        acts=acts_of(conn, row.id) if with_acts else (),
    )


def acts_of(conn: Connection, petition_id: UUID) -> tuple[DataRequestAct, ...]:
    """Every step, oldest first."""
    query = (
        select(petition_acts, people.c.name)
        .join(people, people.c.id == petition_acts.c.person_id)
        .where(petition_acts.c.petition_id == petition_id)
        .order_by(petition_acts.c.at_utc_us, petition_acts.c.id)
    )
    return tuple(from_row(DataRequestAct, row, who=row.name) for row in conn.execute(query))


def waiting(conn: Connection) -> int:
    """Number of requests without an answer."""
    query = select(func.count()).select_from(petitions)
    return conn.scalar(query.where(petitions.c.answered_utc_us.is_(None))) or 0


def unanswered(conn: Connection, office: AnswerSettings, now: Moment) -> tuple[int, int]:
    """Number of requests without an answer (at most 500), and of those past their deadline."""
    rows = found(conn, petitions.c.answered_utc_us.is_(None), office=office, now=now)
    return len(rows), sum(row.stands.is_overdue for row in rows)


def note(
    conn: Connection,
    by: By,
    act: str,
    petition_id: UUID | None,
    detail: Detail | None,
    now: Moment,
) -> None:
    """Write an audit line about a data request."""
    log.note(
        conn,
        by,
        act=act,
        object_kind=KIND if petition_id else "",
        object_id=petition_id,
        detail=detail,
        now=now,
    )


def _taken_in(wish: RequestKind | None, source: str) -> Detail:
    return Detail(
        "data_request.by_form" if source == "form" else "data_request.by_counter", wish=wish
    )
