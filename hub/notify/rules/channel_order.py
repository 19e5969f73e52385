"""Order of notification channels for a person.

The order "webpush,ntfy" means: webpush first, then ntfy if no phone has shown the alert in time.
"webpush+ntfy" means both at once. A person can have an order for each severity:
"webpush,ntfy; critical=sms+webpush,ntfy". Without one, a critical alert uses all channels at once.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

USUAL: Final = "usual"
CRITICAL: Final = "critical"
SEVERITIES: Final = (USUAL, CRITICAL)
"""Severities that an order can name."""

LONGEST_ORDER: Final = 500
"""In characters."""

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,29}")

Order = tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """First notification of an alert to one phone of the person."""

    channel: str
    state: str
    since_utc_us: int
    """Time of acceptance, or of creation while it is pending."""
    is_shown: bool
    is_held: bool = False
    """Deferred by the rate limit: not a failure of the phone."""


def read_orders(text: str | None) -> Mapping[str, Order]:
    """Parse the orders by severity. ValueError names the invalid part."""
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
    """Format orders as `read_orders` parses them."""
    parts = []
    for severity in SEVERITIES:
        if severity in orders:
            steps = ",".join("+".join(sorted(step)) for step in orders[severity])
            parts.append(steps if severity == USUAL else f"{severity}={steps}")
    return "; ".join(parts)


def steps_for(
    orders: Mapping[str, Order],
    living: Collection[str],
    severity: str | None,
    *,
    rank: Callable[[str], tuple[int, str]],
) -> Order:
    """Channels for a person with active phones on `living`, step by step.

    `rank` gives the place of a channel in the default order. Channels missing from the person's
    order come last, in that order: a forgotten channel is late, not lost.
    """
    is_critical = severity == CRITICAL
    order = orders.get(CRITICAL if is_critical else USUAL)
    if order is None and is_critical:
        return (frozenset(living),) if living else ()
    named = [step & frozenset(living) for step in order or ()]
    left = sorted(frozenset(living).difference(*named), key=rank)
    return (*(step for step in named if step), *(frozenset({one}) for one in left))


def next_channels(
    steps: Order, sent: Sequence[Sent], *, now_utc_us: int, unseen_after_s: float
) -> frozenset[str]:
    """Channels to use next, because the earlier ones failed or nobody has seen the alert.

    `steps` come from `steps_for`; the first step is sent when the alert is raised.
    """
    if any(one.is_shown or one.is_held for one in sent):
        return frozenset()
    if not all(_has_failed(one, now_utc_us, unseen_after_s) for one in sent):
        return frozenset()
    tried = {one.channel for one in sent}
    return next((step - tried for step in steps if step - tried), frozenset())


def _has_failed(sent: Sent, now_utc_us: int, unseen_after_s: float) -> bool:
    """True if it was given up, or was not shown within `unseen_after_s`."""
    if sent.state in ("dead", "dropped"):
        return True
    return now_utc_us - sent.since_utc_us >= unseen_after_s * 1_000_000
