"""The hub's program on a machine whose clock can be stepped.

Usage: python -m tests.faults.hub STEPS ARGUMENTS…

The file STEPS says by how many microseconds the clock is wrong; without the file it is right. Only
Python's own clock calls are affected: the C library checks the dates of certificates by the true
clock.
"""

import sys
import threading
import time
from pathlib import Path
from typing import Final

LOOK_S: Final = 0.05

_true_time_ns = time.time_ns


class OffClock(threading.Thread):
    """Follows the file, from a thread of its own."""

    def __init__(self, steps: Path) -> None:
        super().__init__(name="steps", daemon=True)
        self._steps = steps
        self.off_us = 0
        self.look()

    def look(self) -> None:
        """Take notice of a step."""
        try:
            self.off_us = int(self._steps.read_text())
        except (FileNotFoundError, ValueError):  # not stepped, or just being written
            return

    def time_ns(self) -> int:
        """As `time.time_ns`, off by the step, never before 1970."""
        return max(0, _true_time_ns() + self.off_us * 1000)

    def time(self) -> float:
        """As `time.time`."""
        return self.time_ns() / 1e9

    def run(self) -> None:
        """Look now and then."""
        while True:
            time.sleep(LOOK_S)
            self.look()


def main() -> None:
    """Step the clock, then be the hub."""
    clock = OffClock(Path(sys.argv[1]))
    clock.start()
    time.time_ns, time.time = clock.time_ns, clock.time
    from hub.__main__ import main as run_hub  # noqa: PLC0415 - so that it finds the clock stepped

    sys.argv[:2] = ["matthan-hub"]
    run_hub()


if __name__ == "__main__":
    main()
