"""How long to wait before trying again: full jitter, so that many who failed at once spread out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Patience:
    """Waits grow with the failures in a row: random between 0 and the doubled bound."""

    first_s: float = 0.5
    longest_s: float = 30.0
    chance: Callable[[], float] = field(default_factory=lambda: Random().random)  # noqa: S311 - jitter
    """Evenly random in 0-1; no secret hangs on it."""
    failures: int = 0

    def fail(self) -> float:
        """Count a failure; how many seconds to wait now."""
        bound_s = min(self.longest_s, self.first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return bound_s * self.chance()

    def succeed(self) -> None:
        """Begin anew."""
        self.failures = 0
