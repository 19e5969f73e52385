"""Size of upload pieces between two answers of the hub."""

from typing import Final

LEAST_BYTES: Final = 32 * 1024
MOST_BYTES: Final = 4 * 2**20
SHARE: Final = 16
"""A piece is at most this fraction of the bytes sent in one run."""


class ChunkSizes:
    """Chooses piece sizes by the line's behaviour.

    A broken line loses the piece in flight, on a slow line all of it. So a break costs at most 1/16
    of the bytes between two breaks, or 32 KiB; and a stable line waits at most once per 4 MiB.
    """

    def __init__(self) -> None:
        self._run_bytes = 0
        self._run_before_bytes = 0

    @property
    def size_bytes(self) -> int:
        """Largest size of the next piece."""
        run_bytes = max(self._run_bytes, self._run_before_bytes)
        return min(MOST_BYTES, max(LEAST_BYTES, run_bytes // SHARE))

    def arrived(self, size_bytes: int) -> None:
        """Note that the hub has `size_bytes` more."""
        self._run_bytes += size_bytes

    def cut(self) -> None:
        """Choose smaller pieces after a broken line."""
        self._run_before_bytes, self._run_bytes = self._run_bytes, 0
