"""Tells this process of changes made by others: PostgreSQL's LISTEN, on a connection of its own.

A committed transaction that rings the change signal notifies the other processes of the hub
(`Database.writing`). While this connection is broken, pages and notifier look at intervals, as they
always do.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection

from hub.base.backoff import DATABASE_S, Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.db.database import CHANGES, Database
from hub.base.periodic import rest

log = structlog.get_logger(__name__)

LINE: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A cut line does not say that it is cut: the kernel asks after 15 s of silence, and gives the
connection up 15 s later. All in seconds; the last in ms."""
BEAT_S: Final = 30.0


class ChangeListener:
    """One task of a hub on PostgreSQL; reconnects with back-off."""

    def __init__(
        self, db: Database, change_signal: ChangeSignal, *, backoff: Backoff | None = None
    ) -> None:
        self._db = db
        self._change_signal = change_signal
        self._backoff = backoff or Backoff(longest_s=DATABASE_S)

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`."""
        hearing = asyncio.create_task(self._go_on_hearing(stop, beat))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({hearing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        hearing.cancel()
        with suppress(asyncio.CancelledError):
            await hearing

    async def _go_on_hearing(self, stop: asyncio.Event, beat: Callable[[], None]) -> None:
        while not stop.is_set():
            beat()
            try:
                await self._hear(beat)
            except (psycopg.Error, OSError) as error:
                if self._backoff.failures == 0:  # logged once per outage
                    log.warning(
                        "changes.unheard",
                        reason=(str(error).splitlines() or [type(error).__name__])[0],
                        effect="changes of the hub's other processes are seen some seconds later",
                    )
                await rest(stop, self._backoff.fail())

    async def _hear(self, beat: Callable[[], None]) -> None:
        address = {**LINE, **self._db.listening_address()}
        conn = await AsyncConnection.connect(**address, autocommit=True)
        try:
            await conn.execute(f"LISTEN {CHANGES}")
            if self._backoff.failures:
                log.info("changes.heard_again", after_tries=self._backoff.failures)
            self._backoff.succeed()
            self._change_signal.ring()  # for all that was committed meanwhile
            while True:
                beat()
                async for word in conn.notifies(timeout=BEAT_S, stop_after=1):
                    if word.payload != self._db.process:  # our own has rung already
                        self._change_signal.ring()
        finally:
            await conn.close()
