"""Helpers of the tests of duty pages, used by more than one module."""

from hub.access.people import person_by_login
from hub.alerting.oncall import plan_rows, rows
from hub.alerting.oncall.roster_rows import read_teams
from hub.alerting.oncall.rules.escalation import EscalationPlan, EscalationStep, StepRecipients
from hub.alerting.oncall.rules.rosters import Crew
from hub.base.audit.log import By
from tests.browser.conftest import Hub

SHELL = By(came_from="shell")


def rosters(hub: Hub) -> None:
    """Đội 1 with a hole on Sunday night, a duty desk, and a plan that calls both."""
    town = hub.town
    now = town.clock.now()
    with town.db.writing() as conn:
        an, binh, chi = (person_by_login(conn, login) for login in ("an", "binh", "chi"))
        assert an and binh and chi
        team, desk = (
            rows.add_team(
                conn,
                area_id=town.area_id,
                name=name,
                time_zone="Asia/Ho_Chi_Minh",
                by=SHELL,
                now=now,
            )
            for name in ("Đội 1", "Trực ban")
        )
        day: dict[int, Crew] = dict.fromkeys(range(7), (an, binh))
        night: dict[int, Crew] = dict.fromkeys(range(6), (chi,))
        for new in (
            rows.NewShift("Ca ngày", 360, 1080, day),
            rows.NewShift("Ca đêm", 1080, 360, night),
        ):
            there = read_teams(conn, [team])[team]
            rows.put_shift(conn, there, new, shift_id=None, by=SHELL, now=now)
        there = read_teams(conn, [desk])[desk]
        rows.change_team(conn, there, name="Trực ban", members=[chi], by=SHELL, now=now)
        steps = (
            EscalationStep(StepRecipients.ON_DUTY, 60, team, 1),
            EscalationStep(StepRecipients.ON_DUTY, 60, team, 2),
            EscalationStep(StepRecipients.TEAM, 120, desk),
        )
        plan_rows.put_plan(conn, town.area_id, EscalationPlan(steps, 2), by=SHELL, now=now)
