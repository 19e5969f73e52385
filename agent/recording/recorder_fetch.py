"""Fetches requested footage from a camera's own recorder and stores it as sealed clips.

The footage is stored like continuous recording, in files of a minute; name and seal say that it is
the recorder's. A span is fetched once; parts already stored are not fetched again.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from agent.journal import Clip, FootageClass, Journal, SpanRequest
from agent.media.archive import Archive, Archived, ArchiveError
from agent.media.frame import Instant
from agent.recording.mp4.fragments import Mp4Error
from agent.recording.store.leftovers import is_from_recorder
from agent.recording.store.store import ClipStore
from agent.recording.writer import ClipWriter

log = structlog.get_logger()

FILE_S: Final = 60.0
LONGEST_FILE_S: Final = 120.0
LOOK_EVERY_S: Final = 5.0
TRIES: Final = 3
TRY_AGAIN_S: Final = 20.0
SPANS_REMEMBERED: Final = 1000
CLIPS_A_SPAN: Final = 500
NEXT_TO_US: Final = 2_000_000
"""A smaller distance between two files is not a gap: a keyframe interval."""

Stretch = tuple[int, int]
"""Start and end, microseconds UTC."""


@dataclass(slots=True)
class FetchCounts:
    """Counters of one recorder since the agent started."""

    files: int = 0
    failures: int = 0


@dataclass(slots=True)
class _File:
    clip_id: UUID
    writer: ClipWriter
    began: Instant


class RecorderFetch:
    """Service of one camera's recorder."""

    def __init__(
        self,
        camera: str,
        archive: Archive,
        store: ClipStore,
        journal: Journal,
        *,
        new_id: Callable[[Instant], UUID],
    ) -> None:
        """From now on the clip store waits for it before it answers a span of this camera."""
        self._camera = camera
        self._archive = archive
        self._store = store
        self._journal = journal
        self._new_id = new_id
        self._done: dict[UUID, None] = {}
        """In order of completion. The clip store reads it at the same time, which a deque does not
        allow."""
        self._tries: dict[UUID, int] = {}
        self._not_before_s = 0.0
        self.counts = FetchCounts()
        store.fetched_first(camera, self.is_due)

    def is_due(self, span: SpanRequest) -> bool:
        """True if the recorder must still be asked for this span (any thread)."""
        return span.camera == self._camera and span.command_id not in self._done

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Fetch requested spans until stopped."""
        while not stop.is_set():
            beat()
            self.advance(stop, beat)
            stop.wait(LOOK_EVERY_S)

    def advance(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Fetch everything due now; a refusing recorder is asked three more times."""
        for span in self._journal.spans_wanted():
            if time.monotonic() < self._not_before_s or stop.is_set():
                return
            if self.is_due(span):
                self._fetch(span, stop, beat)

    def _fetch(self, span: SpanRequest, stop: threading.Event, beat: Callable[[], None]) -> None:
        try:
            clips = [clip for clip, _ in self._journal.clips_of(span, limit=CLIPS_A_SPAN)]
            for gap in uncovered((span.from_utc_us, span.until_utc_us), clips):
                self._fetch_gap(gap, stop, beat)
        except ArchiveError as error:
            self._failed(span, str(error))
        except OSError as error:  # a matter of the clip store, which says what to do
            log.error("fetch_lost", camera=self._camera, reason=str(error))
            self._close(span)
        else:
            if not stop.is_set():
                self._close(span)
                log.info("span_fetched", camera=self._camera, files=self.counts.files)

    def _close(self, span: SpanRequest) -> None:
        self._done[span.command_id] = None
        if len(self._done) > SPANS_REMEMBERED:
            del self._done[next(iter(self._done))]

    def _failed(self, span: SpanRequest, why: str) -> None:
        self.counts.failures += 1
        tries = self._tries.pop(span.command_id, 0) + 1
        if tries >= TRIES:
            self._close(span)
        else:
            self._tries[span.command_id] = tries
            self._not_before_s = time.monotonic() + TRY_AGAIN_S
        cure = f"see that [[camera]] recorder of {self._camera} and its login are right"
        log.error("recorder_refuses", camera=self._camera, reason=why, tries=tries, cure=cure)

    def _fetch_gap(self, gap: Stretch, stop: threading.Event, beat: Callable[[], None]) -> None:
        """One stretch; what came before an interruption is kept."""
        file: _File | None = None
        played = self._archive.play(*gap)
        last: Archived | None = None
        try:
            for one in played:
                beat()
                if stop.is_set():
                    break
                if file is not None and (last is None or _ends_before(file, last, one)):
                    self._end(file)
                    file = None
                if file is None:
                    file = self._begin(one)
                if file is not None:
                    file.writer.write(one.packet)
                    last = one
        except OSError:
            if file is not None:
                file.writer.abandon()
                file = None
            raise
        finally:
            if file is not None:
                self._end(file)

    def _begin(self, one: Archived) -> _File | None:
        """At a keyframe; raises OSError, ArchiveError."""
        if not one.packet.is_keyframe:
            return None
        at = one.packet.at
        clip_id = self._new_id(at)
        path = self._store.clip_path(
            self._camera, clip_id, FootageClass.CONTINUOUS, from_recorder=True
        )
        seal = self._store.new_seal(
            clip_id,
            camera=self._camera,
            stream=one.stream,
            first=at,
            fetched=self._journal.now(),
        )
        try:
            return _File(clip_id, ClipWriter(path, one.stream, seal=seal), at)
        except Mp4Error as error:
            raise ArchiveError(str(error)) from error

    def _end(self, file: _File) -> None:
        closed = file.writer.close()
        self._store.add_continuous(closed, clip_id=file.clip_id, camera=self._camera)
        self.counts.files += 1


def _ends_before(file: _File, last: Archived, one: Archived) -> bool:
    """True if `one` begins another file."""
    length_s = one.packet.at.seconds_since(file.began)
    is_full = length_s >= (FILE_S if one.packet.is_keyframe else LONGEST_FILE_S)
    return one.is_cut or is_full or one.stream != last.stream


def uncovered(wanted: Stretch, clips: Sequence[Clip]) -> list[Stretch]:
    """Parts of a span without a clip from the recorder; none shorter than two seconds."""
    begin, end = wanted
    gaps: list[Stretch] = []
    for clip in sorted(clips, key=lambda one: one.first_frame_utc_us):
        if not is_from_recorder(clip.path):
            continue
        if clip.first_frame_utc_us - begin > NEXT_TO_US:
            gaps.append((begin, min(end, clip.first_frame_utc_us)))
        begin = max(begin, clip.first_frame_utc_us + clip.duration_ms * 1000)
    if end - begin > NEXT_TO_US or begin == wanted[0]:
        gaps.append((begin, max(end, begin + NEXT_TO_US)))  # a moment is requested as a stretch
    return gaps
