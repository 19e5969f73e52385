"""A few frames on their way from the camera's thread to the one that looks."""

from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from agent.media.frame import Frame

MOST_WAITING: Final = 5
"""Frames of a sub-stream come a few at once. Where more wait, the eyes are too slow for this
camera, and of all that waits only the newest is worth a look."""


class NewestFrames:
    """In the order they came; those dropped for a newer one are counted as late."""

    def __init__(self) -> None:
        self._frames: SimpleQueue[Frame | None] = SimpleQueue()
        """None: no frame follows."""
        self._is_ended = False
        self.late = 0

    def put(self, frame: Frame) -> None:
        """Offer a frame (camera's thread)."""
        if self._frames.qsize() >= MOST_WAITING:
            with suppress(Empty):
                while self._frames.get_nowait():
                    self.late += 1
        self._frames.put(frame)

    def end(self) -> None:
        """Say that no frame will follow (camera's thread)."""
        self._frames.put(None)
        self._is_ended = True  # last: before that the one frame that waits would be taken for None

    def take(self, patience_s: float) -> Frame | None:
        """The next frame, or None after `patience_s` or at the end."""
        try:
            return self._frames.get(timeout=patience_s)
        except Empty:
            return None

    @property
    def is_over(self) -> bool:
        """True once the camera ended and its last frame was taken."""
        return self._is_ended and self._frames.qsize() <= 1  # the word that none follows
