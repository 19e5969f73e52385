"""The looks of a node's one model, shared by cameras with threads of their own."""

import threading

from agent.media.frame import Instant
from agent.vision.budget import Allowance, shared


class Purse:
    """One camera's allowance; what the cameras leave each other is counted under one lock."""

    def __init__(self, allowance: Allowance, in_use: threading.Lock) -> None:
        self._allowance = allowance
        self._in_use = in_use

    def grant(self, now: Instant, wanted: int) -> int:
        """See `Allowance`; from any thread."""
        with self._in_use:
            return self._allowance.grant(now, wanted)


def purses(looks_per_s: float, cameras: int) -> list[Purse]:
    """One for each camera, `looks_per_s` together."""
    in_use = threading.Lock()
    return [Purse(budget, in_use) for budget in shared(looks_per_s, cameras)]
