"""Service for rosters and escalation plans, for people who look after their areas.

False or None: the item is unknown, or the person has no right to it. A `DutyError` names the fault
of an entry. Reads and writes both check the grants of the moment.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from hub.alerts.escalation import Plan
from hub.alerts.moment import Moment
from hub.alerts.rosters import Crew
from hub.store import duty, duty_plans, duty_sights
from hub.store.audit import By
from hub.store.door_base import DoorBase
from hub.store.duty import Duty, NewShift, Swap
from hub.store.duty_views import DutyPage, PlanPage, TeamPage
from hub.store.roster_rows import Team
from hub.store.scope import tended_areas
from hub.store.views import Asker

Change = Callable[[Connection, Team, By, Moment], Any]


class DutyDoor(DoorBase):
    """On-call rosters, and the people an alert calls next."""

    def duty(self, asker: Asker) -> DutyPage:
        """Teams and plans of the areas this person looks after."""
        with self._db.reading() as conn:
            page = duty_sights.duty_page(conn, asker.person_id, self._clock.now())
        self._note(asker, "duty.open", detail=f"{len(page.teams)} teams, {len(page.plans)} plans")
        return page

    def team(self, asker: Asker, team_id: UUID) -> TeamPage | None:
        """One team with all details."""
        with self._db.reading() as conn:
            page = duty_sights.team_page(conn, asker.person_id, team_id, self._clock.now())
        self._note(asker, "team.open" if page else "team.open.refused", "team", team_id)
        return page

    def plan(self, asker: Asker, area_id: UUID) -> PlanPage | None:
        """An area's plan, or an empty form."""
        with self._db.reading() as conn:
            page = duty_sights.plan_page(conn, asker.person_id, area_id, self._clock.now())
        self._note(asker, "plan.open" if page else "plan.open.refused", "area", area_id)
        return page

    def add_team(self, asker: Asker, area_id: UUID, *, name: str, time_zone: str) -> UUID | None:
        """Add a team to an area."""
        now, by = self._clock.now(), asker.by
        with self._db.writing() as conn:
            if area_id not in set(conn.scalars(tended_areas(asker.person_id, now))):
                self._note_in(conn, asker, "team.add.refused", "area", area_id)
                return None
            return duty.add_team(
                conn, area_id=area_id, name=name, time_zone=time_zone, by=by, now=now
            )

    def change_team(
        self, asker: Asker, team_id: UUID, *, name: str, members: Sequence[UUID]
    ) -> bool:
        """Change its name and members."""

        def write(conn: Connection, team: Team, by: By, now: Moment) -> None:
            duty.change_team(conn, team, name=name, members=members, by=by, now=now)

        return self._change(asker, team_id, write)

    def end_team(self, asker: Asker, team_id: UUID) -> bool:
        """End the team."""

        def write(conn: Connection, team: Team, by: By, now: Moment) -> None:
            duty.end_team(conn, team, by=by, now=now)

        return self._change(asker, team_id, write)

    def put_shift(
        self, asker: Asker, team_id: UUID, new: NewShift, shift_id: UUID | None = None
    ) -> bool:
        """Add a shift, or change this one."""

        def write(conn: Connection, team: Team, by: By, now: Moment) -> None:
            duty.put_shift(conn, team, new, shift_id=shift_id, by=by, now=now)

        return self._change(asker, team_id, write, *(() if shift_id is None else (shift_id,)))

    def drop_shift(self, asker: Asker, team_id: UUID, shift_id: UUID) -> bool:
        """End the shift."""

        def write(conn: Connection, team: Team, by: By, now: Moment) -> None:
            duty.drop_shift(conn, team, shift_id, by=by, now=now)

        return self._change(asker, team_id, write, shift_id)

    def put_odd_day(
        self, asker: Asker, team_id: UUID, on: Duty, *, crew: Crew, reason: str
    ) -> bool:
        """Set an exception: other people for this shift that day, or nobody."""

        def write(conn: Connection, team: Team, by: By, now: Moment) -> None:
            duty.put_odd_day(conn, team, on, crew=crew, reason=reason, by=by, now=now)

        return self._change(asker, team_id, write, on.shift_id)

    def drop_odd_day(self, asker: Asker, team_id: UUID, on: Duty) -> bool:
        """Remove the exception: the weekly roster applies."""

        def write(conn: Connection, _team: Team, _by: By, _now: Moment) -> None:
            duty.drop_odd_day(conn, on)
            day = on.day.isoformat()
            self._note_in(conn, asker, "roster.odd_day.drop", "team", team_id, detail=day)

        return self._change(asker, team_id, write, on.shift_id)

    def swap(self, asker: Asker, team_id: UUID, on: Duty, new: Swap) -> bool:
        """Swap duties of two people, or let one substitute for another."""

        def write(conn: Connection, team: Team, by: By, now: Moment) -> None:
            duty.swap(conn, team, on, new, by=by, now=now)

        back = () if new.back is None else (new.back.shift_id,)
        return self._change(asker, team_id, write, on.shift_id, *back)

    def drop_stand_in(self, asker: Asker, team_id: UUID, on: Duty, instead_of: UUID) -> bool:
        """Remove the substitute: the person does their own duty that day."""

        def write(conn: Connection, _team: Team, _by: By, _now: Moment) -> None:
            duty.drop_stand_in(conn, on, instead_of)
            day = on.day.isoformat()
            self._note_in(conn, asker, "roster.swap.drop", "team", team_id, detail=day)

        return self._change(asker, team_id, write, on.shift_id)

    def put_plan(self, asker: Asker, area_id: UUID, plan: Plan | None) -> bool:
        """Set the plan for the area's alerts from now on; None: no plan of its own."""
        now, by = self._clock.now(), asker.by
        with self._db.writing() as conn:
            page = duty_sights.plan_page(conn, asker.person_id, area_id, now)
            if page is None:
                self._note_in(conn, asker, "plan.set.refused", "area", area_id)
                return False
            if plan is None:
                duty_plans.end_plan(conn, area_id, by=by, now=now)
                return True
            mine = {team.team_id for team in page.teams}
            if any(step.team_id not in (None, *mine) for step in plan.steps):
                self._note_in(conn, asker, "plan.set.refused", "area", area_id)
                return False
            duty_plans.put_plan(conn, area_id, plan, by=by, now=now)
        self._bell.ring()
        return True

    def _change(self, asker: Asker, team_id: UUID, write: Change, *shift_ids: UUID) -> bool:
        """Write, if the team is theirs and these shifts belong to the team."""
        now = self._clock.now()
        with self._db.writing() as conn:
            team = duty_sights.tended_team(conn, asker.person_id, team_id, now)
            own = set() if team is None else {shift.shift_id for shift in team.roster.shifts}
            if team is None or not own.issuperset(shift_ids):
                self._note_in(conn, asker, "team.change.refused", "team", team_id)
                return False
            write(conn, team, asker.by, now)
        return True
