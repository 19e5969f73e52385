"""Gaps in the numbers of a node's events."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing numbers between known ones: a closed range."""

    first: int
    last: int
    noticed_utc_us: int
    due_utc_us: int | None
    """Time of the next request to the node; None: the limit of requests is reached, no more are
    sent."""
    asks: int = 0
