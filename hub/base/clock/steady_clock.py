"""The hub's clock during a run and across restarts: `hub.base.clock.steady` on this machine, or on
a clock that several machines share."""

import os
import threading
import time
from pathlib import Path
from typing import Final, Protocol

from hub.base.clock.clock import kernel_error_ms
from hub.base.clock.steady import ClockAnchor, SteadyTime
from hub.base.moment import Moment

FILE: Final = "clock"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_WIDTH: Final = 160
"""Fixed length: the file is overwritten in place, which works on a full disk."""


class Wall(Protocol):
    """A clock that can be set, beside ticks that cannot."""

    def utc_us(self) -> int:
        """Time of the clock, in µs UTC."""
        ...

    def ticks_us(self) -> int:
        """Ticks of this machine since boot, in µs."""
        ...

    def error_ms(self) -> int | None:
        """Error bound of the clock in ms; None while it is not synchronised."""
        ...


class MachineWall:
    """The clock of this machine."""

    def utc_us(self) -> int:
        """UTC time of the kernel, in µs."""
        return time.time_ns() // 1000

    def ticks_us(self) -> int:
        """Ticks since boot, in µs."""
        return ticks_us()

    def error_ms(self) -> int | None:
        """The kernel's error bound in ms; None unless a daemon keeps the clock right."""
        return kernel_error_ms()


class SteadyClock:
    """The hub's clock during a run and across restarts. For any thread. `folder`: place of the
    state file for the next run; None: no file."""

    def __init__(
        self, folder: Path | None = None, *, wall: Wall | None = None, steps: int = 0
    ) -> None:
        """`steps`: how many steps of a shared clock were taken until now; a state from before
        another process took one is of no use."""
        self._wall = wall or MachineWall()
        self.steps = steps
        self._file = folder / FILE if folder is not None else None
        self._lock = threading.Lock()
        left = _read(self._file)
        self._time = SteadyTime(
            left if left is not None and left.steps == steps else None,
            boot_id=_boot_id(),
            wall_us=self._wall.utc_us(),
            ticks_us=self._wall.ticks_us(),
        )
        self.leave_word()

    @property
    def untaken_us(self) -> int:
        """The machine's clock minus the hub's time, in µs: steps that were not applied yet."""
        with self._lock:
            self._read_time()
            return self._time.untaken_us

    def now(self) -> Moment:
        """The current moment; its error is None while the clock is not synchronized or a step is
        pending."""
        error_ms = self._wall.error_ms()
        with self._lock:
            utc_us = self._read_time()
            is_doubted = self._time.is_doubted(is_vouched=error_ms is not None)
            is_off = self._time.untaken_us != 0
        return Moment(max(0, utc_us), None if is_off else error_ms, is_doubted=is_doubted)

    def due_step_us(self) -> int:
        """The clock step to apply now, in µs; 0: none."""
        error_ms = self._wall.error_ms()
        with self._lock:
            self._read_time()
            return self._time.due_us(is_vouched=error_ms is not None)

    def take(self, step_us: int) -> None:
        """Record that pending times were moved by this step."""
        error_ms = self._wall.error_ms()
        with self._lock:
            self._time.take(step_us, is_vouched=error_ms is not None)

    def give_back(self, step_us: int) -> None:
        """Undo `take`: pending times could not be moved."""
        with self._lock:
            self._time.untaken_us += step_us

    def leave_word(self) -> bool:
        """Write the state for the next run. False: refused by the disk, or its folder is not there
        yet; the previous state stays.

        It is not synced: it is valid in this boot only, and after a killed process the kernel still
        has it.
        """
        if self._file is None:
            return True
        with self._lock:
            self._read_time()
            anchor = self._time.anchor()
        numbers = [anchor.base_us, anchor.utc_us, anchor.doubted_until_ticks_us]
        if self.steps:
            numbers.append(self.steps)
        text = " ".join([anchor.boot_id, *map(str, numbers)]).ljust(_WIDTH) + "\n"
        try:
            file = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(file, text.encode(), 0)
            finally:
                os.close(file)
        except OSError:
            return False
        return True

    def _read_time(self) -> int:
        return self._time.read(wall_us=self._wall.utc_us(), ticks_us=self._wall.ticks_us())


def ticks_us() -> int:
    """Microseconds since boot, including time asleep."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:  # not Linux: no state across runs
        return f"run-{os.getpid()}-{time.monotonic_ns()}"


def _read(file: Path | None) -> ClockAnchor | None:
    if file is None:
        return None
    try:
        boot_id, *numbers = file.read_text().split()
        return ClockAnchor(boot_id, *map(int, numbers))
    except (OSError, ValueError, TypeError):
        return None
