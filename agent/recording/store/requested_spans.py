"""Answers the hub's requests for a time span: announces the clips that show it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import structlog

from agent.journal import Clip, Journal, MediaKind, SpanRequest
from agent.recording.mp4.hashing import hash_file
from agent.recording.mp4.mend import examine
from agent.recording.mp4.sound import sound_path
from agent.recording.sealer import carries_seal
from agent.recording.store.leftovers import is_from_recorder
from agent.wire.messages import ClipReady

log = structlog.get_logger()

T = TypeVar("T")

CLIPS_A_SPAN: Final = 100
"""First clips of a span; for more, the hub asks again from there."""


class RequestedSpans:
    """Answers requests for time spans, one after the other; used by the clip store's thread."""

    def __init__(self, journal: Journal, *, waits: Callable[[SpanRequest], bool]) -> None:
        """A span is not answered while it `waits` for a recorder."""
        self._journal = journal
        self._waits = waits

    def answer(self, beat: Callable[[], None]) -> None:
        """Announce the clips of every requested span; raises JournalError."""
        for span in self._journal.spans_wanted():
            if not self._waits(span):
                self._answer(span, beat)

    def _answer(self, span: SpanRequest, beat: Callable[[], None]) -> None:
        """One span in one transaction, so that after a crash it is still requested."""
        coming: list[str] = []
        told: list[_File] = []
        for clip, is_said in self._journal.clips_of(span, limit=CLIPS_A_SPAN):
            beat()
            ready = None if is_said else _if_readable(_words, clip)
            if ready is not None:
                told.append(_File(MediaKind.CLIP, clip.path, ready))
            if is_said or ready is not None:
                coming.append(clip.sha256)
            if span.with_sound and (heard := _if_readable(_sound, clip)) is not None:
                told.append(heard)
                coming.append(heard.ready.sha256)
        now = self._journal.now()
        with self._journal.transaction() as tx:
            for one in told:
                if not tx.is_announced(one.ready.sha256):
                    event_id = tx.add_event(one.ready, at=now)
                    tx.add_media(
                        sha256=one.ready.sha256,
                        kind=one.kind,
                        path=one.path,
                        size_bytes=one.ready.size_bytes,
                        event_id=event_id,
                    )
            tx.answer_span(span.command_id, coming)
        log.info("span_answered", camera=span.camera, clips=len(coming))


def _if_readable(read: Callable[[Clip], T | None], clip: Clip) -> T | None:
    """What `read` returns; None for a damaged or unreadable file, so that the span is answered
    without it."""
    try:
        return read(clip)
    except (OSError, ValueError) as error:
        log.error("footage_unreadable", path=clip.path.name, reason=str(error))
        return None


@dataclass(frozen=True, slots=True)
class _File:
    """A file to announce."""

    kind: MediaKind
    path: Path
    ready: ClipReady


def _sound(clip: Clip) -> _File | None:
    """Sound of a clip, if recorded."""
    path = sound_path(clip.path)
    if not path.is_file():
        return None
    sha256, size_bytes = hash_file(path)
    ready = ClipReady(
        camera=clip.camera,
        clip_id=clip.clip_id,
        sighting_ids=clip.sighting_ids,
        sha256=sha256,
        size_bytes=size_bytes,
        codec="aac",
        width=0,
        height=0,
        first_frame_utc_us=clip.first_frame_utc_us,
        duration_ms=clip.duration_ms,
        is_sound=True,
        is_sealed=carries_seal(path),
    )
    return _File(MediaKind.SOUND, path, ready)


def _words(clip: Clip) -> ClipReady | None:
    """Announcement of it; None for a file without video."""
    found = examine(clip.path)
    if found is None or found.sha256 != clip.sha256:
        return None
    return ClipReady(
        camera=clip.camera,
        clip_id=clip.clip_id,
        sighting_ids=clip.sighting_ids,
        sha256=clip.sha256,
        size_bytes=clip.size_bytes,
        codec=found.codec,
        width=found.width,
        height=found.height,
        first_frame_utc_us=clip.first_frame_utc_us,
        duration_ms=clip.duration_ms,
        is_sealed=found.is_sealed,
        from_recorder=is_from_recorder(clip.path) or None,
    )
