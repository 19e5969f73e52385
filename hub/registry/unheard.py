"""Silence of a node that is connected: one rule for alerts and for pages."""

from typing import Final

UNHEARD_AFTER_S: Final = 300.0
"""A node sends a health report every minute. After this long without one it is silent."""


def unheard_since(
    reported_utc_us: int | None,
    online_utc_us: int,
    now_utc_us: int,
    *,
    after_s: float = UNHEARD_AFTER_S,
) -> int | None:
    """Time since which the node is silent; None if it is not, or if it never sent a health report.

    `reported_utc_us` is the time of its last health report, `online_utc_us` that of its last
    connection. All are UTC microseconds by the hub's clock.
    """
    if reported_utc_us is None:
        return None
    heard_utc_us = max(reported_utc_us, online_utc_us)
    return heard_utc_us if now_utc_us - heard_utc_us > round(after_s * 1e6) else None
