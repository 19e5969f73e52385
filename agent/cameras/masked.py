"""A camera with privacy masks: pictures are painted and encoded here, never passed through.

All output of the camera, whatever its kind, passes through this one module. Frames are painted
before detection. The camera's own packets are never passed on: packets are encoded from painted
pictures. These are the frames themselves or, if frames come from a sub-stream, the decoded pictures
of the main stream.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

import av
import av.error
import av.video.codeccontext

from agent.cameras.codec.decodability import Decodability
from agent.cameras.codec.encoder import Encoder
from agent.cameras.file.reel import i420
from agent.cameras.port import NOWHERE, Camera, CameraError, PacketSink
from agent.i18n import N_
from agent.media.frame import Frame, Instant, Packet, Plane, SensedFrame, StreamInfo
from agent.vision.detect.sensed import unmasked
from agent.vision.geometry import Polygon
from agent.vision.privacy import PrivacyMask

_BASE: Final = Fraction(1, 90_000)
_WAITING: Final = 64
"""Most pictures that a decoder may hold back."""


class MaskedCamera:
    """Wraps another camera and covers the masked areas in all its output."""

    def __init__(self, camera: Camera, outlines: Sequence[Polygon], *, is_seen_apart: bool) -> None:
        """`is_seen_apart`: frames and packets come from different streams of the camera."""
        self.name = camera.name
        self._camera = camera
        self._outlines = outlines
        self._is_seen_apart = is_seen_apart
        self._given: StreamInfo | None = None
        self._encoder: _Encoding | None = None

    def open(self) -> StreamInfo:
        """Open the camera and an encoder for its pictures; raises CameraError."""
        self._given = self._camera.open()
        self._encoder = _Encoding(self._given, self.name)
        return self._encoder.info

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """The painted frames; encoded painted packets go to `sink`."""
        given, encoder = self._given, self._encoder
        if given is None or encoder is None:
            raise RuntimeError("the camera is not open: call open() before frames()")
        mask = PrivacyMask(self._outlines)
        if sink is NOWHERE or not self._is_seen_apart:
            for frame in self._camera.frames(NOWHERE, stop):
                painted = self._painted(frame, mask)
                if sink is not NOWHERE:
                    is_wanted = sink.wants_keyframe()
                    for packet in encoder.encode(painted.yuv, painted.at, as_keyframe=is_wanted):
                        sink.push(packet)
                yield painted
            return
        main = _MainStream(given, PrivacyMask(self._outlines), encoder, sink, name=self.name)
        for frame in self._camera.frames(main, stop):
            yield self._painted(frame, mask)

    def _painted(self, frame: Frame, mask: PrivacyMask) -> Frame:
        painted = frame.showing(mask.painted(frame.yuv))
        if isinstance(painted, SensedFrame):
            return replace(painted, glimpses=unmasked(painted.glimpses, tuple(self._outlines)))
        return painted

    def close(self) -> None:
        """Release all resources, also of the wrapped camera."""
        self._camera.close()
        self._given = self._encoder = None


class _Encoding:
    """Encodes painted pictures to packets with both clocks' times."""

    def __init__(self, given: StreamInfo, name: str) -> None:
        self._name = name
        width, height = given.width & ~1, given.height & ~1
        rate = Fraction(given.frames_per_s).limit_denominator(1001)
        encoder = Encoder(width=width, height=height, frames_per_s=rate, time_base=_BASE)
        self.info = StreamInfo(
            "h264", width, height, _BASE, given.frames_per_s, extradata=encoder.extradata
        )
        self._encoder = encoder
        self._tick = max(1, round(1 / (rate * _BASE)))
        self._first: Instant | None = None
        self._pts = -1

    def encode(self, yuv: Plane, at: Instant, *, as_keyframe: bool = False) -> Iterator[Packet]:
        """Encode one picture. Pictures come in the order of their instants; CameraError if the size
        changes."""
        if yuv.shape != (self.info.height * 3 // 2, self.info.width):
            raise CameraError(
                N_("{camera} sends pictures of another size than it announced."),
                N_("It is opened again by itself. If that repeats, set one fixed size there."),
                {"camera": self._name},
            )
        self._first = self._first or at
        self._pts = max(self._pts + 1, round(at.seconds_since(self._first) / _BASE))
        plain = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        for data, is_keyframe in self._encoder.encode(plain, self._pts, as_keyframe=as_keyframe):
            yield Packet(data, at, self._pts, self._pts, self._tick, is_keyframe)


class _MainStream:
    """Receives the camera's own packets: decodes, paints and encodes them, passes none on."""

    def __init__(
        self,
        given: StreamInfo,
        mask: PrivacyMask,
        encoder: _Encoding,
        sink: PacketSink,
        *,
        name: str,
    ) -> None:
        self._mask = mask
        self._encoder = encoder
        self._sink = sink
        self._name = name
        self._instants: OrderedDict[int, Instant] = OrderedDict()
        self._yield: Decodability | None = None
        self._decoder = _decoder(given)
        self._base = given.time_base

    def push(self, packet: Packet) -> None:
        """Called on the thread that brings packets; raises CameraError when nothing can be
        decoded."""
        if self._yield is None:
            if not packet.is_keyframe:  # pictures before it are grey or broken
                return
            self._yield = Decodability(packet.at)
        for yuv, at in self._pictures(packet):
            self._yield.pictures += 1
            is_wanted = self._sink.wants_keyframe()
            for encoded in self._encoder.encode(self._mask.painted(yuv), at, as_keyframe=is_wanted):
                self._sink.push(encoded)
        if self._yield.is_too_small(packet.at):
            raise CameraError(
                N_("The main stream of {camera} cannot be decoded, so its masks cannot be drawn."),
                N_("Set the camera to H.264 or H.265, or restart it."),
                {"camera": self._name},
            )

    def wants_keyframe(self) -> bool:
        """False: the camera's own encoder takes no requests."""
        return False

    def is_calm(self) -> bool:
        """The answer of the sink of the painted packets."""
        return self._sink.is_calm()

    def _pictures(self, packet: Packet) -> Iterator[tuple[Plane, Instant]]:
        self._instants[packet.pts] = packet.at
        while len(self._instants) > _WAITING:
            self._instants.popitem(last=False)
        raw = av.Packet(packet.data)
        raw.pts, raw.dts, raw.time_base = packet.pts, packet.dts, self._base
        try:
            pictures = self._decoder.decode(raw)
        except av.error.FFmpegError:
            return
        for picture in pictures:
            if not picture.is_corrupt:
                pts = packet.pts if picture.pts is None else picture.pts
                yield i420(picture), self._instants.pop(pts, packet.at)


def _decoder(given: StreamInfo) -> av.video.codeccontext.VideoCodecContext:
    create = av.video.codeccontext.VideoCodecContext.create
    decoder = create("hevc", "r") if given.codec == "hevc" else create("h264", "r")
    decoder.extradata = given.extradata
    decoder.thread_count = 1
    return decoder
