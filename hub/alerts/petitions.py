"""What people may ask about data of theirs, and until when they must be answered.

A petition is asked by somebody who may be in footage. How long each step may take is the town's
configuration; this counts it, by the town's own calendar of working days. Days are counted from the
day after the one on which it came, and end with their last day; where that is no working day, with
the next one that is.
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
"""So many that nobody has answered; then the form takes no more, and the counter goes on."""
MOST_N: Final = 3660
HOUR_US: Final = 3600 * 1_000_000
DAY_US: Final = 24 * HOUR_US


class Wish(StrEnum):
    """What somebody asks."""

    TOLD = "told"
    """Whether they are in footage at all."""
    COPY = "copy"
    """To see it, or have a copy."""
    CORRECT = "correct"
    RESTRICT = "restrict"
    DELETE = "delete"
    OBJECT = "object"
    """To its being used, or taking back what they agreed to."""


class Outcome(StrEnum):
    """How it was answered."""

    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Span:
    """How long a step may take: so many of these, 1 to `MOST_N`."""

    n: int
    unit: Literal["hours", "days", "working days"]


@dataclass(frozen=True, slots=True)
class Week:
    """The town's calendar: where it is, which weekdays it works (Monday is 0), which days not."""

    zone: ZoneInfo
    weekdays: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Whether the offices are open; with no weekday at all, always."""
        return (not self.weekdays or day.weekday() in self.weekdays) and day not in self.holidays


@dataclass(frozen=True, slots=True)
class Terms:
    """The town's spans."""

    acknowledge: Span
    """Until the person is told that it came, and what happens next."""
    answer: Mapping[Wish, Span] = field(default_factory=dict)
    extension: Mapping[Wish, Span] = field(default_factory=dict)
    """Once, with a reason, on top of `answer`; a wish that is missing is never extended."""


@dataclass(frozen=True, slots=True)
class Petition:
    """What its deadlines depend on; moments are UTC microseconds."""

    wish: Wish
    received_utc_us: int
    acknowledged_utc_us: int | None = None
    extended_utc_us: int | None = None
    answered_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is due next, by when."""

    step: Literal["acknowledge", "answer", "done"]
    due_utc_us: int
    """Just before this moment it must be done; of what is done, the moment of its answer's due."""
    days_left: int
    """Whole days of the town's calendar until the last day; 0: today; below 0: so many too late."""
    is_overdue: bool
    may_extend: bool


def read_span(text: str) -> Span:
    """`"2 working days"`; ValueError with the way to write it."""
    found = re.fullmatch(r"\s*(\d{1,4})\s+(hours?|days?|working\s+days?)\s*", text)
    if found is None or not 1 <= int(found[1]) <= MOST_N:
        raise ValueError(f'{text!r} is no span: write "2 working days", "15 days" or "72 hours"')
    unit = found[2].rstrip("s") + "s"
    if unit.startswith("working"):
        return Span(int(found[1]), "working days")
    return Span(int(found[1]), "hours" if unit == "hours" else "days")


def due(from_utc_us: int, span: Span, week: Week) -> int:
    """When a span that begins then is over, UTC microseconds."""
    if span.unit == "hours":
        return from_utc_us + span.n * HOUR_US
    day = _day(from_utc_us, week.zone)
    if span.unit == "days":
        day = _next_working(day + timedelta(days=span.n), week)
    else:
        for _ in range(span.n):
            day = _next_working(day + timedelta(days=1), week)
    return _midnight(day + timedelta(days=1), week.zone)


def stands(petition: Petition, terms: Terms, week: Week, *, now_utc_us: int) -> Standing:
    """What is due next of it, at `now_utc_us`."""
    answer_utc_us = answer_due(petition, terms, week)
    may_extend = (
        petition.answered_utc_us is None
        and petition.extended_utc_us is None
        and petition.wish in terms.extension
        and now_utc_us < answer_utc_us
    )
    if petition.answered_utc_us is not None:
        is_late = petition.answered_utc_us >= answer_utc_us
        return Standing("done", answer_utc_us, 0, is_late, may_extend=False)
    step: Literal["acknowledge", "answer"] = "answer"
    due_utc_us = answer_utc_us
    if petition.acknowledged_utc_us is None:
        step = "acknowledge"
        due_utc_us = min(due(petition.received_utc_us, terms.acknowledge, week), answer_utc_us)
    last_day = _day(due_utc_us - 1, week.zone)
    days_left = (last_day - _day(now_utc_us, week.zone)).days
    return Standing(step, due_utc_us, days_left, now_utc_us >= due_utc_us, may_extend)


def answer_due(petition: Petition, terms: Terms, week: Week) -> int:
    """Until when it must be answered, UTC microseconds; an extension begins where the span ends."""
    span = terms.answer.get(petition.wish, terms.acknowledge)
    first_utc_us = due(petition.received_utc_us, span, week)
    more = terms.extension.get(petition.wish)
    if petition.extended_utc_us is None or more is None:
        return first_utc_us
    return due(first_utc_us - 1 if more.unit != "hours" else first_utc_us, more, week)


def _next_working(day: date, week: Week) -> date:
    """The day, or the first after it on which the offices are open; within a year."""
    for later in range(366):
        if week.works(day + timedelta(days=later)):
            return day + timedelta(days=later)
    return day


def _day(utc_us: int, zone: ZoneInfo) -> date:
    moment = datetime.fromtimestamp(utc_us // 1_000_000, UTC)
    return moment.astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
