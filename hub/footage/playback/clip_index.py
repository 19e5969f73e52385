"""An index for players: where in a clip of a node each keyframe's fragment begins.

A node writes fragment after fragment and cannot know later ones, so its file has no index. Without
one a browser reads the whole file before it shows a frame. The hub puts a `sidx` box (ISO/IEC
14496-12, 8.16.3) in front of the first fragment on the way to the player; the stored file stays as
it is. Fragments name their own start, so that no other byte changes. Pure.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

Read = Callable[[int, int], bytes]
"""Bytes of the file: first byte, length."""

MOST_BOXES: Final = 4_000
MOST_HEAD_BYTES: Final = 2**20
"""A moov or moof larger than this is none of our nodes'."""
SYNC_SAMPLE: Final = 0x02000000
_MOOF: Final = struct.Struct(">4x4s 4x4s8x 4x4s 4x4sI4x 4x4s4xQ 4x4sII4x")
"""Names, flags of tfhd, start of tfdt, flags and number of samples of trun."""
_SAMPLE: Final = struct.Struct(">IIIi")
_OUR_FLAGS: Final = (0x020000, 0x01000F01)
_TIMESCALE_AT: Final = 16
"""Offset from the name of an mdhd of version 0."""


@dataclass(frozen=True, slots=True)
class ClipIndex:
    """An index box, and the offset at which it is inserted."""

    at: int
    box: bytes


@dataclass(slots=True)
class _Stretch:
    """A keyframe's fragment with all boxes up to the next; ticks of the track's timescale."""

    begins: int
    size_bytes: int = 0
    ends: int = 0


@dataclass(slots=True)
class _Found:
    timescale: int = 0
    at: int = 0
    stretches: list[_Stretch] = field(default_factory=list)


class _UnlikeOursError(Exception):
    """The file is not as our nodes write clips."""


def clip_index(read: Read, size_bytes: int) -> ClipIndex | None:
    """The index of a file of this size; None for a file that a node did not write.

    Reads the head of each box, some kilobytes altogether.
    """
    found = _Found()
    try:
        for name, start, length in _boxes(read, size_bytes):
            _note(found, name, start, length, read)
    except (_UnlikeOursError, struct.error):
        return None
    if not found.timescale or not found.stretches:
        return None
    return ClipIndex(found.at, _sidx(found.timescale, found.stretches))


def _boxes(read: Read, size_bytes: int) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    for _ in range(MOST_BOXES):
        if at == size_bytes:
            return
        length, name = struct.unpack(">I4s", read(at, 8))
        if length < 8 or at + length > size_bytes:
            raise _UnlikeOursError
        yield name, at, length
        at += length
    raise _UnlikeOursError


def _note(found: _Found, name: bytes, start: int, length: int, read: Read) -> None:
    match name:
        case b"moov" if length <= MOST_HEAD_BYTES:
            body = read(start, length)
            mdhd_at = body.find(b"mdhd")
            if mdhd_at < 0:
                raise _UnlikeOursError
            (found.timescale,) = struct.unpack_from(">I", body, mdhd_at + _TIMESCALE_AT)
        case b"moof" if length <= MOST_HEAD_BYTES:
            _note_fragment(found, start, read(start, length))
        case b"ftyp" | b"free" | b"mdat" | b"uuid":
            pass
        case _:
            raise _UnlikeOursError
    if found.stretches:
        found.stretches[-1].size_bytes += length


def _note_fragment(found: _Found, start: int, moof: bytes) -> None:
    *names, tfhd_flags, tfdt, begins, trun, trun_flags, samples = _MOOF.unpack_from(moof)
    if [*names, tfdt, trun] != [b"moof", b"mfhd", b"traf", b"tfhd", b"tfdt", b"trun"]:
        raise _UnlikeOursError
    if (tfhd_flags, trun_flags) != _OUR_FLAGS or not samples:
        raise _UnlikeOursError
    rows = [_SAMPLE.unpack_from(moof, _MOOF.size + one * _SAMPLE.size) for one in range(samples)]
    if rows[0][2] == SYNC_SAMPLE or not found.stretches:
        found.at = found.at or start
        found.stretches.append(_Stretch(begins))
    found.stretches[-1].ends = begins + sum(row[0] for row in rows)


def _sidx(timescale: int, stretches: list[_Stretch]) -> bytes:
    begins = [one.begins for one in stretches] + [stretches[-1].ends]
    starts_with_keyframe = 0x90000000
    rows = b"".join(
        struct.pack(">III", one.size_bytes, max(0, until - since), starts_with_keyframe)
        for one, (since, until) in zip(stretches, pairwise(begins), strict=True)
    )
    head = struct.pack(">IIIQQHH", 1 << 24, 1, timescale, begins[0], 0, 0, len(stretches))
    return struct.pack(">I4s", 8 + len(head) + len(rows), b"sidx") + head + rows


def read_indexed(
    read: Callable[[int, int], Iterator[bytes]], index: ClipIndex, start: int, length: int
) -> Iterator[bytes]:
    """`length` bytes from `start` of the file with its index inserted; `read` reads the file."""
    end, after = start + length, index.at + len(index.box)
    if start < index.at:
        yield from read(start, min(end, index.at) - start)
    if start < after and end > index.at:
        yield index.box[max(0, start - index.at) : end - index.at]
    if end > after:
        begins = max(start, after) - len(index.box)
        yield from read(begins, end - len(index.box) - begins)
