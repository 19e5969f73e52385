"""Applies steps of the machine's clock to the hub's time and to all waiting times together."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy import Connection

from hub.app.clocks.clock_steps import move
from hub.base.clock.steady_clock import SteadyClock
from hub.base.db.database import FAULTS, Database

log = structlog.get_logger()

LOOK_S: Final = 1.0
WORD_EVERY_S: Final = 60.0


class ClockWatch:
    """One task of the hub. `stepped`: holders of times in memory, told the step in µs."""

    _whose = "this machine's"

    def __init__(self, db: Database, *, clock: SteadyClock, stepped: Callable[[int], None]) -> None:
        self._db = db
        self._clock = clock
        self._stepped = stepped
        self._wrote_s = -math.inf
        self._is_waiting = False

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; an unreachable database delays the step."""
        while not stop.is_set():
            beat()
            await asyncio.to_thread(self.look)
            try:
                await asyncio.wait_for(stop.wait(), LOOK_S)
            except TimeoutError:
                continue

    def look(self) -> int:
        """Apply a due step; returns it in µs."""
        step_us = self._clock.due_step_us()
        if step_us == 0:
            self._leave_word_now_and_then()
            return 0
        try:
            self._take(step_us)
        except FAULTS as error:
            if not self._is_waiting:
                log.warning("clock.step_waits", reason=str(error).splitlines()[0])
            self._is_waiting = True
            return 0
        self._leave_word()
        self._is_waiting = False
        self._tell(step_us)
        return step_us

    def _take(self, step_us: int) -> None:
        """Apply the step while nobody else can write: the next transaction must not compare
        moved times with the earlier time."""
        is_taken = False
        try:
            with self._db.writing() as conn:
                move(conn, step_us, now=self._clock.now())
                self._clock.take(step_us)
                self._stepped(step_us)
                is_taken = True
                self._note_taken(conn)
        except BaseException:
            if is_taken:  # the times are unchanged
                self._clock.give_back(step_us)
                self._stepped(-step_us)
            raise

    def _note_taken(self, conn: Connection) -> None:
        """In the transaction that has moved the times."""

    def _tell(self, step_us: int) -> None:
        is_doubted = self._clock.now().is_doubted
        log.warning(
            "clock.stepped",
            by_s=round(step_us / 1e6, 1),
            doubted=is_doubted,
            cure=f"let an NTP daemon keep {self._whose} clock" if is_doubted else None,
        )

    def _leave_word_now_and_then(self) -> None:
        if time.monotonic() - self._wrote_s >= WORD_EVERY_S:
            self._leave_word()

    def _leave_word(self) -> None:
        if self._clock.leave_word():
            self._wrote_s = time.monotonic()
