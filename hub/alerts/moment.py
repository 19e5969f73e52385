"""A moment in UTC, and how far off it may be."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """Microseconds since 1970 UTC; `error_ms` is None where nobody can vouch for the clock.

    Moments sort by their stamp alone when the stamps differ, which is all the hub relies on.
    """

    utc_us: int
    error_ms: int | None = None
    is_doubted: bool = field(default=False, compare=False)
    """Read from a clock that jumped and that nobody has vouched for since."""

    def plus_s(self, span_s: float) -> "Moment":
        """The moment `span_s` seconds later (earlier when negative), as uncertain as this one."""
        return replace(self, utc_us=self.utc_us + round(span_s * 1_000_000))
