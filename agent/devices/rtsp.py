"""One RTSP stream over TCP: opened with deadlines, read packet by packet, mended or broken off.

No error here is chained to one of FFmpeg's: those name the address with its password.
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
import structlog

from agent.devices.address import masked
from agent.devices.camera import SoundSink
from agent.devices.decoding import Raw, decoder_like
from agent.devices.direct import Direct, Misread, Read
from agent.devices.ear import Ear
from agent.devices.mishaps import KEYFRAME_S, OPEN_S, READ_S, Mishaps
from agent.devices.parameters import parameter_sets, picture_settings
from agent.devices.rtp_gather import Unreadable
from agent.devices.timeline import Timeline
from agent.media.archive import ArchiveError
from agent.media.frame import Instant, Packet, StreamInfo

log = structlog.get_logger()

WAITED_S: Final = 0.005
"""A packet that let us wait so long came straight from the wire: nothing is piled up any more."""
PILE: Final = 600
PROVEN_S: Final = 300.0
"""A camera that was read without FFmpeg for so long can be."""
LEAST_SIDE_PX: Final = 32
"""Of a picture: the shortest that motion, tamper and network are made for."""
KEPT_AS_CLIPS: Final = ("h264", "hevc")
RTP_TICK: Final = Fraction(1, 90_000)
SCHEMES: Final = ("rtsp", "rtsps")

_OPTIONS: Final = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    # The address says what it is; half a second tells the frame rate. FFmpeg would take five.
    "analyzeduration": "500000",
    "fpsprobesize": "0",
    "threads": "1",  # a decoder that only probes would hold pictures for every core
}


class Arrival(NamedTuple):
    """A packet as it came, its times as the camera says them."""

    data: bytes
    pts: int | None
    dts: int | None
    duration: int
    is_keyframe: bool
    came: Instant
    is_last: bool
    """Nothing is known to be piled up behind it."""
    raw: "Raw | None" = None
    """As FFmpeg read it, where it did."""


class Received(NamedTuple):
    """A packet as the node keeps it (its times mended, see `timeline`)."""

    packet: Packet
    known: av.VideoCodecContext
    """What is known of its stream."""
    is_last: bool
    """Nothing is known to be piled up behind it."""
    read: "Raw | None" = None

    def raw(self) -> Raw:
        """As decoders take it."""
        if self.read is not None:
            return self.read
        raw = cast("Raw", av.Packet(self.packet.data))
        raw.pts, raw.dts = self.packet.pts, self.packet.dts
        raw.is_keyframe = self.packet.is_keyframe
        return raw

    def is_whole(self) -> bool:
        """Whether this keyframe decodes by itself, in a stream of which nothing else is decoded."""
        # A decoder of its own, gone when it has answered: the stream's would keep its pictures.
        # Bare, for nobody sees the picture.
        decoder = decoder_like(self.known, is_bare=True)
        try:
            pictures = [*decoder.decode(self.raw()), *decoder.decode(None)]
        except av.error.FFmpegError:
            return False
        return any(not picture.is_corrupt for picture in pictures)


def _decoded(raw: Raw) -> list[av.VideoFrame]:
    try:
        return [picture for picture in raw.decode() if isinstance(picture, av.VideoFrame)]
    except av.error.FFmpegError:
        return []


@dataclass(slots=True)
class _Line:
    """A connection that stands, and what was read ahead from it."""

    container: av.container.InputContainer
    stream: av.video.stream.VideoStream
    sound: av.audio.stream.AudioStream | None = None
    """Read only where somebody wants it."""
    pile: list[Arrival] = field(default_factory=list)

    @property
    def streams(self) -> list[av.stream.Stream]:
        """What is read."""
        return [self.stream, *([self.sound] if self.sound else [])]

    @property
    def codec(self) -> str:
        return self.stream.codec_context.codec.canonical_name

    @property
    def frames_per_s(self) -> Fraction:
        """As announced or guessed; 25 where a camera says nonsense."""
        said = self.stream.average_rate or self.stream.guessed_rate
        rate = Fraction(said.numerator, said.denominator) if said else Fraction(25)
        return rate if 0 < rate <= 240 else Fraction(25)

    @property
    def time_base(self) -> Fraction:
        base = self.stream.time_base
        return Fraction(base.numerator, base.denominator) if base else Fraction(1, 90_000)

    @property
    def is_plain(self) -> bool:
        """H.264 or H.265 by RTP's own clock, its pictures shown in the order they come in."""
        times = [(one.pts, one.dts) for one in self.pile if one.pts is not None]
        shown = [pts for pts, _ in times]
        # FFmpeg says no dts of a camera's first seven pictures.
        is_in_order = all(dts in {None, pts} for pts, dts in times) and shown == sorted(shown)
        is_known = self.codec in KEPT_AS_CLIPS and self.time_base == RTP_TICK
        return is_known and is_in_order and not self.stream.codec_context.has_b_frames


