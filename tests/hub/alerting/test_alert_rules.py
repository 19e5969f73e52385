"""Which rule applies to what, and that a rule changes only what it names."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.rules.grants import CameraPlace, Parents
from hub.alerting.alerts.rules.rules_met import RuleMet
from hub.alerting.oncall.rules.escalation import EscalationPlan, EscalationStep, StepRecipients
from hub.alerting.oncall.rules.rosters import Roster, Shift, people_on_call
from hub.alerting.routing.rules import (
    DEFAULT,
    KINDS,
    NEVER_QUIET,
    AlertRule,
    RoutingDecision,
    RuleFault,
    RuleRecipients,
    RuleSubject,
    Urgency,
    Window,
    empty_hours,
    faults,
    judge,
    subjects_of,
    with_team_first,
)
from tests.schedules import schedules

pytestmark = pytest.mark.promise(
    "Rules and duty: Alert rules apply by area, camera, zone, kind and time."
)

TOWN, QUARTER, CORNER, OTHER = (UUID(int=number) for number in range(1, 5))
PARENTS: Parents = {TOWN: None, QUARTER: TOWN, CORNER: QUARTER, OTHER: TOWN}
CAMERA, ELSEWHERE = UUID(int=10), UUID(int=11)
HERE = CameraPlace(CAMERA, CORNER)
TEAMS = (UUID(int=20), UUID(int=21))
WEDNESDAY = datetime.fromisoformat("2026-11-25 02:14")


def rule(number: int = 100, **changed: Any) -> AlertRule:
    return replace(AlertRule(UUID(int=number), TOWN, None), **changed)


def at(*rules: AlertRule, when: datetime = WEDNESDAY) -> list[tuple[AlertRule, datetime]]:
    return [(one, when) for one in rules]


def verdict(
    *rules: AlertRule, what: Sequence[RuleSubject] = (RuleSubject("person"),)
) -> RoutingDecision:
    return judge(at(*rules), HERE, what, PARENTS)


def test_where_no_rule_counts_everybody_is_told_as_without_any() -> None:
    assert verdict() == DEFAULT
    beside = rule(area_id=OTHER, tells=RuleRecipients.NOBODY)
    another = rule(area_id=None, camera_id=ELSEWHERE, tells=RuleRecipients.NOBODY)
    by_day = rule(tells=RuleRecipients.NOBODY, window=Window(starts_minute=360, ends_minute=1080))
    loitering = rule(tells=RuleRecipients.NOBODY, kind="loitering")
    assert verdict(beside, another, by_day, loitering) == DEFAULT


def test_the_nearest_place_counts_first_then_zone_kind_dates_and_hours() -> None:
    wide = rule(1, tells=RuleRecipients.NOBODY, kind="person", zone="gate")
    near = rule(2, area_id=CORNER)
    what = (RuleSubject("person", "gate"),)
    assert verdict(wide, near, what=what).tells is RuleRecipients.EVERYBODY
    ranked = [
        rule(3, area_id=CORNER),
        rule(4, area_id=CORNER, window=Window(starts_minute=60, ends_minute=300)),
        rule(5, area_id=CORNER, window=Window(from_day=date(2026, 11, 1))),
        rule(6, area_id=CORNER, kind="person"),
        rule(7, area_id=CORNER, zone="gate"),
        rule(8, area_id=None, camera_id=CAMERA),
    ]
    for number, stronger in enumerate(ranked[1:], start=1):
        weaker = ranked[:number]
        assert verdict(*weaker, stronger, what=what).rule_id == stronger.rule_id
        assert verdict(stronger, *weaker, what=what).rule_id == stronger.rule_id


def test_a_rule_of_people_who_pass_keeps_nobody_from_hearing_that_they_linger() -> None:
    quiet = rule(1, area_id=None, camera_id=CAMERA, kind="person", tells=RuleRecipients.NOBODY)
    met = (RuleMet("loitering", "gate", seconds=60),)
    assert verdict(quiet, what=subjects_of("person", ())).tells is RuleRecipients.NOBODY
    assert verdict(quiet, what=subjects_of("person", met)) == DEFAULT
    team = rule(2, kind="loitering", tells=RuleRecipients.TEAM, team_id=TEAMS[0])
    assert verdict(quiet, team, what=subjects_of("person", met)).team_id == TEAMS[0]


def test_of_two_things_at_once_the_louder_word_counts_and_two_teams_are_everybody() -> None:
    entry = rule(1, kind="entry", tells=RuleRecipients.NOBODY)
    lingering = rule(2, kind="loitering", tells=RuleRecipients.TEAM, team_id=TEAMS[0])
    crossing = rule(
        3, kind="crossing", tells=RuleRecipients.TEAM, team_id=TEAMS[1], urgency=Urgency.CRITICAL
    )
    both = (RuleSubject("entry", "gate"), RuleSubject("loitering", "gate"))
    assert verdict(entry, lingering, what=both).team_id == TEAMS[0]
    three = (*both, RuleSubject("crossing", "kerb"))
    assert verdict(entry, lingering, crossing, what=three) == RoutingDecision(
        urgency=Urgency.CRITICAL
    )


def test_a_view_taken_away_and_a_silent_node_always_tell_somebody() -> None:
    quiet = rule(1, area_id=None, camera_id=CAMERA, tells=RuleRecipients.NOBODY)
    team = rule(2, tells=RuleRecipients.TEAM, team_id=TEAMS[0])
    assert verdict(quiet, what=subjects_of("tamper_covered", ())) == DEFAULT
    assert verdict(quiet, what=subjects_of("node_silent", ())) == DEFAULT
    assert verdict(quiet, team, what=subjects_of("tamper_covered", ())).team_id == TEAMS[0]
    assert (
        verdict(quiet, team, what=subjects_of("node_silent", ())).tells is RuleRecipients.EVERYBODY
    )


@pytest.mark.parametrize(
    ("window", "at_time", "holds"),
    [
        (Window(starts_minute=1320, ends_minute=300), "2026-11-25 23:00", True),
        (Window(starts_minute=1320, ends_minute=300), "2026-11-25 04:59", True),
        (Window(starts_minute=1320, ends_minute=300), "2026-11-25 05:00", False),
        (Window(frozenset({2}), 1320, 300), "2026-11-25 04:00", False),  # Tuesday's night
        (Window(frozenset({1}), 1320, 300), "2026-11-25 04:00", True),
        (Window(frozenset({2}), 1320, 300), "2026-11-26 04:00", True),
        (Window(until_day=date(2026, 11, 24)), "2026-11-25 00:00", False),
        (
            Window(frozenset(range(7)), 1320, 300, None, date(2026, 11, 24)),
            "2026-11-25 01:00",
            True,
        ),
        (Window(from_day=date(2026, 11, 25)), "2026-11-25 00:00", True),
        (Window(from_day=date(2026, 11, 26)), "2026-11-25 23:59", False),
    ],
)
def test_a_window_belongs_to_the_day_that_it_begins_on(
    window: Window, at_time: str, holds: bool
) -> None:
    assert window.holds(datetime.fromisoformat(at_time)) is holds


def test_a_team_is_called_before_the_plan_and_without_one_everybody_after_it() -> None:
    desk = EscalationStep(StepRecipients.TEAM, 120, TEAMS[1])
    first = EscalationStep(StepRecipients.TEAM, 30, TEAMS[0])
    assert with_team_first(EscalationPlan((desk,), 2), TEAMS[0], 30) == EscalationPlan(
        (first, desk), 2
    )
    assert with_team_first(None, TEAMS[0], 30).steps[1].whom is StepRecipients.EVERYBODY


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"camera_id": CAMERA}, RuleFault.PLACE),
        ({"area_id": None}, RuleFault.PLACE),
        ({"kind": "dragon"}, RuleFault.KIND),
        ({"window": Window(frozenset())}, RuleFault.DAYS),
        ({"window": Window(starts_minute=1440)}, RuleFault.TIME),
        (
            {"window": Window(from_day=date(2026, 2, 1), until_day=date(2026, 1, 1))},
            RuleFault.DATES,
        ),
        ({"tells": RuleRecipients.TEAM}, RuleFault.TEAM),
        ({"team_id": TEAMS[0]}, RuleFault.TEAM),
        ({"tells": RuleRecipients.TEAM, "team_id": TEAMS[0], "kind": "node"}, RuleFault.TEAM),
        ({"wait_s": 9}, RuleFault.WAIT),
        ({"tells": RuleRecipients.NOBODY, "kind": "tamper"}, RuleFault.NEVER_QUIET),
        ({"tells": RuleRecipients.NOBODY, "urgency": Urgency.CRITICAL}, RuleFault.NOTHING),
    ],
)
def test_what_cannot_be_a_rule_is_said(changed: dict[str, Any], fault: RuleFault) -> None:
    assert faults(rule(**changed)) == [fault]
    assert faults(rule()) == []


# Of any rules: what the module says is what a slow reading of the promise says.

WINDOWS = st.builds(
    Window,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sampled_from([0, 60, 720, 1320]),
    st.sampled_from([0, 60, 300, 1439]),
    st.none() | st.just(date(2026, 11, 25)),
    st.none() | st.just(date(2026, 11, 25)),
)
TOLD = st.one_of(
    st.just((RuleRecipients.EVERYBODY, None)),
    st.just((RuleRecipients.NOBODY, None)),
    st.sampled_from([(RuleRecipients.TEAM, TEAMS[0]), (RuleRecipients.TEAM, TEAMS[1])]),
)
PLACES = st.sampled_from(
    [
        (TOWN, None),
        (QUARTER, None),
        (CORNER, None),
        (OTHER, None),
        (None, CAMERA),
        (None, ELSEWHERE),
    ]
)
THINGS = st.builds(RuleSubject, st.sampled_from(KINDS), st.sampled_from([None, "gate", "kerb"]))


@st.composite
def rules(draw: st.DrawFn) -> list[AlertRule]:
    found = []
    for number in range(draw(st.integers(0, 7))):
        tells, team_id = draw(TOLD)
        found.append(
            AlertRule(
                UUID(int=1000 + number),
                *draw(PLACES),
                draw(st.none() | st.sampled_from(KINDS)),
                draw(st.sampled_from([None, None, "gate", "kerb"])),
                draw(WINDOWS),
                tells,
                team_id,
                draw(st.sampled_from([10, 60, 90])),
                draw(st.sampled_from(list(Urgency))),
                number,
            )
        )
    return found


def slowly(there: list[AlertRule], what: RuleSubject, when: datetime) -> RoutingDecision:
    """Place by place from the camera upwards, and there the most exact of those that count."""
    places: list[tuple[UUID | None, UUID | None]] = [
        (None, CAMERA),
        (CORNER, None),
        (QUARTER, None),
        (TOWN, None),
    ]
    for place in places:
        here = [
            one
            for one in there
            if (one.area_id, one.camera_id) == place
            and one.kind in (None, what.kind)
            and one.zone in (None, what.zone)
            and any(minute_of(one.window, when, back) for back in (0, 1))
            and not (one.tells is RuleRecipients.NOBODY and what.kind in NEVER_QUIET)
        ]
        for is_exact in (
            lambda one: one.zone is not None,
            lambda one: one.kind is not None,
            lambda one: one.window.from_day is not None or one.window.until_day is not None,
            lambda one: (
                not (
                    one.window.starts_minute == one.window.ends_minute
                    and len(one.window.weekdays) == 7
                )
            ),
            lambda one: one.tells is RuleRecipients.EVERYBODY,
            lambda one: one.tells is RuleRecipients.TEAM,
            lambda one: one.urgency is Urgency.CRITICAL,
            lambda one: one.urgency is Urgency.AS_IS,
        ):
            here = [one for one in here if is_exact(one)] or here
        if here:
            last = max(here, key=lambda one: one.made_utc_us)
            if what.kind == "node":
                return RoutingDecision(
                    RuleRecipients.EVERYBODY, None, last.wait_s, last.urgency, last.rule_id
                )
            return RoutingDecision(
                last.tells, last.team_id, last.wait_s, last.urgency, last.rule_id
            )
    return DEFAULT


def minute_of(window: Window, when: datetime, back: int) -> bool:
    """Whether the window of the day so many days before holds now, minute by minute."""
    day = when.date() - timedelta(days=back)
    if day.weekday() not in window.weekdays:
        return False
    if window.from_day is not None and day < window.from_day:
        return False
    if window.until_day is not None and day > window.until_day:
        return False
    starts = datetime.combine(day, datetime.min.time()) + timedelta(minutes=window.starts_minute)
    minutes = window.ends_minute - window.starts_minute
    minutes = minutes if minutes > 0 else minutes + 1440
    return starts <= when < starts + timedelta(minutes=minutes)


@pytest.mark.promise("Rules and duty: Random rosters and rules give the right person.")
@schedules(300, steps=1)
@given(
    there=rules(),
    what=st.lists(THINGS, min_size=1, max_size=3),
    hours=st.integers(0, 24 * 9),
    shuffled=st.randoms(use_true_random=False),
)
def test_of_any_rules_the_most_exact_counts_and_nothing_is_quiet_that_no_rule_names(
    there: list[AlertRule], what: list[RuleSubject], hours: int, shuffled: Any
) -> None:
    when = datetime.fromisoformat("2026-11-21") + timedelta(hours=hours)
    alone = [slowly(there, one, when) for one in what]
    mixed = list(there)
    shuffled.shuffle(mixed)
    for one, expected in zip(what, alone, strict=True):
        assert judge(at(*mixed, when=when), HERE, [one], PARENTS) == expected
    told = judge(at(*mixed, when=when), HERE, what, PARENTS)
    assert (told.tells is RuleRecipients.NOBODY) == all(
        one.tells is RuleRecipients.NOBODY for one in alone
    )
    if any(one.kind in NEVER_QUIET for one in what):
        assert told.tells is not RuleRecipients.NOBODY
    if told.tells is RuleRecipients.TEAM:
        assert told.team_id in {one.team_id for one in alone}
        assert all(one.tells is not RuleRecipients.EVERYBODY for one in alone)
    assert told.urgency is max(
        (one.urgency for one in alone),
        key=[Urgency.USUAL, Urgency.AS_IS, Urgency.CRITICAL].index,
    )


@pytest.mark.promise("Rules and duty: Random rosters and rules give the right person.")
@schedules(100, steps=1)
@given(
    window=WINDOWS,
    spans=st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1439)), max_size=3),
    days=st.frozensets(st.integers(0, 6)),
)
def test_the_empty_hours_of_a_rule_are_those_of_its_window_in_which_nobody_is_on_duty(
    window: Window, spans: list[tuple[int, int]], days: frozenset[int]
) -> None:
    crew = dict.fromkeys(days, (CAMERA,))
    shifts = [Shift(UUID(int=n), "x", *span, crew) for n, span in enumerate(spans)]
    roster = Roster(tuple(shifts))
    found = empty_hours(window, roster)
    always = replace(window, from_day=None, until_day=None)
    for hour in range(0, 7 * 24 * 60, 97):
        moment = datetime.fromisoformat("2001-01-01") + timedelta(minutes=hour)
        is_told = any(
            hole.starts <= one < hole.ends
            for hole in found
            for one in (moment, moment + timedelta(days=7))
        )
        # What crosses the end of the week is the next week's Monday.
        is_empty = not people_on_call(roster, moment) and not people_on_call(
            roster, moment + timedelta(days=7)
        )
        assert is_told == (is_empty and always.holds(moment))
