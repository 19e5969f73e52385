"""Days and hours in a sentence, in Vietnamese and English."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from hub.search.rules.chips import Days, Hours, Meaning, Recent, Weekdays
from hub.search.rules.tokens import Phrases, Token

Found = tuple[Meaning, int] | None
"""A meaning, and the place after its words."""

DAY_MINUTES: Final = 24 * 60
FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Another year is a typing error, and its dates could not be formatted."""
_HOURS: Final = {
    "dawn": Hours(0, 6 * 60),
    "morning": Hours(5 * 60, 11 * 60),
    "noon": Hours(11 * 60, 13 * 60),
    "afternoon": Hours(13 * 60, 18 * 60),
    "evening": Hours(18 * 60, DAY_MINUTES),
    "night": Hours(18 * 60, 6 * 60),
    "day": Hours(6 * 60, 18 * 60),
}
_PARTS: Final = Phrases(
    [
        ("rạng sáng", _HOURS["dawn"]),
        *((phrase, _HOURS["morning"]) for phrase in ("sáng", "buổi sáng", "morning")),
        *((phrase, _HOURS["noon"]) for phrase in ("trưa", "buổi trưa", "noon", "at noon")),
        *((phrase, _HOURS["afternoon"]) for phrase in ("chiều", "buổi chiều", "afternoon")),
        *((phrase, _HOURS["evening"]) for phrase in ("tối", "buổi tối", "evening")),
        *((phrase, _HOURS["night"]) for phrase in ("đêm", "ban đêm", "night", "at night")),
        *((phrase, _HOURS["day"]) for phrase in ("ban ngày", "daytime", "by day")),
    ]
)
_ClockPart = Literal["morning", "noon", "afternoon", "evening", "night"]
_CLOCK_PARTS: Final[Phrases[_ClockPart]] = Phrases(
    [
        *((phrase, "morning") for phrase in ("sáng", "rạng sáng", "am")),
        ("trưa", "noon"),
        *((phrase, "afternoon") for phrase in ("chiều", "pm")),
        ("tối", "evening"),
        *((phrase, "night") for phrase in ("đêm", "khuya")),
    ]
)
"""Part of the day that a word names after a clock time from 1 to 12: "7 giờ tối" is 19:00."""
_AGO: Final = Phrases(
    [
        *((phrase, (0, None)) for phrase in ("hôm nay", "today")),
        *((phrase, (1, None)) for phrase in ("hôm qua", "ngày hôm qua", "yesterday")),
        *((phrase, (2, None)) for phrase in ("hôm kia", "the day before yesterday")),
        *((phrase, (1, _HOURS["night"])) for phrase in ("đêm qua", "last night")),
        ("tối qua", (1, _HOURS["evening"])),
        ("sáng qua", (1, _HOURS["morning"])),
        ("trưa qua", (1, _HOURS["noon"])),
        ("chiều qua", (1, _HOURS["afternoon"])),
        *((phrase, (0, _HOURS["morning"])) for phrase in ("sáng nay", "this morning")),
        ("trưa nay", (0, _HOURS["noon"])),
        *((phrase, (0, _HOURS["afternoon"])) for phrase in ("chiều nay", "this afternoon")),
        *((phrase, (0, _HOURS["evening"])) for phrase in ("tối nay", "tonight", "this evening")),
    ]
)
_SPANS: Final = Phrases(
    [
        *((phrase, "this week") for phrase in ("tuần này", "this week")),
        *((phrase, "last week") for phrase in ("tuần trước", "tuần rồi", "tuần qua", "last week")),
        *((phrase, "this month") for phrase in ("tháng này", "this month")),
        *((phrase, "last month") for phrase in ("tháng trước", "tháng rồi", "last month")),
        *((phrase, "this year") for phrase in ("năm nay", "this year")),
        *((phrase, "last year") for phrase in ("năm ngoái", "năm trước", "last year")),
    ]
)
_UNITS: Final = Phrases(
    [
        *((phrase, 1) for phrase in ("giờ", "tiếng", "hour", "hours")),
        *((phrase, 24) for phrase in ("ngày", "day", "days")),
        *((phrase, 7 * 24) for phrase in ("tuần", "week", "weeks")),
        *((phrase, 30 * 24) for phrase in ("tháng", "month", "months")),
    ]
)
_COUNTED: Final = Phrases(
    dict.fromkeys(("người", "tuổi", "people", "persons", "person", "years", "year"), True)
)
"""A number before these is no time of the clock."""
_PAST: Final = Phrases(dict.fromkeys(("qua", "gần đây", "vừa qua", "trở lại đây"), True))
_LAST: Final = Phrases(dict.fromkeys(("last", "the last", "past", "the past"), True))
MOST_RECENT_HOURS: Final = 10 * 366 * 24

