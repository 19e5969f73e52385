"""Days, weeks and months of the reader's calendar, as boundaries of a report."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, assert_never
from zoneinfo import ZoneInfo

from hub.web.calendar import YEARS, Calendar

Span = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class ReportSpan:
    """Time span of a report, with the previous and next ones."""

    span: Span
    first: date
    days: int
    zone: ZoneInfo

    @property
    def last(self) -> date:
        """Last day of the span."""
        return self.first + timedelta(days=self.days - 1)

    @property
    def slots(self) -> tuple[int, ...]:
        """Boundaries of the span's hours or days, UTC microseconds. A day with a clock change is
        longer or shorter."""
        if self.span != "day":
            days = [self.first + timedelta(days=n) for n in range(self.days + 1)]
            return tuple(midnight(day, self.zone) for day in days)
        start, end = (
            midnight(day, self.zone) for day in (self.first, self.first + timedelta(days=1))
        )
        return (*range(start, end, 3_600_000_000), end)

    @property
    def earlier(self) -> "ReportSpan":
        """The span before this one."""
        return bounds(self.span, self.first - timedelta(days=1), self.zone)

    @property
    def later(self) -> "ReportSpan":
        """The span after this one."""
        return bounds(self.span, self.last + timedelta(days=1), self.zone)

    @property
    def compared(self) -> "ReportSpan":
        """The span for comparison: the same day a week before, the week or month before."""
        if self.span == "day":
            return bounds("day", self.first - timedelta(days=7), self.zone)
        return self.earlier

    def compared_slots(self, now_utc_us: int) -> tuple[int, ...]:
        """Boundaries of the span for comparison, UTC microseconds. A month that is not over is
        compared with as many days of the month before; otherwise it would look quiet until its last
        day."""
        slots = self.compared.slots
        gone_us = now_utc_us - self.slots[0]
        if self.span != "month" or gone_us <= 0 or now_utc_us >= self.slots[-1]:
            return slots
        end = min(slots[0] + gone_us, slots[-1])
        return (*(slot for slot in slots if slot < end), end)


def bounds(span: Span, on: date, zone: ZoneInfo) -> ReportSpan:
    """The day, or the week from Monday or the month that contains it."""
    match span:
        case "day":
            return ReportSpan("day", on, 1, zone)
        case "week":
            return ReportSpan("week", on - timedelta(days=on.weekday()), 7, zone)
        case "month":
            first = on.replace(day=1)
            return ReportSpan("month", first, (month_from(first, 1) - first).days, zone)
        case _:
            assert_never(span)


def today(calendar: Calendar) -> date:
    """Today's date in the reader's time zone."""
    return calendar.local(calendar.now_utc_us).date()


def day_of(text: str, otherwise: date) -> date:
    """`2026-11-25`; the other day if invalid or at the edge of the calendar."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if found.year in YEARS else otherwise


def month_of(text: str, otherwise: date) -> date:
    """First day of `2026-11`; of the other day's month if invalid."""
    return day_of(f"{text}-01", otherwise).replace(day=1)


def month_from(first: date, count: int) -> date:
    """First day of the month this many months later."""
    months = first.year * 12 + first.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def midnight(day: date, zone: ZoneInfo) -> int:
    """Start of a day, UTC microseconds."""
    moment = datetime.combine(day, time(), zone).astimezone(UTC)
    return round(moment.timestamp()) * 1_000_000
