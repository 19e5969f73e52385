"""When something happened: from the node's stamp, its age, and the clock of its boot."""

from dataclasses import dataclass
from typing import Final

from hub.alerts.moment import Moment

JOURNEY_S: Final = 2.0
"""A message's way from the frame to the hub's commit; what is promised, and seldom reached."""
DRIFT: Final = 100e-6
"""A board's crystal is off by no more than this share; most are within half of it."""
FIRST_UTC_US: Final = 1_704_067_200_000_000
"""2024: no node was there before. A stamp of an earlier time is no time at all, whoever vouches."""


@dataclass(frozen=True, slots=True)
class BootClock:
    """A trusted stamp of a boot, and how long the boot had lasted then."""

    said: Moment
    uptime_ms: int

    def place(self, uptime_ms: int) -> Moment:
        """When the boot had lasted so long; less sure the further from the trusted stamp."""
        span_ms = uptime_ms - self.uptime_ms
        error_ms = (self.said.error_ms or 0) + round(abs(span_ms) * DRIFT)
        return Moment(max(0, self.said.utc_us + span_ms * 1000), error_ms)


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells of its time."""

    stamp: Moment
    age_ms: int | None
    uptime_ms: int | None


def happened(told: Told, boot: BootClock | None, *, now: Moment) -> Moment:
    """The best that is known of when it happened.

    A vouched stamp is believed, unless it lies further in the future than its bound and a message's
    journey allow and the hub's own clock is vouched for. Else its boot's trusted stamp places it;
    else it is the receipt less the age. That is off by the journey of each message, so a stamp that
    differs by no more is kept: the times of one node stay in order. Without an age (the node has
    rebooted) the stamp is all there is, if it can be a time at all; and else the receipt is.
    """
    is_time = told.stamp.utc_us >= FIRST_UTC_US and not _is_future(told.stamp, now)
    if told.stamp.error_ms is not None and is_time:
        return told.stamp
    placed: Moment | None = None
    if boot is not None and told.uptime_ms is not None:
        placed = boot.place(told.uptime_ms)
    elif told.age_ms is not None:
        placed = Moment(max(0, now.utc_us - told.age_ms * 1000))
    if placed is None:
        return Moment((told.stamp if is_time else now).utc_us)
    if abs(placed.utc_us - told.stamp.utc_us) <= JOURNEY_S * 1_000_000:
        return Moment(told.stamp.utc_us, placed.error_ms)
    return placed


def _is_future(stamp: Moment, now: Moment) -> bool:
    if now.error_ms is None:
        return False  # nobody vouches for the hub's own clock either
    slack_ms = (stamp.error_ms or 0) + now.error_ms + JOURNEY_S * 1000
    return stamp.utc_us - now.utc_us > slack_ms * 1000
