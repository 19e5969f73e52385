"""Continuous recording of a camera in segments: lowest class, written after everything else.

It reads the ring of the clip recorder, on its own thread with a lower priority, and never blocks
the ring: what the disk did not accept in time is a gap, counted. Footage that is in a clip too is
written twice; a clip stays complete when the segments around it are removed.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from agent.journal import FootageClass
from agent.media.frame import Instant
from agent.recording.mp4.fragments import Mp4Error
from agent.recording.ring.preroll import Numbered, Preroll, Take
from agent.recording.ring.sound import SoundRing
from agent.recording.sound_writer import SoundWriter
from agent.recording.store.store import ClipStore
from agent.recording.writer import ClipWriter

log = structlog.get_logger()

SEGMENT_S: Final = 60.0
"""A segment ends at the first keyframe after this time, or at `LONGEST_S` without one."""
LONGEST_S: Final = 120.0
LOOK_EVERY_S: Final = 2.0
TRY_AGAIN_S: Final = 10.0
NICENESS: Final = 10


@dataclass(slots=True)
class ContinuousCounts:
    """Counters of one camera since the agent started."""

    segments: int = 0
    segments_lost: int = 0
    gaps: int = 0


@dataclass(slots=True)
class _Segment:
    clip_id: UUID
    writer: ClipWriter
    take: Take
    next_number: int
    sound: SoundWriter | None
    has_frames: bool = False

    def write(self, item: Numbered) -> None:
        """Add one packet; raises OSError if the disk refuses."""
        before_bytes = self.writer.durable_bytes
        self.writer.write(item.packet)
        if self.sound is not None and self.writer.durable_bytes > before_bytes:
            self.sound.go_on(item.packet.at)
        self.has_frames = True
        self.next_number = item.number + 1

    def abandon(self) -> None:
        """Remove everything of it."""
        self.writer.abandon()
        if self.sound is not None:
            self.sound.abandon()


class Continuous:
    """Continuous recording of one camera, from its ring."""

    def __init__(
        self,
        camera: str,
        ring: Preroll,
        store: ClipStore,
        *,
        new_id: Callable[[Instant], UUID],
        segment_s: float = SEGMENT_S,
        sound: SoundRing | None = None,
    ) -> None:
        """`sound` has the sound of this time, if it is recorded."""
        self._sound = sound
        self._camera = camera
        self._ring = ring
        self._store = store
        self._new_id = new_id
        self._segment_s = segment_s
        self._segment: _Segment | None = None
        self._next_number = 1
        self._not_before: Instant | None = None
        self._is_losing = False
        self.counts = ContinuousCounts()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Write until stopped; then close the current segment."""
        with contextlib.suppress(OSError):  # not every system allows it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not stop.is_set():
            beat()
            self.advance()
            stop.wait(LOOK_EVERY_S)
        self.finish()

    def advance(self) -> None:
        """Write the packets of the ring that are not written yet."""
        for item in self._ring.since(self._next_number):
            self._take(item)
            self._next_number = item.number + 1
        self._ring.read(self, self._next_number)
        if self._segment is not None and self._ring.is_over(self._segment.take):
            self._end()

    def finish(self) -> None:
        """Write the rest and close the segment, because the node stops."""
        self.advance()
        self._end()

    def _take(self, item: Numbered) -> None:
        segment = self._segment
        if segment is not None and self._ends_before(segment, item):
            self._end()
            segment = None
        if segment is None:
            segment = self._begin(item)
        if segment is None:
            return
        try:
            segment.write(item)
        except OSError as error:
            self._lose(f"the disk refused it: {error}", item.packet.at)

    def _ends_before(self, segment: _Segment, item: Numbered) -> bool:
        is_gap = item.number != segment.next_number and item.take is segment.take
        self.counts.gaps += is_gap
        began = segment.writer.first_frame or item.packet.at
        length_s = item.packet.at.seconds_since(began)
        is_full = length_s >= (self._segment_s if item.packet.is_keyframe else LONGEST_S)
        return is_gap or is_full or item.take is not segment.take

    def _begin(self, item: Numbered) -> _Segment | None:
        """At a keyframe, and not just after a refusal of the disk."""
        at = item.packet.at
        is_early = self._not_before is not None and at < self._not_before
        if not item.packet.is_keyframe or is_early:
            return None
        clip_id = self._new_id(at)
        try:
            path = self._store.clip_path(self._camera, clip_id, FootageClass.CONTINUOUS)
            stream = item.take.stream
            seal = self._store.new_seal(clip_id, camera=self._camera, stream=stream, first=at)
            writer = ClipWriter(path, stream, seal=seal)
        except (OSError, Mp4Error) as error:
            self._lose(f"no segment can be begun: {error}", at)
            return None
        sound = self._store.begin_sound(
            self._sound, path, clip_id=clip_id, camera=self._camera, began=at
        )
        self._segment = _Segment(clip_id, writer, item.take, item.number, sound)
        return self._segment

    def _end(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        if not segment.has_frames:
            segment.abandon()
            return
        try:
            closed = segment.writer.close()
        except OSError as error:
            self._segment = segment
            self._lose(f"it could not be finished: {error}", None)
            return
        if segment.sound is not None:
            segment.sound.close(closed.last_frame)
        self._store.add_continuous(closed, clip_id=segment.clip_id, camera=self._camera)
        self.counts.segments += 1
        self._is_losing = False

    def _lose(self, why: str, at: Instant | None) -> None:
        """Drop the current segment and wait a little; logged once until one succeeds."""
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None
        self._not_before = at.before(-TRY_AGAIN_S) if at is not None else None
        self.counts.segments_lost += 1
        if not self._is_losing:
            log.error("continuous_lost", camera=self._camera, reason=why)
        self._is_losing = True
