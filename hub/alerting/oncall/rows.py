"""Entry of teams and their rosters; everything works in the caller's transaction.

Every change writes its audit line. An invalid entry raises `OnCallError` and changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, delete, insert, or_, select, update

from hub.alerting.oncall.faults import (
    MOST_CREW,
    MOST_MEMBERS,
    MOST_SHIFTS,
    OnCallError,
    OnCallFault,
    checked_name,
    checked_reason,
)
from hub.alerting.oncall.roster_rows import Team, read_teams
from hub.alerting.oncall.rules.rosters import DAY_MINUTES, Crew, RosterException, crew_of, settled
from hub.alerting.oncall.scope import may_be_called
from hub.alerting.oncall.tables import (
    odd_day_people,
    odd_days,
    plan_steps,
    shift_people,
    shifts,
    stand_ins,
    team_people,
    teams,
)
from hub.base.audit import log
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import By
from hub.base.db.columns import columns, new_id
from hub.base.moment import Moment


@dataclass(frozen=True, slots=True)
class NewShift:
    """Entry of a shift; minutes since midnight, weekdays from Monday = 0."""

    name: str
    starts_minute: int
    ends_minute: int
    weekly: Mapping[int, Crew]


@dataclass(frozen=True, slots=True)
class ShiftDate:
    """One shift on one date."""

    shift_id: UUID
    day: date


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap: `person_id` takes the duty of `instead_of`, who takes theirs on `back`, if given."""

    instead_of: UUID
    person_id: UUID
    back: ShiftDate | None
    reason: str


def add_team(
    conn: Connection, *, area_id: UUID, name: str, time_zone: str, by: By, now: Moment
) -> UUID:
    """Add a team of an area; its roster uses this time zone."""
    name = checked_name(name)
    _refuse_taken(conn, area_id, name, None)
    team_id = new_id(now)
    row = {"id": team_id, "area_id": area_id, "name": name, "time_zone": time_zone}
    conn.execute(insert(teams).values(**row, **columns("made", now)))
    _note(conn, by, "team.add", team_id, plain(name), now)
    return team_id


def change_team(
    conn: Connection, team: Team, *, name: str, members: Sequence[UUID], by: By, now: Moment
) -> None:
    """Change name and members of a team. An absent person stays a member, because the page does not
    list them."""
    name = checked_name(name)
    _refuse_taken(conn, team.area_id, name, team.team_id)
    present = tuple(dict.fromkeys(members))
    _refuse_strangers(conn, team, present, most=MOST_MEMBERS, now=now)
    chosen = (*present, *(one for one in team.members if one in team.roster.absent))
    conn.execute(update(teams).where(teams.c.id == team.team_id).values(name=name))
    conn.execute(delete(team_people).where(team_people.c.team_id == team.team_id))
    if chosen:
        rows = [{"team_id": team.team_id, "person_id": one} for one in chosen]
        conn.execute(insert(team_people), rows)
    detail = Detail("team.people", name=name, n=len(chosen))
    _note(conn, by, "team.change", team.team_id, detail, now)


def end_team(
    conn: Connection,
    team: Team,
    *,
    is_named: Callable[[Connection, UUID], bool],
    by: By,
    now: Moment,
) -> None:
    """End the team; its rows stay for the history. OnCallError if a plan calls it, or an alert rule
    does (`is_named`)."""
    called = select(plan_steps.c.plan_id).where(plan_steps.c.team_id == team.team_id)
    in_plan = conn.execute(called.limit(1)).first() is not None
    if in_plan or is_named(conn, team.team_id):
        raise OnCallError(OnCallFault.IN_PLAN)
    conn.execute(update(teams).where(teams.c.id == team.team_id).values(columns("ended", now)))
    _note(conn, by, "team.end", team.team_id, plain(team.name), now)


