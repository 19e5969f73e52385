"""A span of time that somebody at the hub wants to see: what there is of it is announced."""

from collections.abc import Callable
from typing import Final

import structlog

from agent.clips.mend import examine
from agent.journal import Clip, Journal, MediaKind, SpanWanted
from agent.wire.messages import ClipReady

log = structlog.get_logger()

CLIPS_A_SPAN: Final = 100
"""The first so many of a span; whoever wants more asks from there on."""


class Asked:
    """Answers requests for spans, one after the other; used by the shelf's thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def answer(self, beat: Callable[[], None]) -> None:
        """Announce what is here of every span that was asked for; raises JournalError."""
        for span in self._journal.spans_wanted():
            self._answer(span, beat)

    def _answer(self, span: SpanWanted, beat: Callable[[], None]) -> None:
        """All of one span in one transaction, so that a cut in between leaves it asked for."""
        coming: list[str] = []
        words: list[tuple[Clip, ClipReady]] = []
        for clip, is_said in self._journal.clips_of(span, limit=CLIPS_A_SPAN):
            beat()
            ready = None if is_said else _words(clip)
            if ready is not None:
                words.append((clip, ready))
            if is_said or ready is not None:
                coming.append(clip.sha256)
        now = self._journal.now()
        with self._journal.transaction() as tx:
            for clip, ready in words:
                event_id = tx.add_event(ready, at=now)
                tx.add_media(
                    sha256=clip.sha256,
                    kind=MediaKind.CLIP,
                    path=clip.path,
                    size_bytes=clip.size_bytes,
                    event_id=event_id,
                )
            tx.answer_span(span.command_id, coming)
        log.info("span_answered", camera=span.camera, clips=len(coming))


def _words(clip: Clip) -> ClipReady | None:
    """What the hub is to know of it; None for a file that holds no video any more."""
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
    )
