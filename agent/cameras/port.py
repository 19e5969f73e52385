"""The Camera port: the source of packets and frames, and the one error it may raise."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from agent.media.frame import Frame, Packet, StreamInfo
from agent.media.sound import SoundPacket


class CameraError(Exception):
    """The camera cannot be opened, or its stream ended.

    `sentence` says what is wrong, `cure` tells a technician the remedy; neither needs a traceback.
    With `facts` both are templates, so that `check` can show them in another language.
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
    """Receives a camera's sound packets; called on the camera's thread, must not block."""

    def hear(self, packet: SoundPacket) -> None:
        """Keep one packet."""


class PacketSink(Protocol):
    """Receives encoded video packets; called on the camera's thread, must not block."""

    def push(self, packet: Packet) -> None:
        """Keep or ignore one packet."""

    def wants_keyframe(self) -> bool:
        """Whether the next picture should be a keyframe. The encoder asks once for each picture."""

    def is_calm(self) -> bool:
        """Whether nothing moves and no person is seen: frames and packets may then come in
        groups."""


class _Nowhere:
    def push(self, packet: Packet) -> None:
        """Drop it."""

    def wants_keyframe(self) -> bool:
        """Never."""
        return False

    def is_calm(self) -> bool:
        """False: calm is unknown here."""
        return False


NOWHERE: PacketSink = _Nowhere()
"""The sink for callers that want frames only; a camera need not encode for it."""


class Camera(Protocol):
    """One view of the street. Used by one thread: open, then frames, then close."""

    @property
    def name(self) -> str:
        """The camera's name in the configuration (see `agent.wire.ident.is_name`)."""

    def open(self) -> StreamInfo:
        """Connect to the camera and prepare it; raises CameraError."""

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """The decoded frames, until the stream ends or `stop()` is true.

        Each packet goes to `sink` before the frame decoded from it is yielded. If frames come from
        a separate stream, packets may be some tenths of a second behind. Raises CameraError when
        the stream breaks; all frames before the break have been yielded by then.
        """

    def close(self) -> None:
        """Release all resources; safe at any time, also twice."""
