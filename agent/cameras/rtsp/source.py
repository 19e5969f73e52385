"""One RTSP stream over TCP, read by FFmpeg: with deadlines and corrected times.

No error here is chained to one of FFmpeg's, because those contain the address with its password.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple, cast

import av
import av.audio.stream
import av.container
import av.error
import av.stream
import av.video.stream

from agent.cameras.codec.audio import AudioReader
from agent.cameras.codec.decoder import Raw, decoder_like
from agent.cameras.codec.parameter_sets import parameter_sets, picture_settings
from agent.cameras.port import SoundSink
from agent.cameras.rtsp.errors import KEYFRAME_S, OPEN_S, READ_S, StreamErrors
from agent.cameras.timeline import Timeline
from agent.media.frame import Instant, Packet, StreamInfo

WAITED_S: Final = 0.005
"""If a read blocks this long, the packet is new from the network and the backlog is empty."""
PILE: Final = 600
"""Most packets read ahead while a stream is opened."""
LEAST_SIDE_PX: Final = 32
"""The shortest side of a picture that motion, tamper and network can work with."""
KEPT_AS_CLIPS: Final = ("h264", "hevc")

_OPTIONS: Final = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    # The address says what it is; half a second tells the frame rate. FFmpeg would take five.
    "analyzeduration": "500000",
    "fpsprobesize": "0",
    "threads": "1",  # a decoder that only probes would hold pictures for every core
}


class Arrival(NamedTuple):
    """A packet as FFmpeg read it, with the camera's own times."""

    raw: Raw
    data: bytes
    came: Instant
    is_last: bool
    """True when no backlog is known behind it."""


class Received(NamedTuple):
    """A packet with corrected times (see `timeline`)."""

    packet: Packet
    raw: Raw
    """The packet in the form that a decoder takes."""
    known: av.VideoCodecContext
    """The stream's parameters as FFmpeg knows them."""
    is_last: bool
    """True when no backlog is known behind it."""

    def is_whole(self) -> bool:
        """Whether this keyframe decodes without other packets."""
        # A decoder for this call only: the stream's own would keep pictures in memory.
        # Without the loop filter, because nobody sees the picture.
        decoder = decoder_like(self.known, is_bare=True)
        try:
            pictures = [*decoder.decode(self.raw), *decoder.decode(None)]
        except av.error.FFmpegError:
            return False
        return any(not picture.is_corrupt for picture in pictures)


def _decoded(raw: Raw) -> list[av.VideoFrame]:
    try:
        return [picture for picture in raw.decode() if isinstance(picture, av.VideoFrame)]
    except av.error.FFmpegError:
        return []


def _has_decoder(stream: av.stream.Stream) -> bool:
    """False for a codec that FFmpeg does not know; PyAV's types do not tell of that."""
    return stream.codec_context is not None


def _reader_of(sound: av.audio.stream.AudioStream) -> AudioReader | None:
    """None for sound that cannot be decoded or encoded: the pictures come without it."""
    try:
        return AudioReader(sound) if _has_decoder(sound) else None
    except (av.error.FFmpegError, ValueError):
        return None


@dataclass(slots=True)
class _Line:
    """An open connection with the packets read ahead from it."""

    container: av.container.InputContainer
    stream: av.video.stream.VideoStream
    sound: av.audio.stream.AudioStream | None = None
    """None where sound is not wanted or not sent."""
    pile: list[Arrival] = field(default_factory=list)

    @property
    def codec(self) -> str:
        return self.stream.codec_context.codec.canonical_name

    @property
    def frames_per_s(self) -> Fraction:
        """Frame rate as announced or guessed; 25 if the camera's value is not plausible."""
        said = self.stream.average_rate or self.stream.guessed_rate
        rate = Fraction(said.numerator, said.denominator) if said else Fraction(25)
        return rate if 0 < rate <= 240 else Fraction(25)

    @property
    def time_base(self) -> Fraction:
        base = self.stream.time_base
        return Fraction(base.numerator, base.denominator) if base else Fraction(1, 90_000)


