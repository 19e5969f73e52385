"""The sound of a clip in a file of its own beside it, sealed of its own.

Apart from the pictures it leaves the node only when it was asked for, and neither hash nor seal of
the clip depends on it. Its time 0 is the clip's first frame.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from agent.clips.mp4 import MediaWords, Sample, box, file_start, fragment, full_box, movie
from agent.clips.sealer import ClipSeal
from agent.journal.durable import sync_folder
from agent.media.frame import Instant
from agent.media.sound import SoundInfo, SoundPacket
from agent.wire.seal import Moment

FRAGMENT_S: Final = 2.0
FRAME_SAMPLES: Final = 1024
"""Of AAC; how long the last frame of a file lasts."""


def sound_path(clip: Path) -> Path:
    """Where the sound of a clip lies."""
    return clip.with_name(clip.name.removesuffix(".mp4") + ".sound.mp4")


def write_sound(
    path: Path, heard: Sequence[SoundPacket], *, began: Instant, seal: ClipSeal | None
) -> None:
    """A whole file of these packets, durable, its name too; the clip began at `began`.

    Raises OSError; then nothing is left of it.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.writelines(_pieces(heard, began, seal))
            file.flush()
            os.fdatasync(file.fileno())
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _pieces(heard: Sequence[SoundPacket], began: Instant, seal: ClipSeal | None) -> Iterator[bytes]:
    info = heard[0].info

    def ticks(at: Instant) -> int:
        return max(0, round(at.seconds_since(began) * info.rate_hz))

    ends = [ticks(one.at) for one in heard[1:]] + [ticks(heard[-1].at) + FRAME_SAMPLES]
    start = file_start() + movie(_words(info), duration_ticks=ends[-1])
    yield start
    if seal is not None:
        yield seal.opening(start)
    edges = [*_edges(heard), len(heard)]
    for number, (first, past) in enumerate(pairwise(edges), start=1):
        starts = [ticks(one.at) for one in heard[first:past]]
        samples = [
            Sample(one.data, max(1, end - begin), 0, is_keyframe=True)
            for one, begin, end in zip(heard[first:past], starts, ends[first:past], strict=True)
        ]
        data = fragment(number, starts[0], samples)
        yield data
        if seal is not None:
            into_clip_ms = starts[0] * 1000 // info.rate_hz
            yield seal.link(data, Moment(heard[first].at.utc_us, into_clip_ms))
    if seal is not None:
        yield seal.shut(start)


def _edges(heard: Sequence[SoundPacket]) -> Iterator[int]:
    """Where fragments begin."""
    began = None
    for index, one in enumerate(heard):
        if began is None or one.at.seconds_since(began) >= FRAGMENT_S:
            began = one.at
            yield index


def _words(info: SoundInfo) -> MediaWords:
    return MediaWords(
        timescale=info.rate_hz,
        handler=b"soun",
        header=full_box(b"smhd", 0, 0, b"\0" * 4),
        entry=_entry(info),
        volume=0x0100,
    )


def _entry(info: SoundInfo) -> bytes:
    """`mp4a` with its `esds` (ISO/IEC 14496-14): MPEG-4 audio, and how it is decoded."""
    head = struct.pack(">6xH8xHHHHI", 1, info.channels, 16, 0, 0, info.rate_hz << 16)
    decoder = struct.pack(">BB3xII", 0x40, 0x15, 0, 0)
    config = _descriptor(4, decoder + _descriptor(5, info.configuration))
    stream = _descriptor(3, struct.pack(">HB", 1, 0) + config + _descriptor(6, b"\2"))
    return box(b"mp4a", head, full_box(b"esds", 0, 0, stream))


def _descriptor(tag: int, body: bytes) -> bytes:
    return struct.pack(">BB", tag, len(body)) + body
