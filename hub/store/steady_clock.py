"""The hub's clock through a run and from one to the next: `hub.alerts.steady` on this machine."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from hub.alerts.moment import Moment
from hub.alerts.steady import Anchor, SteadyTime
from hub.store.clock import kernel_error_ms

FILE: Final = "clock"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_WIDTH: Final = 160
"""The file is written over in place, so that a full disk has room for it."""


class SteadyClock:
    """For any thread. `folder`: where it leaves word for the next run; None: nowhere."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = folder / FILE if folder is not None else None
        self._lock = threading.Lock()
        self._time = SteadyTime(
            _read(self._file), boot_id=_boot_id(), wall_us=_wall_us(), ticks_us=_ticks_us()
        )
        self.leave_word()

    def now(self) -> Moment:
        """This moment; its error is None while nobody keeps the clock, or a step is not taken."""
        error_ms = kernel_error_ms()
        with self._lock:
            utc_us = self._read_time()
            is_doubted = self._time.is_doubted(is_vouched=error_ms is not None)
            is_off = self._time.untaken_us != 0
        return Moment(max(0, utc_us), None if is_off else error_ms, is_doubted=is_doubted)

    def due_step_us(self) -> int:
        """What the clock was stepped by and is to be taken now; 0: nothing."""
        error_ms = kernel_error_ms()
        with self._lock:
            self._read_time()
            return self._time.due_us(is_vouched=error_ms is not None)

    def take(self, step_us: int) -> None:
        """What waits was moved by this much."""
        error_ms = kernel_error_ms()
        with self._lock:
            self._time.take(step_us, is_vouched=error_ms is not None)

    def give_back(self, step_us: int) -> None:
        """What waits could not be moved after all."""
        with self._lock:
            self._time.untaken_us += step_us

    def leave_word(self) -> None:
        """For the next run; a disk that does not take it leaves the word of before.

        It is not synced: it counts in this boot alone, and what a kill leaves is in the kernel.
        """
        if self._file is None:
            return
        with self._lock:
            self._read_time()
            anchor = self._time.anchor()
        words = (anchor.boot_id, anchor.base_us, anchor.utc_us, anchor.doubted_until_ticks_us)
        text = " ".join(map(str, words)).ljust(_WIDTH) + "\n"
        with suppress(OSError):
            file = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(file, text.encode(), 0)
            finally:
                os.close(file)

    def _read_time(self) -> int:
        return self._time.read(wall_us=_wall_us(), ticks_us=_ticks_us())


def _wall_us() -> int:
    return time.time_ns() // 1000


def _ticks_us() -> int:
    """Since boot, the time of a sleeping machine included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:  # no Linux: every run stands alone
        return f"run-{os.getpid()}-{time.monotonic_ns()}"


def _read(file: Path | None) -> Anchor | None:
    if file is None:
        return None
    try:
        boot_id, *numbers = file.read_text().split()
        return Anchor(boot_id, *map(int, numbers))
    except (OSError, ValueError, TypeError):
        return None
