"""Writes one clip fragment by fragment: each is durable before the next begins.

A power cut loses at most the current fragment; everything before it plays. The name ends in `.part`
until the clip is closed, hashed and renamed.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent.journal.durable import sync_folder
from agent.media.frame import Instant, Packet, StreamInfo
from agent.recording.mp4.fragments import Mp4Track
from agent.recording.mp4.hashing import Hashing
from agent.recording.sealer import ClipSeal
from agent.wire.seal import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedClip:
    """A complete clip: place, size and time."""

    path: Path
    sha256: str
    size_bytes: int
    first_frame: Instant
    last_frame: Instant
    duration_ms: int
    frames: int
    is_sealed: bool = False
    beginning: bytes = b""
    """The first bytes of the file, the only ones that differ from the file during recording."""


class ClipWriter:
    """Writes packets, from a keyframe on, as fragmented MP4 to `path` + `.part`.

    After an OSError the file must be abandoned.
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
        """Bytes of the file safe from a power cut; all of them play."""
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
        """Path of the file while it is recorded."""
        return self._part

    @property
    def first_frame(self) -> Instant | None:
        """Start of the clip; None before the first write."""
        return self._first.at if self._first else None

    def write(self, packet: Packet) -> None:
        """Add one packet; flushes a fragment at each keyframe or after two seconds.

        Raises OSError if the disk refuses; flushed fragments stay playable.
        """
        if self._first is None:
            self._first = packet
        elif self._is_fragment_full(packet):
            self._flush(end_dts=packet.dts)
        self._pending.append(packet)

    def close(self) -> ClosedClip:
        """Finish the file and name it; the clip has at least one frame."""
        last = self._pending[-1] if self._pending else None
        if self._first is None or last is None:
            raise ValueError("a clip without a frame cannot be closed, only abandoned")
        end_dts = last.dts + max(1, last.duration)
        length = self._track.ticks_of(end_dts - self._first.dts)
        beginning = self._track.beginning(length)
        # Hashed while the disk makes end and name durable, so that there is only one wait.
        hashing = Hashing(self._part, beginning, until=self.durable_bytes)
        try:
            end = self._finish(beginning, self._next_fragment(self._first, end_dts=end_dts))
            self._file.close()
            self._part.rename(self._path)
            sync_folder(self._path.parent)
        finally:
            hashing.join()
        digest, size_bytes = hashing.finish(end)
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
        """Remove the unfinished file. If the disk refuses, the next start repairs or removes it."""
        with contextlib.suppress(OSError):  # what a full disk refused is tried again here
            self._file.close()
        for path in (self._part, self._path):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _is_fragment_full(self, packet: Packet) -> bool:
        span = packet.dts - self._pending[0].dts if self._pending else 0
        return packet.is_keyframe or span >= self._fragment_ticks

    def _flush(self, *, end_dts: int) -> None:
        if not self._pending or self._first is None:
            return
        self._append(self._next_fragment(self._first, end_dts=end_dts))
        self.durable_bytes = self._file.tell()

    def _next_fragment(self, begun: Packet, *, end_dts: int) -> bytes:
        """Pending packets as bytes, followed by their record."""
        self._fragments += 1
        fragment = self._track.fragment(self._fragments, self._pending, begun.dts, end_dts)
        sealed = self._sealed(fragment, self._pending[0], begun=begun)
        self._frames += len(self._pending)
        self._pending = []
        return sealed

    def _sealed(self, fragment: bytes, packet: Packet, *, begun: Packet) -> bytes:
        """Followed by its record, so that one write makes both durable."""
        if self._seal is None:
            return fragment
        opening = self._seal.opening(self._track.beginning()) if self._fragments == 1 else b""
        into_clip_ms = self._track.ticks_of(packet.dts - begun.dts) * 1000 // self._track.timescale
        moment = Moment(packet.at.utc_us, into_clip_ms)
        return opening + fragment + self._seal.link(fragment, moment)

    def _finish(self, beginning: bytes, fragment: bytes) -> bytes:
        """Write the last fragment, the last record and the length at the start, durable at once.

        Parts lost in a power cut are repaired: nobody was told of them yet. Returns the bytes
        written to the end of the file.
        """
        shut = self._seal.shut(beginning) if self._seal is not None else b""
        self._file.seek(0)
        self._file.write(beginning)
        self._file.seek(0, os.SEEK_END)
        end = fragment + shut
        self._append(end)
        return end

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        os.fdatasync(self._file.fileno())
        if not self.durable_bytes:  # bytes without a name are lost
            sync_folder(self._part.parent)
