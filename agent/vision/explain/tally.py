"""Counts how often something happened, by the minute."""

from dataclasses import dataclass, field
from math import inf

from agent.media.frame import Instant


@dataclass(slots=True)
class Tally:
    """Counts by minute: as many numbers as the span has minutes."""

    _minutes: dict[int, int] = field(default_factory=dict)

    def add(self, at: Instant, count: int = 1) -> None:
        """Count `count` more at this moment."""
        minute = _minute(at)
        self._minutes[minute] = self._minutes.get(minute, 0) + count

    def since(self, at: Instant | None) -> int:
        """The count since the beginning of that minute; None: all."""
        first = -inf if at is None else _minute(at)
        return sum(count for minute, count in self._minutes.items() if minute >= first)

    def forget_before(self, at: Instant) -> None:
        """Forget the whole minutes before this moment."""
        first = _minute(at)
        self._minutes = {minute: n for minute, n in self._minutes.items() if minute >= first}


def _minute(at: Instant) -> int:
    return at.mono_ns // 60_000_000_000
