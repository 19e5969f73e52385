"""Requests of people about their data, and the deadlines of the answers.

A person who may be in footage sends a request. The town configures the length of each step; this
module computes the deadlines with the town's calendar of working days. Counting starts on the day
after arrival. A deadline is the end of its last day, or of the next working day.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, Literal
from zoneinfo import ZoneInfo

WHAT_CHARS: Final = 3000
ANSWER_CHARS: Final = 3000
REASON_CHARS: Final = 500
MOST_WAITING: Final = 500
"""With this many unanswered requests the form accepts no more, and the counter goes on."""
MOST_N: Final = 3660
HOUR_US: Final = 3600 * 1_000_000
DAY_US: Final = 24 * HOUR_US


class RequestKind(StrEnum):
    """Kind of a request."""

    TOLD = "told"
    """Whether footage of them exists at all."""
    COPY = "copy"
    """To see it or to get a copy."""
    CORRECT = "correct"
    RESTRICT = "restrict"
    DELETE = "delete"
    OBJECT = "object"
    """To object to its use, or to withdraw consent."""


class RequestOutcome(StrEnum):
    """Result of a request."""

    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class StepLength:
    """Length of a step: `n` of a unit, 1 to `MOST_N`."""

    n: int
    unit: Literal["hours", "days", "working days"]


@dataclass(frozen=True, slots=True)
class Week:
    """Calendar of the town: time zone, working weekdays (Monday is 0) and days off."""

    zone: ZoneInfo
    weekdays: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """True on a working day. Without any working weekday every day counts."""
        return (not self.weekdays or day.weekday() in self.weekdays) and day not in self.holidays


@dataclass(frozen=True, slots=True)
class StepLengths:
    """The configured lengths of the steps."""

    acknowledge: StepLength
    """Time until the person is told that the request arrived and what happens next."""
    answer: Mapping[RequestKind, StepLength] = field(default_factory=dict)
    extension: Mapping[RequestKind, StepLength] = field(default_factory=dict)
    """One extension with a reason, added to `answer`; a kind that is missing is never extended."""


@dataclass(frozen=True, slots=True)
class DataRequest:
    """The facts that deadlines depend on; times are UTC microseconds."""

    wish: RequestKind
    received_utc_us: int
    acknowledged_utc_us: int | None = None
    extended_utc_us: int | None = None
    answered_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """The next step and its deadline."""

    step: Literal["acknowledge", "answer", "done"]
    due_utc_us: int
    """The step is due before this moment. For an answered request: the deadline its answer had."""
    days_left: int
    """Whole days of the town's calendar left; 0: today; negative: days late."""
    is_overdue: bool
    may_extend: bool


def read_span(text: str) -> StepLength:
    """Parse `"2 working days"`; ValueError shows the right form."""
    found = re.fullmatch(r"\s*(\d{1,4})\s+(hours?|days?|working\s+days?)\s*", text)
    if found is None or not 1 <= int(found[1]) <= MOST_N:
        raise ValueError(f'{text!r} is no span: write "2 working days", "15 days" or "72 hours"')
    unit = found[2].rstrip("s") + "s"
    if unit.startswith("working"):
        return StepLength(int(found[1]), "working days")
    return StepLength(int(found[1]), "hours" if unit == "hours" else "days")


def due(from_utc_us: int, span: StepLength, week: Week) -> int:
    """End of a span that begins at this moment, UTC microseconds."""
    if span.unit == "hours":
        return from_utc_us + span.n * HOUR_US
    day = _day(from_utc_us, week.zone)
    if span.unit == "days":
        day = _next_working(day + timedelta(days=span.n), week)
    else:
        for _ in range(span.n):
            day = _next_working(day + timedelta(days=1), week)
    return _midnight(day + timedelta(days=1), week.zone)


def stands(
    petition: DataRequest, terms: StepLengths, week: Week, *, now_utc_us: int
) -> RequestStatus:
    """The next step of the request at `now_utc_us`."""
    answer_utc_us = answer_due(petition, terms, week)
    may_extend = (
        petition.answered_utc_us is None
        and petition.extended_utc_us is None
        and petition.wish in terms.extension
        and now_utc_us < answer_utc_us
    )
    if petition.answered_utc_us is not None:
        is_late = petition.answered_utc_us >= answer_utc_us
        return RequestStatus("done", answer_utc_us, 0, is_late, may_extend=False)
    step: Literal["acknowledge", "answer"] = "answer"
    due_utc_us = answer_utc_us
    if petition.acknowledged_utc_us is None:
        step = "acknowledge"
        due_utc_us = min(due(petition.received_utc_us, terms.acknowledge, week), answer_utc_us)
    last_day = _day(due_utc_us - 1, week.zone)
    days_left = (last_day - _day(now_utc_us, week.zone)).days
    return RequestStatus(step, due_utc_us, days_left, now_utc_us >= due_utc_us, may_extend)


def answer_due(petition: DataRequest, terms: StepLengths, week: Week) -> int:
    """Deadline of the answer, UTC microseconds; an extension begins where the first span ends."""
    span = terms.answer.get(petition.wish, terms.acknowledge)
    first_utc_us = due(petition.received_utc_us, span, week)
    more = terms.extension.get(petition.wish)
    if petition.extended_utc_us is None or more is None:
        return first_utc_us
    return due(first_utc_us - 1 if more.unit != "hours" else first_utc_us, more, week)


def _next_working(day: date, week: Week) -> date:
    """The day itself, or the next working day within a year."""
    for later in range(366):
        if week.works(day + timedelta(days=later)):
            return day + timedelta(days=later)
    return day


def _day(utc_us: int, zone: ZoneInfo) -> date:
    moment = datetime.fromtimestamp(utc_us // 1_000_000, UTC)
    return moment.astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
