"""Days and weeks on the reader's calendar, as bounds of a report."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, assert_never
from zoneinfo import ZoneInfo

from hub.web.when import YEARS, Calendar

Span = Literal["day", "week"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """One report's span: which, from which day on, and what there is before and after it."""

    span: Span
    first: date
    days: int
    zone: ZoneInfo

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first + timedelta(days=self.days - 1)

    @property
    def slots(self) -> tuple[int, ...]:
        """Bounds of its hours or days, UTC microseconds. A day that a clock is set on is longer."""
        if self.span == "week":
            days = [self.first + timedelta(days=n) for n in range(self.days + 1)]
            return tuple(midnight(day, self.zone) for day in days)
        start, end = (
            midnight(day, self.zone) for day in (self.first, self.first + timedelta(days=1))
        )
        return (*range(start, end, 3_600_000_000), end)

    def moved(self, days: int) -> "Bounds":
        """The same, so many days later."""
        return Bounds(self.span, self.first + timedelta(days=days), self.days, self.zone)

    @property
    def a_week_before(self) -> "Bounds":
        """What it is compared with."""
        return self.moved(-7)


def bounds(span: Span, on: date, zone: ZoneInfo) -> Bounds:
    """The day, or the week from Monday that holds it."""
    match span:
        case "day":
            return Bounds("day", on, 1, zone)
        case "week":
            return Bounds("week", on - timedelta(days=on.weekday()), 7, zone)
        case _:
            assert_never(span)


def today(calendar: Calendar) -> date:
    """The reader's day."""
    return calendar.local(calendar.now_utc_us).date()


def day_of(text: str, otherwise: date) -> date:
    """`2026-11-25`; what is no day, or one that no calendar has room around, is the other."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if found.year in YEARS else otherwise


def month_of(text: str, otherwise: date) -> date:
    """The first day of `2026-11`; what is no month is that of the other day."""
    return day_of(f"{text}-01", otherwise).replace(day=1)


def month_from(first: date, count: int) -> date:
    """The first day of the month so many months later."""
    months = first.year * 12 + first.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def midnight(day: date, zone: ZoneInfo) -> int:
    """The beginning of a day, UTC microseconds."""
    moment = datetime.combine(day, time(), zone).astimezone(UTC)
    return round(moment.timestamp()) * 1_000_000
