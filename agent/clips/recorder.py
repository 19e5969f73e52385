"""From sightings to clips: one clip of a camera covers all sightings that overlap in time.

A clip starts some seconds before its first sighting, goes on while anybody is there and a little
longer, and is cut at a stated maximum; the next one then begins with the same run-up. The camera's
thread only pushes into the ring; disk and journal are this service's business.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from agent.clips.mp4 import Mp4Error
from agent.clips.preroll import Numbered, Preroll
from agent.clips.shelf import Shelf
from agent.clips.writer import ClipWriter
from agent.journal import JournalError
from agent.media.frame import Instant, Packet, StreamInfo

log = structlog.get_logger()

IDLE_WAIT_S = 1.0
WRITING_WAIT_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPolicy:
    """How long clips are, in seconds of video."""

    preroll_s: float = 5.0
    postroll_s: float = 3.0
    longest_s: float = 30.0


@dataclass(slots=True)
class Presence:
    """A sighting's time in front of the camera; `until` is None while it is open."""

    since: Instant
    until: Instant | None = None


@dataclass(slots=True)
class OpenClip:
    """The clip under way and the number of the packet it wants next."""

    clip_id: UUID
    writer: ClipWriter
    next_number: int


class Recorder:
    """The clip service of one camera; also the sink its packets are pushed into."""

    def __init__(
        self,
        camera: str,
        ring: Preroll,
        shelf: Shelf,
        *,
        policy: ClipPolicy,
        new_id: Callable[[Instant], UUID],
    ) -> None:
        self._camera = camera
        self._shelf = shelf
        self._ring = ring
        self._policy = policy
        self._new_id = new_id
        self._stream: StreamInfo | None = None
        self._present: dict[UUID, Presence] = {}
        self._clip: OpenClip | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self.clips_lost = 0

    def begin_stream(self, stream: StreamInfo) -> None:
        """The camera (re)opened: from here on packets belong to `stream`."""
        with self._lock:
            self._stream = stream

    def push(self, packet: Packet) -> None:
        """Keep one packet (camera's thread); never blocks on the disk."""
        self._ring.push(packet)

    def sighting_opened(self, sighting_id: UUID, first_seen: Instant) -> None:
        """Somebody came into view: the clip is to begin before that."""
        with self._lock:
            self._present[sighting_id] = Presence(since=first_seen)
        self._wake.set()

    def sighting_closed(self, sighting_id: UUID, last_seen: Instant) -> None:
        """They left: the clip ends a little later unless somebody else is there."""
        with self._lock:
            if sighting_id in self._present:
                self._present[sighting_id].until = last_seen
        self._wake.set()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Write clips until told to stop; then close the one under way."""
        while not stop.is_set():
            self._wake.wait(WRITING_WAIT_S if self._clip else IDLE_WAIT_S)
            self._wake.clear()
            beat()
            self.advance()
        self.finish()

    def advance(self) -> None:
        """Write what the ring holds for the clip under way; begin or end one where it is time."""
        if self._clip is None and (first := self._first_needed()) is not None:
            self._begin(first)
        try:
            self._write_on()
        except OSError as error:
            self._give_up(f"the disk refused the clip: {error}")

    def finish(self) -> None:
        """The video is over: write what is left and close."""
        self.advance()
        self._close()

    def _first_needed(self) -> int | None:
        with self._lock:
            if not self._present or self._stream is None:
                return None
            earliest = min(
                (presence.since for presence in self._present.values()), key=lambda at: at.mono_ns
            )
        return self._ring.start_before(earliest, self._policy.preroll_s)

    def _begin(self, first: int) -> None:
        held = self._ring.since(first)
        if not held or self._stream is None:
            return
        clip_id = self._new_id(held[0].packet.at)
        try:
            writer = ClipWriter(self._shelf.clip_path(self._camera, clip_id), self._stream)
        except (OSError, Mp4Error) as error:
            self._give_up(f"no clip can be begun: {error}")
            return
        self._clip = OpenClip(clip_id, writer, held[0].number)

    def _write_on(self) -> None:
        while self._clip is not None:
            due = self._ring.since(self._clip.next_number)
            if not due:
                return
            self._write_until_cut(self._clip, due)

    def _write_until_cut(self, clip: OpenClip, due: list[Numbered]) -> None:
        for item in due:
            if self._is_over(item.packet):
                self._close()
                return
            if self._is_too_long(clip, item.packet):
                self._roll_over(item.packet)
                return
            clip.writer.write(item.packet)
            clip.next_number = item.number + 1

    def _is_over(self, packet: Packet) -> bool:
        """True once everybody has been gone for the post-roll."""
        with self._lock:
            last_seen = [presence.until for presence in self._present.values()]
        return all(
            until is not None and packet.at.seconds_since(until) > self._policy.postroll_s
            for until in last_seen
        )

    def _is_too_long(self, clip: OpenClip, packet: Packet) -> bool:
        began = clip.writer.first_frame
        return (
            began is not None
            and packet.is_keyframe
            and packet.at.seconds_since(began) >= self._policy.longest_s
        )

    def _roll_over(self, packet: Packet) -> None:
        """Cut here; whoever comes right after the cut still gets a run-up in the next clip."""
        self._close(cut_at=packet.at)
        first = self._ring.start_before(packet.at, self._policy.preroll_s)
        if first is not None and self._present:
            self._begin(first)

    def _close(self, cut_at: Instant | None = None) -> None:
        clip, self._clip = self._clip, None
        if clip is None or self._stream is None:
            return
        covers = self._covered_until(cut_at)
        if clip.writer.first_frame is None or not covers:
            clip.writer.abandon()
            return
        try:
            closed = clip.writer.close()
            self._shelf.add_clip(
                closed,
                clip_id=clip.clip_id,
                camera=self._camera,
                covers=covers,
                stream=self._stream,
            )
        except (OSError, JournalError) as error:
            clip.writer.abandon()
            self._give_up(f"the clip could not be finished: {error}")
        else:
            log.info("clip_ready", camera=self._camera, clip=str(clip.clip_id),
                     frames=closed.frames, sightings=len(covers))  # fmt: skip

    def _covered_until(self, cut_at: Instant | None) -> tuple[UUID, ...]:
        """The sightings this clip shows; those that are over by its end are forgotten here."""
        with self._lock:
            covers = tuple(self._present)
            for sighting_id, presence in list(self._present.items()):
                if presence.until is not None and (
                    cut_at is None or cut_at.seconds_since(presence.until) >= 0
                ):
                    del self._present[sighting_id]
        return covers

    def _give_up(self, why: str) -> None:
        """Alerts go on without video: count the loss, say why, promise nobody this clip."""
        self.clips_lost += 1
        if self._clip is not None:
            self._clip.writer.abandon()
            self._clip = None
        with self._lock:
            self._present.clear()
        log.error("clip_lost", camera=self._camera, reason=why, lost=self.clips_lost)
