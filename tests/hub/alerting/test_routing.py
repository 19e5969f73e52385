"""When a sighting raises an alert, joins one, or alerts nobody."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alerting.alerts.rules.grouping import (
    JoinAlert,
    NewSighting,
    NoAlert,
    Policy,
    RaiseAlert,
    RunningAlert,
    TooLate,
    age_s,
    decide,
)
from hub.alerting.alerts.rules.lifecycle import AlertState

CAMERA, OTHER = UUID(int=1), UUID(int=2)
NOON_US = 1_795_000_000_000_000
POLICY = Policy(group_quiet_s=20, group_max_s=60, late_after_s=600)
SEEN = NewSighting(CAMERA, "person", first_seen_utc_us=NOON_US, confirmed_utc_us=NOON_US, age_s=0.2)


def running(
    *, began_s: float = -30, last_seen_s: float = -10, is_there: bool = False, number: int = 7
) -> RunningAlert:
    """An alert that began and was last seen so long before (negative) the sighting."""
    return RunningAlert(
        alert_id=UUID(int=number),
        camera_id=CAMERA,
        kind="person",
        state=AlertState.OPEN,
        began_utc_us=NOON_US + round(began_s * 1e6),
        last_seen_utc_us=NOON_US + round(last_seen_s * 1e6),
        has_open_sighting=is_there,
    )


def test_the_first_sighting_raises() -> None:
    assert isinstance(decide(SEEN, [], POLICY), RaiseAlert)


@pytest.mark.parametrize(
    ("alert", "joins"),
    [
        pytest.param(running(), True, id="seen 10 s ago"),
        pytest.param(running(last_seen_s=-20), True, id="quiet for exactly the bound"),
        pytest.param(running(last_seen_s=-20.1), False, id="quiet for longer"),
        pytest.param(running(last_seen_s=-25, is_there=True), True, id="silent but still there"),
        pytest.param(running(began_s=-60), True, id="began exactly the bound ago"),
        pytest.param(running(began_s=-61, is_there=True), False, id="goes on for too long"),
        pytest.param(running(began_s=61, last_seen_s=70), False, id="from long before it"),
        pytest.param(replace(running(), state=AlertState.TAKEN), True, id="somebody has it"),
        pytest.param(replace(running(), state=AlertState.RESOLVED), False, id="resolved"),
        pytest.param(replace(running(), state=AlertState.FALSE_ALARM), False, id="false alarm"),
        pytest.param(replace(running(), camera_id=OTHER), False, id="another camera"),
        pytest.param(replace(running(), kind="car"), False, id="another kind"),
    ],
)
def test_a_sighting_joins_what_still_goes_on(alert: RunningAlert, joins: bool) -> None:
    decision = decide(SEEN, [alert], POLICY)
    assert isinstance(decision, JoinAlert if joins else RaiseAlert)


def test_a_sighting_outside_the_alert_hours_raises_nothing_and_joins_what_goes_on() -> None:
    quiet = replace(SEEN, wakes=False)
    assert isinstance(decide(quiet, [], POLICY), NoAlert)
    assert isinstance(decide(quiet, [running()], POLICY), JoinAlert)


@pytest.mark.parametrize(("silent_s", "joins"), [(299, True), (300, True), (301, False)])
def test_a_sighting_whose_end_was_never_said_does_not_go_on_for_ever(
    silent_s: float, joins: bool
) -> None:
    patient = replace(POLICY, group_max_s=3600)
    alert = running(began_s=-silent_s - 5, last_seen_s=-silent_s, is_there=True)
    assert isinstance(decide(SEEN, [alert], patient), JoinAlert if joins else RaiseAlert)


def test_of_two_alerts_the_newer_takes_it() -> None:
    older, newer = running(began_s=-50, number=1), running(began_s=-20, number=2)
    for alerts in ([older, newer], [newer, older]):
        assert decide(SEEN, alerts, POLICY) == JoinAlert(
            newer.alert_id, "the same camera's alert is still going on"
        )


def test_late_news_wakes_nobody_even_with_an_alert_running() -> None:
    late = replace(SEEN, age_s=600.5)
    assert isinstance(decide(late, [running()], POLICY), TooLate)
    assert isinstance(decide(replace(SEEN, age_s=600.0), [], POLICY), RaiseAlert)


def test_what_is_not_alerted_is_noted_late_or_not() -> None:
    assert isinstance(decide(replace(SEEN, kind="car", age_s=9000), [], POLICY), NoAlert)


spans_s = st.floats(-200, 200, allow_nan=False)
alerts = st.builds(
    replace,
    st.builds(
        lambda began, more, is_there: running(
            began_s=began, last_seen_s=began + more, is_there=is_there
        ),
        spans_s,
        st.floats(0, 200),
        st.booleans(),
    ),
    state=st.sampled_from(AlertState),
    alert_id=st.uuids(),
)


@pytest.mark.promise("Node to hub: Each event has exactly one outcome.")
@given(st.lists(alerts, max_size=5), st.floats(0, 2000))
def test_every_sighting_of_a_person_that_is_not_late_is_told_or_joined(
    there: list[RunningAlert], age: float
) -> None:
    decision = decide(replace(SEEN, age_s=age), there, POLICY)
    assert isinstance(decision, TooLate) == (age > POLICY.late_after_s)
    if isinstance(decision, JoinAlert):
        taken = next(alert for alert in there if alert.alert_id == decision.alert_id)
        assert taken.state.is_running
        assert abs(taken.began_utc_us - NOON_US) <= POLICY.group_max_s * 1e6


@given(st.lists(alerts, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_the_alerts_does_not_matter(there: list[RunningAlert], random: object) -> None:
    shuffled = list(there)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(SEEN, there, POLICY) == decide(SEEN, shuffled, POLICY)


@pytest.mark.promise("Faults: Future and past time stamps are handled.")
@pytest.mark.parametrize(
    ("stamp_s", "error_ms", "age_ms", "expected_s"),
    [
        pytest.param(-5, 0, 4000, 5, id="the stamp says older"),
        pytest.param(-5, 0, 9000, 9, id="the age says older"),
        pytest.param(-5, 2000, None, 3, id="as young as the stamp's error allows"),
        pytest.param(-9999, None, 4000, 4, id="nobody vouches for the stamp"),
        pytest.param(-9999, None, None, 0, id="nothing is known: people are told"),
        pytest.param(+30, 0, 1000, 1, id="a stamp from the future"),
    ],
)
def test_how_old_news_is(
    stamp_s: float, error_ms: int | None, age_ms: int | None, expected_s: float
) -> None:
    age = age_s(
        received_utc_us=NOON_US,
        stamp_utc_us=NOON_US + round(stamp_s * 1e6),
        stamp_error_ms=error_ms,
        age_ms=age_ms,
    )
    assert age == pytest.approx(expected_s)


@pytest.mark.promise("Storms and backup: A spot that has just alerted stays quiet for a while.")
@pytest.mark.parametrize(
    ("woke_s", "is_quiet"),
    [
        pytest.param(None, False, id="the spot never woke anybody"),
        pytest.param(-29.9, True, id="within its rest"),
        pytest.param(-30, False, id="after its rest"),
        pytest.param(0, True, id="at the same moment"),
        pytest.param(5, False, id="a later alert rests no earlier one"),
    ],
)
def test_a_spot_that_has_just_woken_people_rests(woke_s: float | None, is_quiet: bool) -> None:
    woke_utc_us = None if woke_s is None else NOON_US + round(woke_s * 1e6)
    decision = decide(SEEN, [], POLICY, woke_utc_us=woke_utc_us)
    assert isinstance(decision, RaiseAlert)
    assert (decision.quiet_reason is not None) == is_quiet


def test_a_critical_kind_never_rests() -> None:
    decision = decide(
        SEEN, [], replace(POLICY, critical_kinds=frozenset({"person"})), woke_utc_us=NOON_US
    )
    assert decision == RaiseAlert("no alert of this camera takes it")
