"""A camera that remembers what it gave when it was last opened: for the birth to describe it."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from agent.devices.camera import Camera, CameraError, PacketSink
from agent.media.frame import Frame, StreamInfo
from agent.wire.presence import CameraWords


class Described:
    """Passes everything on; `words` may be asked by any thread."""

    def __init__(self, camera: Camera, *, label: str, sound: str = "") -> None:
        """`sound`: why its sound is recorded too; empty: it is not."""
        self._sound = sound
        self._camera = camera
        self._label = label
        self._info: StreamInfo | None = None

    @property
    def name(self) -> str:
        """What the node calls it."""
        return self._camera.name

    def open(self) -> StreamInfo:
        """Get ready; raises CameraError."""
        self._info = self._camera.open()
        return self._info

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """The decoded frames."""
        return self._camera.frames(sink, stop)

    def close(self) -> None:
        """Give everything back."""
        self._camera.close()

    def glance(self) -> None:
        """Open it to see what it is; one that cannot be opened now is described later."""
        with suppress(CameraError):
            self.open()
        self.close()

    def words(self) -> CameraWords:
        """As it was when last opened; the smallest that can be said of one that never was."""
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
