"""Clips during recording: announced to the hub, and known to the uploader.

The announcement is an event like others. The durable length is only in memory: after a crash the
node repairs the file and announces it as a complete clip.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import structlog

from agent.journal.backlog import Backlog, Entry
from agent.journal.errors import JournalCorrupt, JournalError
from agent.journal.journal import Journal
from agent.media.frame import Instant
from agent.wire.messages import ClipBegun, ClipDropped

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GrowingClip:
    """A clip being recorded: its file and number of durable bytes."""

    clip_id: UUID
    path: Path
    event_id: UUID
    """Event id of the announcement."""
    sighting_ids: tuple[UUID, ...]
    durable_bytes: int


class GrowingClips:
    """Any thread may call. If the journal refuses, only the early upload is lost, not the clip.

    Of the errors of the journal, only JournalCorrupt is raised.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._clips: dict[UUID, GrowingClip] = {}
        self._refused: set[UUID] = set()
        self._wake: Callable[[], None] = lambda: None
        self._is_refused = False
        self._drops = Backlog(journal, whose="growing clips")

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` when more of a clip is durable."""
        self._wake = wake

    def grew(self, body: ClipBegun, path: Path, *, durable_bytes: int, at: Instant) -> None:
        """`durable_bytes` of the clip are durable now; announces it at first, and again when a
        sighting joins."""
        known = self._clips.get(body.clip_id)
        if known is None or not set(body.sighting_ids) <= set(known.sighting_ids):
            known = self._said(body, path, at)
        if known is not None:
            with self._lock:
                self._clips[body.clip_id] = replace(known, durable_bytes=durable_bytes)
            self._wake()

    def over(self, clip_id: UUID) -> None:
        """Forget a clip that is complete."""
        with self._lock:
            self._clips.pop(clip_id, None)
            self._refused.discard(clip_id)

    def refused(self, clip_id: UUID) -> None:
        """Nothing more of this clip may be uploaded before it is complete."""
        with self._lock:
            if clip_id in self._clips:
                self._refused.add(clip_id)

    def dropped(self, clip_id: UUID, *, camera: str, reason: str, at: Instant) -> None:
        """Forget the clip, and tell the hub that it will not come: now, or at a later `flush`."""
        if clip_id not in self._clips:
            return
        self.over(clip_id)
        body = ClipDropped(camera=camera, clip_id=clip_id, reason=reason[:500])
        self._drops.add(Entry(write=lambda tx: tx.add_event(body, at=at)))

    def flush(self) -> None:
        """Try again to write what the journal refused of `dropped`."""
        self._drops.flush()

    def now(self) -> list[GrowingClip]:
        """Clips being recorded of which more may be uploaded, oldest first."""
        with self._lock:
            return [clip for clip in self._clips.values() if clip.clip_id not in self._refused]

    def _said(self, body: ClipBegun, path: Path, at: Instant) -> GrowingClip | None:
        event_id = self._write(body, at)
        if event_id is None:
            return self._clips.get(body.clip_id)
        return GrowingClip(body.clip_id, path, event_id, body.sighting_ids, 0)

    def _write(self, body: ClipBegun, at: Instant) -> UUID | None:
        """Id of the event; None if the journal refuses it, which is logged once until it accepts
        one.

        A growing clip tries again at every fragment.
        """
        try:
            with self._journal.transaction() as tx:
                event_id = tx.add_event(body, at=at)
        except JournalCorrupt:
            raise
        except JournalError as error:
            if not self._is_refused:
                log.error("clip_unsaid", clip=str(body.clip_id), reason=error.sentence)
            self._is_refused = True
            return None
        self._is_refused = False
        return event_id
