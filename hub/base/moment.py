"""A moment in UTC with its error."""

from dataclasses import dataclass, field, replace
from typing import Final

DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """Microseconds since 1970 UTC; `error_ms` is None if the clock is not trusted.

    Moments with different stamps sort by the stamp alone; the hub relies on nothing more.
    """

    utc_us: int
    error_ms: int | None = None
    is_doubted: bool = field(default=False, compare=False)
    """Read from a clock that jumped and was not confirmed since."""

    def plus_s(self, span_s: float) -> "Moment":
        """The moment `span_s` seconds later (earlier if negative), with the same error."""
        return replace(self, utc_us=self.utc_us + round(span_s * 1_000_000))
