"""Inference budget of a node's one model, shared by cameras on their own threads."""

import threading
from collections.abc import Mapping

from agent.media.frame import Instant
from agent.vision.budget import ANY, Allowance, InputSize, shared


class InferenceBudget:
    """One camera's share of the budget; unused inferences pass between cameras under one lock."""

    def __init__(self, allowance: Allowance, in_use: threading.Lock) -> None:
        self._allowance = allowance
        self._in_use = in_use

    def grant(self, now: Instant, wanted: int, input_px: InputSize = ANY) -> int:
        """See `Allowance`; callable from any thread."""
        with self._in_use:
            return self._allowance.grant(now, wanted, input_px)


def purses(
    looks_per_s: float, cameras: int, look_s: Mapping[InputSize, float] | None = None
) -> list[InferenceBudget]:
    """One budget share per camera; together `looks_per_s` inferences a second, or as many as the
    board can do if one takes `look_s` of the processor, by the network's input."""
    in_use = threading.Lock()
    return [InferenceBudget(budget, in_use) for budget in shared(looks_per_s, cameras, look_s)]