_DAYS: Final = Phrases(
    [
        (phrase, day)
        for day, phrases in enumerate(
            (
                ("thứ hai", "thứ 2", "t 2", "monday", "mondays", "mon"),
                ("thứ ba", "thứ 3", "t 3", "tuesday", "tuesdays", "tue"),
                ("thứ tư", "thứ 4", "t 4", "wednesday", "wednesdays", "wed"),
                ("thứ năm", "thứ 5", "t 5", "thursday", "thursdays", "thu"),
                ("thứ sáu", "thứ 6", "t 6", "friday", "fridays", "fri"),
                ("thứ bảy", "thứ 7", "t 7", "saturday", "saturdays", "sat"),
                ("chủ nhật", "cn", "sunday", "sundays", "sun"),
            )
        )
        for phrase in phrases
    ]
)
_SETS: Final = Phrases(
    [
        *((phrase, frozenset({5, 6})) for phrase in ("cuối tuần", "weekend", "weekends")),
        *(
            (phrase, frozenset(range(5)))
            for phrase in ("ngày thường", "ngày trong tuần", "weekdays", "weekday")
        ),
    ]
)
_JUST: Final = Phrases(dict.fromkeys(("vừa rồi", "vừa qua", "rồi", "gần nhất"), True))
_TO: Final = Phrases(dict.fromkeys(("đến", "tới", "to", "until", "till", "-", "and", "và"), True))
_FROM: Final = Phrases(dict.fromkeys(("từ", "from", "between", "khoảng"), True))
_AT: Final = Phrases(dict.fromkeys(("lúc", "vào lúc", "khoảng", "at", "around"), True))
_AFTER: Final = Phrases(dict.fromkeys(("sau", "after"), True))
_BEFORE: Final = Phrases(dict.fromkeys(("trước", "before"), True))
_OCLOCK: Final = Phrases(dict.fromkeys(("giờ", "h", "g", ":", "o'clock"), True))
_MONTH_NAMES: Final = (
    "january february march april may june july august september october november december"
)
_MONTHS: Final = Phrases(
    [
        (phrase, month)
        for month, name in enumerate(_MONTH_NAMES.split(), 1)
        for phrase in dict.fromkeys((name, name[:3]))
    ]
)
_DATE: Final = Phrases(dict.fromkeys(("ngày", "on", "hôm"), True))
KNOWN: Final = frozenset().union(
    *(one.words for one in (_PARTS, _CLOCK_PARTS, _AGO, _SPANS, _UNITS, _COUNTED, _PAST, _LAST)),
    *(one.words for one in (_DAYS, _SETS, _JUST, _TO, _FROM, _AT, _AFTER, _BEFORE, _OCLOCK)),
    *(one.words for one in (_MONTHS, _DATE)),
)
"""Each word here, with its diacritics."""


def time_at(said: Sequence[Token], place: int, today: date) -> Found:
    """The time in the next words."""
    for read in _READINGS:
        found = read(said, place, today)
        if found is not None:
            return found
    return _PARTS.at(said, place)


