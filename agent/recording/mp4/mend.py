"""Repairs clips cut off by a power cut: cut to the last complete fragment, they play."""

import os
import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import av.error

from agent.journal.durable import sync_folder
from agent.recording.mp4.hashing import hash_file
from agent.recording.mp4.torn import Intact, intact
from agent.recording.sealer import Sealer, carries_seal
from agent.wire.seal import with_length

HEADER_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedClip:
    """Facts about a clip that the file itself tells: no sightings and no UTC time."""

    path: Path
    sha256: str
    size_bytes: int
    codec: str
    width: int
    height: int
    duration_ms: int
    is_sealed: bool


def whole_length(file: BinaryIO) -> int:
    """Bytes up to the end of the last complete fragment; 0 if none would play.

    Reads the top-level boxes of our writer: `ftyp`, `moov`, then pairs of `moof` and `mdat`, with
    the seal's `uuid` before the first and after each. Anything else ends it, such as the zeros that
    some file systems leave at the end.
    """
    file_bytes = file.seek(0, os.SEEK_END)
    at, whole, before = 0, 0, b""
    while at + HEADER_BYTES <= file_bytes:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(HEADER_BYTES))
        at += size
        if (before, name) not in _ORDER or size < HEADER_BYTES or at > file_bytes:
            break
        whole = at if name == b"mdat" or (whole and name == b"uuid") else whole
        before = name
    return whole


_ORDER = {
    (b"", b"ftyp"),
    (b"ftyp", b"moov"),
    (b"moov", b"moof"),
    (b"moof", b"mdat"),
    (b"mdat", b"moof"),
    (b"moov", b"uuid"),
    (b"mdat", b"uuid"),
    (b"uuid", b"moof"),
    (b"uuid", b"uuid"),
}


def mend(path: Path, sealer: Sealer | None = None) -> Path | None:
    """Cut a file to its playable part and name it; None (and no file) if nothing plays.

    `sealer` ends its seal if it had begun one. Raises OSError.
    """
    with path.open("rb") as file:
        length = whole_length(file)
    _cut(path, length)
    found = None
    if length and path.suffix == ".part":  # a file with its final name was durable before
        found = intact(path, sealer.holds if sealer else None)
        length = found.length_bytes
        _cut(path, length)
    if length == 0:
        path.unlink()
        return None
    if found is not None and not carries_seal(path):
        _state_length(path, found)
    if sealer is not None:
        _end_seal(path, length, found.ticks if found else 0, sealer)
    whole = path.with_name(path.name.removesuffix(".part"))
    if whole != path:
        path.rename(whole)
        sync_folder(path.parent)
    return whole


def _cut(path: Path, length: int) -> None:
    """Durably, if it is longer."""
    with path.open("r+b") as file:
        if length != file.seek(0, os.SEEK_END):
            file.truncate(length)
            os.fsync(file.fileno())


def _state_length(path: Path, found: Intact) -> None:
    """A length may exist already, of a clip whose end did not reach the disk."""
    with path.open("r+b") as file:
        beginning = file.read(found.beginning_bytes)
        file.seek(0)
        file.write(with_length(beginning, found.ticks))
        file.flush()
        os.fsync(file.fileno())


def _end_seal(path: Path, length: int, ticks: int, sealer: Sealer) -> None:
    """A disk too full for the last record loses that record, not the clip."""
    try:
        sealer.end_mended(path, ticks)
    except OSError:
        os.truncate(path, length)


def examine(path: Path) -> MendedClip | None:
    """Read a whole clip; None if it holds no video."""
    try:
        with av.open(str(path)) as clip:
            stream = clip.streams.video[0]
            ends = [p.dts + (p.duration or 0) for p in clip.demux(stream) if p.dts is not None]
            length_s = max(ends) * (stream.time_base or Fraction(0))
            codec, width, height = stream.codec_context.name, stream.width, stream.height
    except (av.error.FFmpegError, IndexError, ValueError):
        return None
    digest, size_bytes = hash_file(path)
    return MendedClip(
        path=path,
        sha256=digest,
        size_bytes=size_bytes,
        codec=codec,
        width=width,
        height=height,
        duration_ms=round(length_s * 1000),
        is_sealed=carries_seal(path),
    )
