"""Per-phone rate limit: single notifications, then digests.

A phone that rings twenty times in a minute gets switched off. So within `span_s` a phone rings for
`calm` alerts. After that, alerts are deferred and sent as a digest at most once per `span_s`, with
counts by place. A critical alert is never deferred and does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class BatchingLimits:
    """Numbers of the rate limit for messages to a phone."""

    calm: int = 3
    """Alerts within the span that are sent one by one."""
    span_s: float = 60.0
    """Least time between digests."""

    @property
    def span_us(self) -> int:
        """The span in microseconds."""
        return round(self.span_s * 1_000_000)


@dataclass(frozen=True, slots=True)
class SentRing:
    """A ring of a phone, done or about to be, for one alert or for a digest."""

    at_utc_us: int
    is_digest: bool


@dataclass(frozen=True, slots=True)
class WaitingNotification:
    """First notification of an alert that nobody has taken; `is_held`: a notification for this
    phone was deferred before."""

    notification_id: UUID
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class BatchDecision:
    """Messages to send now, and the time until which the others wait."""

    single: tuple[UUID, ...] = ()
    together: tuple[UUID, ...] = ()
    """Two or more in one message; the last one carries it."""
    held: tuple[UUID, ...] = ()
    until_utc_us: int = 0


def decide(
    rang: Sequence[SentRing],
    waiting: Sequence[WaitingNotification],
    bounds: BatchingLimits,
    *,
    now_utc_us: int,
) -> BatchDecision:
    """Decide what to send to this phone; `waiting` is ordered, oldest first."""
    ids = tuple(one.notification_id for one in waiting)
    # A ring in the future comes from a clock that was set back; it defers nothing.
    recent = [one for one in rang if 0 <= now_utc_us - one.at_utc_us < bounds.span_us]
    is_storm = any(one.is_digest for one in recent) or any(one.is_held for one in waiting)
    free = 0 if is_storm else max(0, bounds.calm - len(recent))
    if len(ids) <= free:
        return BatchDecision(single=ids)
    if not recent:
        return BatchDecision(single=ids) if len(ids) == 1 else BatchDecision(together=ids)
    last_us = now_utc_us if free else max(one.at_utc_us for one in recent)
    return BatchDecision(single=ids[:free], held=ids[free:], until_utc_us=last_us + bounds.span_us)
