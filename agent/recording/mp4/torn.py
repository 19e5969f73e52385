"""Checks the last write before a power cut: the disk may hold only part of it, with zeros for the
rest.

Its boxes can be complete all the same. Everything before it was synced, so only the last fragment
and the end written with it are checked. A record has the hash of its fragment and follows the
previous record; a record that does not was itself cut off and is removed alone. A fragment without
a record is checked for zeros: no unit of H.264 or H.265 has three zeros in a row or ends with one,
and our length fields have at most three zero bytes. A frame of AAC can have many, but its last
byte, with the end mark (ISO/IEC 14496-3, `ID_END`), is never zero.
"""

import mmap
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.wire.seal import BEGINNING, Record
from agent.wire.seal_check import Holds
from agent.wire.sealed import Stretch, stretches

_HOLE: Final = bytes(8)
_SAMPLE: Final = struct.Struct(">IIIi")
"""Format of a sample entry as our writer writes it: duration, size, flags, offset."""


@dataclass(frozen=True, slots=True)
class Intact:
    """The leading fragments of a torn MP4 file that are complete."""

    length_bytes: int
    """0 if nothing plays."""
    beginning_bytes: int
    """Size of `ftyp` and `moov`."""
    ticks: int
    """Duration in ticks of its track."""


def intact(path: Path, holds: Holds | None = None) -> Intact:
    """Check the last write; `holds` verifies the node's own signatures. Raises OSError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        *sealed, _ = stretches(data)
        boxes = _boxes(data)
        begins = [start for name, start, _ in boxes if name == b"moof"]
        length = _vouched_bytes(sealed, holds)
        if length is None:
            length = len(data)
        last = max((begin for begin in begins if begin < length), default=None)
        # A fragment without a valid record can only be judged by its bytes.
        is_alone = last is not None and last >= _last_record_end(sealed, length)
        if last is not None and is_alone and _has_hole(data, boxes, last):
            length = last
        left = [begin for begin in begins if begin < length]
        return Intact(
            length_bytes=length if left else 0,
            beginning_bytes=boxes[1][2] if left else 0,
            ticks=_end_ticks(data, left[-1]) if left else 0,
        )


def _vouched_bytes(sealed: Sequence[Stretch], holds: Holds | None) -> int | None:
    """End of the part confirmed by the last two records; None: all of it.

    An invalid record is removed; a record of other bytes than the ones before it removes those too.
    """
    for number in range(max(0, len(sealed) - 2), len(sealed)):
        one = sealed[number]
        before = sealed[number - 1].record if number else None
        if not _is_a_record(one, before, sealed[0], holds):
            return one.end
        if not _is_meant(one, sealed[0]):
            return one.start
    return None


def _is_a_record(one: Stretch, before: Record | None, first: Stretch, holds: Holds | None) -> bool:
    record = one.record
    if record is None or not record.follows(before.chained if before else BEGINNING):
        return False
    opening = first.record
    claims = opening.claims() if opening else None
    if holds is None or opening is None or claims is None or not record.signature:
        return True
    is_ours = holds(claims, opening.chained, opening.signature)
    return not is_ours or holds(claims, record.chained, record.signature)


def _is_meant(one: Stretch, first: Stretch) -> bool:
    match one.record:
        case Record(tag="link", stretch=stretch):
            return stretch == one.sha256
        case Record(tag="shut", stretch=stretch):
            return stretch == first.sha256
        case _:
            return True


def _last_record_end(sealed: Sequence[Stretch], length: int) -> int:
    """End of the last remaining record; 0 if there is none."""
    return max((one.next_start for one in sealed if one.next_start <= length), default=0)


def _end_ticks(data: mmap.mmap, moof: int) -> int:
    """End of the fragment: its decode time plus the durations of its samples."""
    time_at = data.find(b"tfdt", moof) + 8
    (ticks,) = struct.unpack(">Q", data[time_at : time_at + 8])
    return int(ticks + sum(row[0] for row in _rows(data, moof)))


def _rows(data: mmap.mmap, moof: int) -> Iterator[tuple[int, int, int, int]]:
    run_at = data.find(b"trun", moof) + 8
    (samples,) = struct.unpack(">I", data[run_at : run_at + 4])
    rows = data[run_at + 8 : run_at + 8 + samples * _SAMPLE.size]
    yield from _SAMPLE.iter_unpack(rows)


def _has_hole(data: mmap.mmap, boxes: list[tuple[bytes, int, int]], moof: int) -> bool:
    start, end = next(
        (start, end) for name, start, end in boxes if name == b"mdat" and start > moof
    )
    if data.find(b"mp4a", 0, boxes[1][2]) >= 0:
        return _ends_in_zero(data, moof, start + 8)
    return data[end - 1] == 0 or data.find(_HOLE, start, end) >= 0


def _ends_in_zero(data: mmap.mmap, moof: int, at: int) -> bool:
    """True if any sample of a sound fragment ends in zero or has no size; `at`: offset of the
    first."""
    for _, size, _, _ in _rows(data, moof):
        at += size
        if size == 0 or at > len(data) or data[at - 1] == 0:
            return True
    return False


def _boxes(data: mmap.mmap) -> list[tuple[bytes, int, int]]:
    """Top-level boxes: name, first byte, end."""
    found, at = [], 0
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        found.append((name, at, at + max(8, size)))
        at = found[-1][2]
    return found
