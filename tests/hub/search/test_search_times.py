"""Days and hours of chips as parts of a span, with a fixed clock."""

from datetime import date

import pytest

from hub.search.rules.chips import Days, Hours, Meaning, Recent, Weekdays
from hub.search.sentence_form import time_of
from hub.search.time_form import SearchSpan
from tests.hub.helpers.search.find_times import at, calendar

pytestmark = pytest.mark.promise("Search: A search goes by time in words or numbers.")

NOW = "2026-11-29T10:00"  # a Sunday
WEEK = SearchSpan(at("2026-11-22T10:00"), at(NOW))
TUESDAY = Weekdays(frozenset({1}))


def told(span: SearchSpan | None, *meanings: Meaning) -> list[tuple[str, str]]:
    """The searched parts, latest first, to the minute."""
    found = time_of(span, meanings, calendar(NOW))
    parts = found.windows or ((found.span.from_utc_us, found.span.until_utc_us),)
    return [(clock(begin), clock(end)) for begin, end in parts]


def clock(utc_us: int) -> str:
    return f"{calendar(NOW).local(utc_us):%d %H:%M}"


def test_hours_are_of_each_day_of_the_span_and_end_with_it() -> None:
    parts = told(WEEK, Hours(9 * 60, 11 * 60))
    assert parts[0] == ("29 09:00", "29 10:00")
    assert parts[-1] == ("22 10:00", "22 10:59")
    assert len(parts) == 8


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    assert told(WEEK, TUESDAY, Hours(22 * 60, 2 * 60)) == [("24 22:00", "25 01:59")]
    assert told(SearchSpan(at("2026-11-25T01:00"), at(NOW)), TUESDAY, Hours(22 * 60, 2 * 60)) == [
        ("25 01:00", "25 01:59")
    ]


def test_a_night_of_named_days_goes_on_after_their_midnight() -> None:
    friday, night = date(2026, 11, 27), Hours(18 * 60, 6 * 60)
    assert told(None, night, Days(friday, friday)) == [("27 18:00", "28 05:59")]
    assert told(None, Days(date(2026, 11, 26), friday), Hours(22 * 60, 2 * 60)) == [
        ("27 22:00", "28 01:59"),
        ("26 22:00", "27 01:59"),
    ]
    yesterday = date(2026, 11, 28)
    assert told(None, Days(yesterday, yesterday), night) == [("28 18:00", "29 05:59")]
    later = SearchSpan(at("2026-11-28T00:00"), at(NOW))
    assert told(later, Days(friday, friday), night) == [("28 00:00", "28 05:59")]


def test_hours_are_searched_up_to_now_however_late_the_span_ends() -> None:
    centuries = SearchSpan(at("2026-11-28T00:00"), at("2150-01-01T00:00"))
    expected = [("29 09:00", "29 09:59"), ("28 09:00", "28 09:59")]
    assert told(centuries, Hours(9 * 60, 10 * 60))[-2:] == expected
    days = Days(date(2026, 11, 28), date(2150, 1, 1))
    assert told(None, days, Hours(9 * 60, 10 * 60)) == expected


def test_days_and_weekdays_narrow_each_other() -> None:
    last_week = Days(date(2026, 11, 16), date(2026, 11, 22))
    assert told(None, TUESDAY, last_week) == [("17 00:00", "17 23:59")]
    assert told(None, last_week) == [("16 00:00", "22 23:59")]
    assert told(WEEK, last_week) == [("22 10:00", "22 23:59")]


def test_several_days_are_several_parts() -> None:
    days = [Days(date(2026, 11, n), date(2026, 11, n)) for n in (20, 24, 25)]
    assert told(None, *days) == [("24 00:00", "25 23:59"), ("20 00:00", "20 23:59")]


def test_a_night_of_days_and_the_hours_before_now() -> None:
    night = Days(date(2026, 11, 28), date(2026, 11, 28), Hours(18 * 60, 6 * 60))
    assert told(None, night) == [("28 18:00", "29 05:59")]
    assert told(None, Recent(3)) == [("29 07:00", "29 10:00")]


def test_what_is_not_in_the_span_or_to_come_finds_nothing() -> None:
    time = time_of(WEEK, [Days(date(2026, 10, 1), date(2026, 10, 2))], calendar(NOW))
    assert time.span.from_utc_us == time.span.until_utc_us
    tomorrow = time_of(None, [Days(date(2026, 12, 1), date(2026, 12, 1))], calendar(NOW))
    assert tomorrow.span.from_utc_us >= tomorrow.span.until_utc_us


def test_centuries_are_bounded() -> None:
    ages = Days(date(1970, 1, 1), date(2199, 1, 1), Hours(60, 120))
    assert len(time_of(None, [ages], calendar(NOW)).windows) <= 4000
