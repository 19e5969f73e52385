"""Change signal: committed transactions ring it, asyncio tasks wait for it.

It carries no message: a woken task asks the database what has changed. Rings are counted, so that a
ring between two waits is never missed. Rings of other processes:
`hub.base.processes.change_listener`.
"""

import asyncio
import threading

from sqlalchemy import Connection

from hub.base.db.database import tell_after_commit


class ChangeSignal:
    """Ring from any thread; wait in any event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rings = 0
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def rings(self) -> int:
        """Number of rings so far; read it before you ask the database, and hand it to `wait`."""
        return self._rings

    def ring_after(self, conn: Connection) -> None:
        """Ring once this transaction is committed, here and in the other processes of the hub.

        Nothing rings for a transaction that is rolled back. However often it is called, a
        transaction rings once.
        """
        tell_after_commit(conn, self.ring)

    def ring(self) -> None:
        """Wake all waiting tasks of this process; never blocks."""
        with self._lock:
            self._rings += 1
            waiters = tuple(self._waiters)
        for loop, event in waiters:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # that loop has closed, and its waiting task with it
                continue

    async def wait(self, heard: int, timeout_s: float | None = None) -> int:
        """Wait for more rings than `heard`, or until the timeout; returns the rings so far."""
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
