"""Turns a camera's timestamps and arrival times into instants and times that only grow.

A camera's clock is regular, but its zero is unknown. The node's clock is known, but arrival times
have network jitter. So spans come from the camera and the anchor from the node: no packet arrives
before it was made, hence the packet with the least delay fixes the anchor. The anchor goes down at
once when a packet comes sooner than that, and up by at most `DRIFT`, to follow a slow camera clock.
Pure: values in, values out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from agent.media.frame import Instant

DRIFT: Final = 0.001
"""Most seconds per second for the anchor to go up; a crystal is off by a tenth of it."""
JUMP_S: Final = 2.0
"""Seconds: a step this much longer than the time between arrivals means that the clock was set."""


@dataclass(frozen=True, slots=True)
class PacketTimes:
    """A packet's times: `at` by the node's clocks, pts and dts in ticks from the first packet."""

    at: Instant
    pts: int
    dts: int


class Timeline:
    """The times of one stream from its opening; packets are stamped in order of arrival."""

    def __init__(self, time_base: Fraction, *, tick: int) -> None:
        """`tick`: the length of one picture, in units of `time_base` seconds."""
        # Whole numbers: a fraction costs forty microseconds a packet.
        self._ns, self._per = (time_base * 1_000_000_000).as_integer_ratio()
        self._tick = max(1, tick)
        self._anchor_ns: int | None = None
        self._raw_dts: int | None = None
        self._dts = 0
        self._came: Instant | None = None
        self._last_ns = 0
        self.mended = 0
        """Implausible steps of the camera's clock so far."""

    def anchor(self, arrivals: Sequence[Instant]) -> None:
        """Set the anchor from packets read ahead: the older ones waited, the last one did not."""
        firsts = [came.mono_ns - self._span_ns(i * self._tick) for i, came in enumerate(arrivals)]
        self._anchor_ns = min(firsts, default=None)

    def stamp(self, *, pts: int | None, dts: int | None, came: Instant) -> PacketTimes:
        """The times of one packet; missing, repeated, jumping or backward times are corrected."""
        raw = dts if dts is not None else pts
        if self._came is not None:
            self._dts += self._step(raw, came.seconds_since(self._came))
        self._raw_dts = raw if raw is not None else self._next_raw()
        ahead = pts - raw if pts is not None and raw is not None else 0
        ahead = ahead if 0 <= self._span_ns(ahead) < 1_000_000_000 else 0
        at_ns = self._decoding_ns(came) + self._span_ns(ahead)
        self._came = came
        at = Instant(at_ns, came.utc_us - (came.mono_ns - at_ns) // 1000)
        return PacketTimes(at, self._dts + ahead, self._dts)

    def _next_raw(self) -> int | None:
        return None if self._raw_dts is None else self._raw_dts + self._tick

    def _step(self, raw: int | None, between_s: float) -> int:
        """Ticks since the packet before: the camera's if plausible, else the node's."""
        if raw is None or self._raw_dts is None:
            return self._tick
        step = raw - self._raw_dts
        if step > 0 and self._span_ns(step) / 1e9 <= between_s + JUMP_S:
            return step
        self.mended += 1
        return max(1, round(between_s * 1_000_000_000 * self._per / self._ns))

    def _decoding_ns(self, came: Instant) -> int:
        since_ns = self._span_ns(self._dts)
        if self._anchor_ns is None:
            self._anchor_ns = came.mono_ns - since_ns
        lag_ns = came.mono_ns - (self._anchor_ns + since_ns)
        if 0 < lag_ns < JUMP_S * 1e9 and self._came is not None:
            lag_ns = min(lag_ns, round(DRIFT * (came.mono_ns - self._came.mono_ns)))
        if self._came is not None or lag_ns < 0:
            self._anchor_ns += lag_ns
        self._last_ns = max(self._last_ns + 1000, self._anchor_ns + since_ns)
        return self._last_ns

    def _span_ns(self, ticks: int) -> int:
        return (2 * ticks * self._ns + self._per) // (2 * self._per)