def put_shift(
    conn: Connection, team: Team, new: NewShift, *, shift_id: UUID | None, by: By, now: Moment
) -> UUID:
    """Add a shift to a team's week, or change an existing one."""
    name = checked_name(new.name)
    for minute in (new.starts_minute, new.ends_minute):
        if not 0 <= minute < DAY_MINUTES:
            raise OnCallError(OnCallFault.TIME)
    if shift_id is None and len(team.roster.shifts) >= MOST_SHIFTS:
        raise OnCallError(OnCallFault.MANY)
    week = {day: tuple(dict.fromkeys(crew)) for day, crew in new.weekly.items() if 0 <= day < 7}
    for crew in week.values():
        _refuse_strangers(conn, team, crew, most=MOST_CREW, now=now)
    facts = {"name": name, "starts_minute": new.starts_minute, "ends_minute": new.ends_minute}
    key = shift_id or new_id(now)
    if shift_id is None:
        conn.execute(insert(shifts).values(id=key, team_id=team.team_id, **facts))
    else:
        conn.execute(update(shifts).where(shifts.c.id == key).values(**facts))
        conn.execute(delete(shift_people).where(shift_people.c.shift_id == key))
    rows = [
        {"shift_id": key, "weekday": day, "place": place, "person_id": person_id}
        for day, crew in week.items()
        for place, person_id in enumerate(crew, start=1)
    ]
    if rows:
        conn.execute(insert(shift_people), rows)
    _note(conn, by, "roster.shift", team.team_id, plain(f"{team.name}, {name}"), now)
    return key


def drop_shift(conn: Connection, team: Team, shift_id: UUID, *, by: By, now: Moment) -> None:
    """End the shift, with its exceptions and substitutes."""
    conn.execute(delete(shifts).where(shifts.c.id == shift_id))
    _note(conn, by, "roster.shift.drop", team.team_id, plain(team.name), now)


def put_exception(
    conn: Connection, team: Team, duty: ShiftDate, *, crew: Crew, reason: str, by: By, now: Moment
) -> None:
    """Set an exception: on this date the shift has these people, or nobody, instead of the weekly
    roster."""
    reason = checked_reason(reason)
    _refuse_strangers(conn, team, crew, most=MOST_CREW, now=now)
    _write_exception(conn, RosterException(duty.shift_id, duty.day, crew), reason, now)
    _note(conn, by, "roster.odd_day", team.team_id, _day(team, duty, reason), now)


def _write_exception(conn: Connection, odd: RosterException, reason: str, now: Moment) -> None:
    drop_exception(conn, ShiftDate(odd.shift_id, odd.day))
    key = new_id(now)
    row = {"id": key, "shift_id": odd.shift_id, "day": odd.day.isoformat(), "reason": reason}
    conn.execute(insert(odd_days).values(**row))
    rows = [
        {"odd_day_id": key, "place": place, "person_id": person_id}
        for place, person_id in enumerate(dict.fromkeys(odd.crew), start=1)
    ]
    if rows:
        conn.execute(insert(odd_day_people), rows)


def drop_exception(conn: Connection, duty: ShiftDate) -> None:
    """Remove the exception: the weekly roster applies to this date."""
    this = (odd_days.c.shift_id == duty.shift_id) & (odd_days.c.day == duty.day.isoformat())
    conn.execute(delete(odd_days).where(this))


def swap(conn: Connection, team: Team, duty: ShiftDate, new: Swap, *, by: By, now: Moment) -> None:
    """Swap duties of two people, or let one substitute for another."""
    reason = checked_reason(new.reason)
    there, back = new.instead_of, new.person_id
    _substitute(conn, team, duty, instead_of=there, person_id=back, reason=reason, now=now)
    if new.back is not None:
        _substitute(conn, team, new.back, instead_of=back, person_id=there, reason=reason, now=now)
    _note(conn, by, "roster.swap", team.team_id, _day(team, duty, reason), now)


