"""One clip on the disk, fragment by fragment: each is durable before the next is begun.

A power cut costs at most the fragment under way; what the file holds before it plays. The name
ends in `.part` until the clip is closed, hashed and named for good.
"""

import contextlib
import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent.clips.mp4 import Mp4Track
from agent.clips.sealer import ClipSeal
from agent.journal.durable import sync_folder
from agent.media.frame import Instant, Packet, StreamInfo
from agent.wire.seal import Moment

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedClip:
    """A whole clip: where it is, what it weighs, when it plays."""

    path: Path
    sha256: str
    size_bytes: int
    first_frame: Instant
    last_frame: Instant
    duration_ms: int
    frames: int
    is_sealed: bool = False
    beginning: bytes = b""
    """Its first bytes, in which alone it differs from what it was while it was written."""


class ClipWriter:
    """Writes packets, the first of them a keyframe, as fragmented MP4 to `path` + `.part`.

    Whatever raises OSError leaves the file to be abandoned.
    """

    def __init__(
        self,
        path: Path,
        stream: StreamInfo,
        *,
        fragment_s: float = 2.0,
        seal: ClipSeal | None = None,
    ) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._track = Mp4Track(stream)
        self._fragment_ticks = round(fragment_s / stream.time_base)
        self._pending: list[Packet] = []
        self._seal = seal
        self._fragments = 0
        self._frames = 0
        self.durable_bytes = 0
        """How much of the file no power cut takes any more; all of it plays."""
        self._first: Packet | None = None
        self._file: BinaryIO = self._part.open("xb")
        try:
            self._file.write(self._track.beginning())  # durable with the first fragment
            self._file.flush()
        except OSError:
            self.abandon()
            raise

    @property
    def part(self) -> Path:
        """The file while it is written."""
        return self._part

    @property
    def first_frame(self) -> Instant | None:
        """When the clip begins; None while nothing was written."""
        return self._first.at if self._first else None

    def write(self, packet: Packet) -> None:
        """Take one packet; flushes a fragment at each keyframe or after two seconds.

        Raises OSError when the disk refuses; what was flushed before stays playable.
        """
        if self._first is None:
            self._first = packet
        elif self._is_fragment_full(packet):
            self._flush(end_dts=packet.dts)
        self._pending.append(packet)

    def close(self) -> ClosedClip:
        """Finish the file and give it its name; the clip has at least one frame."""
        last = self._pending[-1] if self._pending else None
        if self._first is None or last is None:
            raise ValueError("a clip without a frame cannot be closed, only abandoned")
        end_dts = last.dts + max(1, last.duration)
        length = self._track.ticks_of(end_dts - self._first.dts)
        beginning = self._track.beginning(length)
        # Hashed while the disk makes the end durable: the two waits are one.
        hashing = _Hashing(self._part, beginning, until=self.durable_bytes)
        try:
            self._flush(end_dts=end_dts)
            self._finish(beginning)
        finally:
            hashing.join()
        self._file.close()
        digest, size_bytes = hashing.finish()
        self._part.rename(self._path)
        sync_folder(self._path.parent)
        return ClosedClip(
            path=self._path,
            sha256=digest,
            size_bytes=size_bytes,
            first_frame=self._first.at,
            last_frame=last.at,
            duration_ms=length * 1000 // self._track.timescale,
            frames=self._frames,
            is_sealed=self._seal is not None,
            beginning=beginning,
        )

    def abandon(self) -> None:
        """Give up: the unfinished file is removed."""
        with contextlib.suppress(OSError):  # what a full disk did not take is tried again here
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _is_fragment_full(self, packet: Packet) -> bool:
        span = packet.dts - self._pending[0].dts if self._pending else 0
        return packet.is_keyframe or span >= self._fragment_ticks

    def _flush(self, *, end_dts: int) -> None:
        if not self._pending or self._first is None:
            return
        self._fragments += 1
        fragment = self._track.fragment(self._fragments, self._pending, self._first.dts, end_dts)
        self._append(self._sealed(fragment, self._pending[0], begun=self._first))
        self._frames += len(self._pending)
        self._pending = []

    def _sealed(self, fragment: bytes, packet: Packet, *, begun: Packet) -> bytes:
        """With its record behind it, so that one write makes both durable."""
        if self._seal is None:
            return fragment
        opening = self._seal.opening(self._track.beginning()) if self._fragments == 1 else b""
        into_clip_ms = self._track.ticks_of(packet.dts - begun.dts) * 1000 // self._track.timescale
        moment = Moment(packet.at.utc_us, into_clip_ms)
        return opening + fragment + self._seal.link(fragment, moment)

    def _finish(self, beginning: bytes) -> None:
        """Put the length into the beginning; then, when that is durable, the last record."""
        self._file.seek(0)
        self._append(beginning)
        if self._seal is not None:
            self._file.seek(0, os.SEEK_END)
            self._append(self._seal.shut(beginning))

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        os.fdatasync(self._file.fileno())
        if not self.durable_bytes:  # what has bytes and no name is lost
            sync_folder(self._part.parent)
        self.durable_bytes = max(self.durable_bytes, self._file.tell())


class _Hashing(threading.Thread):
    """SHA-256 of a file whose first bytes are about to be written anew and whose end is to come."""

    def __init__(self, path: Path, beginning: bytes, *, until: int) -> None:
        """Hash `beginning` and what of the file follows it `until` there, at once."""
        super().__init__(name="hash")
        self._path = path
        self._digest = hashlib.sha256(beginning)
        self._at = len(beginning)
        self._until = until
        self._failure: OSError | None = None
        self.start()

    def run(self) -> None:
        """On its own thread."""
        try:
            self._read(self._until)
        except OSError as failure:
            self._failure = failure

    def finish(self) -> tuple[str, int]:
        """Hash (hex) and size of the whole file, once it is whole; raises OSError."""
        if self._failure is not None:
            raise self._failure
        self._read(self._path.stat().st_size)
        return self._digest.hexdigest(), self._at

    def _read(self, until: int) -> None:
        with self._path.open("rb") as file:
            file.seek(self._at)
            while self._at < until and (chunk := file.read(min(CHUNK_BYTES, until - self._at))):
                self._digest.update(chunk)
                self._at += len(chunk)


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file, read in pieces."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return digest.hexdigest(), size_bytes
