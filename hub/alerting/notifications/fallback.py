"""Fallback channel: an alert not shown by any phone of a person goes to their next channel."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from hub.alerting.notifications import recipients
from hub.alerting.notifications.channel_choice import unseen
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.periodic import go_round

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 2.0


class FallbackChannel:
    """One task of the hub; several hubs on one database create nothing twice."""

    def __init__(
        self, *, db: Database, clock: Clock, change_signal: ChangeSignal, unseen_after_s: float
    ) -> None:
        self._db = db
        self._clock = clock
        self._change_signal = change_signal
        self._unseen_after_s = unseen_after_s

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; an unreachable database is tried again."""
        await go_round(
            lambda: asyncio.to_thread(self.look),
            stop,
            beat=beat,
            blind="fallback.blind",
            every_s=LOOK_EVERY_S,
        )

    def look(self) -> int:
        """Create notifications on the next channel; returns their number."""
        now = self._clock.now()
        with self._db.reading() as conn:
            if not unseen(conn, unseen_after_s=self._unseen_after_s, now=now):
                return 0
        with self._db.writing() as conn:
            now = self._clock.now()  # it may have been stepped, and all times with it
            found = unseen(conn, unseen_after_s=self._unseen_after_s, now=now)
            pending = recipients.enqueue_others(conn, found, now=now)
            if pending:
                self._change_signal.ring_after(conn)
        if pending:
            log.info("fallback.owed", notifications=pending)
        return pending
