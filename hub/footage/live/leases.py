"""Ends live views of people without the right or without an open page, and renews nodes' leases."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Literal, assert_never

import structlog

from hub.base.audit.detail import Detail
from hub.base.db import database
from hub.base.processes.broadcast import Broadcast
from hub.footage.live.service import LiveService
from hub.footage.live.views import Key, LiveView, LiveViews

log = structlog.get_logger()

LOOK_EVERY_S: Final = 0.5

WhyEnded = Literal["closed", "left", "not_granted", "stopped"]
"""Its page was closed or left, its person lost the right, or the hub stops."""


class LiveLeases:
    """Task of the hub that ends live views and renews nodes' leases; `look` is one round."""

    def __init__(
        self,
        live: LiveService,
        hear_closings: Callable[[], None],
        views: LiveViews,
        *,
        words: Broadcast | None = None,
    ) -> None:
        """`hear_closings` is called each round, before rights are checked. `words` connects this
        process with the hub's other processes, while this runs."""
        self._live = live
        self._hear_closings = hear_closings
        self.views = views
        self._words = words
        self._owed: deque[tuple[LiveView, Detail]] = deque()
        self._writing = threading.Lock()
        self._is_away = False

    async def run(self, stop: asyncio.Event, beat: Callable[[], None]) -> None:
        """Until `stop`; then every view ends and is logged."""
        if self._words:
            self._words.start()
        try:
            await self._go_round(stop, beat)
            await asyncio.to_thread(self.end_all, "stopped")
        finally:
            if self._words:
                await asyncio.to_thread(self._words.stop)

    async def _go_round(self, stop: asyncio.Event, beat: Callable[[], None]) -> None:
        while not stop.is_set():
            beat()
            if self._words and not self._words.is_alive:
                raise RuntimeError("the thread that hears of the other processes died")
            await asyncio.to_thread(self.look)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()
            except TimeoutError:
                continue

    def look(self) -> None:
        """One round. A page whose right cannot be checked now gets no picture either."""
        try:
            self._hear_closings()
            self._write_owed()
            for watch in self.views.watches():
                if self.views.is_over(watch):
                    self.end(watch.key, "left")
                elif not self._may(watch):
                    self.end(watch.key, "not_granted")
            self._is_away = False
        except database.FAULTS as error:
            if not self._is_away:
                log.error("live.database", reason=str(error).splitlines()[0])
            self._is_away = True
        self.views.tell_nodes()

    def end(self, key: Key, why: WhyEnded) -> None:
        """End a view, if there is one, and then log its end; if the database fails, the line is
        written later."""
        self._note_end(self.views.leave(key), why)

    def close(self, key: Key) -> None:
        """End a view, here and in the other processes: its page was closed."""
        self._note_end(self.views.close(key), "closed")

    def _note_end(self, watch: LiveView | None, why: WhyEnded) -> None:
        if watch is None:
            return
        seconds = round(self.views.seconds(watch))
        self._owed.append((watch, _told(why, seconds, watch.pictures)))
        self._write_owed()

    def end_all(self, why: WhyEnded) -> None:
        """End every view."""
        try:
            for watch in self.views.watches():
                self.end(watch.key, why)
        except database.FAULTS as error:
            log.error("live.database", reason=str(error).splitlines()[0])

    def _write_owed(self) -> None:
        with self._writing:  # closing a page and a round can coincide
            while self._owed:
                watch, detail = self._owed[0]
                self._live.end_live(
                    watch.asker, watch.camera.camera_id, watch.purpose, detail=detail
                )
                self._owed.popleft()

    def _may(self, watch: LiveView) -> bool:
        return self._live.may_see_live(watch.asker, watch.camera.camera_id, watch.purpose)


def _told(why: WhyEnded, seconds: int, pictures: int) -> Detail:
    match why:
        case "closed":
            return Detail("live.closed", n=seconds, m=pictures)
        case "left":
            return Detail("live.left", n=seconds, m=pictures)
        case "not_granted":
            return Detail("live.not_granted", n=seconds, m=pictures)
        case "stopped":
            return Detail("live.stopped", n=seconds, m=pictures)
        case _:
            assert_never(why)
