"""Service for rosters and escalation plans, for people who look after their areas.

False or None: the item is unknown, or the person has no right to it. An `OnCallError` names the
fault of an entry. Reads and writes both check the grants of the moment.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection

from hub.access.scope import tended_area_ids
from hub.alerting.oncall import plan_rows, queries
from hub.alerting.oncall import rows as duty
from hub.alerting.oncall.roster_rows import Team
from hub.alerting.oncall.rows import NewShift, ShiftDate, Swap
from hub.alerting.oncall.rules.escalation import EscalationPlan
from hub.alerting.oncall.rules.rosters import Crew
from hub.alerting.oncall.views import OnCallPage, PlanPage, TeamPage
from hub.base.audit.acting import Acting, Changing, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail


class OnCallService:
    """On-call rosters, and the people an alert calls next. For any thread."""

    def __init__(self, acting: Acting, *, is_named: Callable[[Connection, UUID], bool]) -> None:
        """`is_named`: whether an alert rule calls this team, which then cannot be ended."""
        self._acting = acting
        self._is_named = is_named

    def duty(self, asker: Asker) -> OnCallPage:
        """Teams and plans of the areas this person looks after."""
        with self._acting.reading(asker, "duty.open") as look:
            page = queries.on_call_page(look.conn, asker.person_id, look.now)
            look.done(Detail("oncall.count", n=len(page.teams), m=len(page.plans)))
        return page

    def team(self, asker: Asker, team_id: UUID) -> TeamPage | None:
        """One team with all details."""
        with self._acting.reading(asker, "team.open", On("team", team_id)) as look:
            page = queries.team_page(look.conn, asker.person_id, team_id, look.now)
            look.answer(page)
        return page

    def plan(self, asker: Asker, area_id: UUID) -> PlanPage | None:
        """An area's plan, or an empty form."""
        with self._acting.reading(asker, "plan.open", On("area", area_id)) as look:
            page = queries.plan_page(look.conn, asker.person_id, area_id, look.now)
            look.answer(page)
        return page

    def add_team(self, asker: Asker, area_id: UUID, *, name: str, time_zone: str) -> UUID | None:
        """Add a team to an area."""
        with self._acting.changing(asker, "team.add", On("area", area_id)) as change:
            conn, now = change.conn, change.now
            if area_id not in tended_area_ids(conn, asker.person_id, now):
                change.refuse()
                return None
            return duty.add_team(
                conn, area_id=area_id, name=name, time_zone=time_zone, by=change.by, now=now
            )

    def change_team(
        self, asker: Asker, team_id: UUID, *, name: str, members: Sequence[UUID]
    ) -> bool:
        """Change name and members of the team."""
        with self._changing(asker, team_id) as (change, team):
            if team is not None:
                duty.change_team(
                    change.conn, team, name=name, members=members, by=change.by, now=change.now
                )
        return team is not None

    def end_team(self, asker: Asker, team_id: UUID) -> bool:
        """End the team."""
        with self._changing(asker, team_id) as (change, team):
            if team is not None:
                duty.end_team(
                    change.conn, team, is_named=self._is_named, by=change.by, now=change.now
                )
        return team is not None

    def put_shift(
        self, asker: Asker, team_id: UUID, new: NewShift, shift_id: UUID | None = None
    ) -> bool:
        """Add a shift, or change this one."""
        own = () if shift_id is None else (shift_id,)
        with self._changing(asker, team_id, *own) as (change, team):
            if team is not None:
                duty.put_shift(
                    change.conn, team, new, shift_id=shift_id, by=change.by, now=change.now
                )
        return team is not None

    def drop_shift(self, asker: Asker, team_id: UUID, shift_id: UUID) -> bool:
        """End the shift."""
        with self._changing(asker, team_id, shift_id) as (change, team):
            if team is not None:
                duty.drop_shift(change.conn, team, shift_id, by=change.by, now=change.now)
        return team is not None

    def put_exception(
        self, asker: Asker, team_id: UUID, on: ShiftDate, *, crew: Crew, reason: str
    ) -> bool:
        """Set an exception: other people for this shift that day, or nobody."""
        with self._changing(asker, team_id, on.shift_id) as (change, team):
            if team is not None:
                duty.put_exception(
                    change.conn, team, on, crew=crew, reason=reason, by=change.by, now=change.now
                )
        return team is not None

    def drop_exception(self, asker: Asker, team_id: UUID, on: ShiftDate) -> bool:
        """Remove the exception: the weekly roster applies."""
        with self._changing(asker, team_id, on.shift_id) as (change, team):
            if team is not None:
                duty.drop_exception(change.conn, on)
                change.note("roster.odd_day.drop", On("team", team_id), _day(on))
        return team is not None

    def swap(self, asker: Asker, team_id: UUID, on: ShiftDate, new: Swap) -> bool:
        """Swap duties of two people, or let one substitute for another."""
        back = () if new.back is None else (new.back.shift_id,)
        with self._changing(asker, team_id, on.shift_id, *back) as (change, team):
            if team is not None:
                duty.swap(change.conn, team, on, new, by=change.by, now=change.now)
        return team is not None

    def drop_substitute(self, asker: Asker, team_id: UUID, on: ShiftDate, instead_of: UUID) -> bool:
        """Remove the substitute: the person does their own duty that day."""
        with self._changing(asker, team_id, on.shift_id) as (change, team):
            if team is not None:
                duty.drop_substitute(change.conn, on, instead_of)
                change.note("roster.swap.drop", On("team", team_id), _day(on))
        return team is not None

    def put_plan(self, asker: Asker, area_id: UUID, plan: EscalationPlan | None) -> bool:
        """Set the plan for the area's alerts from now on; None: no plan of its own."""
        on = On("area", area_id)
        with self._acting.changing(asker, "plan.set", on, rings=True) as change:
            conn, by, now = change.conn, change.by, change.now
            page = queries.plan_page(conn, asker.person_id, area_id, now)
            mine: set[UUID | None] = (
                set() if page is None else {None, *(team.team_id for team in page.teams)}
            )
            called = set() if plan is None else {step.team_id for step in plan.steps}
            if page is None or not called <= mine:
                change.refuse()
                return False
            if plan is None:
                plan_rows.end_plan(conn, area_id, by=by, now=now)
            else:
                plan_rows.put_plan(conn, area_id, plan, by=by, now=now)
        return True

    @contextmanager
    def _changing(
        self, asker: Asker, team_id: UUID, *shift_ids: UUID
    ) -> Iterator[tuple[Changing, Team | None]]:
        """A change of the team; None, and refused, if it is not theirs, or a shift is not its
        own."""
        with self._acting.changing(asker, "team.change", On("team", team_id)) as change:
            team = queries.tended_team(change.conn, asker.person_id, team_id, change.now)
            own = set() if team is None else {one.shift_id for one in team.roster.shifts}
            if not own.issuperset(shift_ids):
                team = None
            if team is None:
                change.refuse()
            yield change, team


def _day(on: ShiftDate) -> Detail:
    return Detail("roster.day", day=on.day.isoformat())
