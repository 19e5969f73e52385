"""By which channel a person is told first, and when the next one follows.

An order is written "webpush,ntfy": first the one, and where no phone has shown it in time, the
other. "webpush+ntfy" is both at once. A person may have another order for each severity:
"webpush,ntfy; critical=sms+webpush,ntfy". What is critical is told by all at once unless they said
otherwise.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

CHANNELS: Final = ("webpush", "ntfy", "zalo_bot", "zalo", "telegram", "zns", "sms")
"""As the hub tells people who chose nothing; any other of the keeper's comes after these."""

USUAL: Final = "usual"
CRITICAL: Final = "critical"
SEVERITIES: Final = (USUAL, CRITICAL)
"""What an order may be for."""

LONGEST_ORDER: Final = 500
"""Characters."""

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,29}")

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


def read_orders(text: str | None) -> Mapping[str, Order]:
    """The order for each severity that has one; ValueError says what of the text is no order."""
    if text is None or not text.strip():
        return {}
    if len(text) > LONGEST_ORDER:
        raise ValueError(f"an order of more than {LONGEST_ORDER} characters")
    orders: dict[str, Order] = {}
    for part in text.split(";"):
        severity, is_named, steps = part.rpartition("=")
        name = severity.strip() if is_named else USUAL
        if name not in SEVERITIES:
            raise ValueError(f"{name!r} is no severity; write {' or '.join(SEVERITIES)}")
        if name in orders:
            raise ValueError(f"two orders for {name}; write one")
        orders[name] = _read_steps(steps)
    return orders


def _read_steps(text: str) -> Order:
    steps: list[frozenset[str]] = []
    for step in text.split(","):
        names = [name.strip() for name in step.split("+")]
        for name in names:
            if not NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} is no channel's name; write an order such as webpush,ntfy"
                )
            if any(name in before for before in steps) or names.count(name) > 1:
                raise ValueError(f"the channel {name} stands there twice; write it once")
        steps.append(frozenset(names))
    return tuple(steps)


def write_orders(orders: Mapping[str, Order]) -> str:
    """The text of these, as `read_orders` reads it."""
    parts = []
    for severity in SEVERITIES:
        if severity in orders:
            steps = ",".join("+".join(sorted(step)) for step in orders[severity])
            parts.append(steps if severity == USUAL else f"{severity}={steps}")
    return "; ".join(parts)


def steps_for(orders: Mapping[str, Order], living: Collection[str], severity: str | None) -> Order:
    """Where a person with living phones on these channels is told, one step after the other.

    Channels that their order leaves out come last, as the hub would order them, so that what is
    forgotten in an order is late and not lost.
    """
    is_critical = severity == CRITICAL
    order = orders.get(CRITICAL if is_critical else USUAL)
    if order is None and is_critical:
        return (frozenset(living),) if living else ()
    named = [step & frozenset(living) for step in order or ()]
    left = sorted(frozenset(living).difference(*named), key=_rank)
    return (*(step for step in named if step), *(frozenset({one}) for one in left))


def _rank(channel: str) -> tuple[int, str]:
    return (CHANNELS.index(channel) if channel in CHANNELS else len(CHANNELS), channel)


def next_channels(
    steps: Order, sent: Sequence[Sent], *, now_utc_us: int, unseen_after_s: float
) -> frozenset[str]:
    """Where the person is told too, because nobody has seen it by the channels so far.

    `steps` are those of `steps_for`; the first is told when the alert is raised.
    """
    if any(one.is_shown or one.is_held for one in sent):
        return frozenset()
    if not all(_has_failed(one, now_utc_us, unseen_after_s) for one in sent):
        return frozenset()
    tried = {one.channel for one in sent}
    return next((step - tried for step in steps if step - tried), frozenset())


def _has_failed(sent: Sent, now_utc_us: int, unseen_after_s: float) -> bool:
    """It will not arrive any more, or has been without being shown for too long."""
    if sent.state in ("dead", "dropped"):
        return True
    return now_utc_us - sent.since_utc_us >= unseen_after_s * 1_000_000
