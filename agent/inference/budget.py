"""Inference budget of a node's one model, shared by cameras on their own threads."""

import threading

from agent.media.frame import Instant
from agent.vision.budget import Allowance, shared


class InferenceBudget:
    """One camera's share of the budget; unused inferences pass between cameras under one lock."""

    def __init__(self, allowance: Allowance, in_use: threading.Lock) -> None:
        self._allowance = allowance
        self._in_use = in_use

    def grant(self, now: Instant, wanted: int) -> int:
        """See `Allowance`; callable from any thread."""
        with self._in_use:
            return self._allowance.grant(now, wanted)


def purses(looks_per_s: float, cameras: int) -> list[InferenceBudget]:
    """One budget share per camera; together `looks_per_s` inferences a second."""
    in_use = threading.Lock()
    return [InferenceBudget(budget, in_use) for budget in shared(looks_per_s, cameras)]
