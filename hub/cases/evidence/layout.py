"""Bytes of a package: a ZIP archive of uncompressed files with every bit defined.

Names, sizes and checksums of the files determine each byte. So a change that archive programs
ignore (a date, a comment, data between two files) is detected too. Below 4 GiB and 65,535 files,
without ZIP extensions. Source: PKWARE APPNOTE 6.3.3.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

LARGEST_BYTES: Final = 2**32 - 2**20
"""Largest package; the rest is reserved for its directory."""
MOST_FILES: Final = 10_000
PIECE_BYTES: Final = 2**20

_LOCAL: Final = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END: Final = struct.Struct("<4sHHHHLLH")
_NEEDS: Final = 20
_UTF8: Final = 0x800
_STORED: Final = 0
_NO_TIME: Final = 0
_FIRST_DAY: Final = 0x21
"""1 January 1980: the earliest date, the same in every package."""


class LayoutError(Exception):
    """The bytes are not a package; the message says where and why."""


@dataclass(frozen=True, slots=True)
class PackageEntry:
    """One file of a package; `start` is the offset of its content."""

    name: str
    size_bytes: int
    crc32: int
    start: int

    def local(self) -> bytes:
        """The header before the file's content."""
        name = self.name.encode()
        size = self.size_bytes
        fixed = (b"PK\3\4", _NEEDS, _UTF8, _STORED, _NO_TIME, _FIRST_DAY)
        return _LOCAL.pack(*fixed, self.crc32, size, size, len(name), 0) + name

    def central(self) -> bytes:
        """The file's entry in the central directory."""
        name = self.name.encode()
        size = self.size_bytes
        fixed = (b"PK\1\2", _NEEDS, _NEEDS, _UTF8, _STORED, _NO_TIME, _FIRST_DAY)
        offset = self.start - len(self.local())
        rest = (len(name), 0, 0, 0, 0, 0, offset)
        return _CENTRAL.pack(*fixed, self.crc32, size, size, *rest) + name


def directory(entries: Sequence[PackageEntry]) -> bytes:
    """The end of a package with these files."""
    listed = b"".join(entry.central() for entry in entries)
    last = entries[-1] if entries else None
    offset = 0 if last is None else last.start + last.size_bytes
    count = len(entries)
    return listed + _END.pack(b"PK\5\6", 0, 0, count, count, len(listed), offset, 0)


class PackageWriter:
    """Writes a package file by file into a seekable file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries: list[PackageEntry] = []

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """Add a file; LayoutError if the package would become too large."""
        begin = self._file.tell()
        draft = PackageEntry(name, 0, 0, 0)
        start = begin + len(draft.local())
        self._file.write(draft.local())
        size = crc32 = 0
        for piece in pieces:
            size += len(piece)
            if start + size > LARGEST_BYTES or len(self._entries) >= MOST_FILES:
                raise LayoutError("it would be larger than 4 GiB: export in parts")
            crc32 = zlib.crc32(piece, crc32)
            self._file.write(piece)
        entry = PackageEntry(name, size, crc32, start)
        self._file.seek(begin)
        self._file.write(entry.local())
        self._file.seek(start + size)
        self._entries.append(entry)

    def close(self) -> None:
        """Write the central directory at the end of the file."""
        self._file.write(directory(self._entries))


def read_entries(file: BinaryIO) -> Iterator[PackageEntry]:
    """Files of a package in order, with every byte between them checked; raises LayoutError.

    The content is read once for its checksum; a caller can read it again from `start`.
    """
    entries: list[PackageEntry] = []
    here = 0
    while (entry := _entry_at(file, here)) is not None:
        if len(entries) >= MOST_FILES:
            raise LayoutError(f"byte {here}: more than {MOST_FILES} files")
        if _crc32(file, entry) != entry.crc32:
            raise LayoutError(f"{entry.name}: its content is not what its checksum says")
        entries.append(entry)
        yield entry
        here = entry.start + entry.size_bytes
    expected = directory(entries)
    file.seek(here)
    found = file.read(len(expected) + 1)
    if found != expected:
        place = _first_difference(found, expected)
        raise LayoutError(f"byte {here + place}: the directory at the end is not that of its files")


def _entry_at(file: BinaryIO, here: int) -> PackageEntry | None:
    """The file at this offset; None if the directory begins there."""
    file.seek(here)
    head = file.read(_LOCAL.size)
    if head[:4] == b"PK\1\2" or (head[:4] == b"PK\5\6" and here == 0):
        return None
    if len(head) < _LOCAL.size:
        raise LayoutError(f"byte {here}: it ends here, before its directory")
    fields = _LOCAL.unpack(head)
    crc32, size, name_bytes = fields[6], fields[7], fields[9]
    raw = file.read(name_bytes)
    try:
        entry = PackageEntry(raw.decode(), size, crc32, here + _LOCAL.size + name_bytes)
    except UnicodeDecodeError as error:
        raise LayoutError(f"byte {here}: the name of a file cannot be read") from error
    if entry.local() != head + raw:
        place = _first_difference(head + raw, entry.local())
        raise LayoutError(f"byte {here + place}: no file of a package begins like this")
    return entry


def _crc32(file: BinaryIO, entry: PackageEntry) -> int:
    crc32 = 0
    for piece in read_content(file, entry):
        crc32 = zlib.crc32(piece, crc32)
    return crc32


def read_content(file: BinaryIO, entry: PackageEntry) -> Iterator[bytes]:
    """Content of one file in pieces; LayoutError if the package is cut off."""
    here, left = entry.start, entry.size_bytes
    while left:
        file.seek(here)
        piece = file.read(min(left, PIECE_BYTES))
        if not piece:
            raise LayoutError(f"{entry.name}: the package ends within it")
        here, left = here + len(piece), left - len(piece)
        yield piece


def _first_difference(one: bytes, two: bytes) -> int:
    for place, (left, right) in enumerate(zip(one, two, strict=False)):
        if left != right:
            return place
    return min(len(one), len(two))
