"""Pictures and clips on the node's disk: safe before they are announced, bounded in bytes.

What the hub already has goes first, then the oldest; every file that goes without the hub having
it is counted by the journal.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from agent.clips.writer import ClosedClip, sync_folder
from agent.journal import Clip, Journal, Kept, MediaKind
from agent.media.frame import StreamInfo
from agent.wire.messages import ClipReady, Picture

log = structlog.get_logger()

TIDY_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPicture:
    """A picture that is safe on the disk, and how the wire speaks of it."""

    path: Path
    words: Picture


class Shelf:
    """The folder of a node's footage; any thread may call."""

    def __init__(self, folder: Path, journal: Journal, *, max_bytes: int) -> None:
        self.folder = folder
        self._journal = journal
        self._max_bytes = max_bytes
        folder.mkdir(parents=True, exist_ok=True)

    def keep_picture(self, jpeg: bytes, *, width: int, height: int) -> KeptPicture:
        """Put a picture on the disk under its hash; raises OSError when the disk refuses."""
        sha256 = hashlib.sha256(jpeg).hexdigest()
        path = self.folder / f"{sha256}.jpg"
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            file.write(jpeg)
            file.flush()
            os.fdatasync(file.fileno())
        part.rename(path)
        sync_folder(self.folder)
        words = Picture(sha256=sha256, size_bytes=len(jpeg), width=width, height=height)
        return KeptPicture(path=path, words=words)

    def clip_path(self, camera: str, clip_id: UUID) -> Path:
        """Where a clip of that id is written."""
        return self.folder / f"{camera}-{clip_id}.mp4"

    def add_clip(
        self,
        clip: ClosedClip,
        *,
        clip_id: UUID,
        camera: str,
        covers: tuple[UUID, ...],
        stream: StreamInfo,
    ) -> None:
        """Index a whole clip and owe the hub the word of it, in one transaction."""
        ready = ClipReady(
            camera=camera,
            clip_id=clip_id,
            sighting_ids=covers,
            sha256=clip.sha256,
            size_bytes=clip.size_bytes,
            codec=stream.codec,
            width=stream.width,
            height=stream.height,
            first_frame_utc_us=clip.first_frame.utc_us,
            duration_ms=clip.duration_ms,
        )
        row = Clip(
            clip_id=clip_id,
            camera=camera,
            path=clip.path,
            sha256=clip.sha256,
            size_bytes=clip.size_bytes,
            first_frame_utc_us=clip.first_frame.utc_us,
            duration_ms=clip.duration_ms,
            sighting_ids=covers,
            clip_class="alert",
        )
        with self._journal.transaction() as tx:
            event_id = tx.add_event(ready, at=clip.last_frame)
            tx.add_clip(row)
            tx.add_media(
                sha256=clip.sha256,
                kind=MediaKind.CLIP,
                path=clip.path,
                size_bytes=clip.size_bytes,
                event_id=event_id,
            )

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Keep the folder within its bound."""
        self._drop_unfinished()
        while not stop.is_set():
            beat()
            self.tidy()
            stop.wait(TIDY_EVERY_S)

    def tidy(self) -> None:
        """Remove files until the folder is within its bound: delivered ones, then the oldest."""
        kept = [*self._journal.kept(MediaKind.CLIP), *self._journal.kept(MediaKind.PICTURE)]
        excess = sum(item.size_bytes for item in kept) - self._max_bytes
        for item in sorted(kept, key=_least_needed_first):
            if excess <= 0:
                return
            self._remove(item)
            excess -= item.size_bytes

    def _remove(self, item: Kept) -> None:
        with self._journal.transaction() as tx:  # the row first: it must never name a lost file
            tx.remove_media(item.sha256, "the shelf was full")
        with contextlib.suppress(FileNotFoundError):
            item.path.unlink()
        log.info("footage_removed", path=item.path.name, state=item.state)

    def _drop_unfinished(self) -> None:
        """A picture cut off by a power cut was never announced; a clip may still be of use."""
        for part in self.folder.glob("*.jpg.part"):
            part.unlink(missing_ok=True)


def _least_needed_first(item: Kept) -> tuple[bool, bool, int]:
    return item.state in {"waiting", "due"}, item.kind is MediaKind.PICTURE, item.added_utc_us
