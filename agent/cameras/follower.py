"""Runs a camera on its own thread, so that reading it never waits for detection."""

import threading
from collections.abc import Callable
from types import TracebackType

from agent.cameras.newest import NewestFrames
from agent.cameras.port import Camera, PacketSink

LETTING_GO_S = 1.0


class Follower:
    """Reads a camera: passes packets to the sink and frames to `newest`, and keeps the error that
    ended the stream.

    It runs for the length of its `with` block, or until the camera ends or `stop()` is true.
    """

    def __init__(self, camera: Camera, sink: PacketSink, *, stop: Callable[[], bool]) -> None:
        self._camera = camera
        self._sink = sink
        self._stop = stop
        self._is_let_go = False
        self._error: BaseException | None = None
        # A daemon thread: a camera stuck in its driver must not keep the process from ending.
        self._thread = threading.Thread(
            target=self._follow, name=f"camera-{camera.name}", daemon=True
        )
        self.newest = NewestFrames()

    def __enter__(self) -> "Follower":
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the camera; wait a moment for the thread to end."""
        self._is_let_go = True
        self._thread.join(LETTING_GO_S)

    def raise_what_went_wrong(self) -> None:
        """Raise the error that ended the camera's frames, if any."""
        if self._error is not None:
            raise self._error

    def _follow(self) -> None:
        try:
            for frame in self._camera.frames(self._sink, self._is_enough):
                self.newest.put(frame)
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that watches
            self._error = error
        finally:
            self.newest.end()

    def _is_enough(self) -> bool:
        return self._is_let_go or self._stop()
