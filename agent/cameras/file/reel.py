"""A recording on disk (a video file, or a folder of pictures), read in media time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Protocol

import av
import av.container
import av.error
import av.video.codeccontext
import av.video.stream
import numpy as np

from agent.cameras.port import CameraError
from agent.media.frame import Frame, Instant, LooseFrame, Plane, StreamInfo

PICTURE_KINDS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


@dataclass(frozen=True, slots=True)
class Encoded:
    """A packet of the recording; times are ticks from the recording's first picture."""

    data: bytes
    pts: int
    dts: int
    duration: int
    is_keyframe: bool


@dataclass(frozen=True, slots=True)
class ReelPicture:
    """A decoded I420 picture; `index` counts the recording's pictures from 1."""

    index: int
    pts: int
    yuv: Plane


class Reel(Protocol):
    """A recording that can be played from its beginning any number of times."""

    def open(self) -> StreamInfo:
        """Read the stream's parameters; raises CameraError if there is nothing to play."""

    def play(self, *, with_packets: bool) -> Iterator[Encoded | ReelPicture]:
        """One pass: each packet, then the pictures decoded from it. CameraError at a broken place.

        With `with_packets` False, a reel without packets of its own skips the encoding.
        """


class VideoReel:
    """A video file, read packet by packet and decoded by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> StreamInfo:
        """Find the first video stream; decodes one picture as a check."""
        with self._container() as container:
            stream = container.streams.video[0]
            if next(_pictures_of(container, stream), None) is None:
                raise self._error("holds no picture", "Record it anew.")
            context = stream.codec_context
            return StreamInfo(
                codec=context.codec.canonical_name,
                width=context.width,
                height=context.height,
                time_base=_time_base(stream),
                frames_per_s=float(_rate(stream)),
                extradata=bytes(context.extradata or b""),
            )

    def play(self, *, with_packets: bool) -> Iterator[Encoded | ReelPicture]:
        """Packets and pictures in order; a picture that cannot be decoded is skipped."""
        del with_packets  # a video has its packets anyway
        with self._container() as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            reading = _Reading(stream)
            try:
                for packet in container.demux(stream):
                    yield from reading.take(packet)
            except av.error.FFmpegError as error:
                raise self._cut_short(reading.packets, stream.frames) from error
            if reading.is_short_of(stream.frames):
                raise self._cut_short(reading.packets, stream.frames)

    def _container(self) -> av.container.InputContainer:
        if not self._path.exists():
            raise self._error("is not there", "Put it there, or correct the path.")
        try:
            container = av.open(str(self._path))
        except (av.error.FFmpegError, OSError) as error:
            cure = "If it is cut short, copy it again; if it has another form, convert it to MP4."
            raise self._error("is not a video that can be read", cure) from error
        if not container.streams.video:
            container.close()
            raise self._error("holds no video stream", "Give a file with pictures.")
        return container

    def _cut_short(self, packets: int, announced: int) -> CameraError:
        of_all = f" of {announced}" if announced > packets else ""
        return self._error(f"is cut short: it ends at frame {packets}{of_all}", "Copy it anew.")

    def _error(self, what: str, cure: str) -> CameraError:
        return CameraError(f"The recording {self._path} {what}.", cure)


class _Reading:
    """One pass through a video: counts packets, and shifts the first picture to tick 0."""

    def __init__(self, stream: av.video.stream.VideoStream) -> None:
        self._stream = stream
        self._tick = max(1, round(1 / (_rate(stream) * _time_base(stream))))
        self._origin: int | None = None
        self._shown = 0
        self._newest = -self._tick
        self._end = 0
        self.packets = 0

    def is_short_of(self, announced: int) -> bool:
        """Whether packets are missing; gaps left by the camera do not count."""
        return self.packets < announced and self._end < announced * self._tick

    def take(
        self, packet: "av.Packet[av.video.stream.VideoStream]"
    ) -> Iterator[Encoded | ReelPicture]:
        """The packet (unless it is the empty flush packet), then its pictures."""
        if packet.size:
            yield self._encoded(packet)
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            self._shown += 1
            return
        for frame in frames:
            if isinstance(frame, av.VideoFrame):
                self._shown += 1
                expected = (self._shown - 1) * self._tick
                pts = expected if frame.pts is None else frame.pts - (self._origin or 0)
                if pts <= self._newest:  # some files exchange the times of neighbouring pictures
                    pts = self._newest + max(1, self._tick // 2)
                self._newest = pts
                yield ReelPicture(self._shown, pts, i420(frame))

    def _encoded(self, packet: "av.Packet[av.video.stream.VideoStream]") -> Encoded:
        expected = self.packets * self._tick + (self._origin or 0)
        pts = packet.pts if packet.pts is not None else expected
        dts = packet.dts if packet.dts is not None else pts
        if self._origin is None:
            self._origin = pts
        self.packets += 1
        self._end = max(self._end, pts - self._origin + self._tick)
        return Encoded(
            data=bytes(packet),
            pts=pts - self._origin,
            dts=dts - self._origin,
            duration=packet.duration or self._tick,
            is_keyframe=packet.is_keyframe,
        )


class PictureReel:
    """A folder of numbered pictures in numerical order, all as large as the first.

    Packets are made by H.264 encoding, only on demand.
    """

    def __init__(self, folder: Path, frames_per_s: float) -> None:
        self._folder = folder
        self._rate = Fraction(frames_per_s).limit_denominator(1001)
        self._size = (0, 0)

    def open(self) -> StreamInfo:
        """Read the first picture, and prepare an encoder to learn the stream's parameters."""
        self._size = _stills().size_of(self._paths()[0])
        if min(self._size) < 2:
            raise CameraError(f"{self._paths()[0]} is too small.", "Give larger pictures.")
        return StreamInfo(
            codec="h264",
            width=self._size[0],
            height=self._size[1],
            time_base=1 / self._rate,
            frames_per_s=float(self._rate),
            extradata=bytes(self._encoder().extradata or b""),
        )

    def play(self, *, with_packets: bool) -> Iterator[Encoded | ReelPicture]:
        """The pictures, one tick apart."""
        if self._size == (0, 0):
            self.open()
        encoder = self._encoder() if with_packets else None
        for tick, path in enumerate(self._paths()):
            yuv = _stills().still(path, self._size)
            if encoder is not None:
                yield from _encode(encoder, yuv, tick)
            yield ReelPicture(tick + 1, tick, yuv)

    def _paths(self) -> list[Path]:
        found = [p for p in self._folder.iterdir() if p.suffix.lower() in PICTURE_KINDS]
        numbered = [p for p in found if re.search(r"\d", p.stem)]
        if not numbered:
            kinds = ", ".join(sorted(PICTURE_KINDS))
            raise CameraError(
                f"The folder {self._folder} holds no numbered pictures ({kinds}).",
                "Name them by number, such as 0001.jpg, or correct the path.",
            )
        return sorted(numbered, key=lambda p: (int(re.findall(r"\d+", p.stem)[-1]), p.name))

    def _encoder(self) -> av.video.codeccontext.VideoCodecContext:
        encoder = av.video.codeccontext.VideoCodecContext.create("libx264", "w")
        encoder.width, encoder.height = self._size
        encoder.pix_fmt = "yuv420p"
        encoder.framerate = self._rate
        encoder.time_base = 1 / self._rate
        encoder.gop_size = max(1, round(float(self._rate) * 2))
        encoder.thread_count = 1
        encoder.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "23"}
        encoder.flags |= av.codec.context.Flags.global_header
        encoder.open()
        return encoder


