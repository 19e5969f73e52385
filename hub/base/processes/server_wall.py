"""The clock that all processes of a hub over PostgreSQL share: the database server's clock.

A process asks for it at intervals, and in between counts its own ticks. So a step of the clock of a
hub's machine has no effect that others see.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from hub.base.clock.clock import kernel_error_ms
from hub.base.clock.steady_clock import ticks_us
from hub.base.db.database import Database
from hub.base.db.rows import from_row
from hub.base.processes.lease import CHORES

AGREE_US: Final = 1_000_000
"""The kernel's error bound counts only while the machine's clock is so near to the server's."""
_NOW: Final = text(
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS utc_us,"
    " coalesce(max(untaken_us), 0)::bigint AS untaken_us, coalesce(max(steps), 0)::bigint AS steps,"
    " (SELECT term || '/' || beats FROM leases WHERE name = :lease) AS holder_sign"
    " FROM hub_clock"
).bindparams(lease=CHORES)


@dataclass(frozen=True, slots=True)
class SharedTime:
    """Facts about the server's clock that all processes share."""

    untaken_us: int
    """The server's clock minus the hub's time: steps that are not taken yet."""
    steps: int
    """Number of steps that were taken, with all waiting times, since the database was made."""
    holder_sign: str | None
    """A text that changes with each sign of life of the process that judges the clock; None: never
    one."""


class ServerWall:
    """The database server's clock; for any thread; asks at once. Raises the errors of
    `hub.base.db.database.FAULTS`."""

    def __init__(
        self,
        db: Database,
        *,
        ticks: Callable[[], int] = ticks_us,
        machine_utc_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._db = db
        self._ticks = ticks
        self._machine_utc_us = machine_utc_us
        self._lock = threading.Lock()
        self._ahead_us: int | None = None
        """The server's UTC minus this machine's ticks."""
        self.first = self.sample()
        """Shared facts at the start."""

    def utc_us(self) -> int:
        """The server's UTC now, by the last answer and the ticks since."""
        with self._lock:
            return self.ticks_us() + (self._ahead_us or 0)

    def ticks_us(self) -> int:
        """Ticks of this machine, in µs."""
        return self._ticks()

    def error_ms(self) -> int | None:
        """Error bound in ms; None: the machine's clock is not synchronised, or the two differ."""
        kernel_ms, away_us = kernel_error_ms(), abs(self.away_us())
        if kernel_ms is None or away_us >= AGREE_US:
            return None
        return kernel_ms + away_us // 1000

    def away_us(self) -> int:
        """This machine's clock minus the server's."""
        return self._machine_utc_us() - self.utc_us()

    def sample(self) -> SharedTime:
        """Ask the database server for its clock."""
        with self._db.reading() as conn:
            # Without a transaction to begin, the answer takes one round trip.
            conn.execution_options(isolation_level="AUTOCOMMIT")
            asked_us = self.ticks_us()
            row = conn.execute(_NOW).one()
            answered_us = self.ticks_us()
        # The clock was read at some moment in between: moved no more than that leaves open.
        least_us, most_us = row.utc_us - answered_us, row.utc_us - asked_us
        with self._lock:
            before_us = self._ahead_us
            if before_us is None:
                before_us = (least_us + most_us) // 2
            self._ahead_us = min(max(before_us, least_us), most_us)
        return from_row(SharedTime, row)
