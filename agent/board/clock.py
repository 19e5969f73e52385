"""The node's clock: UTC and monotonic time together, the source of trust in UTC, and the boot
id."""

import ctypes
import errno
import os
import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import structlog

from agent.media.frame import Instant
from agent.wire.terms import ClockSource

log = structlog.get_logger()

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_STA_UNSYNC: Final = 0x0040
_TIME_ERROR: Final = 5
VAGUE_MS: Final = 60_000
"""Above this possible error the clock is not used for hours of the day."""
_STANDS_FOR_S: Final = 1.0
"""How long an answer of the kernel is cached: it changes over minutes."""


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2) on 64-bit Linux: the fields read here; the rest is padding."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds; grows while nothing corrects the clock
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_trust() -> tuple[ClockSource, int | None]:
    """The kernel's clock status: NTP with its error bound in ms, or no source."""
    timex = _Timex()  # modes 0: reads only, which needs no privilege
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(ctypes.byref(timex))
    if state == -1:
        code = ctypes.get_errno() or errno.ENOSYS
        raise OSError(code, f"adjtimex: {os.strerror(code)}")
    if state == _TIME_ERROR or timex.status & _STA_UNSYNC:
        return ClockSource.NONE, None
    return ClockSource.NTP, -(-timex.maxerror // 1000)


class SystemClock:
    """Linux's clocks; callable from any thread."""

    def __init__(
        self, ask_kernel: Callable[[], tuple[ClockSource, int | None]] = kernel_trust
    ) -> None:
        self._ask_kernel = ask_kernel
        self._trust: tuple[ClockSource, int | None] = (ClockSource.NONE, None)
        self._asked_ns: int | None = None

    def now(self) -> Instant:
        """The current moment by both clocks, read within about a microsecond."""
        return Instant(time.monotonic_ns(), time.time_ns() // 1000)

    def trust(self) -> tuple[ClockSource, int | None]:
        """The source that vouches for `now().utc_us`, and its error bound in ms (None: no
        bound)."""
        now_ns = time.monotonic_ns()
        if self._asked_ns is None or now_ns - self._asked_ns > _STANDS_FOR_S * 1e9:
            try:
                self._trust = self._ask_kernel()
            except OSError:  # a container may forbid even reading
                self._trust = (ClockSource.NONE, None)
            self._asked_ns = now_ns
        return self._trust


class LocalTime:
    """Local time of instants, for hours of the day. Logs once if the clock has no trusted
    source."""

    def __init__(
        self, zone: tzinfo, trust: Callable[[], tuple[ClockSource, int | None]], *, camera: str
    ) -> None:
        self._zone = zone
        self._trust = trust
        self._camera = camera
        self._is_waiting = False

    def __call__(self, at: Instant) -> datetime | None:
        """The local time; None if the clock has no trusted source or its possible error is too
        large."""
        source, error_ms = self._trust()
        is_sure = tells_hours(source, error_ms)
        if not is_sure and not self._is_waiting:
            log.warning("hours_wait_for_the_clock", camera=self._camera, source=source.value)
        self._is_waiting = not is_sure
        return datetime.fromtimestamp(at.utc_us / 1e6, self._zone) if is_sure else None


def tells_hours(source: ClockSource, error_ms: int | None) -> bool:
    """Whether a clock with this source and error bound is exact enough for hours of the day."""
    return source is not ClockSource.NONE and error_ms is not None and error_ms <= VAGUE_MS


def boot_id(path: Path = BOOT_ID) -> UUID:
    """The kernel's id of this boot; a random one, valid for this run, if the kernel has none."""
    try:
        return UUID(path.read_text().strip())
    except (OSError, ValueError):
        return uuid4()
