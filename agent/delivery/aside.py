"""How a service works beside footage: within the line's share, after it, and heard by a stop."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent.delivery.rate import Rate
from agent.delivery.tokens import Tokens
from agent.wire.answers import UploadToken

BEAT_S: Final = 1.0
YIELD_S: Final = 2.0
"""So long each piece lets footage go before."""
LOOK_S: Final = 0.05
"""Between two looks whether footage has gone."""


@dataclass(frozen=True, slots=True)
class Going:
    """Whether a service goes on; whoever works for it asks on and on, which is its heartbeat."""

    stop: threading.Event
    beat: Callable[[], None]

    def __call__(self) -> bool:
        """False once it was told to stop."""
        self.beat()
        return not self.stop.is_set()

    def rest(self, span_s: float) -> bool:
        """Whether it still goes on after so long; a stop ends the rest at once."""
        until_s = time.monotonic() + span_s
        while self():
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return True
            self.stop.wait(min(BEAT_S, left_s))
        return False


class Pace:
    """Lets pieces go one by one."""

    def __init__(self, bytes_per_s: float, gives_way: Callable[[], bool]) -> None:
        """`gives_way` tells whether footage is being brought; 0 bytes a second is no limit."""
        self._rate = Rate(bytes_per_s)
        self._gives_way = gives_way

    def wait(self, size_bytes: int, going: Going) -> bool:
        """Until so many bytes may go; False where the service was told to stop meanwhile."""
        now_s = time.monotonic()
        patience_s = now_s + YIELD_S
        is_going = going.rest(self._rate.wait_s(size_bytes, now_s))
        while is_going and self._gives_way() and time.monotonic() < patience_s:
            is_going = going.rest(LOOK_S)
        return is_going


def leave(tokens: Tokens, going: Going, *, within_s: float = float("inf")) -> UploadToken | None:
    """The hub's leave; None where none came within the time, or the service was told to stop."""
    until_s = time.monotonic() + within_s
    while (token := tokens.current(now_s := time.monotonic())) is None:
        if not going() or now_s >= until_s:
            return None
        tokens.ask()
        tokens.wait(BEAT_S)
    return token
