"""Who is on duty, at any moment of any roster, and where nobody is."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alerting.oncall.rules.rosters import (
    DAY_MINUTES,
    SOME_MONDAY,
    CoverageGap,
    Roster,
    RosterException,
    Substitute,
    coverage_gaps,
    crew_of,
    dated_gaps,
    next_turns,
    numbers_on_call,
    people_on_call,
    settled,
    weekly_gaps,
)
from tests.hub.helpers.alerting.rosters import (
    AN,
    BINH,
    CHI,
    DAY,
    DUNG,
    HALF,
    NIGHT,
    ROUND_THE_CLOCK,
    WEDNESDAY,
    at,
    every_day,
    rosters,
    shift,
)
from tests.schedules import schedules

pytestmark = [
    pytest.mark.promise("Rules and duty: Rosters have shifts, swaps and holidays."),
    pytest.mark.promise("Rules and duty: A gap in a roster is reported when it is saved."),
]

THURSDAY = WEDNESDAY + timedelta(days=1)


def test_the_people_of_the_shift_are_on_duty_in_their_order() -> None:
    assert people_on_call(ROUND_THE_CLOCK, at("06:00")) == (AN, BINH)
    assert people_on_call(ROUND_THE_CLOCK, at("17:59")) == (AN, BINH)
    assert people_on_call(ROUND_THE_CLOCK, at("18:00")) == (CHI,)


def test_a_shift_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    roster = Roster((shift(NIGHT, "18:00", "06:00", {2: (CHI,)}),))
    assert people_on_call(roster, at("02:00", WEDNESDAY + timedelta(days=1))) == (CHI,)
    assert people_on_call(roster, at("02:00", WEDNESDAY)) == ()


def test_a_shift_that_ends_when_it_begins_lasts_a_day() -> None:
    roster = Roster((shift(DAY, "07:00", "07:00", {2: (AN,)}),))
    assert (
        people_on_call(roster, at("07:00"))
        == people_on_call(roster, at("06:59", date(2026, 11, 26)))
        == (AN,)
    )
    assert people_on_call(roster, at("07:00", date(2026, 11, 26))) == ()


def test_the_place_of_an_absent_person_is_empty_and_the_others_keep_theirs() -> None:
    roster = replace(ROUND_THE_CLOCK, absent=frozenset({AN, CHI}))
    assert people_on_call(roster, at("12:00")) == (BINH,)
    assert people_on_call(roster, at("20:00")) == ()
    assert numbers_on_call(ROUND_THE_CLOCK) == {1, 2}
    assert numbers_on_call(roster) == {2}
    assert len(weekly_gaps(roster)) == 7
    cover = replace(roster, stand_ins=(Substitute(NIGHT, WEDNESDAY, CHI, DUNG),))
    assert people_on_call(cover, at("20:00")) == (DUNG,), "somebody stands in for them"


def test_on_a_holiday_others_are_on_duty_or_nobody() -> None:
    shifts = ROUND_THE_CLOCK.shifts
    roster = Roster(
        shifts, (RosterException(DAY, WEDNESDAY, (DUNG,)), RosterException(NIGHT, WEDNESDAY, ()))
    )
    assert people_on_call(roster, at("12:00")) == (DUNG,)
    assert people_on_call(roster, at("23:00")) == ()
    assert people_on_call(roster, at("12:00", date(2026, 11, 26))) == (AN, BINH)


def test_two_people_swap_and_each_keeps_the_others_place() -> None:
    thursday = date(2026, 11, 26)
    roster = Roster(
        ROUND_THE_CLOCK.shifts,
        stand_ins=(Substitute(DAY, WEDNESDAY, BINH, CHI), Substitute(NIGHT, thursday, CHI, BINH)),
    )
    assert people_on_call(roster, at("12:00")) == (AN, CHI)
    assert people_on_call(roster, at("20:00")) == (CHI,)
    assert people_on_call(roster, at("20:00", thursday)) == (BINH,)


def test_a_swap_within_one_shift_is_not_undone_by_its_other_half() -> None:
    roster = Roster(
        ROUND_THE_CLOCK.shifts,
        stand_ins=(Substitute(DAY, WEDNESDAY, AN, BINH), Substitute(DAY, WEDNESDAY, BINH, AN)),
    )
    assert people_on_call(roster, at("12:00")) == (BINH, AN)


def test_a_stand_in_for_somebody_who_has_no_duty_changes_nothing() -> None:
    roster = Roster(ROUND_THE_CLOCK.shifts, stand_ins=(Substitute(DAY, WEDNESDAY, DUNG, CHI),))
    assert people_on_call(roster, at("12:00")) == (AN, BINH)


def test_a_hole_is_found_with_its_day_and_hours() -> None:
    """Nobody from 02:00 to 06:00 on Sunday."""
    early, late = every_day(AN), every_day(CHI)
    late[5] = ()  # Saturday night
    roster = Roster(
        (
            shift(DAY, "06:00", "18:00", early),
            shift(NIGHT, "18:00", "06:00", late),
            shift(HALF, "18:00", "02:00", {5: (BINH,)}),
        )
    )
    (hole,) = weekly_gaps(roster)
    sunday = SOME_MONDAY + timedelta(days=6)
    assert (hole.starts, hole.ends) == (at("02:00", sunday), at("06:00", sunday))


def test_a_roster_round_the_clock_has_no_hole() -> None:
    assert weekly_gaps(ROUND_THE_CLOCK) == []


def test_a_holiday_that_leaves_a_hole_is_found_on_its_date_alone() -> None:
    roster = Roster(ROUND_THE_CLOCK.shifts, (RosterException(DAY, WEDNESDAY, ()),))
    (hole,) = dated_gaps(roster, date(2026, 11, 20), 30)
    assert (hole.starts, hole.ends) == (at("06:00"), at("18:00"))
    assert weekly_gaps(roster) == []


def test_who_is_next_leaves_out_shifts_without_people() -> None:
    roster = Roster(ROUND_THE_CLOCK.shifts, (RosterException(NIGHT, WEDNESDAY, ()),))
    turn = next_turns(roster, at("12:00"))[0]
    assert (turn.starts, turn.crew) == (at("06:00", date(2026, 11, 26)), (AN, BINH))


def there_by_the_minute(roster: Roster, moment: datetime) -> set[UUID]:
    """People on duty, found by walking each shift's minutes."""
    found: set[UUID] = set()
    for one in roster.shifts:
        for back in (0, 1):
            day = moment.date() - timedelta(days=back)
            since = (moment - datetime.combine(day, time())) // timedelta(minutes=1)
            end = one.ends_minute + (DAY_MINUTES if one.ends_minute <= one.starts_minute else 0)
            if one.starts_minute <= since < end:
                found |= set(crew_of(roster, one, day))
    return found


