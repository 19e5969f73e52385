"""The node's clock: both times at once, who vouches for the UTC one, and which boot this is."""

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
"""A clock that may be off by more says nothing about hours."""
_STANDS_FOR_S: Final = 1.0
"""How long an answer of the kernel's is good for: it changes over minutes."""


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2) on 64-bit Linux, as far as it is read; the rest is padding."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds; grows by itself while nobody corrects
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_trust() -> tuple[ClockSource, int | None]:
    """What the kernel says of its clock: NTP with its error bound in ms, or nobody."""
    timex = _Timex()  # modes 0: only reads, which needs no privilege
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(ctypes.byref(timex))
    if state == -1:
        code = ctypes.get_errno() or errno.ENOSYS
        raise OSError(code, f"adjtimex: {os.strerror(code)}")
    if state == _TIME_ERROR or timex.status & _STA_UNSYNC:
        return ClockSource.NONE, None
    return ClockSource.NTP, -(-timex.maxerror // 1000)


class SystemClock:
    """Linux's clocks; any thread may ask."""

    def __init__(
        self, ask_kernel: Callable[[], tuple[ClockSource, int | None]] = kernel_trust
    ) -> None:
        self._ask_kernel = ask_kernel
        self._trust: tuple[ClockSource, int | None] = (ClockSource.NONE, None)
        self._asked_ns: int | None = None

    def now(self) -> Instant:
        """This moment by both clocks; the two are read within a microsecond or so."""
        return Instant(time.monotonic_ns(), time.time_ns() // 1000)

    def trust(self) -> tuple[ClockSource, int | None]:
        """Who vouches for `now().utc_us`, and how far off it may be in ms (None: no bound)."""
        now_ns = time.monotonic_ns()
        if self._asked_ns is None or now_ns - self._asked_ns > _STANDS_FOR_S * 1e9:
            try:
                self._trust = self._ask_kernel()
            except OSError:  # a container may forbid even asking
                self._trust = (ClockSource.NONE, None)
            self._asked_ns = now_ns
        return self._trust


class LocalTime:
    """The local time of instants, for hours; says once in the log when nobody vouches for it."""

    def __init__(
        self, zone: tzinfo, trust: Callable[[], tuple[ClockSource, int | None]], *, camera: str
    ) -> None:
        self._zone = zone
        self._trust = trust
        self._camera = camera
        self._is_waiting = False

    def __call__(self, at: Instant) -> datetime | None:
        """None while nobody vouches for the clock, or only for far less than an hour's begin."""
        source, error_ms = self._trust()
        is_sure = tells_hours(source, error_ms)
        if not is_sure and not self._is_waiting:
            log.warning("hours_wait_for_the_clock", camera=self._camera, source=source.value)
        self._is_waiting = not is_sure
        return datetime.fromtimestamp(at.utc_us / 1e6, self._zone) if is_sure else None


def tells_hours(source: ClockSource, error_ms: int | None) -> bool:
    """Whether a clock that is trusted so far says when an hour begins."""
    return source is not ClockSource.NONE and error_ms is not None and error_ms <= VAGUE_MS


def boot_id(path: Path = BOOT_ID) -> UUID:
    """The kernel's name for this boot; one of our own where there is none, good for one run."""
    try:
        return UUID(path.read_text().strip())
    except (OSError, ValueError):
        return uuid4()
