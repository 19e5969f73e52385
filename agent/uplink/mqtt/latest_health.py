"""Holds the newest health message; an older one still waiting is replaced and counted."""

import threading
from collections.abc import Callable

from agent.wire.presence import Health


class LatestHealth:
    """Passes health messages from one thread to the link's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Health | None = None
        self._wake: Callable[[], None] = lambda: None
        self.superseded = 0
        """Messages replaced by a newer one before they were sent."""

    def on_news(self, wake: Callable[[], None]) -> None:
        """Call `wake`, on the sender's thread, when there is a message to send."""
        self._wake = wake

    def put(self, health: Health) -> None:
        """Replace the waiting message by this one."""
        with self._lock:
            self.superseded += self._waiting is not None
            self._waiting = health
        self._wake()

    def take(self) -> Health | None:
        """The message to send, once; None if there is none."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
        return waiting
