"""Hours of the week: which moments they contain, and which texts are refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.board.clock import LocalTime
from agent.media.frame import Instant
from agent.vision.hours import DAYS, Hours, WeekSpan
from agent.wire.terms import ClockSource

pytestmark = [
    pytest.mark.promise("Zones and rules: Zones, hours and night values of a camera apply."),
    pytest.mark.promise(
        "Zones and rules: Loitering, crossed lines, entries, hours and groups raise events."
    ),
]

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def at(day: int, clock: str) -> datetime:
    hour, minute = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))


CASES = [
    ("22:00-05:00", 0, "21:59", False),
    ("22:00-05:00", 0, "22:00", True),
    ("22:00-05:00", 0, "04:59", True),
    ("22:00-05:00", 0, "05:00", False),
    ("fri 22:00-05:00", 5, "03:00", True),
    ("fri 22:00-05:00", 4, "03:00", False),
    ("sun 22:00-05:00", 0, "03:00", True),
    ("mon-fri 07:00-18:00", 5, "12:00", False),
    ("mon-fri 07:00-18:00", 4, "12:00", True),
    ("sat-mon 07:00-18:00", 0, "12:00", True),
    ("sat,sun 00:00-24:00", 6, "23:59", True),
    ("tue 18:00-24:00", 2, "00:00", False),
]


@pytest.mark.parametrize(("text", "day", "clock", "holds"), CASES)
def test_hours_hold_when_they_say_so(text: str, day: int, clock: str, *, holds: bool) -> None:
    assert Hours.parse([text]).hold(at(day, clock)) is holds


@given(st.integers(0, 1439), st.integers(0, 1439), st.sets(st.integers(0, 6), min_size=1))
def test_a_span_and_its_rest_of_the_week_hold_each_minute_once(
    begin: int, end: int, days: set[int]
) -> None:
    if begin == end:
        return
    span = WeekSpan(frozenset(days), begin, end)
    minutes = sum(span.holds(day, minute) for day in range(7) for minute in range(1440))
    assert minutes == len(days) * ((end - begin) % 1440)


@given(st.text(max_size=20))
def test_what_is_no_span_is_refused_with_the_cure(text: str) -> None:
    try:
        WeekSpan.parse(text)
    except ValueError as error:
        assert "write it as" in str(error)


@given(st.sampled_from(DAYS), st.integers(0, 23), st.integers(0, 59))
def test_what_is_written_is_what_is_read(day: str, hour: int, minute: int) -> None:
    span = WeekSpan.parse(f"{day} {hour:02}:{minute:02}-24:00")
    assert span == WeekSpan(frozenset({DAYS.index(day)}), hour * 60 + minute, 1440)


def test_the_hour_is_that_of_the_configured_zone() -> None:
    local = LocalTime(ZoneInfo("Asia/Ho_Chi_Minh"), lambda: (ClockSource.NTP, 20), camera="cong")
    at_midnight = Instant(0, round(MONDAY.timestamp() * 1e6))
    told = local(at_midnight)
    assert told is not None
    assert (told.hour, told.weekday()) == (7, 0)


@pytest.mark.parametrize(
    ("source", "error_ms"),
    [(ClockSource.NONE, None), (ClockSource.RTC, None), (ClockSource.NTP, 61_000)],
)
def test_a_clock_nobody_vouches_for_tells_no_hour(
    source: ClockSource, error_ms: int | None
) -> None:
    local = LocalTime(ZoneInfo("UTC"), lambda: (source, error_ms), camera="cong")
    assert local(Instant(0, 0)) is None
