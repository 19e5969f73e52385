"""Main loop of one camera: frames in, detection, and storing of every change.

Two threads. One follows the camera and must never wait for anything else: packets go to the
recorder, frames into a short queue. The other is the loop below: for each frame, detection finds
the changes, and each change is stored. If detection is too slow the newest frame wins, and skipped
frames are counted. Once a change is in the journal, neither a dead link nor a power cut can lose
it. While the journal refuses writes, changes wait in memory up to a bound; lost ones are counted.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import structlog

from agent.cameras.codec.jpeg import jpeg
from agent.cameras.follower import Follower
from agent.cameras.port import Camera, CameraError
from agent.journal import Backlog, Entry, Journal, MediaKind, Transaction
from agent.media.frame import Frame, Instant
from agent.recording.recorder import Recorder
from agent.recording.store.store import ClipStore, KeptPicture
from agent.uplink.events import sighting_event
from agent.uplink.tampering import ADVICE, tamper_event
from agent.vision.picture import PictureStyle, draw
from agent.vision.pipeline import FrameResult, Pipeline
from agent.vision.sightings.changes import Closed, Opened, SightingChange, Updated
from agent.vision.tamper.tamper import TamperBegan, TamperChange, TamperNothing
from agent.wire.messages import Body, CameraBack, CameraLost
from agent.wire.urgent import is_urgent

log = structlog.get_logger()

FRAME_WAIT_S = 1.0
"""Longest wait for a frame; the watchdog hears from this loop at least this often."""

LOG_PUT_OFF_EVERY_S = 60.0
"""Shortest time between two log lines about looks over budget."""


def tamper_key(camera: str) -> str:
    """Journal key of what a camera knows about tampering with its view."""
    return f"view of {camera}"


def lookalikes_key(camera: str) -> str:
    """Journal key of a camera's known things that look like people."""
    return f"things of {camera}"


def lost_key(camera: str) -> str:
    """Journal key of the moment since which a camera is reported as lost; empty: it is not."""
    return f"loss of {camera}"


@dataclass(slots=True)
class CameraLoopCounts:
    """Counters of one camera since its start."""

    frames: int = 0
    frames_late: int = 0
    """Frames skipped for a newer one."""
    sightings: int = 0
    inferences: int = 0
    looks_put_off: int = 0
    """Looks wanted but over budget."""
    pictures_lost: int = 0
    events_lost: int = 0


