"""What the row of a word says once it was tried: owed again, or settled.

For words that are no alert's; those have a ledger of their own (`hub.store.outcomes`).
"""

from typing import Any, Protocol

from hub.alerts.answers import Answer, Patience, Waiting, what_follows
from hub.alerts.moment import Moment
from hub.store.tables import columns


class Tried(Protocol):
    """One that was under lease."""

    @property
    def owed_utc_us(self) -> int:
        """Since when."""
        ...

    @property
    def attempts(self) -> int:
        """Made before this one."""
        ...


def after(
    owed: Tried, answer: Answer, *, patience: Patience, chance: float, now: Moment
) -> dict[str, Any]:
    """Its columns; `chance` (0-1) is the jitter of the next try."""
    made = owed.attempts + 1
    last = what_follows(
        answer,
        attempts=made,
        owed_utc_us=owed.owed_utc_us,
        now_utc_us=now.utc_us,
        patience=patience,
        chance=chance,
    )
    values: dict[str, Any] = {"attempts": made, "reason": last.reason}
    if not isinstance(last, Waiting):
        return values | {"state": last.state, **columns("answered", now)}
    due = columns("due", Moment(last.due_utc_us, now.error_ms))
    return values | {"state": "queued", **due, **columns("lease_until", None)}
