"""A few frames on their way from the camera's thread to the one that looks."""

import threading
from collections import deque
from typing import Final

from agent.media.frame import Frame

MOST_WAITING: Final = 4
"""Frames of a sub-stream come a few at once. Where more wait, the eyes are too slow for this
camera, and of all that waits only the newest is worth a look."""


class NewestFrames:
    """In the order they came; those dropped for a newer one are counted as late."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frames: deque[Frame] = deque()
        self._is_over = False
        self.late = 0

    def put(self, frame: Frame) -> None:
        """Offer a frame (camera's thread)."""
        with self._changed:
            if len(self._frames) == MOST_WAITING:
                self.late += MOST_WAITING
                self._frames.clear()
            self._frames.append(frame)
            self._changed.notify()

    def end(self) -> None:
        """Say that no frame will follow (camera's thread)."""
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def take(self, patience_s: float) -> Frame | None:
        """The next frame, or None after `patience_s` or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._is_over, patience_s)
            return self._frames.popleft() if self._frames else None

    @property
    def is_over(self) -> bool:
        """True once the camera ended and its last frame was taken."""
        with self._changed:
            return self._is_over and not self._frames
