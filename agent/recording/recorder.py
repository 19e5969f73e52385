"""From sightings to clips: one clip of a camera covers all overlapping sightings.

A clip begins some seconds before its first sighting, lasts while anybody is there and a little
longer, and is cut at a maximum length; the next clip then begins with the same pre-roll. The
camera's thread only fills the ring; disk and journal are the work of this service.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from agent.media.frame import Instant, Packet, StreamInfo
from agent.recording.mp4.fragments import Mp4Error
from agent.recording.presence import OpenSightings
from agent.recording.ring.preroll import Numbered, Preroll, Take
from agent.recording.ring.sound import SoundRing
from agent.recording.sound_writer import SoundWriter
from agent.recording.store.store import ClipStore
from agent.recording.writer import ClipWriter
from agent.wire.messages import ClipBegun

log = structlog.get_logger()

IDLE_WAIT_S = 1.0
WRITING_WAIT_S = 0.25
PUT_OFF_S = 10.0
SIGHTINGS_SAID = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPolicy:
    """Lengths of clips in seconds of video; the ring must hold `preroll_s` and one more group.

    `longest_s` is approximate: a cut needs a keyframe.
    """

    preroll_s: float = 5.0
    postroll_s: float = 3.0
    longest_s: float = 30.0

    def __post_init__(self) -> None:
        """Refuse a clip without any time after its run-up."""
        if self.longest_s < 2 * self.preroll_s:
            raise ValueError(
                f"a clip of at most {self.longest_s} s has no room for {self.preroll_s} s"
                " before the sighting and as much after: make it at least twice as long"
            )


@dataclass(slots=True)
class RecorderCounts:
    """Counters of one recorder since its start."""

    clips: int = 0
    clips_lost: int = 0
    clips_unsealed: int = 0
    gaps: int = 0
    """The disk was so slow that the ring overflowed: the clip ended there."""
    sightings_unshown: int = 0


@dataclass(slots=True)
class _OpenClip:
    """The current clip, the number of its first packet and of the next one needed."""

    clip_id: UUID
    writer: ClipWriter
    take: Take
    first_number: int
    next_number: int
    sound: SoundWriter | None = None
    last: Packet | None = None
    told: frozenset[UUID] = frozenset()
    """Sightings that the hub was told this clip shows."""

    def write(self, item: Numbered) -> None:
        """Add one packet; raises OSError if the disk refuses."""
        before_bytes = self.writer.durable_bytes
        self.writer.write(item.packet)
        if self.sound is not None and self.writer.durable_bytes > before_bytes:
            self.sound.go_on(item.packet.at)
        self.next_number = item.number + 1
        self.last = item.packet


class Recorder:
    """Clip service of one camera; also the receiver of its packets."""

    def __init__(
        self,
        camera: str,
        ring: Preroll,
        store: ClipStore,
        *,
        policy: ClipPolicy,
        new_id: Callable[[Instant], UUID],
        sound: SoundRing | None = None,
    ) -> None:
        """`new_id` makes a clip's UUIDv7 from the instant of its first frame.

        `sound` has the sound of this time, if it is recorded.
        """
        self._sound = sound
        self._camera = camera
        self._store = store
        self._growing = store.growing
        self._ring = ring
        self._policy = policy
        self._new_id = new_id
        self._take: Take | None = None
        self._open_sightings = OpenSightings(
            preroll_s=policy.preroll_s, postroll_s=policy.postroll_s
        )
        self._clip: _OpenClip | None = None
        self._last_cut = 0
        self._is_losing = False
        self._is_calm = False
        self._wake = threading.Event()
        self._wants_keyframe = threading.Event()
        self.counts = RecorderCounts()

    def begin_stream(self, stream: StreamInfo) -> None:
        """Note that the camera was opened: packets now belong to `stream`. For the camera loop's
        thread."""
        self._take = self._ring.begin(stream)

    def push(self, packet: Packet) -> None:
        """Keep one packet (camera's thread); never waits for the disk."""
        self._ring.push(packet)

    def wants_keyframe(self) -> bool:
        """True once after each opened sighting (camera's thread): with our own encoder a fragment
        then begins at the sighting and can be jumped to."""
        is_wanted = self._wants_keyframe.is_set()
        self._wants_keyframe.clear()
        return is_wanted

    def is_calm(self) -> bool:
        """The last value given to `note_calm` (camera's thread)."""
        return self._is_calm

    def note_calm(self, *, is_calm: bool) -> None:
        """Set whether all is calm: no motion and nobody there (camera loop's thread)."""
        self._is_calm = is_calm

    def end_stream(self) -> None:
        """The camera stopped (camera loop's thread): the current clip ends with its last packet."""
        self._take = None
        self._ring.end()
        self._wake.set()

    def sighting_opened(self, sighting_id: UUID, first_seen: Instant) -> None:
        """A sighting opened (camera loop's thread): the clip must begin before it."""
        if self._take is not None:
            self._open_sightings.opened(sighting_id, first_seen, self._take)
            self._want_from(first_seen)
            self._wants_keyframe.set()
        self._wake.set()

    def sighting_closed(self, sighting_id: UUID, last_seen: Instant) -> None:
        """A sighting closed (camera loop's thread): the clip ends a little later if nobody else is
        there."""
        self._open_sightings.closed(sighting_id, last_seen)
        self._wake.set()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Write clips until stopped; then close the current one."""
        while not stop.is_set():
            self._wake.wait(WRITING_WAIT_S if self._clip else IDLE_WAIT_S)
            self._wake.clear()
            beat()
            self.advance()
        self.finish()

    def advance(self) -> None:
        """Write the ring's packets to the current clip; begin and end clips when due.

        A full disk or a refusing journal raises nothing here: a clip is lost and counted, or waits
        for its index entry.
        """
        self._store.flush()
        while self._step():
            pass

    def finish(self) -> None:
        """When the node stops, write the rest and close the clip, also if somebody is still
        there."""
        self.advance()
        if self._clip is not None:
            self._end_with_take(self._clip)

    def _step(self) -> bool:
        """One step; true while there may be more to do."""
        if self._clip is None:
            return self._begin_next()
        return self._is_begun_too_late(self._clip) or self._write_on(self._clip)

    def _want_from(self, first_seen: Instant) -> None:
        """Ask the ring to keep the run-up until it is written: the disk may hang just then."""
        since = first_seen.before(self._policy.preroll_s)
        if self._take is not None and (first := self._ring.start_before(since, self._take)):
            self._ring.want(self, first)

    def _begin_next(self) -> bool:
        need = self._open_sightings.earliest()
        if need is None:
            self._ring.read(self, None)
            return False
        is_over = self._ring.is_over(need.take)
        first = self._ring.start_before(need.since, need.take)
        if first is not None:
            self._begin(first)
        elif is_over:  # nothing of that take is left, and nothing will come
            self.counts.sightings_unshown += self._open_sightings.forget_take(need.take)
        return first is not None or is_over

    def _is_begun_too_late(self, clip: _OpenClip) -> bool:
        """Drop a clip just begun if somebody turns out to have been there earlier.

        Sightings are confirmed in another order than they began. The ring still holds the dropped
        clip's packets, so its replacement lacks nothing.
        """
        need = self._open_sightings.earliest()
        if need is None or need.take is not clip.take:
            return False
        first = self._ring.start_before(need.since, need.take)
        if first is None or first >= clip.first_number:
            return False
        self._abandon(clip, "somebody was there sooner")
        self._clip = None
        return True

    def _begin(self, first: int) -> None:
        held = self._ring.since(first)
        if not held:
            return
        head = held[0]
        self.counts.sightings_unshown += self._open_sightings.forget_past(head.packet.at, head.take)
        if not self._open_sightings.is_needed(head.packet.at, head.take):
            return
        clip_id = self._new_id(head.packet.at)
        try:
            path = self._store.clip_path(self._camera, clip_id)
            seal = self._store.new_seal(
                clip_id, camera=self._camera, stream=head.take.stream, first=head.packet.at
            )
            writer = ClipWriter(path, head.take.stream, seal=seal)
        except (OSError, Mp4Error) as error:
            self._lose(f"no clip can be begun: {error}")
            self._put_off(head.take, held[-1].packet.at)
        else:
            sound = self._store.begin_sound(
                self._sound, path, clip_id=clip_id, camera=self._camera, began=head.packet.at
            )
            self._clip = _OpenClip(clip_id, writer, head.take, head.number, head.number, sound)

    def _write_on(self, clip: _OpenClip) -> bool:
        """Write new packets; true if the clip ended."""
        is_all = self._ring.is_over(clip.take)
        for item in self._ring.since(clip.next_number):
            if item.take is not clip.take:
                break
            if self._ends_before(clip, item):
                return True
            try:
                before_bytes = clip.writer.durable_bytes
                clip.write(item)
                if clip.writer.durable_bytes > before_bytes:
                    self._tell_growing(clip, item.packet.at, is_longer=True)
            except OSError as error:
                self._drop(clip, f"the disk refused the clip: {error}")
                self._put_off(clip.take, item.packet.at)
                return True
        self._ring.read(self, clip.next_number)
        if is_all:
            self._end_with_take(clip)
        elif clip.last is not None:
            self._tell_growing(clip, clip.last.at, is_longer=False)
        return is_all

    def _ends_before(self, clip: _OpenClip, item: Numbered) -> bool:
        """End the clip if `item` cannot be its next packet; true if it ended."""
        at = item.packet.at
        if not self._open_sightings.is_needed(at, clip.take):
            self._end(clip)
            self.counts.sightings_unshown += self._open_sightings.forget_past(at, clip.take)
            return True
        is_gap = item.number != clip.next_number
        if is_gap:
            self.counts.gaps += 1
            log.error("clip_gap", camera=self._camera, packets=item.number - clip.next_number)
        elif self._is_too_long(clip, item):
            self._last_cut = item.number
        else:
            return False
        self._end(clip)
        self._open_sightings.go_on_from(at, clip.take)
        return True

    def _is_too_long(self, clip: _OpenClip, item: Numbered) -> bool:
        """True if the clip may be cut here; never twice at one place, however far apart keyframes
        are."""
        began = clip.writer.first_frame
        return (
            began is not None
            and item.packet.is_keyframe
            and item.number > self._last_cut
            and item.packet.at.seconds_since(began) >= self._policy.longest_s
        )

    def _end_with_take(self, clip: _OpenClip) -> None:
        self._end(clip)
        self.counts.sightings_unshown += self._open_sightings.forget_take(clip.take)

    def _end(self, clip: _OpenClip) -> None:
        self._clip = None
        shown = self._open_sightings.shown_until(clip.last.at, clip.take) if clip.last else ()
        if not shown:
            self._abandon(clip, "it shows nobody")
            return
        try:
            closed = clip.writer.close()
        except OSError as error:
            self._drop(clip, f"the clip could not be finished: {error}")
            return
        self._growing.over(clip.clip_id)
        if clip.sound is not None:
            clip.sound.close(closed.last_frame)
        self._store.add_clip(
            closed,
            clip_id=clip.clip_id,
            camera=self._camera,
            covers=shown,
            stream=clip.take.stream,
        )
        self.counts.clips += 1
        self.counts.clips_unsealed += not closed.is_sealed
        self._is_losing = False
        log.info("clip_ready", camera=self._camera, clip=str(clip.clip_id),
                 frames=closed.frames, sightings=len(shown))  # fmt: skip

    def _drop(self, clip: _OpenClip, why: str) -> None:
        self._clip = None
        self._abandon(clip, why)
        self._lose(why)

    def _abandon(self, clip: _OpenClip, why: str) -> None:
        clip.writer.abandon()
        if clip.sound is not None:
            clip.sound.abandon()
        if clip.last is not None:
            at = clip.last.at
            self._growing.dropped(clip.clip_id, camera=self._camera, reason=why, at=at)

    def _tell_growing(self, clip: _OpenClip, at: Instant, *, is_longer: bool) -> None:
        """Announce its durable part for upload; before the first sighting only the run-up.

        A joining sighting is announced at once: its alert is opened before the next fragment is
        complete.
        """
        began = clip.writer.first_frame
        seen = self._open_sightings.needing(at, clip.take)[:SIGHTINGS_SAID]
        if began is None or not clip.writer.durable_bytes or not seen:
            return
        if not is_longer and clip.told.issuperset(seen):
            return
        clip.told |= set(seen)
        stream = clip.take.stream
        body = ClipBegun(
            camera=self._camera,
            clip_id=clip.clip_id,
            sighting_ids=seen,
            codec=stream.codec,
            width=stream.width,
            height=stream.height,
            first_frame_utc_us=began.utc_us,
        )
        self._growing.grew(body, clip.writer.part, durable_bytes=clip.writer.durable_bytes, at=at)

    def _lose(self, why: str) -> None:
        """Alerts go on without video: count each lost clip, log it once until one succeeds."""
        self.counts.clips_lost += 1
        if not self._is_losing:
            log.error("clip_lost", camera=self._camera, reason=why, lost=self.counts.clips_lost)
        self._is_losing = True

    def _put_off(self, take: Take, at: Instant) -> None:
        self._open_sightings.put_off(at.before(-PUT_OFF_S), take)
