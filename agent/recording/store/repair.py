"""Repairs the clip store at a start: no row without its file, no clip without its row."""

from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from agent.journal import Clip, Journal, MediaKind, StoredFile
from agent.recording.mp4.sound import sound_path
from agent.recording.sealer import Sealer
from agent.recording.store.index import ClipIndex
from agent.recording.store.leftovers import Adopted, Leftover, leftovers, mended_sound, taken_in
from agent.wire.ident import born_utc_us
from agent.wire.messages import ClipReady

log = structlog.get_logger()


class Repair:
    """Leftovers of an earlier run, listed at once and handled step by step."""

    def __init__(
        self, folder: Path, journal: Journal, *, index: ClipIndex, sealer: Sealer | None
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._index = index
        self._sealer = sealer
        self._left: list[Leftover] = []
        self.nobodys = 0
        self.vanished = 0

    def look(self, of_this_run: Collection[str] = ()) -> None:
        """Delete rows of missing files, and list files without a row.

        Raises OSError or JournalError.
        """
        self._forget_vanished()
        self._left = leftovers(self._folder, self._journal, of_this_run=of_this_run)

    def go_on(self, beat: Callable[[], None]) -> None:
        """Handle all listed files, from the end of the list, so that sound comes after its clip."""
        while self._left:
            beat()
            left = self._left.pop()
            try:
                self._take_in(left)
            except OSError as error:
                log.error("leftover_unreadable", path=left.path.name, reason=str(error))

    def _take_in(self, left: Leftover) -> None:
        if left.is_sound:
            kept = mended_sound(left, self._sealer)
            log.info("sound_mended" if kept else "leftover_removed", path=left.path.name)
        elif (found := taken_in(left, self._journal, self._sealer)) is not None:
            self._adopt(found)
        else:
            log.info("leftover_removed", path=left.path.name)

    def _adopt(self, found: Adopted) -> None:
        name = found.clip.path.name
        if found.sighting_ids:
            self._index.announce(_words(found), found.clip.path, at=self._journal.now())
            log.info("clip_mended", path=name)
            return
        self._index.keep(_row(found))
        self.nobodys += 1
        log.warning("clip_of_nobody", path=name, nobodys=self.nobodys)

    def _forget_vanished(self) -> None:
        """A file with another size than in its row is handled as a new one."""
        kept = [*self._journal.kept(MediaKind.CLIP), *self._journal.kept(MediaKind.PICTURE)]
        gone = [item for item in kept if not _is_there(item)]
        for item in gone:
            with self._journal.transaction() as tx:
                tx.remove_media(item.sha256, "its file has vanished")
                tx.forget_sound(sound_path(item.path))
                tx.count("media_vanished", 1)
        self.vanished += len(gone)
        if gone:
            cure = "see who or what removes files from the folder of the clips"
            log.error("footage_vanished", files=len(gone), first=gone[0].path.name, cure=cure)


def _is_there(item: StoredFile) -> bool:
    """Raises OSError if the disk cannot answer: then it is unknown whether the file exists."""
    try:
        return item.path.stat().st_size == item.size_bytes
    except (FileNotFoundError, NotADirectoryError):
        return False


def _words(found: Adopted) -> ClipReady:
    clip = found.clip
    return ClipReady(
        camera=found.camera,
        clip_id=found.clip_id,
        sighting_ids=found.sighting_ids,
        sha256=clip.sha256,
        size_bytes=clip.size_bytes,
        codec=clip.codec,
        width=clip.width,
        height=clip.height,
        first_frame_utc_us=born_utc_us(found.clip_id),
        duration_ms=clip.duration_ms,
        is_sealed=clip.is_sealed,
    )


def _row(found: Adopted) -> Clip:
    clip = found.clip
    return Clip(
        clip_id=found.clip_id,
        camera=found.camera,
        path=clip.path,
        sha256=clip.sha256,
        size_bytes=clip.size_bytes,
        first_frame_utc_us=born_utc_us(found.clip_id),
        duration_ms=clip.duration_ms,
        sighting_ids=(),
        clip_class=found.footage_class,
    )
