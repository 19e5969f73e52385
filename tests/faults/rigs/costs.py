"""Processor time of a rig by process and event, and the number of cores that a province needs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import psutil

CAMERAS: Final = 20_000
EVENTS_S: Final = 0.1
"""Of one camera of a province."""


def spent_s(processes: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Processor time of each part so far, in seconds: of its first processes, and of those that
    they started, ended or not."""
    return {name: sum(_tree_s(pid) for pid in pids) for name, pids in processes.items()}


def _tree_s(pid: int) -> float:
    spent = 0.0
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        for one in (first, *first.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                spent += times.user + times.system + times.children_user + times.children_system
    return spent


def costs(
    idle: Mapping[str, float], busy: Mapping[str, float], *, amounts: Mapping[str, int]
) -> dict[str, Any]:
    """`idle`: cores that each part takes without events; `busy`: seconds that it took, without its
    idle share, for the events of `amounts`, which says too what came with them."""
    events = amounts["events"]
    by_event = {name: max(0.0, spent) / events * 1000 for name, spent in busy.items()}
    cores = {name: ms / 1000 * CAMERAS * EVENTS_S for name, ms in by_event.items()}
    return {
        **amounts,
        "idle_cores": {name: round(share, 3) for name, share in idle.items()},
        "ms_per_event": {name: round(ms, 2) for name, ms in by_event.items()},
        "all_ms_per_event": round(sum(by_event.values()), 1),
        f"cores_for_{CAMERAS}_cameras": {name: round(one, 1) for name, one in cores.items()},
        "all_cores": round(sum(cores.values()), 1),
    }
