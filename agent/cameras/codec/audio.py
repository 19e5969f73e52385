"""A camera's sound as AAC: kept if it is AAC already, else transcoded.

Cameras send AAC or, mostly, G.711 at 8 kHz, which has no place in MP4 that players know. A packet
that cannot be decoded is skipped and counted; nothing else happens.
"""

from collections import OrderedDict
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import av.audio.codeccontext
import av.audio.fifo
import av.audio.resampler
import av.audio.stream
import av.error

from agent.cameras.timeline import Timeline
from agent.media.frame import Instant
from agent.media.sound import SoundInfo, SoundPacket

FRAME_SAMPLES: Final = 1024
BITS_PER_SAMPLE: Final = 3
"""Bits per sample of transcoded sound: 24 kbit/s at 8 kHz, for a 64 kbit/s source of no better
quality."""
MOST_HZ: Final = 48_000
PIECES: Final = 64
"""Most frames that an encoder may hold back."""


class AudioReader:
    """The sound of one connection; used by the thread that reads it."""

    def __init__(self, stream: av.audio.stream.AudioStream) -> None:
        base = stream.time_base or Fraction(1, 8000)
        self._context = stream.codec_context
        self._rate_hz = min(MOST_HZ, self._context.sample_rate or 8000)
        base = Fraction(base.numerator, base.denominator)
        self._timeline = Timeline(base, tick=round(FRAME_SAMPLES / self._rate_hz / base))
        self._maker = None if self._is_kept() else _Maker(self._rate_hz)
        self.damaged = 0

    def hear(
        self, raw: "av.Packet[av.audio.stream.AudioStream]", came: Instant
    ) -> Iterator[SoundPacket]:
        """The sound packets made from one received packet."""
        at = self._timeline.stamp(pts=raw.pts, dts=raw.dts, came=came).at
        if self._maker is None:
            info = SoundInfo(
                self._rate_hz, self._context.channels, bytes(self._context.extradata or b"")
            )
            yield SoundPacket(bytes(raw), at, info)
            return
        try:
            yield from [made for heard in raw.decode() for made in self._maker.make(heard, at)]
        except (av.error.FFmpegError, ValueError):
            self.damaged += 1

    def _is_kept(self) -> bool:
        return self._context.codec.canonical_name == "aac" and bool(self._context.extradata)


class _Maker:
    """Encodes mono AAC."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = av.audio.resampler.AudioResampler("fltp", "mono", rate_hz)
        self._fifo = av.audio.fifo.AudioFifo()
        self._encoder = av.audio.codeccontext.AudioCodecContext.create("aac", "w")
        self._encoder.sample_rate = rate_hz
        self._encoder.layout = "mono"
        self._encoder.format = "fltp"
        self._encoder.bit_rate = rate_hz * BITS_PER_SAMPLE
        self._encoder.time_base = Fraction(1, rate_hz)
        self._encoder.open()
        self._info = SoundInfo(rate_hz, 1, bytes(self._encoder.extradata or b""))
        self._instants: OrderedDict[int, Instant] = OrderedDict()
        self._samples = 0

    def make(self, frame: av.AudioFrame, at: Instant) -> Iterator[SoundPacket]:
        """The packets ready after this frame, heard at `at`, was encoded."""
        for heard in self._resampler.resample(frame):
            heard.pts = None
            held = self._fifo.samples
            self._fifo.write(heard)
            while (piece := self._fifo.read(FRAME_SAMPLES)) is not None:
                begins = at.before(held / self._rate_hz)
                held -= FRAME_SAMPLES
                yield from self._encoded(piece, begins)

    def _encoded(self, piece: av.AudioFrame, at: Instant) -> Iterator[SoundPacket]:
        piece.pts = self._samples
        piece.time_base = Fraction(1, self._rate_hz)
        self._instants[self._samples] = at
        self._samples += FRAME_SAMPLES
        while len(self._instants) > PIECES:
            self._instants.popitem(last=False)
        for packet in self._encoder.encode(piece):
            # The first packet only primes a decoder: its sound comes with the next packet.
            if packet.pts is not None and (heard := self._instants.pop(packet.pts, None)):
                yield SoundPacket(bytes(packet), heard, self._info)
