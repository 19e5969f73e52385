"""The main loop: one camera, its eyes, and the writing down of what they say.

Two threads. One follows the camera and may never wait for anything but the camera: packets go
into the ring, the newest frame into a slot. The other looks: it takes the newest frame, lets the
eyes decide, and writes every change down. Frames that nobody had time for are counted; what was
seen is never dropped.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import structlog

from agent.clips.recorder import Recorder
from agent.clips.shelf import KeptPicture, Shelf
from agent.devices.camera import Camera, CameraError
from agent.journal import Journal, JournalError, MediaKind
from agent.media.frame import Frame, Instant
from agent.vision.picture import PictureLook, draw
from agent.vision.pipeline import Eyes
from agent.vision.sighting import Closed, Opened, SightingChange, Updated
from agent.vision.zones import Box
from agent.wire.messages import (
    Body,
    BoxWords,
    CameraBack,
    CameraLost,
    Picture,
    SightingClosed,
    SightingOpened,
    SightingUpdated,
)

log = structlog.get_logger()

PATIENCE_S = 1.0
UNWRITTEN_AT_MOST = 1000


@dataclass(slots=True)
class WatchCounts:
    """What one watch did since it began."""

    frames: int = 0
    frames_late: int = 0
    sightings: int = 0
    inferences: int = 0
    pictures_lost: int = 0
    events_lost: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Unwritten:
    """A message on its way into the journal."""

    body: Body
    at: Instant
    picture: KeptPicture | None

    @property
    def is_alert(self) -> bool:
        return isinstance(self.body, SightingOpened)


class NewestFrame:
    """A slot for one frame: the newest wins, the one it replaces is counted as late."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._is_over = False
        self.late = 0

    def put(self, frame: Frame) -> None:
        """Offer a frame (camera's thread)."""
        with self._changed:
            self.late += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def end(self) -> None:
        """Say that no frame will follow."""
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def take(self, patience_s: float) -> Frame | None:
        """The newest frame, or None after `patience_s` or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._is_over, patience_s)
            frame, self._frame = self._frame, None
            return frame

    @property
    def is_over(self) -> bool:
        """True once the camera ended and its last frame was taken."""
        with self._changed:
            return self._is_over and self._frame is None


class Watch:
    """One camera being watched."""

    def __init__(
        self,
        camera: Camera,
        eyes: Eyes,
        recorder: Recorder,
        *,
        shelf: Shelf,
        journal: Journal,
        now: Callable[[], Instant],
        look: PictureLook,
    ) -> None:
        self._camera = camera
        self._eyes = eyes
        self._recorder = recorder
        self._shelf = shelf
        self._journal = journal
        self._now = now
        self._look = look
        self._lost_since: Instant | None = None
        self._unwritten: deque[_Unwritten] = deque()
        self.counts = WatchCounts()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Watch until told to stop or until the recording ends.

        Raises CameraError when the camera is lost, after saying so; whoever supervises this
        begins it again later.
        """
        try:
            self._watch(stop, beat)
        except CameraError as error:
            self._say_lost(error)
            raise

    def _watch(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        newest = NewestFrame()
        with closing(self._camera):
            self._recorder.begin_stream(self._camera.open())
            follower = _Follower(self._camera, self._recorder, newest, stop)
            follower.start()
            while not newest.is_over:
                beat()
                if (frame := newest.take(PATIENCE_S)) is not None:
                    self._see(frame)
            follower.join()
        self.counts.frames_late += newest.late
        self._write_down(None, self._eyes.finish(self._now()))
        follower.raise_what_went_wrong()

    def _see(self, frame: Frame) -> None:
        if self._lost_since is not None:
            self._say_back(frame.at)
        seen = self._eyes.step(frame)
        self.counts.frames += 1
        self.counts.inferences += seen.inferences
        self._write_down(frame, seen.changes)

    def _write_down(self, frame: Frame | None, changes: Sequence[SightingChange]) -> None:
        for change in changes:
            self._tell_recorder(change)
            kept = self._keep_picture(frame, change)
            body = self._in_words(change, kept.words if kept else None)
            self._unwritten.append(_Unwritten(body, change.at, kept))
        self._write_what_is_due()

    def _write_what_is_due(self) -> None:
        """Each message with its picture in one transaction: from there a power cut loses nothing.

        While the disk refuses, messages wait in memory, in order and bounded, and are tried again
        with the next change.
        """
        while self._unwritten:
            due = self._unwritten[0]
            try:
                self._write(due)
            except JournalError as error:
                log.error("unwritten", camera=self._camera.name, waiting=len(self._unwritten),
                          reason=error.sentence, cure=error.cure)  # fmt: skip
                self._drop_excess()
                return
            self._unwritten.popleft()

    def _write(self, due: "_Unwritten") -> None:
        with self._journal.transaction() as tx:
            event_id = tx.add_event(due.body, at=due.at)
            if due.picture is not None:
                tx.add_media(
                    sha256=due.picture.words.sha256,
                    kind=MediaKind.PICTURE,
                    path=due.picture.path,
                    size_bytes=due.picture.words.size_bytes,
                    event_id=event_id,
                )
        log.info(due.body.kind, camera=self._camera.name, event=str(event_id))

    def _drop_excess(self) -> None:
        """Memory is bounded too: the oldest that is no alert goes first, and is counted."""
        while len(self._unwritten) > UNWRITTEN_AT_MOST:
            least = next((one for one in self._unwritten if not one.is_alert), self._unwritten[0])
            self._unwritten.remove(least)
            self.counts.events_lost += 1

    def _tell_recorder(self, change: SightingChange) -> None:
        match change:
            case Opened():
                self.counts.sightings += 1
                self._recorder.sighting_opened(change.sighting_id, change.first_seen)
            case Closed():
                self._recorder.sighting_closed(change.sighting_id, change.last_seen)
            case Updated():
                pass

    def _keep_picture(self, frame: Frame | None, change: SightingChange) -> KeptPicture | None:
        """The alert matters more than its picture: a full disk costs only the picture."""
        if frame is None or isinstance(change, Closed):
            return None
        jpeg = draw(frame, [change.box], self._look)
        try:
            return self._shelf.keep_picture(jpeg.data, width=jpeg.width, height=jpeg.height)
        except OSError as error:
            self.counts.pictures_lost += 1
            log.error("picture_lost", camera=self._camera.name, reason=str(error))
            return None

    def _in_words(self, change: SightingChange, picture: Picture | None) -> Body:
        camera = self._camera.name
        match change:
            case Opened():
                return SightingOpened(
                    camera=camera,
                    sighting_id=change.sighting_id,
                    object_kind=change.kind,
                    people=change.people,
                    score=change.score,
                    box=_box_words(change.box),
                    first_seen_utc_us=change.first_seen.utc_us,
                    picture=picture,
                )
            case Updated():
                return SightingUpdated(
                    camera=camera,
                    sighting_id=change.sighting_id,
                    people=change.people,
                    score=change.score,
                    box=_box_words(change.box),
                    picture=picture,
                )
            case Closed():
                return SightingClosed(
                    camera=camera,
                    sighting_id=change.sighting_id,
                    last_seen_utc_us=change.last_seen.utc_us,
                    duration_ms=round(change.last_seen.seconds_since(change.first_seen) * 1000),
                )

    def _say_lost(self, error: CameraError) -> None:
        """Said once; the tries that follow are the supervisor's to log."""
        if self._lost_since is None:
            self._lost_since = self._now()
            self._say(CameraLost(camera=self._camera.name, reason=str(error)[:500]))

    def _say_back(self, at: Instant) -> None:
        lost_since, self._lost_since = self._lost_since, None
        if lost_since is not None:
            lost_for_ms = max(0, round(at.seconds_since(lost_since) * 1000))
            self._say(CameraBack(camera=self._camera.name, lost_for_ms=lost_for_ms))

    def _say(self, body: Body) -> None:
        self._unwritten.append(_Unwritten(body, self._now(), None))
        self._write_what_is_due()


class _Follower(threading.Thread):
    """Follows the camera: packets to the recorder, frames to the slot, the first error kept."""

    def __init__(
        self, camera: Camera, recorder: Recorder, newest: NewestFrame, stop: threading.Event
    ) -> None:
        super().__init__(name=f"camera-{camera.name}", daemon=True)
        self._camera = camera
        self._recorder = recorder
        self._newest = newest
        self._stop_asked = stop
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            for frame in self._camera.frames(self._recorder, self._stop_asked.is_set):
                self._newest.put(frame)
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that watches
            self._error = error
        finally:
            self._newest.end()

    def raise_what_went_wrong(self) -> None:
        if self._error is not None:
            raise self._error


def _box_words(box: Box) -> BoxWords:
    return BoxWords(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
