"""Enters clips into the journal: their row, and their announcement to the hub."""

from pathlib import Path

from agent.journal import Backlog, Clip, Entry, FootageClass, Journal, MediaKind, Transaction
from agent.media.frame import Instant
from agent.wire.messages import ClipReady


class ClipIndex:
    """Enters clips into the index; any thread may call. While the journal refuses, entries wait in
    memory."""

    def __init__(self, journal: Journal) -> None:
        self._backlog = Backlog(journal, whose="shelf")

    def announce(self, ready: ClipReady, path: Path, *, at: Instant) -> None:
        """Store row, announcement and upload of a complete clip in one transaction."""

        def write(tx: Transaction) -> None:
            event_id = tx.add_event(ready, at=at)
            tx.add_clip(_row(ready, path, FootageClass.SIGHTING))
            tx.add_media(
                sha256=ready.sha256,
                kind=MediaKind.CLIP,
                path=path,
                size_bytes=ready.size_bytes,
                event_id=event_id,
            )

        self._backlog.add(Entry(write=write))

    def keep(self, clip: Clip) -> None:
        """Store only the row: the hub is told of the clip when it asks."""
        self._backlog.add(Entry(write=lambda tx: tx.add_clip(clip)))

    def flush(self) -> None:
        """Retry what the journal refused."""
        self._backlog.flush()


def _row(ready: ClipReady, path: Path, footage_class: FootageClass) -> Clip:
    return Clip(
        clip_id=ready.clip_id,
        camera=ready.camera,
        path=path,
        sha256=ready.sha256,
        size_bytes=ready.size_bytes,
        first_frame_utc_us=ready.first_frame_utc_us,
        duration_ms=ready.duration_ms,
        sighting_ids=ready.sighting_ids,
        clip_class=footage_class,
    )