class CameraLoop:
    """One camera; `run` may be called again after it ended."""

    def __init__(
        self,
        camera: Camera,
        pipeline: Pipeline,
        recorder: Recorder,
        *,
        store: ClipStore,
        journal: Journal,
        now: Callable[[], Instant],
        style: PictureStyle,
    ) -> None:
        self._camera = camera
        self._pipeline = pipeline
        self._recorder = recorder
        self._store = store
        self._backlog = Backlog(journal, whose=camera.name)
        self._now = now
        self._style = style
        self._show: Callable[[Frame], None] = lambda _frame: None
        self._explain: Callable[[Frame, FrameResult], None] = lambda _frame, _result: None
        self._boot_id = journal.boot_id
        self._lost_since = self._recalled(journal.remembered(lost_key(camera.name)))
        self._is_losing_pictures = False
        self._put_off_logged_at: Instant | None = None
        self.counts = CameraLoopCounts()

    @property
    def is_lost(self) -> bool:
        """True if the camera gives no pictures and this was reported."""
        return self._lost_since is not None

    def show_to(self, show: Callable[[Frame], None]) -> None:
        """After each frame is processed, call `show` with it. `show` may keep the frame and must
        not block."""
        self._show = show

    def explain_to(self, explain: Callable[[Frame, FrameResult], None]) -> None:
        """After each frame, call `explain` with the frame and the result of its detection."""
        self._explain = explain

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Process frames until `stop` is set or until the stream ends (a played file).

        Raises CameraError when the camera is lost, after reporting it; the supervisor restarts it
        later.
        """
        try:
            with closing(self._camera):
                self._run_stream(stop, beat)
        except CameraError as error:
            self._report_camera_lost(error)
            raise
        finally:
            self._retry_backlog()

    def _run_stream(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Open the camera, process its frames to the end, then close all open sightings."""
        self._recorder.begin_stream(self._camera.open())
        try:
            with Follower(self._camera, self._recorder, stop=stop.is_set) as follower:
                self._process_frames(follower, stop, beat)
            self._finish(self._now())
        finally:
            self._recorder.end_stream()
        follower.raise_what_went_wrong()

    def _process_frames(
        self, follower: Follower, stop: threading.Event, beat: Callable[[], None]
    ) -> None:
        newest, late_before = follower.newest, self.counts.frames_late
        while not (newest.is_over or stop.is_set()):
            beat()
            if (frame := newest.take(FRAME_WAIT_S)) is not None:
                self._process(frame)
            self._retry_backlog()
            self.counts.frames_late = late_before + newest.late

    def _process(self, frame: Frame) -> None:
        """Find the changes of one frame and report them. A change is reported even if its picture
        could not be stored."""
        if self._lost_since is not None:
            self._report_camera_back(frame.at, since=self._lost_since)
        result = self._pipeline.step(frame)
        self.counts.frames += 1
        self.counts.inferences += result.inferences
        self._recorder.note_calm(is_calm=not (result.moved or result.tracks))
        self._log_put_off(result.put_off, frame.at)
        if result.tampering is not None:
            self._report_tampering(result.tampering)
        self._store_lookalikes(result.lookalikes)
        for change in result.changes:
            self._report(change, picture=self._store_picture(change, frame))
        self._explain(frame, result)
        self._show(frame)

    def _report_tampering(self, change: TamperChange) -> None:
        """The event and the memory are written in one transaction: a restart neither repeats nor
        forgets it."""
        body = tamper_event(change, camera=self._camera.name)

        def write(tx: Transaction) -> None:
            tx.remember(tamper_key(self._camera.name), change.memory)
            if body is not None and not isinstance(change, TamperNothing):
                tx.add_event(body, at=change.at)

        if not isinstance(change, TamperNothing):
            advice = ADVICE[change.what]
            kind = "tamper_began" if isinstance(change, TamperBegan) else "tamper_ended"
            log.warning(kind, camera=self._camera.name, what=advice.sentence, cure=advice.cure)
        self._backlog.add(Entry(write=write, is_alert=isinstance(change, TamperBegan)))

    def _finish(self, now: Instant) -> None:
        """Close all open sightings."""
        for change in self._pipeline.finish(now):
            self._report(change, picture=None)

    def _store_lookalikes(self, memory: str | None) -> None:
        """Store the known things that look like people, if they changed, so that a statue is not
        reported again after a restart."""
        if memory is None:
            return

        def write(tx: Transaction) -> None:
            tx.remember(lookalikes_key(self._camera.name), memory)

        self._backlog.add(Entry(write=write, is_alert=False))

    def _log_put_off(self, looks: int, at: Instant) -> None:
        """Count looks that were put off; log the count at most once a minute."""
        self.counts.looks_put_off += looks
        last = self._put_off_logged_at
        if looks and (last is None or at.seconds_since(last) >= LOG_PUT_OFF_EVERY_S):
            self._put_off_logged_at = at
            log.info(
                "looks_put_off",
                camera=self._camera.name,
                so_far=self.counts.looks_put_off,
                taken=self.counts.inferences,
            )

    def _report(self, change: SightingChange, *, picture: KeptPicture | None) -> None:
        """Tell the recorder first, so that the clip begins, then add the event."""
        match change:
            case Opened():
                self.counts.sightings += 1
                self._recorder.sighting_opened(change.sighting_id, change.first_seen)
            case Closed():
                self._recorder.sighting_closed(change.sighting_id, change.last_seen)
            case Updated():
                pass
        described = picture.words if picture else None
        body = sighting_event(change, camera=self._camera.name, picture=described)
        self._add_event(body, at=change.at, picture=picture)

    def _store_picture(self, change: SightingChange, frame: Frame) -> KeptPicture | None:
        """Store the frame with a box around the person. None for the end of a sighting, and if the
        disk refuses: only the picture is lost, not the event."""
        if isinstance(change, Closed):
            return None
        drawn = draw(frame, [change.box], self._style, jpeg)
        try:
            kept = self._store.keep_picture(drawn.data, width=drawn.width, height=drawn.height)
        except OSError as error:
            self.counts.pictures_lost += 1
            if not self._is_losing_pictures:
                log.error("picture_lost", camera=self._camera.name, reason=str(error))
            self._is_losing_pictures = True
            return None
        self._is_losing_pictures = False
        return kept

    def _add_event(self, body: Body, *, at: Instant, picture: KeptPicture | None = None) -> None:
        """Add the event and its picture in one transaction."""

        def write(tx: Transaction) -> None:
            event_id = tx.add_event(body, at=at)
            if picture is not None:
                tx.add_media(
                    sha256=picture.words.sha256,
                    kind=MediaKind.PICTURE,
                    path=picture.path,
                    size_bytes=picture.words.size_bytes,
                    event_id=event_id,
                )

        log.info(body.kind, camera=self._camera.name)
        self._backlog.add(Entry(write=write, is_alert=is_urgent(body)))

    def _retry_backlog(self) -> None:
        """Write again the changes that the journal refused. They wait in memory, in order."""
        self._backlog.flush()
        self.counts.events_lost = self._backlog.lost

    def _report_camera_lost(self, error: CameraError) -> None:
        """Report the loss once; failed attempts after it are the same loss."""
        if self._lost_since is None:
            since = self._lost_since = self._now()
            lost = CameraLost(camera=self._camera.name, reason=str(error)[:500])
            memory = f"{self._boot_id} {since.mono_ns} {since.utc_us}"
            self._add_and_remember(lost, memory, at=since)

    def _report_camera_back(self, at: Instant, *, since: Instant) -> None:
        """Report the camera as back at its first frame, not when it opens: a camera can open and
        give no pictures."""
        self._lost_since = None
        lost_for_ms = max(0, round(at.seconds_since(since) * 1000))
        back = CameraBack(camera=self._camera.name, lost_for_ms=lost_for_ms)
        self._add_and_remember(back, "", at=at)

    def _add_and_remember(self, body: CameraLost | CameraBack, memory: str, *, at: Instant) -> None:
        """The event and the memory are written in one transaction: a restart neither repeats nor
        forgets it."""

        def write(tx: Transaction) -> None:
            tx.remember(lost_key(self._camera.name), memory)
            tx.add_event(body, at=at)

        log.info(body.kind, camera=self._camera.name)
        self._backlog.add(Entry(write=write, is_alert=is_urgent(body)))

    def _recalled(self, memory: str | None) -> Instant | None:
        """The moment since which an earlier run reported the camera as lost. After a reboot, UTC
        tells how long ago that was. None if it was not lost, or if the text is damaged."""
        try:
            boot_id, mono_ns, utc_us = (memory or "").split()
            since = Instant(int(mono_ns), int(utc_us))
        except ValueError:
            return None
        if boot_id == str(self._boot_id):
            return since
        now = self._now()
        return now.before((now.utc_us - since.utc_us) / 1e6)
