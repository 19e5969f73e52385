"""Next state of a message after an attempt: retry or final.

For messages outside alerts; alert notifications have their own ledger
(`hub.alerting.notifications.outcomes`).
"""

from typing import Any, Protocol

from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.notify.rules.delivery_result import Answer, Requeued, RetryPolicy, what_follows


class Tried(Protocol):
    """A message that was under lease."""

    @property
    def owed_utc_us(self) -> int:
        """Time of queueing."""
        ...

    @property
    def attempts(self) -> int:
        """Attempts before this one."""
        ...


def after(
    owed: Tried, answer: Answer, *, retry_policy: RetryPolicy, chance: float, now: Moment
) -> dict[str, Any]:
    """The new column values; `chance` (0-1) is the jitter of the next attempt."""
    made = owed.attempts + 1
    last = what_follows(
        answer,
        attempts=made,
        owed_utc_us=owed.owed_utc_us,
        now_utc_us=now.utc_us,
        retry_policy=retry_policy,
        chance=chance,
    )
    values: dict[str, object] = {"attempts": made, "reason": last.reason}
    if not isinstance(last, Requeued):
        return values | {"state": last.state, **columns("answered", now)}
    due = columns("due", Moment(last.due_utc_us, now.error_ms))
    return values | {"state": "queued", **due, **columns("lease_until", None)}
