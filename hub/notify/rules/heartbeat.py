"""Heartbeat of phones: when a phone is asked for a reply, and when its silence is reported.

Only a message from the phone itself counts; acceptance by the push service proves nothing. A phone
that has shown a push within the last day is not asked, so an officer with alerts never sees a
check.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HEARD_WITHIN_S: Final = 20 * 3600.0
"""A phone that showed a push within this span is alive. Less than a day, so that no check is missed
by an hour."""
ASKED_WITHIN_H: Final = 8
"""If the hub was down at the hour, it asks during this many hours after it, not the next night."""


@dataclass(frozen=True, slots=True)
class CheckBounds:
    """Time of the check, in local time."""

    zone: ZoneInfo
    hour: int = 9
    """0-23, in `zone`."""
    answer_within_s: float = 3600.0
    """Time a phone has to answer; then its owner and the keepers are told."""


def check_day(now_utc_us: int, bounds: CheckBounds) -> date | None:
    """The day whose check is due now; None outside its hours."""
    here = datetime.fromtimestamp(now_utc_us / 1e6, UTC).astimezone(bounds.zone)
    asked_for = here - timedelta(hours=bounds.hour)
    return asked_for.date() if asked_for.hour < ASKED_WITHIN_H else None


def is_asked(heard_utc_us: int | None, now_utc_us: int) -> bool:
    """True if a phone with this last reply is asked; None: it never replied."""
    return heard_utc_us is None or now_utc_us - heard_utc_us > HEARD_WITHIN_S * 1_000_000


def is_silent(
    heard_utc_us: int | None, *, asked_utc_us: int, answer_by_utc_us: int, now_utc_us: int
) -> bool:
    """True if a phone that was asked did not answer in time."""
    has_answered = heard_utc_us is not None and heard_utc_us >= asked_utc_us
    return not has_answered and now_utc_us >= answer_by_utc_us
