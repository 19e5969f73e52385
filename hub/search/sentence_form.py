"""Chips of a sentence and of the form's filters as one search."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Final, TypeVar

from hub.search.rules.chips import (
    Compass,
    Days,
    Height,
    Hours,
    Leaving,
    Meaning,
    Moving,
    Only,
    People,
    Recent,
    Riding,
    Speed,
    Towards,
    Weekdays,
    Where,
    Worn,
)
from hub.search.rules.description import Described
from hub.search.scope import Spot
from hub.search.sighting_queries import SightingSearch
from hub.search.time_form import SearchSpan
from hub.web.calendar import Calendar

US_PER_S: Final = 1_000_000
ABOUT_CM: Final = 8
"""A typed height is right to so many centimetres."""
MOST_DAYS: Final = 3700
T = TypeVar("T")


def narrowed(base: SightingSearch, meanings: Sequence[Meaning]) -> SightingSearch:
    """The search with everything but the times of these chips."""
    people = next(_of(People, meanings), None)
    height = next(_of(Height, meanings), None)
    worn, riding = list(_of(Worn, meanings)), list(_of(Riding, meanings))
    described = Described(
        upper=tuple(one for each in worn if each.part == "upper" for one in each.colours),
        lower=tuple(one for each in worn if each.part == "lower" for one in each.colours),
        clothes=tuple(one for each in worn if each.part == "clothes" for one in each.colours),
        transport=frozenset(chain.from_iterable(one.transport for one in riding)),
        transport_colours=tuple(one for each in riding for one in each.colours),
        people=(people.least, people.most) if people else None,
        height_cm=(height.cm - ABOUT_CM, height.cm + ABOUT_CM) if height else None,
        speed=next((one.speed for one in _of(Speed, meanings)), None),
    )
    moved = next((one.rode for one in _of(Moving, meanings)), base.rode)
    only = {one.what for one in _of(Only, meanings)}
    spots = [Spot(at.key, one.is_near) for one in _of(Where, meanings) for at in one.places]
    return replace(
        base,
        described=described,
        rode=moved,
        way=next((one.side for one in _of(Leaving, meanings)), base.way),
        compass=next((one.point for one in _of(Compass, meanings)), None),
        towards_places=tuple(at.key for one in _of(Towards, meanings) for at in one.places),
        spots=tuple(spots),
        only_alerts=base.only_alerts or "alerts" in only,
        only_with_clip=base.only_with_clip or "clip" in only,
    )


def has_days(meanings: Iterable[Meaning]) -> bool:
    """True if the chips name days; weekdays and hours alone only select among the days of the
    span."""
    return any(isinstance(one, Days | Recent) for one in meanings)


@dataclass(frozen=True, slots=True)
class SearchTime:
    """The span of a search, and its parts, latest first; without parts the whole span counts."""

    span: SearchSpan
    windows: tuple[tuple[int, int], ...] = ()


def time_of(span: SearchSpan | None, meanings: Sequence[Meaning], calendar: Calendar) -> SearchTime:
    """The span of the form (None: the chips alone) narrowed by the chips' days and hours."""
    now = calendar.now_utc_us
    clock = list(_of(Hours, meanings))
    spans = list(_day_spans(meanings, clock, calendar))
    if span is None:
        span = SearchSpan(min(one for one, _ in spans), min(now, max(one for _, one in spans)))
    windows = _overlaps(spans, [(span.from_utc_us, span.until_utc_us)]) if spans else None
    weekdays = frozenset(chain.from_iterable(one.days for one in _of(Weekdays, meanings)))
    if clock or weekdays:
        parts = _parts(span, clock, weekdays, calendar)
        whole = windows if windows is not None else [(span.from_utc_us, span.until_utc_us)]
        windows = _overlaps(_merged(parts), whole)
    if windows is None:
        return SearchTime(span)
    if not windows:  # nothing of it is in the span: an empty search
        return SearchTime(SearchSpan(span.until_utc_us, span.until_utc_us))
    begins, ends = windows[0][0], windows[-1][1]
    return SearchTime(
        SearchSpan(begins, ends), tuple(reversed(windows)) if len(windows) > 1 else ()
    )


def _day_spans(
    meanings: Sequence[Meaning], clock: Sequence[Hours], calendar: Calendar
) -> Iterator[tuple[int, int]]:
    """Spans of the days that the chips name, earliest first, apart from one another. Hours of a
    day that go beyond its midnight belong to it."""
    now = calendar.now_utc_us
    found = [(now - one.hours * 3600 * US_PER_S, now) for one in _of(Recent, meanings)]
    for days in _of(Days, meanings):
        parts = clock if days.hours is None else (days.hours,)
        if parts:
            last = max(days.first, min(days.last, calendar.local(now).date()))
            found += [
                _window(day, hours, calendar) for day in _days(days.first, last) for hours in parts
            ]
        else:
            begin, end = _moment(days.first, 0, calendar), _moment(days.last, 24 * 60, calendar)
            found.append((begin, end - 1))
    yield from _merged(found)


def _parts(
    span: SearchSpan, clock: Sequence[Hours], weekdays: frozenset[int], calendar: Calendar
) -> Iterator[tuple[int, int]]:
    """The hours of each day (no hours: all) that falls on a weekday (none: on any)."""
    # A night that began the day before the span reaches into it.
    first = calendar.local(span.from_utc_us).date() - timedelta(days=1)
    last = calendar.local(min(span.until_utc_us, calendar.now_utc_us)).date()
    for day in _days(first, last):
        if not weekdays or day.weekday() in weekdays:
            for hours in clock or (Hours(0, 24 * 60),):
                yield _window(day, hours, calendar)


def _window(day: date, hours: Hours, calendar: Calendar) -> tuple[int, int]:
    over = 24 * 60 if hours.until_minute <= hours.from_minute else 0
    begin = _moment(day, hours.from_minute, calendar)
    return begin, _moment(day, hours.until_minute + over, calendar) - 1


def _days(first: date, last: date) -> Iterator[date]:
    count = min((last - first).days + 1, MOST_DAYS)
    return (last - timedelta(days=count - 1 - n) for n in range(count))


def _moment(day: date, minute: int, calendar: Calendar) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=calendar.zone)
    return round((midnight + timedelta(minutes=minute)).timestamp()) * US_PER_S


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """These spans, joined into as few as possible, earliest first."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _overlaps(
    some: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Times in both, earliest first; each is sorted and without overlaps."""
    found, at = [], 0
    for begin, end in some:
        while at < len(others) and others[at][1] < begin:
            at += 1
        for other_begin, other_end in others[at:]:
            if other_begin > end:
                break
            found.append((max(begin, other_begin), min(end, other_end)))
    return found


def _of(kind: type[T], meanings: Iterable[Meaning]) -> Iterator[T]:
    return (one for one in meanings if isinstance(one, kind))
