"""Queries for people who keep rosters and plans, limited to the areas they look after.

Only `hub.alerting.oncall.service` calls these; it adds the audit.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, select

from hub.access.area_names import area_names
from hub.access.tables import people
from hub.alerting.oncall.plan_rows import read_plan
from hub.alerting.oncall.roster_rows import Team, read_teams, with_absences
from hub.alerting.oncall.scope import may_be_called, tended_teams
from hub.alerting.oncall.tables import odd_days, plans, shifts, stand_ins
from hub.alerting.oncall.views import AreaPlan, OnCallPage, PlanPage, TeamPage
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.registry.areas import places


def tended_team(conn: Connection, person_id: UUID, team_id: UUID, now: Moment) -> Team | None:
    """The team, if this person looks after its area."""
    mine = set(conn.scalars(tended_teams(person_id, now)))
    if team_id not in mine:
        return None
    return with_absences(conn, read_teams(conn, [team_id])).get(team_id)


def on_call_page(conn: Connection, person_id: UUID, now: Moment) -> OnCallPage:
    """All teams and plans of the areas this person looks after."""
    areas = area_names(conn, person_id, now)
    mine = set(conn.scalars(tended_teams(person_id, now)))
    found = []
    for area in areas:
        row = conn.execute(select(plans).where(plans.c.area_id == area.area_id)).first()
        plan = None if row is None else read_plan(conn, row.id, row.repeats)
        if plan is not None:
            found.append(AreaPlan(area, plan))
    called = {step.team_id for one in found for step in one.plan.steps if step.team_id is not None}
    all_teams = with_absences(conn, read_teams(conn, mine | called))
    teams = [team for team_id, team in all_teams.items() if team_id in mine]
    return OnCallPage(
        areas=areas,
        teams=teams,
        plans=found,
        names=_names(conn, (person for team in teams for person in _named(team))),
        team_names={team_id: team.name for team_id, team in all_teams.items()},
        called={team_id: team for team_id, team in all_teams.items() if team_id in called},
        seen_utc_us=now.utc_us,
    )


def team_page(conn: Connection, person_id: UUID, team_id: UUID, now: Moment) -> TeamPage | None:
    """One team with all details."""
    team = tended_team(conn, person_id, team_id, now)
    if team is None:
        return None
    callable_ids = set(conn.scalars(may_be_called(team.area_id, now)))
    names = _names(conn, {*callable_ids, *_named(team)})
    return TeamPage(
        team=team,
        place=places(conn, [team.area_id])[team.area_id],
        names=names,
        may_be_called=tuple(one for one in names if one in callable_ids),
        reasons=_reasons(conn, team_id),
        seen_utc_us=now.utc_us,
    )


def plan_page(conn: Connection, person_id: UUID, area_id: UUID, now: Moment) -> PlanPage | None:
    """An area's plan, if this person looks after the area, and the teams it may call."""
    area = next((one for one in area_names(conn, person_id, now) if one.area_id == area_id), None)
    if area is None:
        return None
    row = conn.execute(select(plans).where(plans.c.area_id == area_id)).first()
    plan = None if row is None else read_plan(conn, row.id, row.repeats)
    mine = set(conn.scalars(tended_teams(person_id, now)))
    called = {step.team_id for step in plan.steps if step.team_id is not None} if plan else set()
    return PlanPage(area, plan, list(read_teams(conn, mine | called).values()))


def _named(team: Team) -> set[UUID]:
    """All people named by a team or its roster."""
    roster = team.roster
    return {
        *team.members,
        *(one for shift in roster.shifts for crew in shift.weekly.values() for one in crew),
        *(one for odd in roster.odd_days for one in odd.crew),
        *(one for change in roster.stand_ins for one in (change.instead_of, change.person_id)),
    }


def _names(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    query = select(people.c.id, people.c.name).where(people.c.id.in_(set(ids)))
    rows = sorted(conn.execute(query.order_by(people.c.id)), key=lambda row: by_name(row.name))
    return {row.id: row.name for row in rows}


def _reasons(conn: Connection, team_id: UUID) -> dict[tuple[UUID, str], str]:
    found: dict[tuple[UUID, str], str] = {}
    for table in (odd_days, stand_ins):
        query = select(table.c.shift_id, table.c.day, table.c.reason).join(
            shifts, shifts.c.id == table.c.shift_id
        )
        for row in conn.execute(query.where(shifts.c.team_id == team_id)):
            found[row.shift_id, row.day] = row.reason
    return found