def _ago(said: Sequence[Token], place: int, today: date) -> Found:
    found = _AGO.at(said, place)
    if found is None:
        return None
    (days, hours), after = found
    day = today - timedelta(days=days)
    return Days(day, day, hours), after


def _spans(said: Sequence[Token], place: int, today: date) -> Found:
    found = _SPANS.at(said, place)
    if found is None:
        return None
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    day = timedelta(days=1)
    spans = {
        "this week": (monday, today),
        "last week": (monday - 7 * day, monday - day),
        "this month": (first, today),
        "last month": ((first - day).replace(day=1), first - day),
        "this year": (today.replace(month=1, day=1), today),
        "last year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    }
    return Days(*spans[found[0]]), found[1]


def _recent(said: Sequence[Token], place: int, _today: date) -> Found:
    """A span such as "7 ngày qua", "last 3 hours"."""
    before = _LAST.at(said, place)
    at = before[1] if before else place
    count, has_count = 1, False
    if at < len(said) and said[at].number is not None:
        count, has_count, at = said[at].number or 0, True, at + 1
    unit = _UNITS.at(said, at)
    if unit is None or count < 1 or not (before or has_count):
        return None
    after = None if before else _PAST.at(said, unit[1])
    if before is None and after is None:
        return None
    return Recent(min(count * unit[0], MOST_RECENT_HOURS)), after[1] if after else unit[1]


def _last_weekday(said: Sequence[Token], place: int, today: date) -> Found:
    """A day such as "last Tuesday", "thứ Ba vừa rồi": the latest one before today."""
    before = _LAST.at(said, place)
    named = _DAYS.at(said, before[1] if before else place)
    if named is None:
        return None
    after = None if before else _JUST.at(said, named[1])
    if before is None and after is None:
        return None
    day = today - timedelta(days=(today.weekday() - named[0] - 1) % 7 + 1)
    return Days(day, day), after[1] if after else named[1]


def _weekdays(said: Sequence[Token], place: int, _today: date) -> Found:
    some = _SETS.at(said, place)
    if some is not None:
        return Weekdays(some[0]), some[1]
    first = _DAYS.at(said, place)
    if first is None:
        return None
    to = _TO.at(said, first[1])
    last = _DAYS.at(said, to[1]) if to else None
    # "Monday and Wednesday" are two days, "Monday to Wednesday" is three.
    if to is None or last is None or said[first[1]].folded in ("and", "va"):
        return Weekdays(frozenset({first[0]})), first[1]
    count = (last[0] - first[0]) % 7 + 1
    return Weekdays(frozenset((first[0] + n) % 7 for n in range(count))), last[1]


def _dates(said: Sequence[Token], place: int, today: date) -> Found:
    before = _FROM.at(said, place) or _DATE.at(said, place)
    at = before[1] if before else place
    first = _date(said, at, today)
    if first is None:
        return _days_of_month(said, at, today)
    to = _TO.at(said, first[1])
    last = _date(said, to[1], today) if to else None
    if last is None or last[0] < first[0]:
        return Days(first[0], first[0]), first[1]
    return Days(first[0], last[0]), last[1]


def _days_of_month(said: Sequence[Token], place: int, today: date) -> Found:
    """Days whose first has no month of its own, such as "từ 25 đến 27/11", "2-3/11"."""
    first = said[place].number if place < len(said) else None
    to = _TO.at(said, place + 1)
    last = _date(said, to[1], today) if to else None
    if first is None or last is None or not 1 <= first < last[0].day:
        return None
    if said[place + 1].folded in ("and", "va"):
        return None
    return Days(last[0].replace(day=first), last[0]), last[1]


def _date(said: Sequence[Token], place: int, today: date) -> tuple[date, int] | None:
    """25/11, 25/11/2026, 2026-11-25, 25 tháng 11, 25 November; without a year the latest one."""
    opened = _DATE.at(said, place)
    place = opened[1] if opened else place
    numbers, after = _joined(said, place)
    match numbers:
        case [year, month, day] if year >= FIRST_YEAR:
            return _day(year, month, day, after, today)
        case [day, month, year]:
            return _day(year, month, day, after, today)
        case [day, month] if said[place + 1].said == "/":
            return _day(None, month, day, after, today)
        case [day]:
            named = _MONTHS.at(said, after)
            if named is not None:
                known, after = _year_at(said, named[1])
                return _day(known, named[0], day, after, today)
    return None


def _year_at(said: Sequence[Token], place: int) -> tuple[int | None, int]:
    """The year in the next words, such as "/2025" or "năm 2025", and the place after it."""
    at = place
    if at < len(said) and (said[at].said in ("/", "-") or said[at].may_be("năm")):
        at += 1
    year = said[at].number if at < len(said) else None
    return (year, at + 1) if year and FIRST_YEAR <= year <= LAST_YEAR else (None, place)


def _joined(said: Sequence[Token], place: int) -> tuple[list[int], int]:
    """Numbers with `/`, `-` or "tháng", "năm" between them, and the place after them."""
    numbers: list[int] = []
    while place < len(said) and said[place].number is not None and len(numbers) < 3:
        numbers.append(said[place].number or 0)
        place += 1
        signs = ("/", "-") if len(numbers) != 1 else ("/", "-", "tháng", "thang")
        follows = place + 1 < len(said) and said[place + 1].number is not None
        if not (follows and said[place].said in (*signs, "năm")):
            break
        if len(numbers) == 2 and {said[place - 2].said, said[place].said} == {"-", "/"}:
            break  # "2-3/11" is two days
        place += 1
    return numbers, place


def _day(
    year: int | None, month: int, day: int, after: int, today: date
) -> tuple[date, int] | None:
    if year is not None:
        year += 2000 if year < 100 else 0
        years = [year] if FIRST_YEAR <= year <= LAST_YEAR else []
    else:  # 29/2 is not in every year
        years = [*range(today.year, today.year - 9, -1)]
    for one in years:
        try:
            found = date(one, month, day)
        except ValueError:
            continue
        if year is not None or found <= today:
            return found, after
    return None


def _month(said: Sequence[Token], place: int, today: date) -> Found:
    """A month such as "tháng 11" or "tháng 11/2025"; without a year the latest one that has
    begun."""
    month = said[place + 1].number if place + 1 < len(said) else None
    if not said[place].may_be("tháng") or month is None or not 1 <= month <= 12:
        return None
    year, after = _year_at(said, place + 2)
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    first = date(year, month, 1)
    return Days(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)), after


