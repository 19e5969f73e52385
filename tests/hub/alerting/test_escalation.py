"""Whom an alert calls next: any plan, any roster, any time, on a virtual clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alerting.oncall.rules.escalation import (
    Call,
    EscalationPlan,
    EscalationStep,
    NoFurtherCall,
    People,
    StepRecipients,
    call,
    faults,
    is_due,
)
from hub.alerting.oncall.rules.rosters import Roster, people_on_call
from tests.hub.helpers.alerting.rosters import AN, BINH, CHI, PEOPLE, ROUND_THE_CLOCK, at, rosters
from tests.schedules import schedules

TEAM, DESK = UUID(int=201), UUID(int=202)
FIRST = EscalationStep(StepRecipients.ON_DUTY, 60, TEAM, 1)
SECOND = EscalationStep(StepRecipients.ON_DUTY, 60, TEAM, 2)
ALL = EscalationStep(StepRecipients.TEAM, 90, DESK)
EVERYBODY = EscalationStep(StepRecipients.EVERYBODY, 60)


def reaching(*steps: tuple[EscalationStep, UUID]) -> "dict[EscalationStep, People]":
    return {step: frozenset({person}) for step, person in steps}


def test_steps_are_called_in_their_order_each_with_its_time() -> None:
    there = reaching((FIRST, AN), (SECOND, BINH), (ALL, CHI))
    plan = EscalationPlan((FIRST, SECOND, ALL))
    made = call(plan, 0, there.__getitem__)
    assert made == Call(FIRST, 0, frozenset({AN}), 60)
    assert call(plan, 2, there.__getitem__) == Call(ALL, 2, frozenset({CHI}), None)


def test_a_step_that_reaches_nobody_is_passed() -> None:
    there = reaching((ALL, CHI))
    made = call(
        EscalationPlan((FIRST, SECOND, ALL), repeats=1),
        0,
        lambda step: there.get(step, frozenset()),
    )
    assert made == Call(ALL, 2, frozenset({CHI}), 90)


def test_a_plan_that_reaches_nobody_from_here_on_is_silent() -> None:
    assert (
        call(EscalationPlan((FIRST, SECOND), repeats=5), 3, lambda _step: frozenset())
        == NoFurtherCall()
    )


def test_after_the_last_repetition_nobody_is_called() -> None:
    plan = EscalationPlan((FIRST,), repeats=2)
    assert [call(plan, number, lambda _step: frozenset({AN})) for number in (2, 3)] == [
        Call(FIRST, 2, frozenset({AN}), None),
        NoFurtherCall(),
    ]


def test_a_call_is_due_on_time_and_when_the_clock_was_set_back() -> None:
    assert not is_due(60_000_000, 60, now_utc_us=1)
    assert is_due(60_000_000, 60, now_utc_us=60_000_000)
    assert is_due(3_660_000_000, 60, now_utc_us=0)


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (EscalationPlan(()), "steps"),
        (EscalationPlan((FIRST,) * 9), "steps"),
        (EscalationPlan((FIRST,), repeats=6), "repeats"),
        (EscalationPlan((FIRST,), repeats=-1), "repeats"),
        (EscalationPlan((EscalationStep(StepRecipients.TEAM, 9, TEAM),)), "wait"),
        (EscalationPlan((EscalationStep(StepRecipients.TEAM, 3601, TEAM),)), "wait"),
        (EscalationPlan((EscalationStep(StepRecipients.TEAM, 60),)), "team"),
        (EscalationPlan((EscalationStep(StepRecipients.EVERYBODY, 60, TEAM),)), "team"),
        (EscalationPlan((EscalationStep(StepRecipients.ON_DUTY, 60, TEAM),)), "place"),
        (EscalationPlan((EscalationStep(StepRecipients.ON_DUTY, 60, TEAM, 0),)), "place"),
        (EscalationPlan((EscalationStep(StepRecipients.TEAM, 60, TEAM, 1),)), "place"),
    ],
)
def test_a_plan_that_cannot_be_says_what_is_wrong(plan: EscalationPlan, fault: str) -> None:
    assert fault in faults(plan)


def test_a_plan_that_can_be_has_no_fault() -> None:
    assert faults(EscalationPlan((FIRST, SECOND, ALL, EVERYBODY), repeats=2)) == []


@dataclass
class Night:
    """One alert, a plan, two teams; people lose and regain what lets them hear of it."""

    plan: EscalationPlan
    roster: Roster
    desk: frozenset[UUID]
    entitled: set[UUID]
    calls: list[tuple[float, Call]] = field(default_factory=list)
    is_taken: bool = False

    def reach(self, now_s: float, step: EscalationStep) -> People:
        crew: Iterable[UUID] = self.entitled
        if step.team_id == DESK:
            crew = self.desk
        elif step.team_id == TEAM:
            crew = people_on_call(self.roster, at("20:00") + timedelta(seconds=now_s))
            if step.place is not None:
                crew = tuple(crew)[step.place - 1 : step.place]
        return frozenset(crew) & frozenset(self.entitled)

    def run(self, changes: list[tuple[int, UUID]], taken_at_s: int | None) -> None:
        """Every second of an hour and a bit, as the hub does it."""
        due_s: float | None = 0
        number = 0
        for now_s in range(5000):
            for _at, person in (one for one in changes if one[0] == now_s):
                self.entitled ^= {person}
            if now_s == taken_at_s:
                self.is_taken = True
            if self.is_taken or due_s is None or due_s > now_s:
                continue
            made = call(self.plan, number, lambda step: self.reach(now_s, step))  # noqa: B023 - used at once
            if isinstance(made, NoFurtherCall):
                made = Call(EVERYBODY, number, frozenset(self.entitled), None)
            self.calls.append((now_s, made))
            number = made.number + 1
            due_s = None if made.wait_s is None else now_s + made.wait_s


STEPS = st.one_of(
    st.builds(
        EscalationStep,
        st.just(StepRecipients.ON_DUTY),
        st.integers(10, 300),
        st.just(TEAM),
        st.integers(1, 3),
    ),
    st.builds(
        EscalationStep,
        st.just(StepRecipients.TEAM),
        st.integers(10, 300),
        st.sampled_from([TEAM, DESK]),
    ),
    st.builds(EscalationStep, st.just(StepRecipients.EVERYBODY), st.integers(10, 300)),
)
PLANS = st.builds(
    EscalationPlan, st.lists(STEPS, min_size=1, max_size=4).map(tuple), st.integers(0, 2)
)
SOME_PEOPLE = st.frozensets(PEOPLE)


@pytest.mark.promise("Rules and duty: Random rosters and rules give the right person.")
@schedules(60, steps=1)
@given(
    PLANS,
    rosters() | st.just(ROUND_THE_CLOCK),
    SOME_PEOPLE,
    SOME_PEOPLE,
    st.lists(st.tuples(st.integers(1, 900), PEOPLE), max_size=4),
    st.none() | st.integers(0, 900),
)
def test_on_any_night_each_call_comes_on_time_reaches_who_may_know_and_ends_with_the_taking(
    plan: EscalationPlan,
    roster: Roster,
    desk: frozenset[UUID],
    entitled: frozenset[UUID],
    changes: list[tuple[int, UUID]],
    taken_at_s: int | None,
) -> None:
    night = Night(plan, roster, desk, set(entitled))
    night.run(changes, taken_at_s)
    times = [now_s for now_s, _ in night.calls]
    if taken_at_s != 0:
        assert times[0] == 0
        assert bool(night.calls[0][1].people) == bool(entitled), "at once to somebody, if anybody"
    assert all(taken_at_s is None or now_s < taken_at_s for now_s in times)
    for (now_s, made), (then_s, later) in zip(night.calls, night.calls[1:], strict=False):
        assert then_s - now_s == made.wait_s
        assert later.number > made.number
    assert len(night.calls) <= plan.length + 1
    if taken_at_s is None and night.calls:
        assert night.calls[-1][1].wait_s is None, "a plan ends by itself, or by a person"
