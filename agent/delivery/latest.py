"""A place for the newest state of health: an older one that waits there is void, and counted."""

import threading
from collections.abc import Callable

from agent.wire.presence import Health


class LatestHealth:
    """One thread puts, the link's takes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Health | None = None
        self._wake: Callable[[], None] = lambda: None
        self.superseded = 0
        """How many were never sent, because a newer one came first."""

    def on_news(self, wake: Callable[[], None]) -> None:
        """Have `wake` called, on the giver's thread, when there is one to send."""
        self._wake = wake

    def put(self, health: Health) -> None:
        """The newest state."""
        with self._lock:
            self.superseded += self._waiting is not None
            self._waiting = health
        self._wake()

    def take(self) -> Health | None:
        """What is to be sent, once."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
        return waiting
