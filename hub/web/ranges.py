"""HTTP byte ranges (RFC 9110 §14)."""

import re
from dataclasses import dataclass
from typing import Final

_ONE_RANGE: Final = re.compile(r"bytes=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size_bytes(self) -> int:
        """Number of bytes."""
        return self.last - self.first + 1


class UnsatisfiableError(Exception):
    """The range lies beyond the file: 416."""


def wanted_span(header: str, size_bytes: int) -> ByteRange | None:
    """The single requested range; None for no range, several, or an invalid one: then the whole
    file."""
    match = _ONE_RANGE.fullmatch(header)
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.group(1), match.group(2)
    if first == "":
        return _tail(int(last), size_bytes)
    start = int(first)
    end = min(int(last), size_bytes - 1) if last else size_bytes - 1
    if last and int(last) < start:
        return None
    if start >= size_bytes:
        raise UnsatisfiableError
    return ByteRange(start, end)


def _tail(length: int, size_bytes: int) -> ByteRange:
    if length == 0 or size_bytes == 0:
        raise UnsatisfiableError
    return ByteRange(max(0, size_bytes - length), size_bytes - 1)
