"""The life of an alert: one officer has it; a second one learns who was first."""

from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alerting.alerts.rules.lifecycle import (
    Act,
    AlertChanged,
    AlertLife,
    AlertState,
    AlertUnchanged,
    HeldBy,
    allowed_acts,
    apply,
)

AN, BINH = UUID(int=1), UUID(int=2)
OPEN = AlertLife(AlertState.OPEN)
TAKEN = AlertLife(AlertState.TAKEN, taken_by=AN)
RESOLVED = AlertLife(AlertState.RESOLVED, taken_by=AN, closed_by=AN)

TABLE: list[tuple[AlertLife, Act, UUID, AlertChanged | AlertUnchanged | HeldBy]] = [
    (OPEN, "take", AN, AlertChanged(TAKEN)),
    (OPEN, "resolve", AN, AlertChanged(AlertLife(AlertState.RESOLVED, closed_by=AN))),
    (OPEN, "false_alarm", BINH, AlertChanged(AlertLife(AlertState.FALSE_ALARM, closed_by=BINH))),
    (TAKEN, "take", AN, AlertUnchanged()),
    (TAKEN, "take", BINH, HeldBy(AN)),
    (TAKEN, "resolve", AN, AlertChanged(RESOLVED)),
    (TAKEN, "resolve", BINH, HeldBy(AN)),
    (TAKEN, "false_alarm", BINH, HeldBy(AN)),
    (RESOLVED, "take", BINH, HeldBy(AN)),
    (RESOLVED, "resolve", AN, AlertUnchanged()),
    (RESOLVED, "false_alarm", AN, HeldBy(AN)),
    (RESOLVED, "resolve", BINH, HeldBy(AN)),
]


@pytest.mark.parametrize(("life", "act", "person", "outcome"), TABLE)
def test_what_an_act_does(
    life: AlertLife, act: Act, person: UUID, outcome: AlertChanged | AlertUnchanged | HeldBy
) -> None:
    assert apply(life, act, person) == outcome


def test_pages_offer_only_what_changes_something() -> None:
    assert allowed_acts(OPEN, AN) == ("take", "resolve", "false_alarm")
    assert allowed_acts(TAKEN, AN) == ("resolve", "false_alarm")
    assert allowed_acts(TAKEN, BINH) == ()
    assert allowed_acts(RESOLVED, AN) == ()


steps = st.lists(st.tuples(st.sampled_from(get_args(Act)), st.sampled_from([AN, BINH])))


@given(steps)
def test_nobody_takes_over_and_nothing_reopens(acts: list[tuple[Act, UUID]]) -> None:
    life = OPEN
    for act, person in acts:
        outcome = apply(life, act, person)
        assert apply(life, act, person) == outcome
        if not isinstance(outcome, AlertChanged):
            continue
        assert life.state.is_running
        assert life.taken_by in (None, person)
        life = outcome.life
        assert isinstance(apply(life, act, person), AlertUnchanged)
