"""Pictures and clips on the node's disk: safe before they are announced, bounded in bytes.

What the hub already has goes first, then the oldest; every file that goes without the hub having
it is counted by the journal.
"""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from agent.clips.leftovers import Leftover, leftovers, taken_in
from agent.clips.sealer import ClipSeal, Sealer
from agent.clips.writer import ClosedClip, sync_folder
from agent.journal import Backlog, Clip, Entry, Journal, JournalFull, Kept, MediaKind, Transaction
from agent.media.frame import Instant, StreamInfo
from agent.wire.messages import ClipReady, Picture

log = structlog.get_logger()

TIDY_EVERY_S = 60.0
SIGHTINGS_A_CLIP = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPicture:
    """A picture that is safe on the disk, and how the wire speaks of it."""

    path: Path
    words: Picture


class Shelf:
    """The folder of a node's footage; any thread may call. Made before any camera is watched."""

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        *,
        max_bytes: int,
        spare_bytes: int = 256 * 2**20,
        sealer: Sealer | None = None,
    ) -> None:
        """Keep at most `max_bytes`, and less where the disk has no `spare_bytes` left for others.

        Without a `sealer` clips carry no seal.

        Raises OSError and JournalError for a place that cannot be used.
        """
        self.folder = folder
        self._journal = journal
        self._backlog = Backlog(journal, whose="shelf")
        self._max_bytes = max_bytes
        self._spare_bytes = spare_bytes
        self._sealer = sealer
        folder.mkdir(parents=True, exist_ok=True)
        # Looked for now, when nothing of this run can be among it.
        self._leftovers: list[Leftover] = leftovers(folder, journal)
        self._strays: list[Path] = []

    @property
    def strays(self) -> int:
        """Clips of an earlier run that show nobody the journal knows; the first to be removed."""
        return len(self._strays)

    def keep_picture(self, jpeg: bytes, *, width: int, height: int) -> KeptPicture:
        """Put a picture on the disk under its hash; raises OSError when the disk refuses."""
        sha256 = hashlib.sha256(jpeg).hexdigest()
        path = self.folder / f"{sha256}.jpg"
        part = path.with_name(path.name + ".part")
        try:
            with part.open("wb") as file:
                file.write(jpeg)
                file.flush()
                os.fdatasync(file.fileno())
            part.rename(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        sync_folder(self.folder)
        words = Picture(sha256=sha256, size_bytes=len(jpeg), width=width, height=height)
        return KeptPicture(path=path, words=words)

    def clip_path(self, camera: str, clip_id: UUID) -> Path:
        """Where a clip of that id is written."""
        return self.folder / f"{camera}-{clip_id}.mp4"

    def new_seal(
        self, clip_id: UUID, *, camera: str, stream: StreamInfo, first: Instant
    ) -> ClipSeal | None:
        """The seal of a clip that begins with the frame taken at `first`, if this node seals."""
        return self._sealer.begin(clip_id, camera, stream, first) if self._sealer else None

    def add_clip(
        self,
        clip: ClosedClip,
        *,
        clip_id: UUID,
        camera: str,
        covers: tuple[UUID, ...],
        stream: StreamInfo,
    ) -> None:
        """Index a whole clip and owe the hub the word of it, in one transaction.

        While the journal refuses, that waits in memory until `write_down`.
        """
        ready = ClipReady(
            camera=camera,
            clip_id=clip_id,
            sighting_ids=covers[:SIGHTINGS_A_CLIP],
            sha256=clip.sha256,
            size_bytes=clip.size_bytes,
            codec=stream.codec,
            width=stream.width,
            height=stream.height,
            first_frame_utc_us=clip.first_frame.utc_us,
            duration_ms=clip.duration_ms,
            is_sealed=clip.is_sealed,
        )
        self._announce(ready, clip.path, at=clip.last_frame)

    def write_down(self) -> None:
        """Try again to index what the journal refused."""
        self._backlog.write_down()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Take in what an earlier run left, then keep the folder within its bound."""
        while not stop.is_set():
            beat()
            self.take_in_leftovers(beat)
            self.write_down()
            self.tidy()
            stop.wait(TIDY_EVERY_S)

    def take_in_leftovers(self, beat: Callable[[], None]) -> None:
        """Finish, announce or remove what a killed run left unfinished or unsaid."""
        while self._leftovers:
            beat()
            left = self._leftovers.pop()
            try:
                found = taken_in(left, self._journal, self._sealer)
            except OSError as error:
                log.error("leftover_unreadable", path=left.path.name, reason=str(error))
                continue
            match found:
                case ClipReady():
                    self._announce(found, left.whole_path, at=self._journal.now())
                    log.info("clip_mended", path=left.whole_path.name)
                case Path():
                    self._strays.append(found)
                    log.warning("clip_of_nobody", path=found.name, strays=self.strays)
                case None:
                    log.info("leftover_removed", path=left.path.name)

    def tidy(self) -> None:
        """Remove files until the folder is within its bound: strays, delivered ones, the oldest."""
        kept = [*self._journal.kept(MediaKind.CLIP), *self._journal.kept(MediaKind.PICTURE)]
        excess = self._excess_bytes(kept)
        while excess > 0 and self._strays:
            stray = self._strays.pop(0)
            excess -= stray.stat().st_size
            stray.unlink()
            log.info("footage_removed", path=stray.name, state="stray")
        for item in sorted(kept, key=_least_needed_first):
            if excess <= 0:
                return
            self._remove(item)
            excess -= item.size_bytes

    def _excess_bytes(self, kept: list[Kept]) -> int:
        held = sum(item.size_bytes for item in kept)
        held += sum(stray.stat().st_size for stray in self._strays)
        missing = self._spare_bytes - shutil.disk_usage(self.folder).free
        return max(held - self._max_bytes, missing)

    def _announce(self, ready: ClipReady, path: Path, *, at: Instant) -> None:
        def write(tx: Transaction) -> None:
            event_id = tx.add_event(ready, at=at)
            tx.add_clip(_index_row(ready, path))
            tx.add_media(
                sha256=ready.sha256,
                kind=MediaKind.CLIP,
                path=path,
                size_bytes=ready.size_bytes,
                event_id=event_id,
            )

        self._backlog.add(Entry(write=write))

    def _remove(self, item: Kept) -> None:
        try:
            self._forget(item)  # the row first: it should never name a lost file
        except JournalFull:
            item.path.unlink(missing_ok=True)  # unless there is no room to write even that
            self._forget(item)
        item.path.unlink(missing_ok=True)
        log.info("footage_removed", path=item.path.name, state=item.state)

    def _forget(self, item: Kept) -> None:
        with self._journal.transaction() as tx:
            tx.remove_media(item.sha256, "the shelf was full")


def _index_row(ready: ClipReady, path: Path) -> Clip:
    return Clip(
        clip_id=ready.clip_id,
        camera=ready.camera,
        path=path,
        sha256=ready.sha256,
        size_bytes=ready.size_bytes,
        first_frame_utc_us=ready.first_frame_utc_us,
        duration_ms=ready.duration_ms,
        sighting_ids=ready.sighting_ids,
        clip_class="alert",
    )


def _least_needed_first(item: Kept) -> tuple[bool, bool, int]:
    return item.state in {"waiting", "due"}, item.kind is MediaKind.PICTURE, item.added_utc_us
