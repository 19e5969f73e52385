"""Budget of looks per second for the detector, per camera, shared on one node.

A token bucket per camera (Turner 1986), so that a busy camera never takes the looks that a quiet
one needs for its first person. Unused looks go into a pool for all.
"""

from dataclasses import dataclass
from typing import Protocol

from agent.media.frame import Instant

MOST_A_FRAME = 3
"""Most looks of one camera in one frame: the rest waits for the next frames."""


class Allowance(Protocol):
    """Grants looks to the pipeline of a camera."""

    def grant(self, now: Instant, wanted: int) -> int:
        """Number of the `wanted` looks allowed at `now`; call it for every frame, also with 0."""


@dataclass(slots=True)
class Pot:
    """Unused looks of cameras, at most `most`."""

    most: float
    looks: float = 0.0

    def give(self, looks: float) -> None:
        """Add unused looks; what does not fit is lost."""
        self.looks = min(self.most, self.looks + looks)

    def take(self, wanted: int) -> int:
        """Take whole looks, at most `wanted`; returns their number."""
        taken = min(wanted, int(self.looks))
        self.looks -= taken
        return taken


class LookBudget:
    """Look budget of one camera, plus its access to the pool.

    Time is the time of the camera's own frames, so a recording behaves like the street. A camera
    without frames leaves nothing to others and saves nothing.
    """

    def __init__(self, looks_per_s: float, *, pot: Pot | None = None, saved_s: float = 0.5) -> None:
        """`looks_per_s` is above 0; unused looks of this many seconds are saved, at least one.

        So a camera that was quiet can look at all motion at first.
        """
        self._rate = looks_per_s
        self._most = max(1.0, looks_per_s * saved_s)
        self._own = self._most
        self._pot = pot
        self._last: Instant | None = None

    def grant(self, now: Instant, wanted: int) -> int:
        """Grant looks, first from the camera's own budget, then from the pool; never more than
        `wanted`."""
        elapsed_s = max(0.0, now.seconds_since(self._last)) if self._last else 0.0
        self._last = now
        saved = self._own + self._rate * elapsed_s
        self._own = min(self._most, saved)
        granted = min(wanted, int(self._own))
        self._own -= granted
        if self._pot is not None:
            self._pot.give(max(0.0, saved - self._most))
            granted += self._pot.take(wanted - granted)
        return granted


def shared(looks_per_s: float, cameras: int) -> list[LookBudget]:
    """Budgets of all cameras that share one model, `looks_per_s` in total."""
    each = looks_per_s / max(1, cameras)
    if cameras == 1:
        return [LookBudget(each)]
    pot = Pot(most=max(1.0, each))
    return [LookBudget(each, pot=pot) for _ in range(cameras)]
