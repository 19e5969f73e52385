"""Makes small copies before anybody asks: of every clip of an alert, as soon as it is stored.

One clip at a time, the newest first, because officers open the newest alert. The queue is bounded:
when it is full, the clip that has waited longest leaves it and is counted as dropped. A dropped
clip loses nothing: its copy is made when somebody plays it. A restart empties the queue, with the
same effect. Copies that somebody waits for are made first, and ffmpeg runs with the lowest
priority.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Final

import structlog
from sqlalchemy import Connection, select

from hub.alerting.alerts.tables import sightings
from hub.base.batches import Stopping
from hub.base.db import database
from hub.base.db.database import Database
from hub.base.periodic import rest
from hub.base.storage.blobs import Blobs, BlobsError
from hub.footage.tables import media, media_sightings
from hub.footage.transcoding.proxies import BusyError, Proxies
from hub.footage.transcoding.transcode import NoCopyError

log = structlog.get_logger(__name__)

QUEUED_AT_MOST: Final = 64
"""Clips: two to three minutes of work for one core."""
LOOK_S: Final = 0.2
BEAT_S: Final = 5.0


class _StoppingError(Exception):
    """The hub is stopping: the copy is abandoned."""


class CopyQueue:
    """Clips that wait for their copy; for any thread. `run` makes the copies."""

    def __init__(
        self, db: Database, *, blobs: Blobs, proxies: Proxies, most: int = QUEUED_AT_MOST
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._proxies = proxies
        self._queue: deque[str] = deque()
        self._most = most
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter(made=0, failed=0, dropped=0)

    @property
    def counts(self) -> dict[str, int]:
        """Clips since the hub's start: made, failed, dropped (the queue was full)."""
        with self._lock:
            return dict(self._counts)

    @property
    def waiting(self) -> int:
        """Clips in the queue."""
        return len(self._queue)

    def offer(self, sha256: str) -> None:
        """Queue a clip that was stored; returns at once. May drop the clip that has waited
        longest."""
        with self._lock:
            if sha256 in self._queue:
                return
            self._queue.append(sha256)
            if len(self._queue) > self._most:
                self._queue.popleft()
                self._counts["dropped"] += 1

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Make copies until stopped; then the copy under way is abandoned."""
        while not stop.is_set():
            beat()
            if not self._queue or self._proxies.is_asked:
                await rest(stop, LOOK_S)
                continue
            work = asyncio.create_task(asyncio.to_thread(self._try_next, stop.is_set))
            while not work.done():
                beat()
                await asyncio.wait({work}, timeout=BEAT_S)
            await work

    def _try_next(self, stopping: Stopping) -> None:
        try:
            self.make_next(stopping)
        except (*database.FAULTS, BusyError, BlobsError, OSError) as error:
            self._count("failed")
            log.warning(
                "copies.failed", error=(str(error).splitlines() or [type(error).__name__])[0]
            )

    def make_next(self, stopping: Stopping) -> None:
        """Make the copy of the newest waiting clip, if any; blocks."""
        with self._lock:
            sha256 = self._queue.pop() if self._queue else None
        if sha256 is None:
            return
        with self._db.reading() as conn:
            size_bytes = _size_of_alert_clip(conn, sha256)
        if size_bytes is None:
            return  # of no alert, or removed meanwhile
        try:
            self._proxies.copy_of(
                sha256, lambda: _until(stopping, self._blobs.read(sha256, length=size_bytes))
            )
        except _StoppingError:
            return
        except NoCopyError:
            self._count("failed")  # the reason is in the log
        else:
            self._count("made")
            self._forget_if_gone(sha256)

    def _forget_if_gone(self, sha256: str) -> None:
        """Remove the copy if its original was removed while it was made: whoever removes it marks
        its row first."""
        with self._db.reading() as conn:
            is_here = select(media.c.id).where(
                media.c.sha256 == sha256, media.c.stored_utc_us.is_not(None)
            )
            if conn.scalar(is_here.limit(1)) is None:
                self._proxies.forget(sha256)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1


def _size_of_alert_clip(conn: Connection, sha256: str) -> int | None:
    query = (
        select(media.c.size_bytes)
        .join(media_sightings, media_sightings.c.media_id == media.c.id)
        .join(sightings, sightings.c.id == media_sightings.c.sighting_id)
        .where(
            media.c.sha256 == sha256,
            media.c.stored_utc_us.is_not(None),
            media.c.camera_id == sightings.c.camera_id,
            sightings.c.alert_id.is_not(None),
        )
    )
    size_bytes: int | None = conn.scalar(query.limit(1))
    return size_bytes


def _until(stopping: Stopping, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if stopping():
            raise _StoppingError
        yield piece
