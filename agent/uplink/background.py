"""Helpers for uploads with lower priority than footage: bandwidth share, yielding, stopping."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent.uplink.rate import Rate
from agent.uplink.tokens import Tokens
from agent.wire.answers import UploadToken

BEAT_S: Final = 1.0
YIELD_S: Final = 2.0
"""Pause before each piece while footage is uploaded."""
LOOK_S: Final = 0.05
"""Interval for checking whether footage is uploaded."""


@dataclass(frozen=True, slots=True)
class Going:
    """True while a service should go on; calling it is also its heartbeat."""

    stop: threading.Event
    beat: Callable[[], None]

    def __call__(self) -> bool:
        """False after a stop."""
        self.beat()
        return not self.stop.is_set()

    def rest(self, span_s: float) -> bool:
        """Wait this long; True if the service should go on. A stop ends the wait at once."""
        until_s = time.monotonic() + span_s
        while self():
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return True
            self.stop.wait(min(BEAT_S, left_s))
        return False


class Pace:
    """Releases pieces one by one."""

    def __init__(self, bytes_per_s: float, gives_way: Callable[[], bool]) -> None:
        """`gives_way` is true while footage is uploaded; 0 bytes per second means no limit."""
        self._rate = Rate(bytes_per_s)
        self._gives_way = gives_way

    def wait(self, size_bytes: int, going: Going) -> bool:
        """Wait until these bytes may be sent; False if the service was stopped meanwhile."""
        now_s = time.monotonic()
        patience_s = now_s + YIELD_S
        is_going = going.rest(self._rate.wait_s(size_bytes, now_s))
        while is_going and self._gives_way() and time.monotonic() < patience_s:
            is_going = going.rest(LOOK_S)
        return is_going


def leave(tokens: Tokens, going: Going, *, within_s: float = float("inf")) -> UploadToken | None:
    """Wait for an upload token; None if none came in time, or the service was stopped."""
    until_s = time.monotonic() + within_s
    while (token := tokens.current(now_s := time.monotonic())) is None:
        if not going() or now_s >= until_s:
            return None
        tokens.ask()
        tokens.wait(BEAT_S)
    return token
