"""Helpers of the tests of rosters, used by more than one module."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from hypothesis import strategies as st

from hub.alerting.oncall.rules.rosters import (
    DAY_MINUTES,
    Crew,
    Roster,
    RosterException,
    Shift,
    Substitute,
)

AN, BINH, CHI, DUNG = (UUID(int=number) for number in range(1, 5))


DAY, NIGHT, HALF = UUID(int=101), UUID(int=102), UUID(int=103)


WEDNESDAY = date(2026, 11, 25)


def every_day(*crew: UUID) -> dict[int, Crew]:
    return dict.fromkeys(range(7), crew)


def shift(key: UUID, starts: str, ends: str, weekly: dict[int, Crew]) -> Shift:
    return Shift(key, starts, _minute(starts), _minute(ends), weekly)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def at(clock: str, day: date = WEDNESDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock))


ROUND_THE_CLOCK = Roster(
    (
        shift(DAY, "06:00", "18:00", every_day(AN, BINH)),
        shift(NIGHT, "18:00", "06:00", every_day(CHI)),
    )
)
PEOPLE = st.sampled_from([AN, BINH, CHI, DUNG])
CREWS = st.lists(PEOPLE, max_size=3, unique=True).map(tuple)
MINUTES = st.integers(0, DAY_MINUTES // 30 - 1).map(lambda half_hour: half_hour * 30)
DAYS = st.integers(0, 9).map(lambda number: WEDNESDAY + timedelta(days=number))


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    """Any shifts, however they overlap, with odd days and stand-ins."""
    keys = [DAY, NIGHT, HALF][: draw(st.integers(0, 3))]
    shifts = tuple(
        Shift(
            key, "", draw(MINUTES), draw(MINUTES), draw(st.dictionaries(st.integers(0, 6), CREWS))
        )
        for key in keys
    )
    if not keys:
        return Roster(())
    key = st.sampled_from(keys)
    odd = draw(st.lists(st.builds(RosterException, key, DAYS, CREWS), max_size=4))
    changed = draw(
        st.lists(
            st.builds(Substitute, key, DAYS, PEOPLE, PEOPLE),
            max_size=4,
            unique_by=lambda one: (one.shift_id, one.day, one.instead_of),
        )
    )
    return Roster(shifts, tuple(odd), tuple(changed))
