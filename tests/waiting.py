"""How long a test waits for an event: one limit for all tests, longer on a busy machine.

A test waits for an event. The limit only ends a test whose event never comes, so it is generous.

`Patience` waits for the text of a page; it ends sooner when nothing is left to do. Otherwise one
reworded text would hold a worker for ten minutes.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

QUIET_LIMIT_S: Final = 120.0
"""The limit on a machine that has a core for every program that wants to run."""

PAGE_LIMIT_S: Final = 60.0
"""The same for what a page shall show; no page works for longer before it shows a thing."""

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
    """Patience in milliseconds, as a browser's calls take it."""
    return patience_s() * 1000


def stood_in_line_s(pid: int) -> dict[int, float]:
    """How long each thread of a process and of all it started stood in line for a core so far, in
    seconds, by the thread's number."""
    stood: dict[int, float] = {}
    for task in _entries(Path(f"/proc/{pid}/task")):
        _, waited_ns, _ = (_read(task / "schedstat") or "0 0 0").split()
        stood[int(task.name)] = int(waited_ns) / 1e9
        for child in _read(task / "children").split():
            stood |= stood_in_line_s(int(child))
    return stood


def _entries(folder: Path) -> list[Path]:
    """None for a process that is gone."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _read(file: Path) -> str:
    """Empty for a thread that is gone."""
    try:
        return file.read_text()
    except OSError:
        return ""


class Patience:
    """Counts the seconds that a wait would have taken on an idle machine.

    A second in which this process or one that it started stood in line for a core counts as much
    less as it stood there. So a wait for what never comes ends soon beside the busiest programs,
    and one for what is under way gets its time.
    """

    def __init__(
        self,
        limit_s: float,
        *,
        now_s: Callable[[], float] = time.monotonic,
        stood: Callable[[], dict[int, float]] = lambda: stood_in_line_s(os.getpid()),
    ) -> None:
        self._limit_s, self._now_s, self._stood = limit_s, now_s, stood
        self._began_s = self._looked_s = now_s()
        self._stood_before = stood()
        self._counted_s = 0.0

    def is_over(self) -> bool:
        """Whether the limit is reached, or `LONGEST_S` of the clock on the wall."""
        now_s, stood = self._now_s(), self._stood()
        gone_s = now_s - self._looked_s
        in_line_s = sum(sum_s - self._stood_before.get(one, 0.0) for one, sum_s in stood.items())
        self._counted_s += gone_s - min(gone_s, in_line_s)
        self._looked_s, self._stood_before = now_s, stood
        return self._counted_s >= self._limit_s or now_s - self._began_s >= LONGEST_S


def page_limit_ms() -> float:
    """The limit of a step on a page, which ends at a time that is fixed before, in milliseconds."""
    return min(PAGE_LIMIT_S * busy(), LONGEST_S) * 1000


def until(
    claim: Callable[[], object], what: object = "it did not come true", *, every_s: float = 0.005
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
