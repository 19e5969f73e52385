"""Bandwidth limit as a token bucket."""

from typing import Final

BURST_S: Final = 1.0
"""Bytes of this many seconds may be sent at once after a pause."""


class Rate:
    """Tells how long to wait so that at most `bytes_per_s` are sent; 0 means no limit.

    Times are monotonic seconds from the caller.
    """

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._level_bytes = bytes_per_s * BURST_S
        self._filled_s: float | None = None

    def wait_s(self, size_bytes: int, now_s: float) -> float:
        """Take these bytes from the bucket; returns the seconds to wait before they may be sent."""
        if self._bytes_per_s <= 0:
            return 0.0
        since_s = 0.0 if self._filled_s is None else max(0.0, now_s - self._filled_s)
        full_bytes = self._bytes_per_s * BURST_S
        self._level_bytes = min(full_bytes, self._level_bytes + since_s * self._bytes_per_s)
        self._level_bytes -= size_bytes
        self._filled_s = now_s
        return max(0.0, -self._level_bytes / self._bytes_per_s)
