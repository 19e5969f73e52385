"""How many looks a second the model may be asked for, camera by camera, from one purse.

A token bucket each (Turner 1986), so that a busy camera never takes from a quiet one what that one
needs for the first person who comes. What a camera leaves unused goes into a pot for all.
"""

from dataclasses import dataclass
from typing import Protocol

from agent.media.frame import Instant


class Allowance(Protocol):
    """What one camera's eyes ask before they look."""

    def grant(self, now: Instant, wanted: int) -> int:
        """How many of the `wanted` looks may be taken at `now`; ask with each frame, with 0 too."""


@dataclass(slots=True)
class Pot:
    """Looks that some camera left unused, no more than `most` of them."""

    most: float
    looks: float = 0.0

    def give(self, looks: float) -> None:
        """What does not fit is lost: nobody wanted it for a while."""
        self.looks = min(self.most, self.looks + looks)

    def take(self, wanted: int) -> int:
        """Whole looks only."""
        taken = min(wanted, int(self.looks))
        self.looks -= taken
        return taken


class LookBudget:
    """One camera's share of the looks, and what others leave.

    Time is that of the camera's own frames, so it passes in a recording as it passed in the street.
    A camera that gives no frames leaves nothing to the others, and cannot save up either.
    """

    def __init__(self, looks_per_s: float, *, pot: Pot | None = None, saved_s: float = 0.5) -> None:
        """`looks_per_s` is above 0; of what is unused so many seconds are kept, one look at least.

        Whoever was quiet may thus look at all that moves at first.
        """
        self._rate = looks_per_s
        self._most = max(1.0, looks_per_s * saved_s)
        self._own = self._most
        self._pot = pot
        self._last: Instant | None = None

    def grant(self, now: Instant, wanted: int) -> int:
        """From its own first, then from the pot; never more than `wanted`."""
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
    """Budgets of as many cameras as share one model, `looks_per_s` together."""
    each = looks_per_s / max(1, cameras)
    if cameras == 1:
        return [LookBudget(each)]
    pot = Pot(most=max(1.0, each))
    return [LookBudget(each, pot=pot) for _ in range(cameras)]
