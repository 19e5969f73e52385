"""When a phone is asked for a sign of life, and when its silence is worth a word.

Only what a phone itself says counts: that its service took a push proves nothing. A phone that has
shown any push within the last day need not be asked, so an officer who gets alerts never sees one.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HEARD_WITHIN_S: Final = 20 * 3600.0
"""A phone that showed a push so lately is alive: less than a day, so that no check slips by one."""
ASKED_WITHIN_H: Final = 8
"""A hub that was down at the hour asks for so many hours after it, not in the following night."""


@dataclass(frozen=True, slots=True)
class CheckBounds:
    """When phones are asked, by the clock on the wall."""

    hour: int
    """0-23 in `zone`."""
    zone: ZoneInfo
    answer_within_s: float
    """So long a phone may take to answer."""


def check_day(now_utc_us: int, bounds: CheckBounds) -> date | None:
    """The day whose check is due now; None outside its hours."""
    here = datetime.fromtimestamp(now_utc_us / 1e6, UTC).astimezone(bounds.zone)
    asked_for = here - timedelta(hours=bounds.hour)
    return asked_for.date() if asked_for.hour < ASKED_WITHIN_H else None


def is_asked(heard_utc_us: int | None, now_utc_us: int) -> bool:
    """Whether a phone that last spoke then is asked; None: it never has."""
    return heard_utc_us is None or now_utc_us - heard_utc_us > HEARD_WITHIN_S * 1_000_000


def is_silent(
    heard_utc_us: int | None, *, asked_utc_us: int, answer_by_utc_us: int, now_utc_us: int
) -> bool:
    """Whether a phone that was asked then has let its time go by."""
    has_answered = heard_utc_us is not None and heard_utc_us >= asked_utc_us
    return not has_answered and now_utc_us >= answer_by_utc_us
