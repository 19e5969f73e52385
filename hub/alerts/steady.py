"""A clock that goes on evenly while the machine's own is stepped, and takes a step when told to.

What waits in the database is marked with UTC: what is owed, leased, due, last heard of. A machine
whose clock is put forward by an hour would find all of it an hour late at once, one that is put
back would let it wait for an hour. So the hub's time goes on by the machine's ticks; what the
clock was stepped by is known, and taken at one moment together with all marks that wait. A clock
that jumped and that nobody vouches for is doubted: it removes nothing, and calls nothing late.

Values in, values out: the adapter is `hub.store.steady_clock`.
"""

from dataclasses import dataclass
from typing import Final

STEP_US: Final = 1_000_000
"""Less is no step: an NTP daemon slews it away, and the hub follows."""
SETTLE_US: Final = 10_000_000
"""A step that nobody vouches for is taken when it has lasted so long."""
DOUBT_FROM_US: Final = 60_000_000
"""A taken step of so much, unvouched, makes the clock doubtful."""
ABSENCE_US: Final = 30 * 86_400_000_000
"""After a boot the clock may have gone on by so much since the hub last ran, and is believed."""
DOUBT_US: Final = 3 * 86_400_000_000
"""Then it is believed all the same: there are hubs without any network that could vouch."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a run of the hub leaves to the next one."""

    boot_id: str
    base_us: int
    """The hub's UTC less the ticks of that boot."""
    utc_us: int
    """The hub's UTC when this was noted."""
    doubted_until_ticks_us: int = 0


class SteadyTime:
    """Readings of the machine's clock (`wall_us`, UTC) and of its ticks since boot, in µs."""

    def __init__(self, anchor: Anchor | None, *, boot_id: str, wall_us: int, ticks_us: int) -> None:
        self._boot_id = boot_id
        self._wall_us, self._ticks_us = wall_us, ticks_us
        self._since_us = ticks_us
        self._doubted_until_us = 0
        self._is_behind = False
        self.untaken_us = 0
        """By how much the machine's clock is ahead of the hub's time; 0: they are one."""
        if anchor is None:
            return
        if anchor.boot_id == boot_id:
            self._doubted_until_us = anchor.doubted_until_ticks_us
            self._step(wall_us - anchor.base_us - ticks_us)
            return
        away_us = wall_us - anchor.utc_us
        # It cannot be earlier than it was: a board without a battery clock booted in 1970.
        self._is_behind = away_us < 0
        self._step(min(0, away_us))
        if away_us > ABSENCE_US:
            self._doubted_until_us = ticks_us + DOUBT_US

    def read(self, *, wall_us: int, ticks_us: int) -> int:
        """The hub's UTC, µs."""
        self._step((wall_us - self._wall_us) - (ticks_us - self._ticks_us))
        self._wall_us, self._ticks_us = wall_us, ticks_us
        return wall_us - self.untaken_us

    def due_us(self, *, is_vouched: bool) -> int:
        """The step to be taken now; 0: none, or it has to last first."""
        if is_vouched:
            return self.untaken_us
        has_lasted = self._ticks_us - self._since_us >= SETTLE_US
        return self.untaken_us if has_lasted and not self._is_behind else 0

    def take(self, step_us: int, *, is_vouched: bool) -> None:
        """The marks were moved by this much: from now on it is part of the hub's time."""
        self.untaken_us -= step_us
        self._is_behind = False
        if not is_vouched and abs(step_us) >= DOUBT_FROM_US:
            self._doubted_until_us = self._ticks_us + DOUBT_US

    def is_doubted(self, *, is_vouched: bool) -> bool:
        """Whether it jumped, and nobody has vouched for it since."""
        if is_vouched and not self.untaken_us:
            self._doubted_until_us = 0
        return self._ticks_us < self._doubted_until_us

    def anchor(self) -> Anchor:
        """What the next run should know."""
        utc_us = self._wall_us - self.untaken_us
        base_us = utc_us - self._ticks_us
        return Anchor(self._boot_id, base_us, utc_us, self._doubted_until_us)

    def _step(self, step_us: int) -> None:
        if abs(step_us) < STEP_US:
            return
        self.untaken_us += step_us
        self._since_us = self._ticks_us
        if abs(self.untaken_us) < STEP_US:
            self.untaken_us = 0
