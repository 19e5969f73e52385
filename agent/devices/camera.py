"""The Camera port: whatever brings packets and frames, and the one error it may raise."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from agent.media.frame import Frame, Packet, StreamInfo
from agent.media.sound import SoundPacket


def N_(text: str) -> str:  # noqa: N802 - the name gettext's tools look for
    """Mark a template for the catalogs; it is translated where it is shown."""
    return text


class CameraError(Exception):
    """The camera cannot be opened or went away.

    `sentence` says what is wrong, `cure` what a technician does about it; neither needs a trace.
    With `facts` both are templates, kept so that `check` can say them in another language.
    """

    def __init__(self, sentence: str, cure: str, facts: Mapping[str, object] | None = None) -> None:
        self.templates = (sentence, cure)
        self.facts = facts
        if facts is not None:
            sentence, cure = sentence.format(**facts), cure.format(**facts)
        super().__init__(f"{sentence} {cure}")
        self.sentence = sentence
        self.cure = cure


class SoundSink(Protocol):
    """Takes a camera's sound as it comes; called on the camera's thread and must not block."""

    def hear(self, packet: SoundPacket) -> None:
        """Keep one packet."""


class PacketSink(Protocol):
    """Takes encoded video as it comes; called on the camera's thread and must not block."""

    def push(self, packet: Packet) -> None:
        """Keep or ignore one packet."""

    def wants_keyframe(self) -> bool:
        """Whether the next picture should be one; asked once for each by who encodes them."""

    def is_calm(self) -> bool:
        """Nothing moves and nobody is there: frames and packets may come a few at once."""


class _Nowhere:
    def push(self, packet: Packet) -> None:
        """Drop it."""

    def wants_keyframe(self) -> bool:
        """Never."""
        return False

    def is_calm(self) -> bool:
        """Not that anybody knew."""
        return False


NOWHERE: PacketSink = _Nowhere()
"""For who wants frames only; a camera need not encode anything for it."""


class Camera(Protocol):
    """One view of the street. Used by one thread: open, then frames, then close."""

    @property
    def name(self) -> str:
        """What the node calls it (see `agent.wire.ident.is_name`)."""

    def open(self) -> StreamInfo:
        """Get ready; raises CameraError."""

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """The decoded frames, until the stream ends or `stop()` is true.

        Every packet goes to `sink` before the frame decoded from it is handed out; where frames
        come from a stream of their own, packets may be some tenths of a second behind. Raises
        CameraError when the stream breaks off; the frames before that have been handed out.
        """

    def close(self) -> None:
        """Give everything back; safe at any time, also twice."""
