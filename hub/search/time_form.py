"""Time spans as people say them: "last night", "between two times"."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from hub.search.rules.time_words import FIRST_YEAR, LAST_YEAR
from hub.web.calendar import DARK_FROM_HOUR, DARK_UNTIL_HOUR, Calendar
from hub.web.i18n import Messages

US_PER_S: Final = 1_000_000
BETWEEN: Final = "between"

_BACK: Final = {
    "hour": timedelta(hours=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
WHENS: Final = ("hour", "today", "last_night", "yesterday", "week", "month", "year", BETWEEN)

Why = Literal["no time", "no beginning", "turned"]


class SpanFaultError(ValueError):
    """The time span is invalid."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


@dataclass(frozen=True, slots=True)
class SearchSpan:
    """A time span by the hub's clock; both ends are included."""

    from_utc_us: int
    until_utc_us: int


def span_said(when: str, since: str, until: str, calendar: Calendar) -> SearchSpan:
    """`when` is one of `WHENS`; `since` and `until` (`2026-11-25T02:10`) are the two times of
    `between`; an empty second one means now. Raises SpanFaultError.

    "Last night" is the night from yesterday evening, also at two in the morning, during that night.
    """
    now = calendar.local(calendar.now_utc_us)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match when:
        case "today":
            return _span(midnight, now)
        case "last_night":
            began = midnight - timedelta(hours=24 - DARK_FROM_HOUR)
            return _span(began, min(now, midnight + timedelta(hours=DARK_UNTIL_HOUR)))
        case "yesterday":
            return _span(midnight - timedelta(days=1), midnight - timedelta(microseconds=1))
        case str() if when in _BACK:
            return _span(now - _BACK[when], now)
        case str() if when == BETWEEN:
            return _between(since, until, now, calendar)
        case _:
            raise SpanFaultError("no time")


def when_word(when: str, words: Messages) -> str:
    """Name of a time span, as offered by the form."""
    said = {
        "hour": words.say("the last hour"),
        "today": words.say("today"),
        "last_night": words.say("last night"),
        "yesterday": words.say("yesterday"),
        "week": words.say("the last 7 days"),
        "month": words.say("the last 30 days"),
        "year": words.say("the last year"),
        BETWEEN: words.say("between two moments (two calls)"),
    }
    return said[when]


def fault_sentence(why: Why, words: Messages) -> str:
    """The fault and the cure."""
    said = {
        "no time": words.say(
            "That is no time: choose one, or write both moments with day and hour."
        ),
        "no beginning": words.say("Say when it begins, too: without that all years would be read."),
        "turned": words.say("It ends before it begins: turn the two moments round."),
    }
    return said[why]


def _between(since: str, until: str, now: datetime, calendar: Calendar) -> SearchSpan:
    if not since:
        raise SpanFaultError("no beginning" if until else "no time")
    begins = _moment(since, calendar)
    ends = _moment(until, calendar) + timedelta(microseconds=59_999_999) if until else now
    if ends < begins:
        raise SpanFaultError("turned")
    return _span(begins, ends)


def _moment(said: str, calendar: Calendar) -> datetime:
    try:
        found = datetime.strptime(said[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=calendar.zone)
    except ValueError:
        raise SpanFaultError("no time") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise SpanFaultError("no time")
    return found


def _span(begins: datetime, ends: datetime) -> SearchSpan:
    return SearchSpan(*(round(one.timestamp() * US_PER_S) for one in (begins, ends)))
