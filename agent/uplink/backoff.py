"""Backoff with full jitter, so that the nodes of a town do not reconnect at once."""

import random
from collections.abc import Callable
from typing import Final

_dice: Final = random.SystemRandom()


class Backoff:
    """Waits drawn uniformly from 0 to a limit that doubles from `base_s` up to `cap_s`.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    def __init__(
        self,
        base_s: float,
        cap_s: float,
        *,
        draw: Callable[[float, float], float] = _dice.uniform,
    ) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._draw = draw
        self._ceiling_s = base_s

    def next_s(self) -> float:
        """Seconds to wait now; the limit of the next wait is twice as high."""
        wait_s = self._draw(0.0, self._ceiling_s)
        self._ceiling_s = min(self._cap_s, self._ceiling_s * 2)
        return wait_s

    def widen(self, ceiling_s: float) -> None:
        """Draw the next wait from at least this span: many nodes may have failed at the same
        moment."""
        self._ceiling_s = max(self._ceiling_s, min(self._cap_s, ceiling_s))

    def reset(self) -> None:
        """Success: the next failure starts from the lowest limit."""
        self._ceiling_s = self._base_s