def i420(frame: av.VideoFrame) -> Plane:
    """The picture as I420 (see `agent.media.frame.Frame`); odd sizes are scaled to even ones."""
    width, height = frame.width & ~1, frame.height & ~1
    if (width, height) != (frame.width, frame.height) or frame.format.name != "yuv420p":
        frame = frame.reformat(width=width, height=height, format="yuv420p")
    return np.asarray(frame.to_ndarray(), np.uint8)


def frame_of(picture: av.VideoFrame, index: int, at: Instant) -> Frame:
    """The picture as a frame; an I420 picture is copied only when needed."""
    if picture.width % 2 or picture.height % 2 or picture.format.name != "yuv420p":
        yuv = i420(picture)
        return Frame(index, at, yuv, yuv.shape[1], yuv.shape[0] * 2 // 3)
    plane, shape = picture.planes[0], (picture.height, picture.width)
    luma: Plane = np.ndarray(shape, np.uint8, plane, strides=(plane.line_size, 1))
    return LooseFrame(index, at, luma, lambda: i420(picture))


def _encode(
    encoder: av.video.codeccontext.VideoCodecContext, yuv: Plane, tick: int
) -> Iterator[Encoded]:
    frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
    frame.pts = tick
    for packet in encoder.encode(frame):
        pts = tick if packet.pts is None else packet.pts
        dts = pts if packet.dts is None else packet.dts
        yield Encoded(bytes(packet), pts, dts, 1, packet.is_keyframe)


def _stills() -> ModuleType:
    from agent.cameras.file import stills  # noqa: PLC0415 a node that watches needs no OpenCV

    return stills


def _pictures_of(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream
) -> Iterator[av.VideoFrame]:
    stream.codec_context.thread_count = 1
    try:
        yield from container.decode(stream)
    except av.error.FFmpegError:
        return


def _rate(stream: av.video.stream.VideoStream) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate
    return Fraction(rate.numerator, rate.denominator) if rate else Fraction(25)


def _time_base(stream: av.video.stream.VideoStream) -> Fraction:
    base = stream.time_base
    return Fraction(base.numerator, base.denominator) if base else Fraction(1, 90_000)
