"""Time of an event, from the node's stamp, its age and the clock of its boot."""

from dataclasses import dataclass
from typing import Final

from hub.base.moment import Moment

JOURNEY_S: Final = 2.0
"""Assumed delay from frame to the hub's commit: the promised maximum, seldom reached."""
DRIFT: Final = 100e-6
"""Largest relative error of a board's crystal; most are within half of it."""
FIRST_UTC_US: Final = 1_704_067_200_000_000
"""Start of 2024, before the first node. An earlier stamp is invalid, even a trusted one."""


@dataclass(frozen=True, slots=True)
class BootClock:
    """A trusted stamp of a boot and the uptime at that stamp."""

    said: Moment
    uptime_ms: int

    def place(self, uptime_ms: int) -> Moment:
        """Time at this uptime; the error grows with the distance from the trusted stamp."""
        span_ms = uptime_ms - self.uptime_ms
        error_ms = (self.said.error_ms or 0) + round(abs(span_ms) * DRIFT)
        return Moment(max(0, self.said.utc_us + span_ms * 1000), error_ms)


@dataclass(frozen=True, slots=True)
class StampedTimes:
    """Time fields of an event."""

    stamp: Moment
    age_ms: int | None
    uptime_ms: int | None


def happened(times: StampedTimes, boot: BootClock | None, *, now: Moment) -> Moment:
    """Best estimate of the time of an event.

    A trusted stamp is used, unless the hub's clock is trusted too and the stamp lies further in the
    future than its error and `JOURNEY_S` allow. Otherwise the boot's trusted stamp plus uptime is
    used, or else the time of receipt minus the age. These are wrong by the delay of the message, so
    a stamp within that delay is kept: events of one node stay in order. Without an age (the node
    has rebooted) the stamp is used if it is valid, or else the time of receipt.
    """
    is_time = times.stamp.utc_us >= FIRST_UTC_US and not _is_future(times.stamp, now)
    if times.stamp.error_ms is not None and is_time:
        return times.stamp
    placed: Moment | None = None
    if boot is not None and times.uptime_ms is not None:
        placed = boot.place(times.uptime_ms)
    elif times.age_ms is not None:
        placed = Moment(max(0, now.utc_us - times.age_ms * 1000))
    if placed is None:
        return Moment((times.stamp if is_time else now).utc_us)
    if abs(placed.utc_us - times.stamp.utc_us) <= JOURNEY_S * 1_000_000:
        return Moment(times.stamp.utc_us, placed.error_ms)
    return placed


def _is_future(stamp: Moment, now: Moment) -> bool:
    if now.error_ms is None:
        return False  # the hub's own clock is not trusted either
    slack_ms = (stamp.error_ms or 0) + now.error_ms + JOURNEY_S * 1000
    return stamp.utc_us - now.utc_us > slack_ms * 1000
