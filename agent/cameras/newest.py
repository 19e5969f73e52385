"""A short queue of frames from the camera's thread to the detection thread."""

from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from agent.media.frame import Frame

MOST_WAITING: Final = 5
"""Most frames that may wait. Frames of a sub-stream come a few at once. If more wait, detection is
too slow for this camera, and only the newest is kept."""


class NewestFrames:
    """Frames in order of arrival; frames dropped for a newer one are counted as late."""

    def __init__(self) -> None:
        self._frames: SimpleQueue[Frame | None] = SimpleQueue()
        """None marks the end."""
        self._is_ended = False
        self.late = 0

    def put(self, frame: Frame) -> None:
        """Add a frame (camera's thread)."""
        if self._frames.qsize() >= MOST_WAITING:
            with suppress(Empty):
                while self._frames.get_nowait():
                    self.late += 1
        self._frames.put(frame)

    def end(self) -> None:
        """Mark the end (camera's thread)."""
        self._frames.put(None)
        self._is_ended = True  # last: earlier, a waiting frame could be taken for the end marker

    def take(self, patience_s: float) -> Frame | None:
        """The next frame, or None after `patience_s` seconds or at the end."""
        try:
            return self._frames.get(timeout=patience_s)
        except Empty:
            return None

    @property
    def is_over(self) -> bool:
        """True once the camera ended and its last frame was taken."""
        return self._is_ended and self._frames.qsize() <= 1  # the end marker
