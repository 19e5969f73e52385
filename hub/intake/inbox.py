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

    def take(self) -> list[Arrival]:
        """Wait for arrivals, then gather up to `BATCH` for `GATHER_S`; empty once closed."""
        first = self._first()
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

    def _first(self) -> Arrival | None:
        while not self._closed.is_set():
            try:
                return self._queue.get(timeout=_CHECK_S)
            except queue.Empty:
                continue
        return None
