"""Writes the sound of a clip beside it during recording; a power cut loses two seconds of it.

If the disk refuses, the sound is lost, never the clip, and this is logged.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import structlog

from agent.journal.durable import sync_folder
from agent.media.frame import Instant
from agent.media.sound import SoundPacket
from agent.recording.mp4.sound import FRAGMENT_S, FRAME_SAMPLES, SoundTrack, sound_path
from agent.recording.ring.sound import SoundRing
from agent.recording.sealer import ClipSeal

log = structlog.get_logger()

NewSeal = Callable[[SoundPacket], ClipSeal | None]


class SoundWriter:
    """Sound from a ring during one clip, fragment by fragment, each durable before the next.

    There is no file before two seconds of sound, or before the clip is complete. Until then the
    name ends in `.part`. Sound after a format change by the camera is left out.
    """

    def __init__(
        self, clip: Path, ring: SoundRing, *, began: Instant, new_seal: NewSeal, camera: str
    ) -> None:
        """Beside `clip`, which began at `began`; `new_seal` seals a file from its first packet."""
        self._path = sound_path(clip)
        self._part = self._path.with_name(self._path.name + ".part")
        self._ring = ring
        self._began = began
        self._new_seal = new_seal
        self._camera = camera
        self._pending: list[SoundPacket] = []
        self._last: SoundPacket | None = None
        self._track: SoundTrack | None = None
        self._seal: ClipSeal | None = None
        self._file: BinaryIO | None = None
        self._fragments = 0
        self._is_lost = False

    def go_on(self, until: Instant) -> None:
        """Make the sound until then durable, except the newest less than a fragment."""
        if self._is_lost:
            return
        with self._costing_sound_alone():
            self._append(b"".join(self._whole_fragments(until)))

    def close(self, until: Instant) -> None:
        """The clip is complete and ended then: finish the file and name it durably."""
        if self._is_lost:
            return
        with self._costing_sound_alone():
            data = b"".join(self._whole_fragments(until))
            if self._track is not None and self._last is not None:
                end_ticks = self._track.ticks(self._last.at) + FRAME_SAMPLES
                data += self._next_fragment(self._track, end_ticks)
                self._finish(self._track.beginning(end_ticks), data)

    def abandon(self) -> None:
        """Remove the sound file of an abandoned clip."""
        self._is_lost = True
        with contextlib.suppress(OSError):  # what a full disk refused is tried again here
            if self._file is not None:
                self._file.close()
        for path in (self._part, self._path):
            with contextlib.suppress(OSError):  # a leftover for the next start
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _costing_sound_alone(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.abandon()
            log.error("sound_lost", camera=self._camera, reason=str(error))

    def _whole_fragments(self, until: Instant) -> Iterator[bytes]:
        since = self._last.at if self._last else self._began
        for packet in self._ring.between(since, until):
            if self._last is not None and packet.at <= self._last.at:
                continue
            track = self._track or self._begin(packet)
            if packet.info != track.info:
                break
            if self._is_fragment_full(packet):
                yield self._next_fragment(track, track.ticks(packet.at))
            self._pending.append(packet)
            self._last = packet

    def _begin(self, first: SoundPacket) -> SoundTrack:
        self._track = SoundTrack(info=first.info, began=self._began)
        self._seal = self._new_seal(first)
        return self._track

    def _is_fragment_full(self, packet: SoundPacket) -> bool:
        return bool(self._pending) and packet.at.seconds_since(self._pending[0].at) >= FRAGMENT_S

    def _next_fragment(self, track: SoundTrack, end_ticks: int) -> bytes:
        """Pending packets as bytes, followed by their record; before the first, the start of the
        file."""
        self._fragments += 1
        first, data = self._pending[0], track.fragment(self._fragments, self._pending, end_ticks)
        self._pending = []
        start = track.beginning() if self._fragments == 1 else b""
        if self._seal is None:
            return start + data
        opening = self._seal.opening(start) if start else b""
        return start + opening + data + self._seal.link(data, track.moment(first))

    def _append(self, data: bytes) -> None:
        if not data:
            return
        if self._file is None:
            self._file = self._part.open("xb")
            self._write(self._file, data)
            sync_folder(self._part.parent)  # bytes without a name are lost
        else:
            self._write(self._file, data)

    def _finish(self, beginning: bytes, fragments: bytes) -> None:
        """Like a clip: parts lost in a power cut are repaired."""
        shut = self._seal.shut(beginning) if self._seal is not None else b""
        if self._file is None:
            self._file = self._part.open("xb")
            fragments = beginning + fragments[len(beginning) :]
        else:
            self._file.seek(0)
            self._file.write(beginning)
            self._file.seek(0, os.SEEK_END)
        self._write(self._file, fragments + shut)
        self._file.close()
        self._part.rename(self._path)
        sync_folder(self._path.parent)

    @staticmethod
    def _write(file: BinaryIO, data: bytes) -> None:
        file.write(data)
        file.flush()
        os.fdatasync(file.fileno())
