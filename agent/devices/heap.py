"""One heap for all threads."""

import ctypes
from typing import Final

M_ARENA_MAX: Final = -8
"""Of glibc's malloc.h, see mallopt(3)."""


def share_one_heap() -> None:
    """Call before the first thread: glibc gives every thread a heap of its own, and each keeps what
    its busiest moment needed. That was 14 MiB with one camera and 20 more with each further one.

    Elsewhere than on glibc nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
