"""Data requests: the deadline of each step, by the town's calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.public.data_requests.rules import (
    DAY_US,
    DataRequest,
    RequestKind,
    StepLength,
    StepLengths,
    Week,
    answer_due,
    due,
    read_span,
    stands,
)

pytestmark = pytest.mark.promise(
    "Audit and data protection: A person can ask for their data, with a counted deadline."
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TET = frozenset(date(2026, 2, 14) + timedelta(days=n) for n in range(9))
WEEK = Week(ZONE, holidays=TET)
TERMS = StepLengths(
    StepLength(2, "working days"),
    {wish: StepLength(10, "days") for wish in RequestKind},
    {RequestKind.DELETE: StepLength(20, "days"), RequestKind.COPY: StepLength(24, "hours")},
)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("came", "span", "ends"),
    [
        ("2026-11-25T09:00", "2 working days", "2026-11-28T00:00"),  # Wednesday: until Friday's end
        ("2026-11-27T23:59", "2 working days", "2026-12-02T00:00"),  # over a week-end
        ("2026-02-12T10:00", "2 working days", "2026-02-24T00:00"),  # over Tết
        ("2026-11-25T00:00", "10 days", "2026-12-08T00:00"),  # the tenth is a Saturday
        ("2026-11-25T09:30", "72 hours", "2026-11-28T09:30"),
        ("2026-11-28T09:30", "1 day", "2026-12-01T00:00"),
    ],
)
def test_days_are_counted_from_the_day_after_and_end_on_one_that_is_worked(
    came: str, span: str, ends: str
) -> None:
    assert due(at(came), read_span(span), WEEK) == at(ends)


@pytest.mark.parametrize("text", ["", "2", "days", "0 days", "2 weeks", "-1 days", "99999 days"])
def test_what_is_no_span_is_refused_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match='"2 working days"'):
        read_span(text)


def test_first_it_is_acknowledged_then_answered_and_both_are_late_when_their_day_is_over() -> None:
    came = at("2026-11-25T09:00")
    one = DataRequest(RequestKind.DELETE, came)
    stand = stands(one, TERMS, WEEK, now_utc_us=at("2026-11-27T23:59"))
    assert (stand.step, stand.days_left, stand.is_overdue) == ("acknowledge", 0, False)
    assert stands(one, TERMS, WEEK, now_utc_us=at("2026-11-28T00:00")).is_overdue
    one = DataRequest(RequestKind.DELETE, came, acknowledged_utc_us=came + 1)
    stand = stands(one, TERMS, WEEK, now_utc_us=at("2026-12-09T08:00"))
    assert (stand.step, stand.days_left, stand.is_overdue) == ("answer", -2, True)
    assert not stand.may_extend, "too late for that"


def test_it_is_extended_once_where_the_town_says_so_from_where_its_span_ended() -> None:
    came = at("2026-11-25T09:00")
    now = at("2026-12-07T12:00")
    assert stands(
        DataRequest(RequestKind.DELETE, came, came), TERMS, WEEK, now_utc_us=now
    ).may_extend
    assert not stands(
        DataRequest(RequestKind.TOLD, came, came), TERMS, WEEK, now_utc_us=now
    ).may_extend
    longer = DataRequest(RequestKind.DELETE, came, came, extended_utc_us=now)
    assert not stands(longer, TERMS, WEEK, now_utc_us=now).may_extend
    assert answer_due(longer, TERMS, WEEK) == at("2026-12-29T00:00")  # 7/12 and 20 days: a Sunday
    hours = DataRequest(RequestKind.COPY, came, came, extended_utc_us=now)
    assert answer_due(hours, TERMS, WEEK) == at("2026-12-09T00:00")


def test_what_was_answered_is_done_and_says_whether_that_was_in_time() -> None:
    came = at("2026-11-25T09:00")
    for answered, is_late in (("2026-12-07T23:59", False), ("2026-12-08T00:00", True)):
        one = DataRequest(RequestKind.TOLD, came, came, answered_utc_us=at(answered))
        stand = stands(one, TERMS, WEEK, now_utc_us=at("2027-01-01T00:00"))
        assert (stand.step, stand.is_overdue) == ("done", is_late)


moments = st.integers(at("2020-01-01"), at("2030-01-01"))
spans = st.builds(
    StepLength, st.integers(1, 60), st.sampled_from(["hours", "days", "working days"])
)
weeks = st.builds(
    Week,
    st.sampled_from([ZONE, ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")]),
    st.frozensets(st.integers(0, 6)),
    st.frozensets(st.dates(date(2020, 1, 1), date(2030, 12, 31)), max_size=20),
)


@given(moments, spans, weeks)
def test_a_deadline_is_after_its_beginning_and_days_end_when_a_working_day_does(
    came: int, span: StepLength, week: Week
) -> None:
    ends = due(came, span, week)
    assert ends > came
    if span.unit == "hours":
        assert ends == came + span.n * 3_600_000_000
        return
    moment = datetime.fromtimestamp(ends / 1e6, UTC).astimezone(week.zone)
    assert (moment.hour, moment.minute) == (0, 0)
    assert week.works((moment - timedelta(hours=12)).date())
    assert ends - came >= (span.n - 1) * DAY_US, "nobody is given less than was said"


@given(moments, moments, spans, weeks)
def test_who_comes_later_is_answered_no_sooner_and_a_longer_span_ends_no_sooner(
    one: int, other: int, span: StepLength, week: Week
) -> None:
    early, late = sorted((one, other))
    assert due(early, span, week) <= due(late, span, week)
    assert due(early, span, week) <= due(early, StepLength(span.n + 1, span.unit), week)


@given(
    moments, weeks, st.sampled_from(RequestKind), st.booleans(), st.booleans(), st.integers(0, 90)
)
def test_overdue_is_exactly_when_no_day_is_left(
    came: int, week: Week, wish: RequestKind, is_known: bool, is_longer: bool, days: int
) -> None:
    terms = StepLengths(
        TERMS.acknowledge, TERMS.answer, {one: StepLength(5, "days") for one in RequestKind}
    )
    one = DataRequest(wish, came, came if is_known else None, came if is_longer else None)
    stand = stands(one, terms, week, now_utc_us=came + days * DAY_US)
    assert stand.is_overdue == (stand.days_left < 0)
    assert stand.step == ("answer" if is_known else "acknowledge")
