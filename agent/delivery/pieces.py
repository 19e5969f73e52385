"""How much of a file goes before the hub's word is waited for."""

from typing import Final

LEAST_BYTES: Final = 32 * 1024
MOST_BYTES: Final = 4 * 2**20
SHARE: Final = 16
"""A piece is at most this part of what the line carried in one run."""


class Pieces:
    """Sizes pieces by how the line behaved.

    What is on its way when a line breaks is sent again, and on a slow line that is all of a
    piece. So a cut costs at most 1/16 of what came between two cuts, or 32 KiB; and a line that
    holds soon waits no more than once in 4 MiB.
    """

    def __init__(self) -> None:
        self._run_bytes = 0
        self._run_before_bytes = 0

    @property
    def size_bytes(self) -> int:
        """How large the next piece may be."""
        run_bytes = max(self._run_bytes, self._run_before_bytes)
        return min(MOST_BYTES, max(LEAST_BYTES, run_bytes // SHARE))

    def arrived(self, size_bytes: int) -> None:
        """The hub has so much more."""
        self._run_bytes += size_bytes

    def cut(self) -> None:
        """The line broke."""
        self._run_before_bytes, self._run_bytes = self._run_bytes, 0
