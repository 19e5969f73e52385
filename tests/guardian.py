"""Ends the programs that a test process started, once that process is gone in whatever way.

    python guardian.py PID MARK

waits until the process PID is gone, then ends every process whose environment holds MARK: first
with SIGTERM, after a while with SIGKILL. It runs beside the tests in a session of its own, so that
neither Ctrl-C nor the death of the test process ends it.
"""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

GRACE_S: Final = 3.0
"""What a program gets to end by itself."""


def marked(mark: str) -> set[int]:
    """The living processes whose environment holds the variable MARK, this one not."""
    return {pid for pid in _pids() if pid != os.getpid() and holds(pid, mark)}


def end(mark: str) -> None:
    """End them all, and those that they start meanwhile."""
    until_s = time.monotonic() + GRACE_S
    _send(marked(mark), signal.SIGTERM)
    while (left := marked(mark)) and time.monotonic() < until_s:
        time.sleep(0.05)
    while left:
        _send(left, signal.SIGKILL)
        time.sleep(0.05)
        left = marked(mark)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def holds(pid: int, mark: str) -> bool:
    """Whether the environment of the process holds the variable MARK."""
    try:
        names = Path(f"/proc/{pid}/environ").read_bytes()  # empty for a process that has ended
    except OSError:  # gone meanwhile, or another user's
        return False
    return f"\0{mark}=".encode() in b"\0" + names


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _main(pid: int, mark: str) -> None:
    with suppress(ProcessLookupError):
        one = os.pidfd_open(pid)
        select.select([one], [], [])  # readable once the process has ended
    end(mark)


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2])