@pytest.mark.promise("Rules and duty: Random rosters and rules give the right person.")
@schedules(60, steps=1)
@given(rosters(), st.integers(0, 10 * DAY_MINUTES - 1))
def test_of_any_roster_on_duty_is_whoever_has_a_shift_then(roster: Roster, minute: int) -> None:
    moment = datetime.combine(WEDNESDAY, time()) + timedelta(minutes=minute)
    crew = people_on_call(roster, moment)
    assert len(set(crew)) == len(crew)
    assert set(crew) == there_by_the_minute(roster, moment)


@schedules(60, steps=1)
@given(rosters(), st.integers(1, 10))
def test_of_any_roster_the_holes_are_just_when_nobody_is_on_duty(roster: Roster, days: int) -> None:
    found = coverage_gaps(roster, WEDNESDAY, days)
    assert all(one.starts < one.ends for one in found)
    assert all(one.ends < two.starts for one, two in pairwise(found))
    for half_hour in range(days * 48):
        moment = datetime.combine(WEDNESDAY, time()) + timedelta(minutes=30 * half_hour)
        is_in_hole = any(one.starts <= moment < one.ends for one in found)
        assert is_in_hole == (people_on_call(roster, moment) == ()), moment


def left(roster: Roster, leaving: UUID) -> Roster:
    """The roster as the store leaves it after this person has gone."""
    exceptions = settled(roster, leaving)
    dates = {(one.shift_id, one.day) for one in exceptions}
    gone = {(one.shift_id, one.day) for one in roster.stand_ins} & dates
    swaps = tuple(
        one
        for one in roster.stand_ins
        if (one.shift_id, one.day) not in gone and leaving not in (one.instead_of, one.person_id)
    )
    shifts = tuple(
        replace(
            one,
            weekly={
                day: tuple(who for who in crew if who != leaving)
                for day, crew in one.weekly.items()
            },
        )
        for one in roster.shifts
    )
    return replace(roster, shifts=shifts, odd_days=(*roster.odd_days, *exceptions), stand_ins=swaps)


def test_who_took_over_the_duty_of_a_person_who_leaves_still_does_it() -> None:
    after = left(
        replace(ROUND_THE_CLOCK, stand_ins=(Substitute(NIGHT, WEDNESDAY, CHI, DUNG),)), CHI
    )
    assert people_on_call(after, at("20:00")) == (DUNG,)
    assert CoverageGap(at("18:00"), at("06:00", THURSDAY)) not in coverage_gaps(after, WEDNESDAY, 2)
    assert people_on_call(after, at("20:00", THURSDAY)) == ()


def test_who_gave_a_duty_to_a_person_who_leaves_does_not_get_it_back_and_the_gap_is_seen() -> None:
    after = left(
        replace(ROUND_THE_CLOCK, stand_ins=(Substitute(NIGHT, WEDNESDAY, CHI, DUNG),)), DUNG
    )
    assert people_on_call(after, at("20:00")) == ()
    assert dated_gaps(after, WEDNESDAY, 3) == [CoverageGap(at("18:00"), at("06:00", THURSDAY))]
    assert people_on_call(after, at("20:00", THURSDAY)) == (CHI,)


def test_swaps_of_others_on_that_date_stay() -> None:
    swaps = (Substitute(DAY, WEDNESDAY, AN, CHI), Substitute(DAY, WEDNESDAY, BINH, DUNG))
    after = left(replace(ROUND_THE_CLOCK, stand_ins=swaps), DUNG)
    assert people_on_call(after, at("12:00")) == (CHI,)
    assert settled(replace(ROUND_THE_CLOCK, stand_ins=swaps[:1]), DUNG) == []


def test_a_swap_that_had_no_effect_makes_no_exception() -> None:
    assert (
        settled(replace(ROUND_THE_CLOCK, stand_ins=(Substitute(DAY, WEDNESDAY, CHI, DUNG),)), CHI)
        == []
    )
