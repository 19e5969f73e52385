"""The hub's clock, and the kernel's statement that it is synchronised."""

import ctypes
import os
import sys
import time
from typing import Final, Protocol

from hub.base.moment import Moment

_TIME_ERROR: Final = 5
"""Answer of adjtimex(2) while the clock is not synchronised."""


class Clock(Protocol):
    """The hub's only source of the time."""

    def now(self) -> Moment:
        """The present time."""
        ...


class HubClock:
    """The system's UTC clock with the kernel's error bound; thread-safe."""

    def now(self) -> Moment:
        """The present time; its error is None while the clock is not synchronised."""
        return Moment(time.time_ns() // 1000, kernel_error_ms())


class _Timex(ctypes.Structure):
    """Head of `struct timex`; the kernel writes the rest into the padding."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def kernel_error_ms() -> int | None:
    """Error bound in ms, as set in the kernel by ntpd, chrony or systemd-timesyncd; None if
    unknown."""
    if _libc is None or os.name != "posix":
        return None
    answer = _Timex()
    state = _libc.adjtimex(ctypes.byref(answer))
    if state < 0 or state == _TIME_ERROR:
        return None
    return max(0, int(answer.maxerror) // 1000)
