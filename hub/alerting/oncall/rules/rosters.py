"""Rosters: who is on duty at a moment, and coverage gaps.

A roster has shifts with local times; each shift has its people for every weekday. A shift belongs
to the day it begins on, including its part after midnight. An exception (`RosterException`)
replaces the people of one shift on one date, with others or nobody. A substitute (`Substitute`)
takes one person's duty on one date; a swap is two substitutes. All times are local, without a zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from hub.base.text.order import by_name

DAY_MINUTES: Final = 24 * 60
SOME_MONDAY: Final = date(2001, 1, 1)
"""Week without exceptions, used to compute the weekly pattern."""

Crew = tuple[UUID, ...]
"""People in calling order."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift: minutes of the day, 0-1439. A shift that ends at or before its start ends on the
    next day."""

    shift_id: UUID
    name: str
    starts_minute: int
    ends_minute: int
    weekly: Mapping[int, Crew] = field(default_factory=dict)
    """People by weekday (Monday is 0); a missing day has none."""

    @property
    def minutes(self) -> int:
        """Length of the shift in minutes, 1-1440."""
        return (self.ends_minute - self.starts_minute - 1) % DAY_MINUTES + 1


@dataclass(frozen=True, slots=True)
class RosterException:
    """Exception: one shift on one date has these people, or nobody."""

    shift_id: UUID
    day: date
    crew: Crew


@dataclass(frozen=True, slots=True)
class Substitute:
    """Substitute: one person takes another's duty on one date; no effect if there is none."""

    shift_id: UUID
    day: date
    instead_of: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class Roster:
    """Duties of a team; of two exceptions for one shift and date the later in the sequence wins."""

    shifts: tuple[Shift, ...]
    odd_days: tuple[RosterException, ...] = ()
    stand_ins: tuple[Substitute, ...] = ()
    absent: frozenset[UUID] = frozenset()
    """People whose places are empty for now: their accounts are suspended."""


@dataclass(frozen=True, slots=True)
class RosterTurn:
    """A shift on a date, with its people."""

    shift: Shift
    starts: datetime
    ends: datetime
    crew: Crew


@dataclass(frozen=True, slots=True)
class CoverageGap:
    """Coverage gap from `starts` until just before `ends`."""

    starts: datetime
    ends: datetime


def crew_of(roster: Roster, shift: Shift, day: date) -> Crew:
    """People of this shift when it begins on that day, without those who are absent."""
    crew = shift.weekly.get(day.weekday(), ())
    for odd in roster.odd_days:
        if (odd.shift_id, odd.day) == (shift.shift_id, day):
            crew = odd.crew
    # All at once, so that a swap within one shift is not undone.
    changes = {
        one.instead_of: one.person_id
        for one in roster.stand_ins
        if (one.shift_id, one.day) == (shift.shift_id, day)
    }
    there = dict.fromkeys(changes.get(person, person) for person in crew)
    return tuple(one for one in there if one not in roster.absent)


def settled(roster: Roster, leaving: UUID) -> list[RosterException]:
    """Exceptions to write when this person leaves the roster, for dates of a swap with them.

    A substitute of the person stays on duty. A person for whom they were the substitute does not
    get the duty back without being asked: that place stays empty, so a gap is shown.
    """
    others = tuple(
        one for one in roster.stand_ins if leaving not in (one.instead_of, one.person_id)
    )
    plain = replace(roster, stand_ins=others)
    shifts = {shift.shift_id: shift for shift in roster.shifts}
    dates = {(one.shift_id, one.day) for one in roster.stand_ins if one not in others}
    found = []
    for shift_id, day in sorted(dates, key=lambda one: (one[1], one[0])):
        crew, usual = (
            tuple(one for one in crew_of(which, shifts[shift_id], day) if one != leaving)
            for which in (roster, plain)
        )
        if crew != usual:
            found.append(RosterException(shift_id, day, crew))
    return found


def roster_turns(roster: Roster, first: date, days: int) -> list[RosterTurn]:
    """All shifts that begin on these days, by start time."""
    found = []
    for day in (first + timedelta(days=number) for number in range(days)):
        for shift in roster.shifts:
            starts = _midnight(day) + timedelta(minutes=shift.starts_minute)
            ends = starts + timedelta(minutes=shift.minutes)
            found.append(RosterTurn(shift, starts, ends, crew_of(roster, shift, day)))
    return sorted(
        found, key=lambda turn: (turn.starts, by_name(turn.shift.name), turn.shift.shift_id)
    )


def people_on_call(roster: Roster, at: datetime) -> Crew:
    """People on duty at this time, the earliest shift first."""
    near = roster_turns(roster, at.date() - timedelta(days=1), 2)
    there = [person for turn in near if turn.starts <= at < turn.ends for person in turn.crew]
    return tuple(dict.fromkeys(there))


def numbers(crew: Crew, absent: frozenset[UUID]) -> set[int]:
    """Places in the calling order, from 1, of people who are not absent."""
    return {number for number, one in enumerate(crew, start=1) if one not in absent}


def numbers_on_call(roster: Roster) -> set[int]:
    """Places in the calling order, from 1, that some shift of the week fills."""
    usual = replace(roster, odd_days=(), stand_ins=(), absent=frozenset())
    crews = {people_on_call(usual, turn.starts) for turn in roster_turns(usual, SOME_MONDAY, 7)}
    return {number for crew in crews for number in numbers(crew, roster.absent)}


def coverage_gaps(roster: Roster, first: date, days: int) -> list[CoverageGap]:
    """Coverage gaps between the first midnight and the last."""
    here = _midnight(first)
    end = here + timedelta(days=days)
    found = []
    for turn in roster_turns(roster, first - timedelta(days=1), days + 1):
        if not turn.crew:
            continue
        if turn.starts > here:
            found.append(CoverageGap(here, min(turn.starts, end)))
        here = max(here, turn.ends)
    if here < end:
        found.append(CoverageGap(here, end))
    return found


def weekly_gaps(roster: Roster) -> list[CoverageGap]:
    """Coverage gaps of the weekly pattern, in the week of `SOME_MONDAY`; exceptions are not
    counted.

    A gap across the end of the week is one gap and begins in this week.
    """
    found = coverage_gaps(replace(roster, odd_days=(), stand_ins=()), SOME_MONDAY, 7)
    week = timedelta(days=7)
    monday = _midnight(SOME_MONDAY)
    if len(found) > 1 and (found[0].starts, found[-1].ends) == (monday, monday + week):
        over = CoverageGap(found[-1].starts, found[0].ends + week)
        return [*found[1:-1], over]
    return found


def dated_gaps(roster: Roster, first: date, days: int) -> list[CoverageGap]:
    """Coverage gaps of these days that the weekly pattern does not have."""
    usual = coverage_gaps(replace(roster, odd_days=(), stand_ins=()), first, days)
    return [gap for gap in coverage_gaps(roster, first, days) if not _lies_in(gap, usual)]


def next_turns(roster: Roster, at: datetime, within_days: int = 8) -> list[RosterTurn]:
    """Shifts with people that begin after `at`, the next first."""
    return [
        turn
        for turn in roster_turns(roster, at.date(), within_days)
        if turn.starts > at and turn.crew
    ]


def _lies_in(gap: CoverageGap, others: Sequence[CoverageGap]) -> bool:
    return any(one.starts <= gap.starts and gap.ends <= one.ends for one in others)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
