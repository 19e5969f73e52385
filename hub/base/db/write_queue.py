"""Write queue: first come, first served; patient writers let others pass.

A plain lock goes to any thread that happens to be awake. While a town's pictures arrive, dozens of
threads wait for it, and the two that an alert needs may not get it for minutes.
"""

import heapq
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class WriteQueue:
    """Gives the turn to one thread at a time; not reentrant."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._asked = 0
        self._waiting: list[tuple[float, int, threading.Event]] = []

    @property
    def waiting(self) -> int:
        """Number of threads waiting now."""
        return len(self._waiting)

    @contextmanager
    def turn(self, *, patience_s: float = 0.0) -> Iterator[None]:
        """Wait for the turn and hold it. For `patience_s` a thread lets newer ones pass; after that
        it lets none pass, so nobody waits for ever."""
        self._take(patience_s)
        try:
            yield
        finally:
            self._give()

    def _take(self, patience_s: float) -> None:
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            self._asked += 1
            given = threading.Event()
            mine = (time.monotonic() + patience_s, self._asked, given)
            heapq.heappush(self._waiting, mine)
        try:
            given.wait()
        except BaseException:  # from a signal; no turn may be lost to a dead thread
            self._withdraw(mine)
            raise

    def _give(self) -> None:
        with self._lock:
            if self._waiting:
                _, _, given = heapq.heappop(self._waiting)
                given.set()  # it stays locked: no other thread can get between
            else:
                self._is_taken = False

    def _withdraw(self, mine: tuple[float, int, threading.Event]) -> None:
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                heapq.heapify(self._waiting)
                return
        self._give()
