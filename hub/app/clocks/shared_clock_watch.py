"""The clock of several processes of a hub over PostgreSQL: the database server's clock.

Only the holder of the lease judges its steps. It announces a step that it does not apply yet; when
it applies the step, it moves all waiting times, once. The other processes follow.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import Connection

from hub.app.clocks.clock_watch import ClockWatch
from hub.base.clock.steady import STEP_US
from hub.base.clock.steady_clock import SteadyClock
from hub.base.db.database import FAULTS, Database
from hub.base.db.statements import put
from hub.base.processes.lease import LAPSE_S, Lease
from hub.base.processes.server_wall import AGREE_US, ServerWall, SharedTime
from hub.base.processes.tables import hub_clock

log = structlog.get_logger()

ONE: Final = 1
"""The key of the only row."""
APART_S: Final = LAPSE_S + 10.0
"""Seconds for which a process may disagree with the holder of the lease about a step."""


class SharedClockWatch(ClockWatch):
    """One task of each process. `clock` counts by `wall`; `now_s`: monotonic seconds."""

    _whose = "the database server's"

    def __init__(
        self,
        db: Database,
        *,
        clock: SteadyClock,
        stepped: Callable[[int], None],
        wall: ServerWall,
        lease: Lease,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(db, clock=clock, stepped=stepped)
        self._wall = wall
        self._lease = lease
        self._now_s = now_s
        self._apart_since_s: float | None = None
        self._agrees = True
        self._holder_sign: str | None = wall.first.holder_sign
        self._holder_seen_s = now_s() - LAPSE_S

    def look(self) -> int:
        """Ask for the server's clock, and judge a step of it, or follow. Returns the step in µs."""
        try:
            said = self._wall.sample()
        except FAULTS:
            return 0  # the time goes on by this machine's ticks
        self._say_whether_clocks_agree()
        apart_us = self._clock.untaken_us - said.untaken_us
        if said.steps != self._clock.steps or self._is_long_apart(said, apart_us):
            return self._follow(said, apart_us)
        if not self._lease.is_held:
            self._leave_word_now_and_then()
            return 0
        if abs(apart_us) >= STEP_US:
            self._lease.do(self._tell_others)
        return self._lease.do(super().look) or 0

    def _is_long_apart(self, said: SharedTime, apart_us: int) -> bool:
        """Whether a holder that is alive has disagreed for long."""
        now_s = self._now_s()
        if said.holder_sign != self._holder_sign:
            self._holder_sign, self._holder_seen_s = said.holder_sign, now_s
        is_alone = self._lease.is_held or now_s - self._holder_seen_s >= LAPSE_S
        if abs(apart_us) < STEP_US or is_alone:
            self._apart_since_s = None
        elif self._apart_since_s is None:
            self._apart_since_s = now_s
        return self._apart_since_s is not None and now_s - self._apart_since_s >= APART_S

    def _say_whether_clocks_agree(self) -> None:
        """Once, for the keeper: nobody can tell from here which of the two is wrong."""
        away_us = self._wall.away_us()
        if self._agrees and abs(away_us) >= AGREE_US:
            log.warning(
                "clock.differs",
                from_server_s=round(away_us / 1e6, 1),
                effect="the hub goes by the database server's clock, without an error bound",
                cure="let an NTP daemon keep the clocks of this machine and of the server",
            )
        self._agrees = abs(away_us) < AGREE_US

    def _follow(self, said: SharedTime, apart_us: int) -> int:
        """Another process has moved all waiting times."""
        self._clock.steps = said.steps
        self._apart_since_s = None
        self._clock.take(apart_us)
        self._stepped(apart_us)
        self._leave_word()
        if abs(apart_us) >= STEP_US:
            self._tell(apart_us)
        return apart_us

    def _tell_others(self) -> None:
        with suppress(*FAULTS), self._db.writing() as conn:  # else at the next look
            self._put(conn, self._clock.untaken_us, self._clock.steps)

    def _take(self, step_us: int) -> None:
        super()._take(step_us)
        self._clock.steps += 1

    def _note_taken(self, conn: Connection) -> None:
        self._put(conn, self._clock.untaken_us, self._clock.steps + 1)

    def _put(self, conn: Connection, untaken_us: int, steps: int) -> None:
        put(conn, hub_clock, {"id": ONE, "untaken_us": untaken_us, "steps": steps})