class RtspSource:
    """One address. One thread at a time opens and reads it; any thread may close it."""

    def __init__(
        self,
        url: str,
        *,
        key: str,
        clock: Callable[[], Instant],
        sound: SoundSink | None = None,
    ) -> None:
        """`key` is the configuration key of this address; error messages name it.

        Without `sound` the camera is asked for video only.
        """
        self._sound = sound
        self._ear: AudioReader | None = None
        self.errors = StreamErrors(url, key)
        self._url = url
        self._clock = clock
        self._reading = threading.Lock()
        self._is_closed = False
        self._line: _Line | None = None
        self._info: StreamInfo | None = None
        self.has_b_frames = False

    def open(self, *, for_clips: bool) -> StreamInfo:
        """Connect and read until the picture's parameters are known; raises CameraError.

        `for_clips` refuses a codec that cannot be kept without decoding.
        """
        with self._reading:
            began = self._clock()
            container = self._connected(began)
            try:
                self._line, self._info = self._look_at(container, began, for_clips=for_clips)
            except BaseException:
                container.close()
                raise
            return self._info

    def packets(self, stop: Callable[[], bool]) -> Iterator[Received]:
        """Packets until `stop()` or `close`; raises CameraError when the stream ends."""
        with self._reading:
            try:
                if self._line is None or self._info is None:
                    raise self.errors.ended()
                yield from self._received(self._line, self._info, stop)
            finally:
                self._hang_up()

    @property
    def frames_per_s(self) -> float:
        """Frame rate as the camera announced it; 25 before the first opening."""
        return self._info.frames_per_s if self._info else 25.0

    @property
    def has_sound(self) -> bool:
        """True if the stream has sound, while it is open."""
        return self._ear is not None

    def close(self) -> None:
        """Close the connection: at once, or as soon as the reading thread notices."""
        self._is_closed = True
        if self._reading.acquire(blocking=False):
            try:
                self._hang_up()
            finally:
                self._reading.release()

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.container.close()

    def _connected(self, began: Instant) -> av.container.InputContainer:
        try:
            options = _OPTIONS | ({"allowed_media_types": "video+audio"} if self._sound else {})
            return av.open(self._url, options=options, timeout=(OPEN_S, READ_S))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            failure = error
        raise self.errors.refused(failure, after_s=self._clock().seconds_since(began))

    def _look_at(
        self, container: av.container.InputContainer, began: Instant, *, for_clips: bool
    ) -> tuple[_Line, StreamInfo]:
        if not container.streams.video:
            raise self.errors.without_video()
        line = _Line(container, container.streams.video[0])
        if not _has_decoder(line.stream):
            raise self.errors.unknown()
        line.stream.codec_context.thread_count = 1
        if self._sound is not None and container.streams.audio:
            line.sound = container.streams.audio[0]
            self._ear = _reader_of(line.sound)
        if for_clips and line.codec not in KEPT_AS_CLIPS:
            raise self.errors.unkeepable(line.codec)
        sets = self._read_ahead(line, began)
        context = line.stream.codec_context
        self.has_b_frames = context.has_b_frames
        if min(context.width, context.height) < LEAST_SIDE_PX:
            raise self.errors.tiny(context.width, context.height)
        info = StreamInfo(
            codec=line.codec,
            width=context.width,
            height=context.height,
            time_base=line.time_base,
            frames_per_s=float(line.frames_per_s),
            extradata=sets or bytes(context.extradata or b""),
        )
        return line, info

    def _read_ahead(self, line: _Line, began: Instant) -> bytes:
        """Read until the first keyframe, the picture's size and the end of the backlog.

        Returns the parameter sets found in the stream; they override the announced ones, which
        may be wrong. Those are enough if no keyframe comes in time.
        """
        context, sets, is_begun = line.stream.codec_context, b"", False
        for arrival in self._incoming(line):
            is_begun = is_begun or arrival.raw.is_keyframe
            if is_begun:  # pictures before it cannot be decoded
                line.pile.append(arrival)
            if arrival.raw.is_keyframe and not sets:
                sets = parameter_sets(line.codec, arrival.data)
                if not context.width:
                    _decoded(arrival.raw)  # tells the decoder the picture's size
            has_sets = sets or context.extradata or line.codec not in KEPT_AS_CLIPS
            is_late = arrival.came.seconds_since(began) > KEYFRAME_S
            is_read = (is_begun and arrival.is_last) or len(line.pile) > PILE
            if context.width and has_sets and (is_read or is_late):
                return sets
            if is_late:
                raise self.errors.without_keyframe()
        raise self.errors.ended()

    def _received(
        self, line: _Line, info: StreamInfo, stop: Callable[[], bool]
    ) -> Iterator[Received]:
        tick = max(1, round(1 / (info.frames_per_s * info.time_base)))
        timeline = Timeline(info.time_base, tick=tick)
        timeline.anchor([arrival.came for arrival in line.pile])
        settings, known = picture_settings(info.codec, info.extradata), line.stream.codec_context
        for arrival in self._from_the_pile_on(line):
            if stop() or self._is_closed:
                return
            raw, data, is_keyframe = arrival.raw, arrival.data, arrival.raw.is_keyframe
            if is_keyframe and settings:
                now = picture_settings(info.codec, data[:4096])
                if now and now != settings:
                    raise self.errors.changed()
            stamp = timeline.stamp(pts=raw.pts, dts=raw.dts, came=arrival.came)
            raw.pts, raw.dts = stamp.pts, stamp.dts
            length = raw.duration or tick
            packet = Packet(data, stamp.at, stamp.pts, stamp.dts, length, is_keyframe)
            yield Received(packet, raw, known, arrival.is_last)
        raise self.errors.ended()

    def _from_the_pile_on(self, line: _Line) -> Iterator[Arrival]:
        pile, line.pile = line.pile, []
        yield from pile
        yield from self._incoming(line)

    def _hear(self, raw: "av.Packet[av.audio.stream.AudioStream]", came: Instant) -> None:
        if self._ear is not None and self._sound is not None:
            for packet in self._ear.hear(raw, came):
                self._sound.hear(packet)

    def _incoming(self, line: _Line) -> Iterator[Arrival]:
        """Packets from the network; ends when the camera ends the stream."""
        failure: Exception | None = None
        asked = seen = self._clock()
        try:
            # Of all streams: while only others send, a call for this one would not return.
            for raw in line.container.demux():
                came = self._clock()
                if raw.size and raw.stream is line.stream:
                    is_last = came.seconds_since(asked) > WAITED_S
                    yield Arrival(cast("Raw", raw), bytes(raw), came, is_last)
                    asked = seen = self._clock()
                elif came.seconds_since(seen) > READ_S:
                    raise self.errors.without_pictures()
                elif raw.size and raw.stream is line.sound:
                    self._hear(cast("av.Packet[av.audio.stream.AudioStream]", raw), came)
                    asked = self._clock()
        except (av.error.FFmpegError, OSError) as error:
            failure = error
        if failure is not None:  # outside of `except`, so that it is not chained
            raise self.errors.broken(failure, after_s=self._clock().seconds_since(asked))
