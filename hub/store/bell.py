"""A bell that threads ring after a commit and asyncio tasks wait for.

It carries no message: who wakes up asks the database what is new. Rings are counted, so that a
ring between two waits is never missed.
"""

import asyncio
import threading


class Bell:
    """Ring from any thread; wait in any event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rings = 0
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def rings(self) -> int:
        """How often it was rung; hand this to `wait` before asking the database."""
        return self._rings

    def ring(self) -> None:
        """Wake everybody who waits; never blocks."""
        with self._lock:
            self._rings += 1
            waiters = tuple(self._waiters)
        for loop, event in waiters:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # that loop has closed; its waiter is gone with it
                continue

    async def wait(self, heard: int, timeout_s: float | None = None) -> int:
        """Wait until it has rung more often than `heard`, or the time is up; the rings so far."""
        event = asyncio.Event()
        waiter = (asyncio.get_running_loop(), event)
        with self._lock:
            if self._rings > heard:
                return self._rings
            self._waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiters.discard(waiter)
        return self._rings