def _substitute(
    conn: Connection,
    team: Team,
    duty: ShiftDate,
    *,
    instead_of: UUID,
    person_id: UUID,
    reason: str,
    now: Moment,
) -> None:
    _refuse_strangers(conn, team, (person_id,), most=1, now=now)
    # The present state, including the first half of a swap.
    roster = read_teams(conn, [team.team_id])[team.team_id].roster
    shift = next((one for one in roster.shifts if one.shift_id == duty.shift_id), None)
    crew = () if shift is None else crew_of(roster, shift, duty.day)
    if instead_of not in crew:
        raise OnCallError(OnCallFault.NOT_ON_CALL)
    if person_id in crew:
        raise OnCallError(OnCallFault.ON_CALL_ALREADY)
    original = next(
        (
            one.instead_of
            for one in roster.stand_ins
            if (one.shift_id, one.day, one.person_id) == (duty.shift_id, duty.day, instead_of)
        ),
        instead_of,
    )
    drop_substitute(conn, duty, original)
    if original == person_id:
        return  # they do their own duty again
    conn.execute(
        insert(stand_ins).values(
            id=new_id(now),
            shift_id=duty.shift_id,
            day=duty.day.isoformat(),
            instead_of=original,
            person_id=person_id,
            reason=reason,
        )
    )


def drop_substitute(conn: Connection, duty: ShiftDate, instead_of: UUID) -> None:
    """Remove the substitute: the person does their own duty that day."""
    conn.execute(
        delete(stand_ins).where(
            stand_ins.c.shift_id == duty.shift_id,
            stand_ins.c.day == duty.day.isoformat(),
            stand_ins.c.instead_of == instead_of,
        )
    )


def leave(conn: Connection, person_id: UUID, *, now: Moment) -> None:
    """Remove a person from all teams and rosters; the others of a shift move up.

    Dates of their swaps become exceptions, see `hub.alerting.oncall.rules.rosters.settled`.
    """
    swapped = or_(stand_ins.c.person_id == person_id, stand_ins.c.instead_of == person_id)
    query = select(stand_ins.c.shift_id, stand_ins.c.day, stand_ins.c.reason).where(swapped)
    reasons = {(row.shift_id, row.day): row.reason for row in conn.execute(query)}
    where = shifts.c.id.in_({shift_id for shift_id, _ in reasons})
    team_ids = set(conn.scalars(select(shifts.c.team_id).where(where)))
    for team in read_teams(conn, team_ids).values():
        for odd in settled(team.roster, person_id):
            day = odd.day.isoformat()
            here = (stand_ins.c.shift_id == odd.shift_id) & (stand_ins.c.day == day)
            conn.execute(delete(stand_ins).where(here))  # the exception has their result
            _write_exception(conn, odd, reasons[odd.shift_id, day], now)
    conn.execute(delete(stand_ins).where(swapped))
    for table in (team_people, shift_people, odd_day_people):
        conn.execute(delete(table).where(table.c.person_id == person_id))


def _refuse_taken(conn: Connection, area_id: UUID, name: str, team_id: UUID | None) -> None:
    same = select(teams.c.id).where(
        teams.c.area_id == area_id, teams.c.name == name, teams.c.ended_utc_us.is_(None)
    )
    if any(found != team_id for found in conn.scalars(same)):
        raise OnCallError(OnCallFault.NAME_TAKEN)


def _refuse_strangers(
    conn: Connection, team: Team, crew: Sequence[UUID], *, most: int, now: Moment
) -> None:
    if len(crew) > most:
        raise OnCallError(OnCallFault.MANY)
    if not crew:
        return
    known = set(conn.scalars(may_be_called(team.area_id, now)))
    if not known.issuperset(crew):
        raise OnCallError(OnCallFault.PERSON)


def _day(team: Team, duty: ShiftDate, reason: str) -> Detail:
    return Detail("roster.changed", name=team.name, day=duty.day.isoformat(), reason=reason)


def _note(
    conn: Connection, by: By, act: str, object_id: UUID, detail: Detail | None, now: Moment
) -> None:
    log.note(conn, by, act=act, object_kind="team", object_id=object_id, detail=detail, now=now)
