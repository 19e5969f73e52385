"""A camera that remembers its last stream parameters, for the birth message."""

from collections.abc import Callable, Iterator

import structlog

from agent.cameras.port import Camera, CameraError, PacketSink
from agent.media.frame import Frame, StreamInfo
from agent.wire.presence import CameraWords

log = structlog.get_logger()


class DescribedCamera:
    """Wraps a camera: passes every call on, and remembers the stream parameters. Any thread may
    call `words`."""

    def __init__(self, camera: Camera, *, label: str, sound: str = "") -> None:
        """`sound`: reason for recording sound; empty: none is recorded."""
        self._sound = sound
        self._camera = camera
        self._label = label
        self._info: StreamInfo | None = None

    @property
    def name(self) -> str:
        """Name of the camera at the node."""
        return self._camera.name

    def open(self) -> StreamInfo:
        """Open the wrapped camera; raises CameraError."""
        self._info = self._camera.open()
        return self._info

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """The decoded frames of the wrapped camera."""
        return self._camera.frames(sink, stop)

    def close(self) -> None:
        """Release all resources of the wrapped camera."""
        self._camera.close()

    def glance(self) -> None:
        """Open it once to get its parameters; a camera that cannot be opened is described later."""
        try:
            self.open()
        except CameraError:
            pass
        except Exception as error:  # noqa: BLE001 - one camera must not keep the node from starting
            log.error("camera_unreadable", camera=self.name, reason=repr(error))
        self.close()

    def words(self) -> CameraWords:
        """Stream parameters at the last opening; the minimum if the camera was never opened."""
        info = self._info
        return CameraWords(
            camera=self.name,
            label=self._label or self.name,
            codec=info.codec if info else "unknown",
            width=info.width if info else 1,
            height=info.height if info else 1,
            frames_per_s=info.frames_per_s if info else 1.0,
            sound=self._sound or None,
        )
