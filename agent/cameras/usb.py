"""A USB camera by V4L2: MJPEG or raw pictures come in, packets are encoded here.

Such a camera costs more: each picture is decoded and encoded, also when nothing moves.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.container
import av.error
import av.video.stream

from agent.cameras.codec.encoder import Encoder
from agent.cameras.file.reel import i420
from agent.cameras.port import NOWHERE, CameraError, PacketSink
from agent.cameras.timeline import Timeline
from agent.i18n import N_
from agent.media.frame import Frame, Instant, Packet, StreamInfo

STALLED_S: Final = 3.0
NAP_S: Final = 0.01
"""Seconds between two polls for a picture; the driver itself would wait for ever."""
_COMMON: Final = {"framerate": "15", "video_size": "1280x720"}
_WAYS: Final[tuple[dict[str, str], ...]] = (_COMMON | {"input_format": "mjpeg"}, _COMMON, {})
"""Input formats in order of preference: compressed pictures save bus bandwidth; else the camera's
default."""
_BY_ITSELF: Final = N_("Plug it in again, at another socket if need be; it is tried by itself.")


class UsbCamera:
    """The camera at a V4L2 device such as /dev/video0."""

    def __init__(
        self,
        name: str,
        device: str,
        *,
        clock: Callable[[], Instant],
        open_container: Callable[..., av.container.InputContainer] = av.open,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self._device = device
        self._clock = clock
        self._open_container = open_container
        self._sleep = sleep
        self._container: av.container.InputContainer | None = None
        self._encoder: Encoder | None = None
        self._info: StreamInfo | None = None

    def open(self) -> StreamInfo:
        """Open the device at 720p and 15 frames a second, or the nearest mode."""
        self.close()
        container = self._opened()
        self._container = container
        context = container.streams.video[0].codec_context
        context.thread_count = 1
        width, height = context.width & ~1, context.height & ~1
        rate, base = _rate(container.streams.video[0]), Fraction(1, 90_000)
        self._encoder = Encoder(width=width, height=height, frames_per_s=rate, time_base=base)
        self._info = StreamInfo(
            "h264", width, height, base, float(rate), extradata=self._encoder.extradata
        )
        return self._info

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """Frames until `stop()`; CameraError when it is unplugged or hangs."""
        info, encoder, container = self._info, self._encoder, self._container
        if info is None or encoder is None or container is None:
            raise RuntimeError("the camera is not open: call open() before frames()")
        tick = max(1, round(1 / (info.frames_per_s * info.time_base)))
        timeline = Timeline(info.time_base, tick=tick)
        for index, (picture, came) in enumerate(self._pictures(container, stop), start=1):
            stamp = timeline.stamp(pts=_ticks(picture, info.time_base), dts=None, came=came)
            yuv = i420(picture)
            if sink is not NOWHERE:
                plain = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
                for data, is_keyframe in encoder.encode(
                    plain, stamp.pts, as_keyframe=sink.wants_keyframe()
                ):
                    sink.push(Packet(data, stamp.at, stamp.pts, stamp.dts, tick, is_keyframe))
            yield Frame(index, stamp.at, yuv, info.width, info.height)

    def close(self) -> None:
        """Release the device."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _opened(self) -> av.container.InputContainer:
        failure: Exception | None = None
        for options in _WAYS:
            try:
                container = self._open_container(self._device, format="v4l2", options=options)
            except (av.error.FFmpegError, OSError) as error:
                failure = error
            else:
                wait_not(self._device)
                return container
        raise self._refused(failure)

    def _pictures(
        self, container: av.container.InputContainer, stop: Callable[[], bool]
    ) -> Iterator[tuple[av.VideoFrame, Instant]]:
        last = self._clock()
        while not stop():
            try:
                for packet in container.demux(container.streams.video[0]):
                    came = self._clock()
                    for picture in _decoded(packet):
                        last = came
                        yield picture, came
                    if stop():
                        return
            except av.error.BlockingIOError:  # no picture yet
                self._sleep(NAP_S)
            except (av.error.FFmpegError, OSError) as error:
                raise self._error(N_("{device} is gone ({why})."), _BY_ITSELF, error) from None
            else:
                raise self._error(N_("{device} sends no further picture."), _BY_ITSELF)
            if self._clock().seconds_since(last) > STALLED_S:
                raise self._error(N_("{device} sent no picture for 3 s."), _BY_ITSELF)

    def _refused(self, failure: Exception | None) -> CameraError:
        match failure:
            case FileNotFoundError():
                return self._error(
                    N_("{device} is not there."),
                    N_("Plug the camera in; `matthan-agent cameras` shows what is attached."),
                )
            case PermissionError():
                return self._error(
                    N_("{device} may not be opened."),
                    N_("Put the agent's user into the group video: usermod -aG video USER."),
                )
            case OSError(errno=errno.EBUSY):
                return self._error(
                    N_("{device} is used by another program."), N_("Stop that program.")
                )
        return self._error(
            N_("{device} is no camera that can be read ({why})."),
            N_("Take another of its devices; `matthan-agent cameras` shows them."),
            failure,
        )

    def _error(self, sentence: str, cure: str, failure: Exception | None = None) -> CameraError:
        why = getattr(failure, "strerror", None) or type(failure).__name__
        return CameraError(sentence, cure, {"device": self._device, "why": why})


def wait_not(device: str) -> None:
    """Make reads of this open device non-blocking, because FFmpeg has no deadline for them.

    The flag belongs to the open file, so it also applies to FFmpeg's descriptor.
    """
    path = Path(device).resolve()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # it may be closed meanwhile
            if descriptor.readlink() == path:
                os.set_blocking(int(descriptor.name), False)


def _decoded(packet: "av.Packet[av.video.stream.VideoStream]") -> list[av.VideoFrame]:
    """The pictures of the packet. An MJPEG picture is damaged now and then; the next one is
    whole."""
    try:
        return [one for one in packet.decode() if isinstance(one, av.VideoFrame)]
    except av.error.InvalidDataError:
        return []


def _ticks(picture: av.VideoFrame, time_base: Fraction) -> int | None:
    if picture.pts is None or picture.time_base is None:
        return None
    base = Fraction(picture.time_base.numerator, picture.time_base.denominator)
    return round(picture.pts * base / time_base)


def _rate(stream: av.video.stream.VideoStream) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate
    return Fraction(rate.numerator, rate.denominator) if rate else Fraction(15)
