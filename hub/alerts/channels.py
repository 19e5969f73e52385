"""By which channel a person is told first, and when the next one follows.

An order is written "webpush,ntfy": first the one, and where no phone has shown it in time, the
other. "webpush+ntfy" is both at once. What is critical is told by all at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

CHANNELS: Final = ("webpush", "ntfy")
"""Those the hub has, as it tells people who chose nothing."""

ORDERS: Final = ("webpush,ntfy", "ntfy,webpush", "webpush+ntfy")
"""What a person may choose."""

Order = tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """The first word of an alert to one phone of the person."""

    channel: str
    state: str
    since_utc_us: int
    """Since when it is accepted, or else owed."""
    is_shown: bool
    is_held: bool = False
    """A storm holds it back, so nothing is wrong with its phone."""


def read_order(text: str | None) -> Order:
    """The steps of an order; a channel it leaves out comes last."""
    steps = [frozenset(step.split("+")) for step in (text or ORDERS[0]).split(",")]
    named = frozenset().union(*steps)
    return (*steps, *(frozenset({one}) for one in CHANNELS if one not in named))


def first_channels(order: Order, living: Collection[str], *, is_critical: bool) -> frozenset[str]:
    """Where a person with living phones on these channels is told first."""
    there = frozenset(living)
    if is_critical:
        return there
    return next((step & there for step in order if step & there), frozenset())


def next_channels(
    order: Order,
    living: Collection[str],
    sent: Sequence[Sent],
    *,
    now_utc_us: int,
    unseen_after_s: float,
) -> frozenset[str]:
    """Where the person is told too, because nobody has seen it by the channels so far."""
    if any(one.is_shown or one.is_held for one in sent):
        return frozenset()
    if not all(_has_failed(one, now_utc_us, unseen_after_s) for one in sent):
        return frozenset()
    tried = {one.channel for one in sent}
    untried = frozenset(living) - tried
    return next((step & untried for step in order if step & untried), frozenset())


def _has_failed(sent: Sent, now_utc_us: int, unseen_after_s: float) -> bool:
    """It will not arrive any more, or has been without being shown for too long."""
    if sent.state in ("dead", "dropped"):
        return True
    return now_utc_us - sent.since_utc_us >= unseen_after_s * 1_000_000
