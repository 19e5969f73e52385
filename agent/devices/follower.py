"""A camera followed on a thread of its own, so that nothing it says has to wait."""

import threading
from collections.abc import Callable
from types import TracebackType

from agent.devices.camera import Camera, PacketSink
from agent.devices.newest import NewestFrames

LETTING_GO_S = 1.0


class Follower:
    """Packets go to the sink, frames to `newest`, the error that ended it all is kept.

    Follows as long as its `with` block lasts, or until the camera ends or `stop()` is true.
    """

    def __init__(self, camera: Camera, sink: PacketSink, *, stop: Callable[[], bool]) -> None:
        self._camera = camera
        self._sink = sink
        self._stop = stop
        self._is_let_go = False
        self._error: BaseException | None = None
        # A camera that hangs in its driver must not keep the process from ending: hence daemon.
        self._thread = threading.Thread(
            target=self._follow, name=f"camera-{camera.name}", daemon=True
        )
        self.newest = NewestFrames()

    def __enter__(self) -> "Follower":
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the camera; waits a moment for it to notice."""
        self._is_let_go = True
        self._thread.join(LETTING_GO_S)

    def raise_what_went_wrong(self) -> None:
        """Raise the error that ended the camera's frames, if one did."""
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
