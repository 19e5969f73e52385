"""One malloc heap for all threads."""

import ctypes
from typing import Final

M_ARENA_MAX: Final = -8
"""The option M_ARENA_MAX of glibc's malloc.h, see mallopt(3)."""


def share_one_heap() -> None:
    """Limit glibc to one heap. Call before the first thread starts.

    By default glibc gives every thread its own heap, and each heap keeps its peak size: that was 14
    MiB with one camera and 20 more with each further one. Without glibc this does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
