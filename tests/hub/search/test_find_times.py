"""Time spans as people say them, with a fixed clock."""

import pytest

from hub.search.time_form import WHENS, SpanFaultError, span_said, when_word
from hub.web.i18n import words
from tests.hub.helpers.search.find_times import at, calendar

pytestmark = pytest.mark.promise("Search: A search goes by time in words or numbers.")


@pytest.mark.parametrize(
    ("when", "now", "since", "until"),
    [
        ("last_night", "2026-11-25T09:00", "2026-11-24T18:00", "2026-11-25T06:00"),
        ("last_night", "2026-11-25T02:00", "2026-11-24T18:00", "2026-11-25T02:00"),
        ("last_night", "2026-11-25T21:00", "2026-11-24T18:00", "2026-11-25T06:00"),
        ("last_night", "2026-03-01T08:00", "2026-02-28T18:00", "2026-03-01T06:00"),
        ("today", "2026-11-25T09:30", "2026-11-25T00:00", "2026-11-25T09:30"),
        ("hour", "2026-11-25T00:30", "2026-11-24T23:30", "2026-11-25T00:30"),
        ("week", "2026-11-25T09:00", "2026-11-18T09:00", "2026-11-25T09:00"),
        ("year", "2026-11-25T09:00", "2025-11-25T09:00", "2026-11-25T09:00"),
    ],
)
def test_a_word_is_a_span(when: str, now: str, since: str, until: str) -> None:
    span = span_said(when, "", "", calendar(now))
    assert (span.from_utc_us, span.until_utc_us) == (at(since), at(until))


def test_yesterday_ends_just_before_midnight() -> None:
    span = span_said("yesterday", "", "", calendar("2026-11-25T09:00"))
    assert span.from_utc_us == at("2026-11-24T00:00")
    assert span.until_utc_us == at("2026-11-25T00:00") - 1


def test_between_two_calls_holds_the_whole_minute_of_the_second() -> None:
    now = calendar("2026-11-25T09:00")
    span = span_said("between", "2026-11-25T02:10", "2026-11-25T02:14", now)
    assert span.from_utc_us == at("2026-11-25T02:10")
    assert span.until_utc_us == at("2026-11-25T02:15") - 1
    open_end = span_said("between", "2026-11-25T02:10", "", now)
    assert open_end.until_utc_us == now.now_utc_us
    same = span_said("between", "2026-11-25T02:10", "2026-11-25T02:10", now)
    assert same.until_utc_us > same.from_utc_us


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("2026-11-25T02:40", "2026-11-25T02:10", "turned"),
        ("2027-11-25T02:40", "", "turned"),
        ("", "2026-11-25T02:10", "no beginning"),
        ("", "", "no time"),
        ("yesterday", "", "no time"),
        ("0001-01-01T00:00", "", "no time"),
        ("2026-02-30T00:00", "", "no time"),
    ],
)
def test_what_is_no_span_says_why(since: str, until: str, why: str) -> None:
    with pytest.raises(SpanFaultError) as fault:
        span_said("between", since, until, calendar("2026-11-25T09:00"))
    assert fault.value.why == why


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_word_is_said_in_both_languages(language: str) -> None:
    assert len({when_word(one, words(language)) for one in WHENS}) == len(WHENS)
