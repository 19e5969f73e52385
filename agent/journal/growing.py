"""Clips while they are recorded: said to the hub, and known to whoever brings them.

The word that a clip was begun is an event like others; how much of it is durable is in memory
alone, since a node that dies mends the file and tells of it whole.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import structlog

from agent.journal.errors import JournalError
from agent.journal.journal import Journal
from agent.media.frame import Instant
from agent.wire.messages import ClipBegun, ClipDropped

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GrowingClip:
    """A clip under way: its file, and how many of its bytes are durable."""

    clip_id: UUID
    path: Path
    event_id: UUID
    """Of the word that it was begun."""
    sighting_ids: tuple[UUID, ...]
    durable_bytes: int


class Growing:
    """Any thread may call. A journal that refuses costs the growing, not the clip."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._clips: dict[UUID, GrowingClip] = {}
        self._wake: Callable[[], None] = lambda: None
        self._is_refused = False

    def listen(self, wake: Callable[[], None]) -> None:
        """Have `wake` called when more of a clip is durable."""
        self._wake = wake

    def grew(self, body: ClipBegun, path: Path, *, durable_bytes: int, at: Instant) -> None:
        """So much of it is durable now; said to the hub at first, and when somebody joined it."""
        known = self._clips.get(body.clip_id)
        if known is None or not set(body.sighting_ids) <= set(known.sighting_ids):
            known = self._said(body, path, at)
        if known is not None:
            with self._lock:
                self._clips[body.clip_id] = replace(known, durable_bytes=durable_bytes)
            self._wake()

    def over(self, clip_id: UUID) -> None:
        """It is whole, or nothing more of it is to be brought before it is."""
        with self._lock:
            self._clips.pop(clip_id, None)

    def dropped(self, clip_id: UUID, *, camera: str, reason: str, at: Instant) -> None:
        """It will not come."""
        if clip_id not in self._clips:
            return
        self.over(clip_id)
        self._write(ClipDropped(camera=camera, clip_id=clip_id, reason=reason[:500]), at)

    def now(self) -> list[GrowingClip]:
        """The clips under way, the oldest first."""
        with self._lock:
            return list(self._clips.values())

    def _said(self, body: ClipBegun, path: Path, at: Instant) -> GrowingClip | None:
        event_id = self._write(body, at)
        if event_id is None:
            return self._clips.get(body.clip_id)
        return GrowingClip(body.clip_id, path, event_id, body.sighting_ids, 0)

    def _write(self, body: ClipBegun | ClipDropped, at: Instant) -> UUID | None:
        """The event's id; None where the journal refuses it, which is said once until it takes one.

        A clip that grows asks again at every fragment.
        """
        try:
            with self._journal.transaction() as tx:
                event_id = tx.add_event(body, at=at)
        except JournalError as error:
            if not self._is_refused:
                log.error("clip_unsaid", clip=str(body.clip_id), reason=error.sentence)
            self._is_refused = True
            return None
        self._is_refused = False
        return event_id
