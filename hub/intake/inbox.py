"""Between the network's thread and the writer's: a bounded queue that is emptied in batches."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

BATCH: Final = 200
GATHER_S: Final = 0.02
_CHECK_S: Final = 0.2
"""How often one that waits looks whether the inbox has been closed."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it came. `acknowledge` tells the broker to forget it, from any thread; it does
    nothing once the connection it came by has ended, because the broker then sends it again."""

    topic: str
    payload: bytes
    acknowledge: Callable[[], None]


class Inbox:
    """Holds at most `bound` arrivals; who puts more waits, and so the broker waits too."""

    def __init__(self, bound: int) -> None:
        self._queue: queue.Queue[Arrival] = queue.Queue(bound)
        self._closed = threading.Event()

    def put(self, arrival: Arrival) -> bool:
        """Wait for room; False when the inbox has closed and the arrival is left to come again."""
        while not self._closed.is_set():
            try:
                self._queue.put(arrival, timeout=_CHECK_S)
            except queue.Full:
                continue
            return True
        return False

    @property
    def is_closed(self) -> bool:
        """Nothing more comes."""
        return self._closed.is_set()

    def take(self, wait_s: float) -> list[Arrival]:
        """Wait for arrivals, then gather up to `BATCH` for `GATHER_S`; empty when none came."""
        first = self._first(wait_s)
        if first is None:
            return []
        batch = [first]
        deadline = time.monotonic() + GATHER_S
        while len(batch) < BATCH and (left_s := deadline - time.monotonic()) > 0:
            try:
                batch.append(self._queue.get(timeout=left_s))
            except queue.Empty:
                break
        return batch

    def close(self) -> None:
        """Let nobody wait any longer; what is still inside was not acknowledged and comes again."""
        self._closed.set()

    def _first(self, wait_s: float) -> Arrival | None:
        deadline = time.monotonic() + wait_s
        while not self.is_closed and (left_s := deadline - time.monotonic()) > 0:
            try:
                return self._queue.get(timeout=min(_CHECK_S, left_s))
            except queue.Empty:
                continue
        return None
