"""How long a test waits for what must come: one limit for all tests, longer on a busy machine.

A test waits for an event. The limit only ends a test whose event never comes, so it is generous.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

QUIET_LIMIT_S: Final = 120.0
"""The limit on a machine that has a core for every program that wants to run."""

LONGEST_S: Final = 600.0
"""However busy it is: the run ends a test by force at 900 s, and then nobody says what it waited
for."""


def busy() -> float:
    """How many programs want each core, at least 1.0: now or in the last minute, the larger."""
    last_minute, _, _, now, _ = Path("/proc/loadavg").read_text().split()
    wanting = max(float(last_minute), float(now.partition("/")[0]))
    return max(1.0, wanting / (os.cpu_count() or 1))


def patience_s() -> float:
    """The limit now, in seconds."""
    return min(QUIET_LIMIT_S * busy(), LONGEST_S)


def patience_ms() -> float:
    """The same in milliseconds, as a browser's calls take it."""
    return patience_s() * 1000


def until(
    claim: Callable[[], object], what: object = "it did not come true", *, every_s: float = 0.02
) -> None:
    """Wait until the claim holds.

    `what` says what is waited for; a function is asked for it only when the claim never held.
    Raises AssertionError at the limit.
    """
    began_s = time.monotonic()
    while not claim():
        waited_s = time.monotonic() - began_s
        if waited_s > patience_s():
            raise AssertionError(f"after {waited_s:.0f} s: {what() if callable(what) else what}")
        time.sleep(every_s)
