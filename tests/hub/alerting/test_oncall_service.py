"""Rosters and plans through the service: who owns them, what is refused, and with which message."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.access.rules.grants import Right
from hub.alerting.oncall.faults import OnCallError, OnCallFault
from hub.alerting.oncall.rows import NewShift, ShiftDate, Swap
from hub.alerting.oncall.rules.escalation import EscalationPlan, EscalationStep, StepRecipients
from hub.alerting.oncall.rules.rosters import people_on_call, weekly_gaps
from hub.alerting.oncall.service import OnCallService
from hub.base.audit.asker import Asker
from hub.base.db.database import Database
from tests.hub.rigs.streets import EVERYTHING, Streets

pytestmark = pytest.mark.promise("Rules and duty: Rosters have shifts, swaps and holidays.")

ZONE = "Asia/Ho_Chi_Minh"
MONDAY = date(2026, 11, 23)


@dataclass
class Office:
    """A keeper of the whole commune, one of the bridge alone, two officers, and Đội 1."""

    streets: Streets
    keeper: Asker
    other: Asker
    an: UUID
    binh: UUID
    team: UUID

    def shift(self, weekly: dict[int, tuple[UUID, ...]], **changed: Any) -> UUID:
        new = NewShift("Ca ngày", 360, 1080, weekly)
        on_call = self.streets.services.use(OnCallService)
        assert on_call.put_shift(self.keeper, self.team, replace(new, **changed))
        page = on_call.team(self.keeper, self.team)
        assert page is not None
        return page.team.roster.shifts[-1].shift_id

    def crew(self, at: str) -> tuple[UUID, ...]:
        page = self.streets.services.use(OnCallService).team(self.keeper, self.team)
        assert page is not None
        return people_on_call(page.team.roster, datetime.fromisoformat(at))


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    streets = Streets(db, tmp_path)
    keeper = streets.officer("kim", rights=Right.MANAGE)
    other = streets.officer("lan", area=streets.bridge, rights=Right.MANAGE)
    an, binh = (streets.officer(login).person_id for login in ("an", "binh"))
    team = streets.services.use(OnCallService).add_team(
        keeper, streets.commune, name="Đội 1", time_zone=ZONE
    )
    assert team is not None
    return Office(streets, keeper, other, an, binh, team)


def test_a_keeper_enters_a_roster_and_reads_it_back(office: Office) -> None:
    office.shift(dict.fromkeys(range(7), (office.an, office.binh)))
    assert office.crew("2026-11-25 12:00") == (office.an, office.binh)
    assert office.crew("2026-11-25 18:00") == ()
    page = office.streets.services.use(OnCallService).team(office.keeper, office.team)
    assert page is not None
    assert page.names[office.an] == "Anh an"
    assert len(weekly_gaps(page.team.roster)) == 7
    assert {"team.add", "roster.shift", "team.open"} <= set(office.streets.acts())


def test_a_team_of_another_area_is_not_there_for_a_keeper_of_the_bridge(office: Office) -> None:
    lan = office.other
    shift_id = office.shift({0: (office.an,)})
    on = ShiftDate(shift_id, MONDAY)
    on_call = office.streets.services.use(OnCallService)
    assert on_call.team(lan, office.team) is None
    assert on_call.add_team(lan, office.streets.commune, name="X", time_zone=ZONE) is None
    changes: list[Callable[[], bool]] = [
        lambda: on_call.change_team(lan, office.team, name="X", members=[]),
        lambda: on_call.end_team(lan, office.team),
        lambda: on_call.put_shift(lan, office.team, NewShift("X", 0, 0, {})),
        lambda: on_call.drop_shift(lan, office.team, shift_id),
        lambda: on_call.put_exception(lan, office.team, on, crew=(), reason="x"),
        lambda: on_call.drop_exception(lan, office.team, on),
        lambda: on_call.swap(lan, office.team, on, Swap(office.an, office.binh, None, "x")),
        lambda: on_call.drop_substitute(lan, office.team, on, office.an),
        lambda: on_call.put_plan(
            lan,
            office.streets.commune,
            EscalationPlan((EscalationStep(StepRecipients.EVERYBODY, 60),)),
        ),
        lambda: on_call.put_plan(lan, office.streets.commune, None),
    ]
    assert [change() for change in changes] == [False] * len(changes)
    assert office.crew("2026-11-23 12:00") == (office.an,)
    assert on_call.duty(lan).teams == []


def test_a_shift_of_another_team_cannot_be_changed_through_ones_own(office: Office) -> None:
    shift_id = office.shift({0: (office.an,)})
    on_call = office.streets.services.use(OnCallService)
    mine = on_call.add_team(office.other, office.streets.bridge, name="Cầu", time_zone=ZONE)
    assert mine is not None
    assert not on_call.put_shift(office.other, mine, NewShift("X", 0, 0, {}), shift_id)
    assert not on_call.drop_shift(office.other, mine, shift_id)
    assert office.crew("2026-11-23 12:00") == (office.an,)


def test_a_plan_calls_no_team_that_its_keeper_may_not_see(office: Office) -> None:
    plan = EscalationPlan((EscalationStep(StepRecipients.TEAM, 60, office.team),))
    on_call = office.streets.services.use(OnCallService)
    assert not on_call.put_plan(office.other, office.streets.bridge, plan)
    assert on_call.put_plan(office.keeper, office.streets.bridge, plan)


def test_a_grant_that_ends_closes_the_roster_at_once(office: Office) -> None:
    temporary = office.streets.officer(
        "tam", rights=Right.MANAGE, ends_utc_us=office.streets.clock.now().utc_us + 1_000_000
    )
    on_call = office.streets.services.use(OnCallService)
    assert on_call.team(temporary, office.team) is not None
    office.streets.clock.pass_s(2)
    assert on_call.team(temporary, office.team) is None


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        (OnCallFault.NAME, {"name": " "}),
        (OnCallFault.TIME, {"starts_minute": 1440}),
        (OnCallFault.TIME, {"ends_minute": -1}),
        (OnCallFault.PERSON, {"weekly": {0: (uuid4(),)}}),
        (OnCallFault.MANY, {"weekly": {0: tuple(uuid4() for _ in range(10))}}),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    office: Office, fault: OnCallFault, change: dict[str, Any]
) -> None:
    with pytest.raises(OnCallError) as refused:
        office.shift(**{"weekly": {0: (office.an,)}} | change)
    assert refused.value.fault is fault
    page = office.streets.services.use(OnCallService).team(office.keeper, office.team)
    assert page is not None and page.team.roster.shifts == ()


def test_only_who_may_be_alerted_there_can_be_on_duty(office: Office) -> None:
    board = office.streets.officer("hoi", rights=Right.SEE)
    elsewhere = office.streets.officer("xa", area=office.streets.bridge, rights=EVERYTHING)
    with pytest.raises(OnCallError):
        office.shift({0: (board.person_id,)})
    office.shift({0: (elsewhere.person_id,)})  # of some camera of the commune


def test_two_people_swap_and_swap_back(office: Office) -> None:
    shift_id = office.shift({0: (office.an,), 1: (office.binh,)})
    on, back = ShiftDate(shift_id, MONDAY), ShiftDate(shift_id, MONDAY + timedelta(days=1))
    swap = Swap(office.an, office.binh, back, "đám cưới")
    on_call = office.streets.services.use(OnCallService)
    assert on_call.swap(office.keeper, office.team, on, swap)
    assert office.crew("2026-11-23 12:00") == (office.binh,)
    assert office.crew("2026-11-24 12:00") == (office.an,)
    again = Swap(office.binh, office.an, back, "thôi")
    assert on_call.swap(office.keeper, office.team, on, again)
    assert office.crew("2026-11-23 12:00") == (office.an,)
    assert office.crew("2026-11-24 12:00") == (office.binh,)
    page = on_call.team(office.keeper, office.team)
    assert page is not None and page.team.roster.stand_ins == ()


def test_a_swap_with_somebody_who_is_not_on_duty_changes_nothing(office: Office) -> None:
    shift_id = office.shift({0: (office.an,), 1: (office.an,)})
    on, back = ShiftDate(shift_id, MONDAY), ShiftDate(shift_id, MONDAY + timedelta(days=1))
    with pytest.raises(OnCallError) as refused:
        office.streets.services.use(OnCallService).swap(
            office.keeper, office.team, on, Swap(office.an, office.binh, back, "x")
        )
    assert refused.value.fault is OnCallFault.NOT_ON_CALL
    assert office.crew("2026-11-23 12:00") == (office.an,)


def test_a_holiday_has_others_and_can_be_undone(office: Office) -> None:
    shift_id = office.shift({0: (office.an,)})
    on = ShiftDate(shift_id, MONDAY)
    on_call = office.streets.services.use(OnCallService)
    assert on_call.put_exception(office.keeper, office.team, on, crew=(office.binh,), reason="Tết")
    assert on_call.put_exception(office.keeper, office.team, on, crew=(), reason="nghỉ lễ")
    assert office.crew("2026-11-23 12:00") == ()
    assert on_call.drop_exception(office.keeper, office.team, on)
    assert office.crew("2026-11-23 12:00") == (office.an,)
    with pytest.raises(OnCallError):
        on_call.put_exception(office.keeper, office.team, on, crew=(), reason=" ")


def test_a_team_that_a_plan_calls_cannot_be_removed(office: Office) -> None:
    area = office.streets.commune
    on_call = office.streets.services.use(OnCallService)
    assert on_call.put_plan(
        office.keeper, area, EscalationPlan((EscalationStep(StepRecipients.TEAM, 60, office.team),))
    )
    with pytest.raises(OnCallError) as refused:
        on_call.end_team(office.keeper, office.team)
    assert refused.value.fault is OnCallFault.IN_PLAN
    assert on_call.put_plan(office.keeper, area, None)
    assert on_call.end_team(office.keeper, office.team)
    assert on_call.team(office.keeper, office.team) is None


def test_a_shift_that_is_removed_takes_its_swaps_and_days_along(office: Office) -> None:
    shift_id = office.shift({0: (office.an,)})
    on = ShiftDate(shift_id, MONDAY)
    on_call = office.streets.services.use(OnCallService)
    on_call.swap(office.keeper, office.team, on, Swap(office.an, office.binh, None, "x"))
    on_call.put_exception(
        office.keeper, office.team, ShiftDate(shift_id, MONDAY), crew=(), reason="x"
    )
    assert on_call.drop_shift(office.keeper, office.team, shift_id)
    page = on_call.team(office.keeper, office.team)
    assert page is not None
    assert (page.team.roster.shifts, page.team.roster.odd_days, page.reasons) == ((), (), {})