def _clock_span(said: Sequence[Token], place: int, today: date) -> Found:
    """Hours such as "20–24 giờ", "từ 20h đến 24h", "between 20 and 24", "8 to 11 pm"."""
    opened = _FROM.at(said, place)
    first = _clock_time(said, opened[1] if opened else place)
    to = _TO.at(said, first.after) if first else None
    last = _clock_time(said, to[1]) if to else None
    if first is None or last is None or not (opened or first.is_marked or last.is_marked):
        return None
    if not first.is_marked and _is_counted(said, last, today):
        return None
    begins = first.minute
    if not first.is_marked and last.part is not None:  # "8 to 11 pm", "10 đến 2 giờ đêm"
        shared = _of_day(first.minute // 60, last.part) * 60
        if shared < (last.minute or DAY_MINUTES) or last.part == "night":
            begins = shared
    return Hours(begins, last.minute), last.after


def _clock(said: Sequence[Token], place: int, today: date) -> Found:
    """One time of the clock: the hour from it, all after it, all before it."""
    for word, hours in (
        (_AFTER, lambda minute: Hours(minute % DAY_MINUTES, DAY_MINUTES)),
        (_BEFORE, lambda minute: Hours(0, minute)),
        (_AT, _hour_from),
    ):
        opened = word.at(said, place)
        time = _clock_time(said, opened[1]) if opened else None
        if opened is None or time is None or _is_counted(said, time, today):
            continue
        if _recent(said, opened[1], today) is None:  # "khoảng 2 giờ qua" is no time of the clock
            return hours(time.minute), time.after
    time = _clock_time(said, place)
    return (_hour_from(time.minute), time.after) if time and time.is_marked else None


def _moments(said: Sequence[Token], place: int, today: date) -> Found:
    """Two moments less than a day apart, such as "từ 20h ngày 25/11 đến 2h ngày 26/11"."""
    opened = _FROM.at(said, place)
    first = _moment(said, opened[1] if opened else place, today)
    to = _TO.at(said, first[2]) if first else None
    last = _moment(said, to[1], today) if to else None
    if first is None or last is None:
        return None
    day, begins, _ = first
    until_day, ends, after = last
    is_next_day = ends <= begins
    if until_day != day + timedelta(days=is_next_day):
        return None
    return Days(day, day, Hours(begins, ends)), after


def _moment(said: Sequence[Token], place: int, today: date) -> tuple[date, int, int] | None:
    """A time of the clock and its day; and the place after them."""
    time = _clock_time(said, place)
    if time is None or not time.is_marked:
        return None
    ago = _AGO.at(said, time.after)
    if ago is not None:
        return today - timedelta(days=ago[0][0]), time.minute, ago[1]
    found = _date(said, time.after, today)
    return (found[0], time.minute, found[1]) if found else None


def _is_counted(said: Sequence[Token], time: "_Clock", today: date) -> bool:
    """True if the number counts people, years or hours: "khoảng 20 tuổi", "khoảng 2-3 người"."""
    if time.is_marked:
        return False
    to, after = _TO.at(said, time.after), time.after
    if to is not None and to[1] < len(said) and said[to[1]].number is not None:
        after = to[1] + 1
    is_span = _UNITS.at(said, after) and _date(said, after, today) is None
    return bool(is_span or _COUNTED.at(said, after))


def _hour_from(minute: int) -> Hours:
    minute %= DAY_MINUTES  # 24:00 is midnight
    return Hours(minute, min(minute + 60, DAY_MINUTES))


def _of_day(hour: int, part: _ClockPart | None) -> int:
    """The hour of the day: "2 giờ đêm" is 2, "11 giờ đêm" is 23, "12 giờ đêm" is 0."""
    match part:
        case "morning":
            return 0 if hour == 12 else hour
        case "noon":
            return hour + 12 if hour < 10 else hour
        case "afternoon":
            return hour + 12 if hour < 12 else hour
        case "evening":
            return (hour + 12) % 24 if hour <= 12 else hour
        case "night":
            return (hour + 12) % 24 if 6 <= hour <= 12 else hour
        case None:
            return hour


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time of the clock in a sentence."""

    minute: int
    """Since midnight."""
    is_marked: bool
    """A word or sign says that the number is a time."""
    part: _ClockPart | None
    """Part of the day that was said with it."""
    after: int
    """Place after it."""


def _clock_time(said: Sequence[Token], place: int) -> _Clock | None:
    hour = said[place].number if place < len(said) else None
    if hour is None or hour > 24:
        return None
    place, minute = place + 1, 0
    mark = _OCLOCK.at(said, place)
    if mark is not None:
        place = mark[1]
        minutes = said[place].number if place < len(said) else None
        if minutes is not None and minutes < 60 and len(said[place].said) == 2:
            minute, place = minutes, place + 1
    told = _CLOCK_PARTS.at(said, place)
    part, after = told or (None, place)
    if _AGO.at(said, place):  # "8 giờ tối qua": the words for the day are read again
        after = place
    total = _of_day(hour, part) * 60 + minute
    is_marked = mark is not None or part is not None
    return _Clock(total, is_marked, part, after) if total <= DAY_MINUTES else None


_READINGS: Final[tuple[Callable[[Sequence[Token], int, date], Found], ...]] = (
    _moments,
    _dates,
    _ago,
    _spans,
    _month,
    _recent,
    _last_weekday,
    _weekdays,
    _clock_span,
    _clock,
)
