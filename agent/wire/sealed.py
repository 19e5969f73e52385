"""Splits a sealed file into stretches, each ended by a record. Pure."""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import Final

from agent.wire.seal import MARK, Record

Data = bytes | mmap

_HEADER_BYTES: Final = 8
_PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Bytes `start` to `end` of a file, and the record directly after them.

    Without the box of a record: the rest of the file. With an unreadable record: `record` is None.
    """

    start: int
    end: int
    next_start: int
    """End of the record, start of the next stretch."""
    record: Record | None
    sha256: bytes
    fragments: int
    """Number of `moof` boxes in it."""

    @property
    def is_ended(self) -> bool:
        """True if a record's box follows the stretch, readable or not."""
        return self.next_start > self.end

    @property
    def size_bytes(self) -> int:
        """Size of the stretch without the record."""
        return self.end - self.start


def stretches(data: Data) -> list[Stretch]:
    """All stretches of a file; the last has no record and can be empty.

    If the boxes do not add up, parsing goes on at the next possible record.
    """
    found, start, fragments = [], 0, 0
    for name, box_start, box_end in _boxes(data):
        fragments += name == b"moof"
        if name != MARK:
            continue
        record = Record.from_box(data[box_start:box_end])
        found.append(_stretch(data, start, box_start, box_end, record, fragments))
        start, fragments = box_end, 0
    return [*found, _stretch(data, start, len(data), len(data), None, fragments)]


def _stretch(
    data: Data, start: int, end: int, next_start: int, record: Record | None, fragments: int
) -> Stretch:
    return Stretch(
        start=start,
        end=end,
        next_start=next_start,
        record=record,
        sha256=sha256_of(data, start, end),
        fragments=fragments,
    )


def sha256_of(data: Data, start: int, end: int) -> bytes:
    """SHA-256 of a part of the file, read in pieces, so that a large file is never in memory as a
    whole."""
    digest = hashlib.sha256()
    for at in range(start, end, _PIECE_BYTES):
        digest.update(data[at : min(end, at + _PIECE_BYTES)])
    return digest.digest()


def box_names(data: Data, start: int, end: int) -> list[bytes]:
    """Names of the whole boxes from `start` on."""
    found, at = [], start
    while at + _HEADER_BYTES <= end:
        size, name = struct.unpack(">I4s", data[at : at + _HEADER_BYTES])
        if size < _HEADER_BYTES or at + size > end:
            break
        found.append(name)
        at += size
    return found


def _boxes(data: Data) -> Iterator[tuple[bytes, int, int]]:
    """Top-level boxes: name (`MARK` for a record's), first byte, end."""
    at = 0
    while at + _HEADER_BYTES <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + _HEADER_BYTES])
        if size < _HEADER_BYTES or at + size > len(data):
            ahead = data.find(MARK, at + 5)  # a record here has a wrong size and is skipped
            if ahead < 0:
                return
            at = ahead - 4
            continue
        if data[at + 4 : at + 4 + len(MARK)] == MARK:
            name = MARK
        yield name, at, at + size
        at += size
