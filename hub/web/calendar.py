"""Formats times for people: local 24-hour clock, dd/mm/yyyy, "2 phút trước"."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta

from hub.web.i18n import Messages

DOUBT_FROM_MS: Final = 1_000
"""A smaller clock error is not mentioned: times are shown in seconds."""


DARK_FROM_HOUR: Final = 18
DARK_UNTIL_HOUR: Final = 6
"""Dusk and dawn near 11° north move by half an hour in a year, so fixed hours are enough."""

YEARS: Final = range(2000, 2200)
"""Accepted years of typed dates; others are typing errors, and dates at the edges cannot be
formatted."""

_UNITS: Final[tuple[tuple[Literal["day", "hour", "minute", "second"], int], ...]] = (
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Formats times (microseconds UTC) for one reader's zone and language; `now` is a parameter."""

    zone: ZoneInfo
    words: Messages
    now_utc_us: int

    def local(self, utc_us: int) -> datetime:
        """The time in the reader's zone."""
        return datetime.fromtimestamp(utc_us / 1e6, UTC).astimezone(self.zone)

    def typed(self, day: str, clock: str) -> datetime:
        """The moment that `2026-11-25` and `02:10` mean in the reader's zone; ValueError if
        invalid."""
        moment = datetime.strptime(f"{day} {clock[:5]}", "%Y-%m-%d %H:%M").replace(tzinfo=self.zone)
        if moment.year not in YEARS:
            raise ValueError(f"{day} is in no year from {YEARS.start} to {YEARS.stop - 1}")
        return moment

    def typed_end(self, day: str, clock: str) -> datetime:
        """The last moment of the minute that is meant: what ends at 23:59 has the whole day."""
        return self.typed(day, clock) + timedelta(microseconds=59_999_999)

    def clock(self, utc_us: int) -> str:
        """Time of day: `02:11:09`; with the date if it was not today."""
        moment = self.local(utc_us)
        if moment.date() == self.local(self.now_utc_us).date():
            return f"{moment:%H:%M:%S}"
        return f"{moment:%H:%M:%S %d/%m/%Y}"

    def full(self, utc_us: int) -> str:
        """Date and time: `02:11:09 25/11/2026`."""
        return f"{self.local(utc_us):%H:%M:%S %d/%m/%Y}"

    def day(self, utc_us: int) -> str:
        """Date: `25/11/2026`."""
        return f"{self.local(utc_us):%d/%m/%Y}"

    def ago(self, utc_us: int) -> str:
        """`2 phút trước`, whole units only. A stamp from the future (a wrong clock) is just now.

        `static/js/time.js` counts on by the same rule.
        """
        past_s = max(0, (self.now_utc_us - utc_us) // 1_000_000)
        if past_s < 5:
            return self.words.say("just now")
        unit, seconds = next(pair for pair in _UNITS if past_s >= pair[1])
        whole = timedelta(seconds=-(past_s // seconds) * seconds)
        return format_timedelta(
            whole,
            granularity=unit,
            threshold=1,
            add_direction=True,
            locale=self.words.language,
        )

    def machine(self, utc_us: int) -> str:
        """The time for a `datetime` attribute: ISO 8601 in UTC."""
        return f"{datetime.fromtimestamp(utc_us / 1e6, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"

    def is_dark(self) -> bool:
        """True between dusk and dawn by the local clock."""
        hour = self.local(self.now_utc_us).hour
        return hour >= DARK_FROM_HOUR or hour < DARK_UNTIL_HOUR

    def today_began_utc_us(self) -> int:
        """The last local midnight, in microseconds UTC."""
        midnight = self.local(self.now_utc_us).replace(hour=0, minute=0, second=0, microsecond=0)
        return int(midnight.timestamp() * 1e6)
