"""Sound of a clip as a file of its own beside it.

As a separate file it leaves the node only on request, and hash and seal of the clip do not depend
on it. Its time 0 is the clip's first frame.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from agent.media.frame import Instant
from agent.media.sound import SoundInfo, SoundPacket
from agent.recording.mp4.fragments import (
    MediaWords,
    Sample,
    box,
    file_start,
    fragment,
    full_box,
    movie,
)
from agent.wire.seal import Moment

FRAGMENT_S: Final = 2.0
FRAME_SAMPLES: Final = 1024
"""Samples of an AAC frame; duration of the last frame of a file."""


def sound_path(clip: Path) -> Path:
    """Path of a clip's sound."""
    return clip.with_name(clip.name.removesuffix(".mp4") + ".sound.mp4")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundTrack:
    """Turns the sound during a clip into boxes; the clip began at `began`."""

    info: SoundInfo
    began: Instant

    def ticks(self, at: Instant) -> int:
        """Ticks since the start of the clip; 0 for earlier sound."""
        return max(0, round(at.seconds_since(self.began) * self.info.rate_hz))

    def beginning(self, duration_ticks: int = 0) -> bytes:
        """`ftyp` and `moov`, of constant length."""
        return file_start() + movie(_words(self.info), duration_ticks=duration_ticks)

    def fragment(self, number: int, heard: Sequence[SoundPacket], end_ticks: int) -> bytes:
        """`moof` and `mdat` of these packets, the last of which plays until `end_ticks`."""
        edges = [*(self.ticks(one.at) for one in heard), end_ticks]
        samples = [
            Sample(one.data, max(1, end - begin), 0, is_keyframe=True)
            for one, (begin, end) in zip(heard, pairwise(edges), strict=True)
        ]
        return fragment(number, edges[0], samples)

    def moment(self, first: SoundPacket) -> Moment:
        """The start of a fragment, for its seal."""
        return Moment(first.at.utc_us, self.ticks(first.at) * 1000 // self.info.rate_hz)


def _words(info: SoundInfo) -> MediaWords:
    return MediaWords(
        timescale=info.rate_hz,
        handler=b"soun",
        header=full_box(b"smhd", 0, 0, b"\0" * 4),
        entry=_entry(info),
        volume=0x0100,
    )


def _entry(info: SoundInfo) -> bytes:
    """`mp4a` with its `esds` (ISO/IEC 14496-14): MPEG-4 audio and its decoder configuration."""
    head = struct.pack(">6xH8xHHHHI", 1, info.channels, 16, 0, 0, info.rate_hz << 16)
    decoder = struct.pack(">BB3xII", 0x40, 0x15, 0, 0)
    config = _descriptor(4, decoder + _descriptor(5, info.configuration))
    stream = _descriptor(3, struct.pack(">HB", 1, 0) + config + _descriptor(6, b"\2"))
    return box(b"mp4a", head, full_box(b"esds", 0, 0, stream))


def _descriptor(tag: int, body: bytes) -> bytes:
    return struct.pack(">BB", tag, len(body)) + body
