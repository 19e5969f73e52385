"""A camera's street in virtual time, for tests of clips: packets, people, recorded files."""

import os
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from uuid import UUID, uuid4

import av

from agent.journal import Clip, Journal
from agent.media.frame import Instant, Packet, StreamInfo
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.store.store import ClipStore
from agent.wire.ident import uuid7

BOOT = UUID(int=1)
FRAMES_PER_S = 10
EPOCH_US = 1_790_000_000_000_000
MARK = re.compile(rb"No\.(\d{8});")


def at(seconds: float) -> Instant:
    """That many seconds after the test began."""
    return Instant(1_000_000_000 + round(seconds * 1e9), EPOCH_US + round(seconds * 1e6))


def clip_id_at(instant: Instant) -> UUID:
    return uuid7(instant.utc_us, os.urandom(10))


def read(path: Path) -> tuple[StreamInfo, list[Packet]]:
    """A video's stream and its packets, the first at instant 0."""
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        ticks = stream.time_base or Fraction(1, 10)
        base = Fraction(ticks.numerator, ticks.denominator)
        extradata = stream.codec_context.extradata or b""
        info = StreamInfo("h264", stream.width, stream.height, base, 10.0, extradata)
        packets = [
            Packet(
                data=bytes(packet),
                at=Instant(round(packet.dts * base * 10**9), round(packet.dts * base * 10**6)),
                pts=packet.pts or 0,
                dts=packet.dts,
                duration=packet.duration or 0,
                is_keyframe=packet.is_keyframe,
            )
            for packet in source.demux(stream)
            if packet.dts is not None
        ]
    return info, packets


def decoded_frames(path: Path) -> int:
    with av.open(str(path)) as clip:
        return sum(1 for _ in clip.decode(video=0))


class Stage:
    """A recorder and its street: time passes only by `roll`, and a person is a sighting.

    Packets carry their number in the clear, so that a clip tells what is in it.
    """

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        stream: StreamInfo,
        *,
        policy: ClipPolicy | None = None,
        bounds: PrerollBounds | None = None,
        keyframe_every: int = FRAMES_PER_S,
        size_bytes: int = 40,
        max_bytes: int = 2**40,
    ) -> None:
        self.ring = Preroll(bounds or PrerollBounds())
        self.store = ClipStore(folder, journal, max_bytes=max_bytes, spare_bytes=0)
        self.journal = journal
        self.stream = stream
        self.recorder = Recorder(
            "cam", self.ring, self.store, policy=policy or ClipPolicy(), new_id=clip_id_at
        )
        self.keyframe_every = keyframe_every
        self._size_bytes = size_bytes
        self.frames = 0
        self.recorder.begin_stream(stream)

    @property
    def now_s(self) -> float:
        """When the newest frame was taken; the first is taken at 0."""
        return (self.frames - 1) / FRAMES_PER_S

    def roll(self, seconds: float, *, every_s: float = 0.5) -> None:
        """Time passes; the recorder is up every `every_s` and once at the end."""
        for _ in range(round(seconds * FRAMES_PER_S)):
            self._push()
            if self.frames % max(1, round(every_s * FRAMES_PER_S)) == 0:
                self.recorder.advance()
        self.recorder.advance()

    def roll_unrecorded(self, seconds: float) -> None:
        """Time passes while the recorder waits for its disk."""
        for _ in range(round(seconds * FRAMES_PER_S)):
            self._push()

    def enters(self, first_seen_s: float | None = None) -> UUID:
        person = uuid4()
        first_seen = self.now_s if first_seen_s is None else first_seen_s
        self.recorder.sighting_opened(person, at(first_seen))
        return person

    def leaves(self, person: UUID, last_seen_s: float | None = None) -> None:
        self.recorder.sighting_closed(
            person, at(self.now_s if last_seen_s is None else last_seen_s)
        )

    def clips(self) -> list["Shown"]:
        return [shown(clip) for clip in self.journal.clips()]

    def _push(self) -> None:
        number = self.frames
        self.frames += 1
        self.recorder.push(
            marked_packet(
                number, is_keyframe=number % self.keyframe_every == 0, size_bytes=self._size_bytes
            )
        )


def marked_packet(number: int, *, is_keyframe: bool, size_bytes: int = 40) -> Packet:
    body = b"No.%08d;" % number
    body += b"x" * (size_bytes - len(body))
    ticks = number * 1024  # a time base of 1/10240 s
    data = struct.pack(">I", len(body)) + body
    return Packet(data, at(number / FRAMES_PER_S), ticks, ticks, 1024, is_keyframe)


@dataclass(frozen=True)
class Shown:
    """A clip by what is in it: frame numbers, seconds, people."""

    frames: Sequence[int]
    people: set[UUID]
    clip: Clip

    @property
    def first_s(self) -> float:
        return self.frames[0] / FRAMES_PER_S

    @property
    def last_s(self) -> float:
        return self.frames[-1] / FRAMES_PER_S


def shown(clip: Clip) -> Shown:
    frames = [int(number) for number in MARK.findall(clip.path.read_bytes())]
    assert clip.first_frame_utc_us == at(frames[0] / FRAMES_PER_S).utc_us
    return Shown(frames, set(clip.sighting_ids), clip)
