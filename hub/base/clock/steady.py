"""Steady clock of the hub: runs on when the machine's clock is stepped, and applies a step on
demand.

Everything that waits in the database has UTC times: pending, leased, due, last heard. A clock put
forward by an hour would make all of it an hour late at once; put back, it would wait an hour. So
the hub's time follows the machine's monotonic ticks. A step of the clock is measured and applied at
one moment, together with all waiting times. A clock that jumped and is not confirmed is doubted:
the hub then removes nothing and reports nothing late.

Values in, values out; the adapter is `hub.base.clock.steady_clock`.
"""

from dataclasses import dataclass
from typing import Final

STEP_US: Final = 1_000_000
"""Smaller differences are not steps: NTP slews them, and the hub follows."""
SETTLE_US: Final = 10_000_000
"""An unconfirmed step is applied after this time."""
DOUBT_FROM_US: Final = 60_000_000
"""An applied, unconfirmed step of at least this size makes the clock doubted."""
ABSENCE_US: Final = 30 * 86_400_000_000
"""Largest plausible gain of the clock between two runs of the hub."""
DOUBT_US: Final = 3 * 86_400_000_000
"""After this time it is trusted anyway: some hubs have no network time."""


@dataclass(frozen=True, slots=True)
class ClockAnchor:
    """State that a run of the hub leaves for the next one."""

    boot_id: str
    base_us: int
    """The hub's UTC minus the ticks of that boot."""
    utc_us: int
    """The hub's UTC when this was stored."""
    doubted_until_ticks_us: int = 0
    steps: int = 0
    """Steps that were taken by then, where several processes share a clock."""


class SteadyTime:
    """Combines the machine's clock (`wall_us`, UTC) with its ticks since boot, in µs."""

    def __init__(
        self, anchor: ClockAnchor | None, *, boot_id: str, wall_us: int, ticks_us: int
    ) -> None:
        self._boot_id = boot_id
        self._wall_us, self._ticks_us = wall_us, ticks_us
        self._since_us = ticks_us
        self._doubted_until_us = 0
        self._is_behind = False
        self.untaken_us = 0
        """Machine's clock minus the hub's time; 0: equal."""
        if anchor is None:
            return
        if anchor.boot_id == boot_id:
            self._doubted_until_us = anchor.doubted_until_ticks_us
            self._step(wall_us - anchor.base_us - ticks_us)
            return
        away_us = wall_us - anchor.utc_us
        # Time never goes back: a board without a battery clock boots in 1970.
        self._is_behind = away_us < 0
        self._step(min(0, away_us))
        if away_us > ABSENCE_US:
            self._doubted_until_us = ticks_us + DOUBT_US

    def read(self, *, wall_us: int, ticks_us: int) -> int:
        """Update from both clocks; returns the hub's UTC in µs."""
        self._step((wall_us - self._wall_us) - (ticks_us - self._ticks_us))
        self._wall_us, self._ticks_us = wall_us, ticks_us
        return wall_us - self.untaken_us

    def due_us(self, *, is_vouched: bool) -> int:
        """Step to apply now, in µs; 0: there is none, or it is not confirmed long enough."""
        if is_vouched:
            return self.untaken_us
        has_lasted = self._ticks_us - self._since_us >= SETTLE_US
        return self.untaken_us if has_lasted and not self._is_behind else 0

    def take(self, step_us: int, *, is_vouched: bool) -> None:
        """Record that all waiting times were moved by this step, now part of the hub's time."""
        self.untaken_us -= step_us
        self._is_behind = False
        if not is_vouched and abs(step_us) >= DOUBT_FROM_US:
            self._doubted_until_us = self._ticks_us + DOUBT_US

    def is_doubted(self, *, is_vouched: bool) -> bool:
        """True after a jump that was not confirmed since."""
        if is_vouched and not self.untaken_us:
            self._doubted_until_us = 0
        return self._ticks_us < self._doubted_until_us

    def anchor(self) -> ClockAnchor:
        """State for the next run."""
        utc_us = self._wall_us - self.untaken_us
        base_us = utc_us - self._ticks_us
        return ClockAnchor(self._boot_id, base_us, utc_us, self._doubted_until_us)

    def _step(self, step_us: int) -> None:
        if abs(step_us) < STEP_US:
            return
        self.untaken_us += step_us
        self._since_us = self._ticks_us
        if abs(self.untaken_us) < STEP_US:
            self.untaken_us = 0
