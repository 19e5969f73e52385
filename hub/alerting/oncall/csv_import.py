"""Import of rosters from a spreadsheet's CSV table: one line is one shift on one day.

    team,shift,starts,ends,day,people
    Đội 1,Ca ngày,06:00,18:00,every day,an binh
    Đội 1,Ca ngày,06:00,18:00,sunday,chi

People are named by login, in calling order. An existing shift of the same name gets the week of the
table; other shifts stay. Exceptions and swaps are made on the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.access.tables import people
from hub.alerting.oncall import rows
from hub.alerting.oncall.faults import MOST_CREW, MOST_SHIFTS
from hub.alerting.oncall.roster_rows import Team, read_teams
from hub.alerting.oncall.rows import NewShift
from hub.alerting.oncall.rules.rosters import Crew
from hub.alerting.oncall.scope import may_be_called, tended_teams
from hub.base.audit.log import By
from hub.base.moment import Moment
from hub.base.text.csv_import import Done, Import, ImportPlan, ImportStep, RefusedError
from hub.base.text.csv_table import CsvFault, CsvLine, CsvLineFault, read
from hub.base.text.normalize import fold, fold_login

NEEDED: Final = ("team", "shift", "starts", "ends", "day", "people")
DAYS: Final[Mapping[str, tuple[int, ...]]] = {
    **dict.fromkeys(("every day", "moi ngay", "*"), tuple(range(7))),
    **dict.fromkeys(("monday", "mon", "thu hai", "thu 2", "t2"), (0,)),
    **dict.fromkeys(("tuesday", "tue", "thu ba", "thu 3", "t3"), (1,)),
    **dict.fromkeys(("wednesday", "wed", "thu tu", "thu 4", "t4"), (2,)),
    **dict.fromkeys(("thursday", "thu", "thu nam", "thu 5", "t5"), (3,)),
    **dict.fromkeys(("friday", "fri", "thu sau", "thu 6", "t6"), (4,)),
    **dict.fromkeys(("saturday", "sat", "thu bay", "thu 7", "t7"), (5,)),
    **dict.fromkeys(("sunday", "sun", "chu nhat", "cn"), (6,)),
}
"""Normalized name of a day in the table → weekdays, Monday 0."""


@dataclass
class _Shift:
    """One shift as read from the table so far."""

    team: Team
    line: CsvLine
    hours: tuple[int, int]
    every_day: Crew | None = None
    weekly: dict[int, Crew] = field(default_factory=dict)

    def new(self) -> NewShift:
        week = dict.fromkeys(range(7), self.every_day or ()) | self.weekly
        return NewShift(self.line["shift"], *self.hours, week)


def plan_rosters(conn: Connection, content: bytes, *, person_id: UUID, now: Moment) -> Import:
    """The changes that a table of rosters would make to the teams this person looks after."""
    table = read(content, needed=NEEDED, allowed=())
    found = ImportPlan(list(table.wrong))
    known = _Teams(conn, person_id, now)
    shifts: dict[tuple[UUID, str], _Shift] = {}
    for line in table.lines:
        try:
            _take(line, known, shifts)
        except RefusedError as refused:
            found.wrong.append(refused.wrong)
    for one in shifts.values():
        found.steps.append(_step(one))
    _refuse_too_many(found, known, shifts)
    return found.plan()


class _Teams:
    """The teams by name, and the people each may call, by login."""

    def __init__(self, conn: Connection, person_id: UUID, now: Moment) -> None:
        self._conn, self._now = conn, now
        mine = set(conn.scalars(tended_teams(person_id, now)))
        self.teams: dict[str, list[Team]] = {}
        for team in read_teams(conn, mine).values():
            self.teams.setdefault(fold(team.name), []).append(team)
        self._callable: dict[UUID, dict[str, UUID]] = {}

    def logins(self, team: Team) -> dict[str, UUID]:
        if team.area_id not in self._callable:
            allowed = may_be_called(team.area_id, self._now)
            query = select(people.c.login, people.c.id).where(people.c.id.in_(allowed))
            self._callable[team.area_id] = {row.login: row.id for row in self._conn.execute(query)}
        return self._callable[team.area_id]


def _take(line: CsvLine, known: _Teams, shifts: dict[tuple[UUID, str], _Shift]) -> None:
    teams = known.teams.get(fold(line["team"]), [])
    if len(teams) != 1:
        fault = CsvLineFault.TEAM_MANY if teams else CsvLineFault.TEAM
        raise RefusedError(CsvFault(line.number, fault, line["team"]))
    team = teams[0]
    if not fold(line["shift"]):
        raise RefusedError(CsvFault(line.number, CsvLineFault.NAME))
    hours = _minute(line, "starts"), _minute(line, "ends")
    one = shifts.setdefault((team.team_id, fold(line["shift"])), _Shift(team, line, hours))
    if one.hours != hours:
        raise RefusedError(CsvFault(line.number, CsvLineFault.SHIFT, line["shift"]))
    days = DAYS.get(fold(line["day"]))
    if days is None:
        raise RefusedError(CsvFault(line.number, CsvLineFault.WEEKDAY, line["day"]))
    crew = _crew(line, known.logins(team))
    is_twice = one.every_day is not None if len(days) == 7 else days[0] in one.weekly
    if is_twice:
        said = f"{line['shift']}, {line['day']}"
        raise RefusedError(CsvFault(line.number, CsvLineFault.TWICE, said))
    if len(days) == 7:
        one.every_day = crew
    else:
        one.weekly[days[0]] = crew


def _crew(line: CsvLine, logins: Mapping[str, UUID]) -> Crew:
    said = [fold_login(word) for word in line["people"].replace("/", " ").split()]
    for login in said:
        if login not in logins:
            raise RefusedError(CsvFault(line.number, CsvLineFault.PERSON, login))
    if len(set(said)) != len(said) or len(said) > MOST_CREW:
        raise RefusedError(CsvFault(line.number, CsvLineFault.TWICE, line["people"]))
    return tuple(logins[login] for login in said)


def _minute(line: CsvLine, column: str) -> int:
    hour, _, minute = line[column].partition(":")
    is_time = hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()
    if not is_time or len(minute) != 2 or int(hour) > 23 or int(minute) > 59:
        raise RefusedError(CsvFault(line.number, CsvLineFault.TIME, line[column]))
    return int(hour) * 60 + int(minute)


def _step(one: _Shift) -> ImportStep:
    new = one.new()
    there = next((s for s in one.team.roster.shifts if fold(s.name) == fold(new.name)), None)
    is_same = there is not None and (
        (there.name, there.starts_minute, there.ends_minute)
        == (new.name, new.starts_minute, new.ends_minute)
        and {day: crew for day, crew in there.weekly.items() if crew}
        == {day: crew for day, crew in new.weekly.items() if crew}
    )

    def write(conn: Connection, by: By, now: Moment) -> None:
        shift_id = None if there is None else there.shift_id
        team = read_teams(conn, [one.team.team_id])[one.team.team_id]
        rows.put_shift(conn, team, new, shift_id=shift_id, by=by, now=now)

    done: Done = "same" if is_same else "add" if there is None else "change"
    return ImportStep(one.line.number, done, new.name, one.team.name, write)


def _refuse_too_many(
    found: ImportPlan, known: _Teams, shifts: Mapping[tuple[UUID, str], _Shift]
) -> None:
    for team in (team for teams in known.teams.values() for team in teams):
        names = {fold(shift.name) for shift in team.roster.shifts}
        names |= {name for team_id, name in shifts if team_id == team.team_id}
        lines = [one.line.number for key, one in shifts.items() if key[0] == team.team_id]
        if lines and len(names) > MOST_SHIFTS:
            found.wrong.append(
                CsvFault(max(lines), CsvLineFault.LARGE, f"{MOST_SHIFTS} {team.name}")
            )