class RtspSource:
    """One address. Opened and read by one thread at a time; any thread may close it."""

    def __init__(
        self,
        url: str,
        *,
        key: str,
        clock: Callable[[], Instant],
        sound: SoundSink | None = None,
        may_be_direct: bool = False,
    ) -> None:
        """`key` is the configuration's name for this address, for the cures.

        Without `sound` the camera is not even asked for any. `may_be_direct`: once it is known
        what comes, read it without FFmpeg where that can be.
        """
        self._sound = sound
        self._may_be_direct = may_be_direct and sound is None
        self._direct: Direct | None = None
        self._direct_since: Instant | None = None
        self.is_odd = False
        """Reading without FFmpeg did not go well."""
        self._ear: Ear | None = None
        self.mishaps = Mishaps(url, key)
        self._url = url
        self._clock = clock
        self._reading = threading.Lock()
        self._is_closed = False
        self._line: _Line | None = None
        self._info: StreamInfo | None = None
        self.has_b_frames = False

    def open(self, *, for_clips: bool) -> StreamInfo:
        """Connect and read on until the picture's parameters are known; raises CameraError.

        `for_clips`: what cannot be kept undecoded is refused.
        """
        with self._reading:
            began = self._clock()
            container = self._connected(began)
            try:
                self._line, self._info = self._look_at(container, began, for_clips=for_clips)
            except BaseException:
                container.close()
                raise
            if self._may_be_direct and self._line.is_plain:
                self._go_direct(self._line)
            return self._info

    def packets(self, stop: Callable[[], bool]) -> Iterator[Received]:
        """What comes, until `stop()` or `close`; raises CameraError when it breaks off."""
        with self._reading:
            try:
                if self._line is None or self._info is None:
                    raise self.mishaps.ended()
                yield from self._received(self._line, self._info, stop)
            finally:
                self._hang_up()

    @property
    def frames_per_s(self) -> float:
        """As the camera announced it, once it was open."""
        return self._info.frames_per_s if self._info else 25.0

    @property
    def is_direct(self) -> bool:
        """It is read without FFmpeg, while it is open."""
        return self._direct is not None

    @property
    def has_sound(self) -> bool:
        """Whether sound comes, while it is open."""
        return self._ear is not None

    def close(self) -> None:
        """Give the connection back: at once, or when who reads just now has noticed."""
        self._is_closed = True
        if self._reading.acquire(blocking=False):
            try:
                self._hang_up()
            finally:
                self._reading.release()

    def _go_direct(self, line: _Line) -> None:
        """FFmpeg's connection is given back only when another stands and has brought pictures."""
        try:
            self._direct = Direct.begun(self._url, line.codec, self._clock)
        except Misread as odd:
            self._leave_to_ffmpeg(str(odd))
            return
        self._direct_since = self._clock()
        line.pile = [_arrival(read) for read in self._direct.pile]
        line.container.close()

    def _leave_to_ffmpeg(self, why: str) -> None:
        self.is_odd = True
        log.info("left_to_ffmpeg", source=masked(self._url), why=why)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        direct, self._direct = self._direct, None
        if direct is not None:
            direct.close()
        elif line is not None:
            line.container.close()

    def _connected(self, began: Instant) -> av.container.InputContainer:
        try:
            options = _OPTIONS | ({"allowed_media_types": "video+audio"} if self._sound else {})
            return av.open(self._url, options=options, timeout=(OPEN_S, READ_S))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            failure = error
        raise self.mishaps.refused(failure, after_s=self._clock().seconds_since(began))

    def _look_at(
        self, container: av.container.InputContainer, began: Instant, *, for_clips: bool
    ) -> tuple[_Line, StreamInfo]:
        if not container.streams.video:
            raise self.mishaps.without_video()
        line = _Line(container, container.streams.video[0])
        line.stream.codec_context.thread_count = 1
        if self._sound is not None and container.streams.audio:
            line.sound = container.streams.audio[0]
            self._ear = Ear(line.sound)
        if for_clips and line.codec not in KEPT_AS_CLIPS:
            raise self.mishaps.unkeepable(line.codec)
        sets = self._read_ahead(line, began)
        context = line.stream.codec_context
        self.has_b_frames = context.has_b_frames
        if min(context.width, context.height) < LEAST_SIDE_PX:
            raise self.mishaps.tiny(context.width, context.height)
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
        """Read until the picture is known and the last packet came straight from the wire.

        Returns the parameter sets found in the stream: they overrule what was announced.
        """
        context, sets = line.stream.codec_context, b""
        for arrival in self._incoming(line):
            line.pile.append(arrival)
            if arrival.is_keyframe and not sets:
                sets = parameter_sets(line.codec, arrival.data)
                if not context.width and arrival.raw is not None:
                    _decoded(arrival.raw)  # tells the decoder the picture's size
            has_sets = sets or context.extradata or line.codec not in KEPT_AS_CLIPS
            if context.width and has_sets and (arrival.is_last or len(line.pile) > PILE):
                return sets
            if arrival.came.seconds_since(began) > KEYFRAME_S:
                raise self.mishaps.without_keyframe()
        raise self.mishaps.ended()

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
            data, is_keyframe = arrival.data, arrival.is_keyframe
            if is_keyframe and settings:
                now = picture_settings(info.codec, data[:4096])
                if now and now != settings:
                    raise self.mishaps.changed()
            stamp = timeline.stamp(pts=arrival.pts, dts=arrival.dts, came=arrival.came)
            if arrival.raw is not None:
                arrival.raw.pts, arrival.raw.dts = stamp.pts, stamp.dts
            length = arrival.duration or tick
            packet = Packet(data, stamp.at, stamp.pts, stamp.dts, length, is_keyframe)
            yield Received(packet, known, arrival.is_last, arrival.raw)
        raise self.mishaps.ended()

    def _from_the_pile_on(self, line: _Line) -> Iterator[Arrival]:
        pile, line.pile = line.pile, []
        yield from pile
        yield from self._incoming(line) if self._direct is None else self._coming(self._direct)

    def _hear(self, raw: "av.Packet[av.audio.stream.AudioStream]", came: Instant) -> None:
        if self._ear is not None and self._sound is not None:
            for packet in self._ear.hear(raw, came):
                self._sound.hear(packet)

    def _incoming(self, line: _Line) -> Iterator[Arrival]:
        """What comes over the line; ends where the camera ends it."""
        failure: Exception | None = None
        asked = self._clock()
        try:
            for raw in line.container.demux(*line.streams):
                came = self._clock()
                if raw.size and raw.stream is line.sound:
                    self._hear(cast("av.Packet[av.audio.stream.AudioStream]", raw), came)
                elif raw.size:
                    is_last = came.seconds_since(asked) > WAITED_S
                    yield _read(cast("Raw", raw), came, is_last=is_last)
                asked = self._clock()
        except (av.error.FFmpegError, OSError) as error:
            failure = error
        if failure is not None:  # outside of `except`, so that it is not chained
            raise self.mishaps.broken(failure, after_s=self._clock().seconds_since(asked))

    def _coming(self, direct: Direct) -> Iterator[Arrival]:
        """The same without FFmpeg."""
        failure: Exception | None = None
        try:
            for read in direct.units():
                yield _arrival(read)
        except EOFError:
            pass
        except ArchiveError as error:
            cause = error.__cause__
            failure = cause if isinstance(cause, OSError) else error
        except (OSError, Misread, Unreadable) as error:
            failure = error
        if isinstance(failure, Misread | Unreadable):
            self._leave_to_ffmpeg(str(failure))
            raise self.mishaps.unusual()
        if self._is_young():
            self._leave_to_ffmpeg("it broke off")
        if failure is not None:
            after_s = READ_S if isinstance(failure, TimeoutError) else 0.0
            raise self.mishaps.broken(failure, after_s=after_s)

    def _is_young(self) -> bool:
        began = self._direct_since
        return began is not None and self._clock().seconds_since(began) < PROVEN_S


def _read(raw: Raw, came: Instant, *, is_last: bool) -> Arrival:
    """What FFmpeg read."""
    return Arrival(
        bytes(raw), raw.pts, raw.dts, raw.duration or 0, raw.is_keyframe, came, is_last, raw
    )


def _arrival(read: Read) -> Arrival:
    """What was read without it."""
    unit = read.unit
    return Arrival(unit.data, unit.pts, unit.pts, 0, unit.is_keyframe, read.came, read.is_last)
