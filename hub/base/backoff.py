"""Backoff with full jitter: clients that failed together do not retry together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

DATABASE_S: Final = 2.0
"""The longest wait for a database that is away: alerts wait for it too, and a hub has few
processes."""


@dataclass(slots=True)
class Backoff:
    """Waiting times: random between 0 and a bound that doubles with each failure."""

    first_s: float = 0.5
    longest_s: float = 30.0
    chance: Callable[[], float] = field(default_factory=lambda: Random().random)  # noqa: S311 - jitter
    """Uniform random in 0-1; not used for secrets."""
    failures: int = 0

    def fail(self) -> float:
        """Count a failure; returns the seconds to wait."""
        bound_s = min(self.longest_s, self.first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return bound_s * self.chance()

    def succeed(self) -> None:
        """Reset the waiting time after a success."""
        self.failures = 0
