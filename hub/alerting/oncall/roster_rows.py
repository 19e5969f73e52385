"""Teams and their rosters, read from the tables for the decisions in
`hub.alerting.oncall.rules.rosters`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from hub.access.account_state import SUSPENDED
from hub.access.tables import people
from hub.alerting.oncall.rules.rosters import (
    Crew,
    Roster,
    RosterException,
    Shift,
    Substitute,
    people_on_call,
)
from hub.alerting.oncall.tables import (
    odd_day_people,
    odd_days,
    shift_people,
    shifts,
    stand_ins,
    team_people,
    teams,
)
from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.base.text.order import by_name


@dataclass(frozen=True, slots=True)
class Team:
    """A team and its on-call roster; without shifts all members are always on call."""

    team_id: UUID
    area_id: UUID
    name: str
    zone: ZoneInfo
    members: Crew
    """By name."""
    roster: Roster

    def local(self, now: Moment) -> datetime:
        """The moment in the team's local time."""
        return (
            datetime.fromtimestamp(now.utc_us / 1e6, UTC).astimezone(self.zone).replace(tzinfo=None)
        )

    @property
    def present(self) -> Crew:
        """Members of the team who are not absent."""
        return tuple(one for one in self.members if one not in self.roster.absent)

    def crew(self, now: Moment) -> Crew:
        """The people on call now, in calling order."""
        return people_on_call(self.roster, self.local(now)) if self.roster.shifts else self.present


def read_teams(conn: Connection, team_ids: Collection[UUID]) -> dict[UUID, Team]:
    """These teams, without ended ones."""
    wanted = list(team_ids)
    if not wanted:
        return {}
    query = select(teams).where(teams.c.id.in_(wanted), teams.c.ended_utc_us.is_(None))
    rows = sorted(conn.execute(query.order_by(teams.c.id)), key=lambda row: by_name(row.name))
    members = _members(conn, wanted)
    rosters = _rosters(conn, wanted)
    return {
        row.id: Team(
            row.id,
            row.area_id,
            row.name,
            ZoneInfo(row.time_zone),
            members.get(row.id, ()),
            rosters.get(row.id, Roster(())),
        )
        for row in rows
    }


def with_absences(conn: Connection, teams: Mapping[UUID, Team]) -> dict[UUID, Team]:
    """The teams, with members marked as absent whose accounts are suspended: for pages, which show
    the gaps. An escalation needs no mark: it skips people that it cannot reach, and the others keep
    their places."""
    absent = frozenset(conn.scalars(select(people.c.id).where(people.c.state == SUSPENDED)))
    return {
        team_id: replace(team, roster=replace(team.roster, absent=absent))
        for team_id, team in teams.items()
    }


def _members(conn: Connection, team_ids: list[UUID]) -> dict[UUID, Crew]:
    query = (
        select(team_people.c.team_id, team_people.c.person_id, people.c.name)
        .join(people, people.c.id == team_people.c.person_id)
        .where(team_people.c.team_id.in_(team_ids))
        .order_by(people.c.id)
    )
    found: dict[UUID, list[UUID]] = {}
    for row in sorted(conn.execute(query), key=lambda row: by_name(row.name)):
        found.setdefault(row.team_id, []).append(row.person_id)
    return {team_id: tuple(crew) for team_id, crew in found.items()}


def _rosters(conn: Connection, team_ids: list[UUID]) -> dict[UUID, Roster]:
    query = select(shifts).where(shifts.c.team_id.in_(team_ids))
    by_team: dict[UUID, list[AnyRow]] = {}
    rows_now = conn.execute(query.order_by(shifts.c.id))
    for row in sorted(rows_now, key=lambda row: (row.starts_minute, by_name(row.name))):
        by_team.setdefault(row.team_id, []).append(row)
    ids = [row.id for rows in by_team.values() for row in rows]
    if not ids:
        return {}
    weekly, odd, changed = _weekly(conn, ids), _exceptions(conn, ids), _substitutes(conn, ids)
    found = {}
    for team_id, rows in by_team.items():
        here = {row.id for row in rows}
        found[team_id] = Roster(
            tuple(
                from_row(Shift, row, shift_id=row.id, weekly=weekly.get(row.id, {})) for row in rows
            ),
            tuple(one for one in odd if one.shift_id in here),
            tuple(one for one in changed if one.shift_id in here),
        )
    return found


def _weekly(conn: Connection, shift_ids: list[UUID]) -> dict[UUID, dict[int, Crew]]:
    query = select(shift_people).where(shift_people.c.shift_id.in_(shift_ids))
    found: dict[UUID, dict[int, Crew]] = {}
    for row in conn.execute(query.order_by(shift_people.c.place)):
        week = found.setdefault(row.shift_id, {})
        week[row.weekday] = (*week.get(row.weekday, ()), row.person_id)
    return found


def _exceptions(conn: Connection, shift_ids: list[UUID]) -> list[RosterException]:
    query = (
        select(odd_days.c.id, odd_days.c.shift_id, odd_days.c.day, odd_day_people.c.person_id)
        .outerjoin(odd_day_people, odd_day_people.c.odd_day_id == odd_days.c.id)
        .where(odd_days.c.shift_id.in_(shift_ids))
        .order_by(odd_days.c.day, odd_days.c.id, odd_day_people.c.place)
    )
    found: dict[UUID, RosterException] = {}
    for row in conn.execute(query):
        before = found.get(row.id)
        crew = () if before is None else before.crew
        if row.person_id is not None:
            crew = (*crew, row.person_id)
        found[row.id] = RosterException(row.shift_id, date.fromisoformat(row.day), crew)
    return list(found.values())


def _substitutes(conn: Connection, shift_ids: list[UUID]) -> list[Substitute]:
    query = select(stand_ins).where(stand_ins.c.shift_id.in_(shift_ids))
    return [
        from_row(Substitute, row, day=date.fromisoformat(row.day))
        for row in conn.execute(query.order_by(stand_ins.c.day, stand_ins.c.id))
    ]
