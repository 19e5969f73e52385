"""The last write before the plug was pulled: a disk may have taken some of it, zeros for the rest.

Its boxes add up all the same. All before it was synced, so only the last fragment is asked. Its
record knows its hash. Where it has none zeros betray it: no unit of H.264 or H.265 has three of
them in a row or ends with one, and of our lengths before them three bytes at most are zero.
"""

import mmap
import struct
from pathlib import Path
from typing import Final

from agent.wire.sealed import Stretch, stretches

_HOLE: Final = bytes(8)


def sound_length(path: Path) -> int:
    """Bytes of a file of whole fragments up to where its last write is not what was meant.

    0 where nothing is left that plays; raises OSError.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        *sealed, rest = stretches(data)
        boxes = _boxes(data)
        begins = [start for name, start, _ in boxes if name == b"moof"]
        length = len(data)
        if sealed and not rest.size_bytes:
            length = sealed[-1].start if _is_torn(sealed[-1]) else length
        elif begins and _has_hole(data, boxes):
            length = begins[-1]
    return length if begins and begins[0] < length else 0


def _is_torn(last: Stretch) -> bool:
    record = last.record
    return record is None or (record.tag == "link" and record.stretch != last.sha256)


def _has_hole(data: mmap.mmap, boxes: list[tuple[bytes, int, int]]) -> bool:
    start, end = next((start, end) for name, start, end in reversed(boxes) if name == b"mdat")
    return data[end - 1] == 0 or data.find(_HOLE, start, end) >= 0


def _boxes(data: mmap.mmap) -> list[tuple[bytes, int, int]]:
    """The top-level ones: name, first byte, end."""
    found, at = [], 0
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        found.append((name, at, at + max(8, size)))
        at = found[-1][2]
    return found
