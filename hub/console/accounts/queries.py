"""Queries about one account, for people who may close and reopen accounts.

Only `hub.console.accounts.service` calls these; it adds the audit.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, Table, func, select, union

from hub.access.account_state import CLOSED, SUSPENDED
from hub.access.grants import queries
from hub.access.grants.rows import not_over
from hub.access.signin.session_rows import NOT_SHUT
from hub.access.tables import grants, people, sessions
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alerts
from hub.alerting.oncall.tables import (
    odd_day_people,
    odd_days,
    shift_people,
    shifts,
    stand_ins,
    team_people,
    teams,
)
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.audit.tables import audit
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.cases.tables import cases
from hub.console.accounts.closing import CLOSING
from hub.console.accounts.suspending import SUSPENDING
from hub.console.accounts.views import (
    AccountAct,
    AccountPage,
    LivingPhone,
    OpenSession,
    OwnCase,
)
from hub.notify.tables import phones


def account_page(
    conn: Connection, asker: Asker, person_id: UUID, now: Moment
) -> AccountPage | None:
    """The account; None if it does not exist."""
    row = conn.execute(select(people).where(people.c.id == person_id)).first()
    if row is None:
        return None
    return AccountPage(
        person_id=person_id,
        login=row.login,
        name=row.name,
        role=row.role,
        state=row.state,
        is_own=person_id == asker.person_id,
        sessions=_sessions(conn, person_id, now),
        phones=_phones(conn, person_id),
        alerts=_count(
            conn, alerts, alerts.c.taken_by == person_id, alerts.c.state == AlertState.TAKEN
        ),
        grants=tuple(queries.grant_rows(conn, asker, grants.c.person_id == person_id, now)),
        ending_grants=_ending_grants(conn, person_id, now),
        teams=tuple(sorted(conn.scalars(_teams_of(person_id)), key=by_name)),
        cases=own_cases(conn, person_id),
        closed=_last(conn, ACTS[row.state], person_id) if row.state in ACTS else None,
    )


ACTS: Final = {CLOSED: CLOSING, SUSPENDED: SUSPENDING}


def _sessions(conn: Connection, person_id: UUID, now: Moment) -> tuple[OpenSession, ...]:
    theirs = (sessions.c.person_id == person_id, sessions.c.ends_utc_us > now.utc_us, NOT_SHUT)
    query = select(sessions).where(*theirs).order_by(sessions.c.seen_utc_us.desc(), sessions.c.id)
    return tuple(
        OpenSession(row.id, row.agent or "", row.seen_utc_us) for row in conn.execute(query)
    )


def _phones(conn: Connection, person_id: UUID) -> tuple[LivingPhone, ...]:
    living = (phones.c.person_id == person_id, phones.c.gone_utc_us.is_(None))
    query = select(phones).where(*living).order_by(phones.c.created_utc_us.desc(), phones.c.id)
    return tuple(LivingPhone(row.id, row.label, row.heard_utc_us) for row in conn.execute(query))


def own_cases(conn: Connection, person_id: UUID) -> tuple[OwnCase, ...]:
    """The person's own cases that are not closed, newest first."""
    mine = (cases.c.owner_id == person_id, cases.c.closed_utc_us.is_(None))
    query = select(cases).where(*mine).order_by(cases.c.opened_utc_us.desc(), cases.c.id.desc())
    return tuple(OwnCase(row.id, row.number, row.purpose) for row in conn.execute(query))


def closings(conn: Connection) -> tuple[int, int]:
    """Two counters; one of them changes whenever an account is closed or reopened."""
    query = select(func.count(), func.max(people.c.disabled_utc_us))
    number, last = conn.execute(query.where(people.c.state == CLOSED)).one()
    return number, last or 0


def _count(conn: Connection, table: Table, *which: ColumnElement[bool]) -> int:
    return conn.scalar(select(func.count()).select_from(table).where(*which)) or 0


def _ending_grants(conn: Connection, person_id: UUID, now: Moment) -> int:
    """The number of grants of the person, and of those passed on from them, that still count."""
    layer = set(conn.scalars(select(grants.c.id).where(grants.c.person_id == person_id)))
    found: set[UUID] = set()
    while layer:
        found |= layer
        passed_on = select(grants.c.id).where(grants.c.from_grant_id.in_(layer))
        layer = set(conn.scalars(passed_on)) - found
    return _count(conn, grants, grants.c.id.in_(found), not_over(now))


def _teams_of(person_id: UUID) -> Select[str]:
    """Names of teams with this person as a member, in the weekly roster, or on a future date."""
    of_shift = (
        select(shift_people.c.shift_id).where(shift_people.c.person_id == person_id),
        select(odd_days.c.shift_id)
        .join(odd_day_people, odd_day_people.c.odd_day_id == odd_days.c.id)
        .where(odd_day_people.c.person_id == person_id),
        select(stand_ins.c.shift_id).where(stand_ins.c.person_id == person_id),
    )
    rostered = union(*of_shift).subquery("rostered")
    ids = union(
        select(team_people.c.team_id).where(team_people.c.person_id == person_id),
        select(shifts.c.team_id).join(rostered, rostered.c.shift_id == shifts.c.id),
    ).subquery("theirs")
    return (
        select(teams.c.name)
        .join(ids, ids.c.team_id == teams.c.id)
        .where(teams.c.ended_utc_us.is_(None))
    )


def _last(conn: Connection, act: str, person_id: UUID) -> AccountAct | None:
    query = (
        select(audit.c.at_utc_us, audit.c.detail, audit.c.data, people.c.name)
        .outerjoin(people, people.c.id == audit.c.person_id)
        .where(audit.c.act == act, audit.c.object_id == person_id)
        .order_by(audit.c.seq.desc())
        .limit(1)
    )
    row = conn.execute(query).first()
    if row is None:
        return None
    coded = Detail.of_json(row.data or "")
    return AccountAct(row.at_utc_us, row.name, coded.values["text"] if coded else row.detail)
