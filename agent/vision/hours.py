"""Time spans of the week in local time: "22:00-05:00", "mon-fri 18:00-07:00"."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN: Final = 24 * 60
_SPAN: Final = re.compile(
    r"(?:(?P<days>[a-z,-]+)\s+)?(?P<from>\d\d?:\d\d)\s*-\s*(?P<until>\d\d?:\d\d)"
)
_CURE: Final = 'write it as "22:00-05:00" or "mon-fri 18:00-07:00"; "00:00-24:00" is all day'


@dataclass(frozen=True, slots=True)
class WeekSpan:
    """From one minute of the day to another, on the days it begins on (0 is Monday).

    A span that ends no later than it begins ends on the next day.
    """

    days: frozenset[int]
    from_min: int
    until_min: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError names the fault and the cure."""
        found = _SPAN.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"{text!r} is no span of time: {_CURE}")
        from_min, until_min = _minute(found["from"], text), _minute(found["until"], text)
        if from_min in (until_min, DAY_MIN):
            raise ValueError(f"{text!r} lasts no time: {_CURE}")
        return cls(_days(found["days"], text), from_min, until_min)

    def holds(self, day: int, minute: int) -> bool:
        """True if this minute of this day lies in it."""
        if self.from_min < self.until_min:
            return day in self.days and self.from_min <= minute < self.until_min
        if minute >= self.from_min:
            return day in self.days
        return minute < self.until_min and (day - 1) % 7 in self.days


@dataclass(frozen=True, slots=True)
class Hours:
    """Several time spans of the week."""

    spans: tuple[WeekSpan, ...]

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Parse several spans; ValueError names the fault and the cure."""
        return cls(tuple(WeekSpan.parse(text) for text in texts))

    def hold(self, local: datetime) -> bool:
        """True if this local time lies in one of them."""
        minute = local.hour * 60 + local.minute
        return any(span.holds(local.weekday(), minute) for span in self.spans)


def _minute(text: str, whole: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59 or hour * 60 + minute > DAY_MIN:
        raise ValueError(f"{whole!r}: there is no {text}: {_CURE}")
    return hour * 60 + minute


def _days(text: str | None, whole: str) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{whole!r}: days are {', '.join(DAYS)}: {_CURE}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days.update((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    return frozenset(days)
