"""A slot for one frame between the camera's thread and the one that looks."""

import threading

from agent.media.frame import Frame


class NewestFrame:
    """The newest frame wins; the one it replaces is counted as late."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._is_over = False
        self.late = 0

    def put(self, frame: Frame) -> None:
        """Offer a frame (camera's thread)."""
        with self._changed:
            self.late += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def end(self) -> None:
        """Say that no frame will follow (camera's thread)."""
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def take(self, patience_s: float) -> Frame | None:
        """The newest frame, or None after `patience_s` or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._is_over, patience_s)
            frame, self._frame = self._frame, None
            return frame

    @property
    def is_over(self) -> bool:
        """True once the camera ended and its last frame was taken."""
        with self._changed:
            return self._is_over and self._frame is None
