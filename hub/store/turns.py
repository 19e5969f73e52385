"""Whose turn it is to write: who asked first goes first, and who has time lets others by.

A plain lock is given to whoever happens to be awake. With a town's pictures coming in, dozens of
threads ask for it, and the two that an alert waits for may not get it for minutes.
"""

import heapq
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One at a time, for any thread; not to be asked twice by one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._asked = 0
        self._waiting: list[tuple[float, int, threading.Event]] = []

    @property
    def waiting(self) -> int:
        """How many wait for it now."""
        return len(self._waiting)

    @contextmanager
    def turn(self, *, patience_s: float = 0.0) -> Iterator[None]:
        """Wait for the turn and have it. Who is patient lets all go first who ask within this
        time, and nobody after it: so nobody waits for ever."""
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
        except BaseException:  # a signal's; nobody may be left with a turn that is not used
            self._withdraw(mine)
            raise

    def _give(self) -> None:
        with self._lock:
            if self._waiting:
                _, _, given = heapq.heappop(self._waiting)
                given.set()  # it stays taken: nobody gets in between
            else:
                self._is_taken = False

    def _withdraw(self, mine: tuple[float, int, threading.Event]) -> None:
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                heapq.heapify(self._waiting)
                return
        self._give()
