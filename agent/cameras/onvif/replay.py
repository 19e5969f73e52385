"""Replay of recorded video over RTSP as in ONVIF: a time span, as fast as the line allows.

RTP is interleaved in the RTSP connection. TCP then slows the recorder down if we are slow, and
nothing is lost on the way (ONVIF Streaming Specification, replay; RFC 2326).
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import av.error

from agent.cameras.address import masked
from agent.cameras.login import DeviceLogin
from agent.cameras.rtsp.connection import RtspConnection
from agent.cameras.rtsp.protocol import Video, clock_range, video_of, whole_of
from agent.cameras.rtsp.rtp_replay import START, Codec, Unit, Units, rtp_packet, says_bye
from agent.media.archive import Archived, ArchiveError
from agent.media.frame import Instant, Packet, StreamInfo

TICKS_PER_S: Final = 90_000
KEEP_ALIVE_S: Final = 20.0
STANDS_S: Final = 10.0
"""Longest seconds without progress in the recording: the recorder sends live video or only
reports."""
REPLAY: Final[Mapping[str, str]] = {"Require": "onvif-replay"}
_PARAMETERS: Final[Mapping[Codec, tuple[int, ...]]] = {"h264": (7, 8), "hevc": (32, 33, 34)}


def play(
    url: str,
    *,
    login: DeviceLogin | None,
    from_utc_us: int,
    until_utc_us: int,
    ahead_us: int,
) -> Iterator[Archived]:
    """The video between two moments by the recorder's clock, which is `ahead_us` ahead of ours.

    Raises ArchiveError. Closing the iterator closes the connection.
    """
    with _Line(url, login) as line:
        video = line.open(from_utc_us, until_utc_us)
        cutting = _Cutting(video, ahead_us)
        units = Units(video.codec)
        latest_us, went_on_s = 0, time.monotonic()
        for data in line.packets():
            if time.monotonic() - went_on_s > STANDS_S:
                raise ArchiveError(f"{masked(url)} sends no further video of its recording")
            packet = rtp_packet(data)
            if packet is None:
                continue
            for unit in units.take(packet):
                if unit.utc_us > until_utc_us:
                    return
                yield from cutting.take(unit)
                if unit.is_end:
                    return
                if unit.utc_us > latest_us:
                    latest_us, went_on_s = unit.utc_us, time.monotonic()
        if not cutting.has_begun:
            raise ArchiveError(f"{masked(url)} sends no video with recording times")


class _Line(RtspConnection):
    """One connection. Every call may raise ArchiveError."""

    def open(self, from_utc_us: int, until_utc_us: int) -> Video:
        """Start the replay."""
        described = self.ask("DESCRIBE", self.url, {"Accept": "application/sdp"})
        base = described.headers.get("content-base") or self.url
        offer = described.body.decode("utf-8", "replace")
        video = video_of(offer, base)
        if video is None:
            raise ArchiveError(f"{masked(self.url)} offers neither H.264 nor H.265")
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        ready = self.ask("SETUP", video.control, {**transport, **REPLAY})
        self.session = ready.headers.get("session", "").partition(";")[0].strip()
        span = {"Range": clock_range(from_utc_us, until_utc_us), "Rate-Control": "no"}
        self.ask("PLAY", whole_of(offer, base), {**span, **REPLAY})
        return video

    def packets(self) -> Iterator[bytes]:
        """RTP packets until the recorder ends the stream or closes the connection.

        Other interleaved data gives an empty value.
        """
        while True:
            self.wait_anew()
            mark = self.take(1)
            if not mark:
                return
            if mark != b"$":
                self.head(mark)
                continue
            channel, size = self.need(1)[0], int.from_bytes(self.need(2))
            data = self.need(size)
            if channel == 1 and says_bye(data):
                return
            yield data if channel == 0 else b""
            if time.monotonic() - self.spoke_s > KEEP_ALIVE_S:
                self.send("GET_PARAMETER", self.url, {})


@dataclass
class _Cutting:
    """Turns access units into packets with our times. Starts at a keyframe, and again after a
    gap."""

    video: Video
    ahead_us: int
    has_begun: bool = False

    def __post_init__(self) -> None:
        self._sets = self.video.parameter_sets
        self._stream: StreamInfo | None = None
        self._base_utc_us = 0
        self._dts = -1
        self._duration = 0
        self._is_cut = False

    def take(self, unit: Unit) -> Iterator[Archived]:
        """The unit as a packet, unless a unit that it depends on is missing."""
        self._is_cut |= unit.is_cut
        if not unit.is_keyframe and (self._stream is None or self._is_cut):
            return
        if unit.is_keyframe:
            self._begin_anew(unit)
        if self._stream is None:
            return
        if not self.has_begun:
            self._base_utc_us = unit.utc_us
        pts = (unit.utc_us - self._base_utc_us) * TICKS_PER_S // 1_000_000
        dts = max(self._dts + 1, pts)
        self._duration = dts - self._dts if self.has_begun else 0
        self._dts = dts
        utc_us = unit.utc_us - self.ahead_us
        packet = Packet(
            data=unit.data,
            at=Instant(utc_us * 1000, utc_us),
            pts=pts,
            dts=dts,
            duration=self._duration,
            is_keyframe=unit.is_keyframe,
        )
        yield Archived(self._stream, packet, self._is_cut and self.has_begun)
        self.has_begun, self._is_cut = True, False

    def _begin_anew(self, unit: Unit) -> None:
        """Start a new stream: a keyframe may bring other parameters."""
        said = _parameter_sets(unit.data, self.video.codec)
        if self._stream is not None and said in {b"", self._sets}:
            return
        sets = said or self._sets
        size = picture_size(self.video.codec, sets, unit.data)
        if size is None:
            self._is_cut = True
            return
        self._sets = sets
        stream = StreamInfo(
            self.video.codec, *size, Fraction(1, TICKS_PER_S), frames_per_s=0.0, extradata=sets
        )
        self._is_cut |= self._stream is not None and stream != self._stream
        self._stream = stream


def picture_size(codec: Codec, sets: bytes, keyframe: bytes) -> tuple[int, int] | None:
    """Width and height of a keyframe in pixels; None if it cannot be decoded."""
    try:
        decoder = av.CodecContext.create(codec, "r")
        frames = [*decoder.decode(av.Packet(sets + keyframe)), *decoder.decode(None)]
    except (av.error.FFmpegError, ValueError):
        return None
    return (frames[0].width, frames[0].height) if frames else None


def _parameter_sets(data: bytes, codec: Codec) -> bytes:
    found = b""
    for nal in filter(None, data.split(START)[1:]):
        kind = nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F
        if kind in _PARAMETERS[codec]:
            found += START + nal
    return found
