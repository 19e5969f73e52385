"""Clip store: pictures and clips on the node's disk, durable before announced, bounded in bytes and
age.

Retention decides what is removed; the journal counts every file removed before the hub had it. A
node without a trusted clock removes footage by bytes only, not by days. If nothing can be stored,
alerts go on without video, and an event reports it.
"""

import errno
import hashlib
import os
import shutil
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from agent.journal import (
    Backlog,
    Clip,
    Entry,
    FootageClass,
    GrowingClips,
    Journal,
    JournalFull,
    MediaKind,
    SpanRequest,
    Transaction,
)
from agent.journal.durable import sync_folder
from agent.media.frame import Instant, StreamInfo
from agent.media.sound import SoundPacket
from agent.recording.mp4.sound import sound_path
from agent.recording.ring.sound import SoundRing
from agent.recording.sealer import ClipSeal, Sealer
from agent.recording.sound_writer import SoundWriter
from agent.recording.store.folder import StoreFolder
from agent.recording.store.health import StoreHealth
from agent.recording.store.index import ClipIndex
from agent.recording.store.leftovers import SIGHTINGS_A_CLIP, clip_name
from agent.recording.store.repair import Repair
from agent.recording.store.requested_spans import RequestedSpans
from agent.recording.store.retention import (
    ClassBounds,
    Removal,
    Retention,
    RetentionPlan,
    plan_retention,
)
from agent.recording.writer import ClosedClip
from agent.wire.messages import ClipReady
from agent.wire.terms import Picture

log = structlog.get_logger()

LOOK_EVERY_S: Final = 5.0
TIDY_EVERY_LOOKS: Final = 12
"""Once a minute."""
REMOVED_AT_ONCE: Final = 20
NAMES_REMEMBERED: Final = 10_000
_STOPPED: Final = "recording_stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPicture:
    """A durable picture, and its description for the wire."""

    path: Path
    words: Picture


class ClipStore:
    """The footage folder of a node; any thread may call. Created before cameras start."""

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        *,
        max_bytes: int,
        spare_bytes: int = 256 * 2**20,
        classes: Mapping[FootageClass, ClassBounds] | None = None,
        least_room_bytes: int = 0,
        sealer: Sealer | None = None,
    ) -> None:
        """Keep at most `max_bytes`, and less if the disk has less than `spare_bytes` for others.

        `classes` are bounds per class. If held footage leaves less than `least_room_bytes`, nothing
        is recorded. Without a `sealer` clips have no seal. An unusable folder is reported and tried
        again. Raises JournalError.
        """
        self.folder = folder
        self._journal = journal
        self.growing = GrowingClips(journal)
        """Clips during recording."""
        self._backlog = Backlog(journal, whose="shelf")
        self._index = ClipIndex(journal)
        self._retention = Retention(
            max_bytes=max_bytes, spare_bytes=spare_bytes, classes=classes or {}
        )
        self._sealer = sealer
        self._place = StoreFolder(folder, journal)
        self._repair = Repair(folder, journal, index=self._index, sealer=sealer)
        self._health = StoreHealth(
            said=journal.remembered(_STOPPED), least_room_bytes=least_room_bytes
        )
        self._asked = RequestedSpans(journal, waits=self._is_being_fetched)
        self._fetchers: dict[str, Callable[[SpanRequest], bool]] = {}
        self._is_repaired = False
        # Files begun in this run are not leftovers, even without a row.
        self._of_this_run: deque[str] = deque(maxlen=NAMES_REMEMBERED)
        self._is_place_good()

    @property
    def nobodys(self) -> int:
        """Number of clips of an earlier run whose sighting is unknown: they are kept, not
        announced."""
        return self._repair.nobodys

    def keep_picture(self, jpeg: bytes, *, width: int, height: int) -> KeptPicture:
        """Store a picture under its hash; raises OSError if the disk refuses."""
        self._place.check()
        sha256 = hashlib.sha256(jpeg).hexdigest()
        path = self._new_path(f"{sha256}.jpg")
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

    def is_there(self) -> bool:
        """False while the disk of the folder is not mounted or its key is missing."""
        try:
            self._place.check()
        except OSError:
            return False
        return True

    def clip_path(
        self,
        camera: str,
        clip_id: UUID,
        footage_class: FootageClass = FootageClass.SIGHTING,
        *,
        from_recorder: bool = False,
    ) -> Path:
        """Path for a new clip with this id; raises OSError while none may be written."""
        if (why := self._health.trouble) is not None:
            raise OSError(errno.ENOSPC, why.detail, str(self.folder))
        self._place.check()
        name = clip_name(camera, clip_id, footage_class, from_recorder=from_recorder)
        return self._new_path(name)

    def new_seal(
        self,
        clip_id: UUID,
        *,
        camera: str,
        stream: StreamInfo,
        first: Instant,
        fetched: Instant | None = None,
    ) -> ClipSeal | None:
        """Seal of a clip whose first frame is at `first`, if this node seals.

        `fetched`: time of fetching from the camera's own recorder.
        """
        if self._sealer is None:
            return None
        return self._sealer.begin(clip_id, camera, stream, first, fetched=fetched)

    def add_clip(
        self,
        clip: ClosedClip,
        *,
        clip_id: UUID,
        camera: str,
        covers: tuple[UUID, ...],
        stream: StreamInfo,
    ) -> None:
        """Index a complete clip and announce it to the hub, in one transaction.

        While the journal refuses, it waits in memory until `write_down`.
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
            first_frame_utc_us=clip.first_frame.utc_us_by(clip.last_frame),
            duration_ms=clip.duration_ms,
            is_sealed=clip.is_sealed,
            beginning=b64encode(clip.beginning).decode() or None,
        )
        self._index.announce(ready, clip.path, at=clip.last_frame)

    def begin_sound(
        self, ring: SoundRing | None, clip: Path, *, clip_id: UUID, camera: str, began: Instant
    ) -> SoundWriter | None:
        """Begin a sound file beside a clip that begins at `began`; None if the camera's sound is
        not recorded."""
        if ring is None:
            return None

        def new_seal(first: SoundPacket) -> ClipSeal | None:
            words = StreamInfo("aac", 0, 0, Fraction(1, first.info.rate_hz), 0.0, b"")
            return self.new_seal(clip_id, camera=camera, stream=words, first=first.at)

        self._of_this_run.append(sound_path(clip).name)
        return SoundWriter(clip, ring, began=began, new_seal=new_seal, camera=camera)

    def add_continuous(self, clip: ClosedClip, *, clip_id: UUID, camera: str) -> None:
        """Index a complete segment; the hub is told when it asks."""
        self._index.keep(
            Clip(
                clip_id=clip_id,
                camera=camera,
                path=clip.path,
                sha256=clip.sha256,
                size_bytes=clip.size_bytes,
                first_frame_utc_us=clip.first_frame.utc_us_by(clip.last_frame),
                duration_ms=clip.duration_ms,
                sighting_ids=(),
                clip_class=FootageClass.CONTINUOUS,
            )
        )

    def flush(self) -> None:
        """Retry entries that the journal refused."""
        self._index.flush()
        self._backlog.flush()
        self.growing.flush()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Handle leftovers of an earlier run, then keep the folder within its bounds."""
        looks = 0
        while not stop.is_set():
            beat()
            if looks % TIDY_EVERY_LOOKS == 0:
                self.take_in_leftovers(beat)
                self.flush()
                self.tidy()
                self.flush()  # what a full disk refused before
            self.answer_spans(beat)
            looks += 1
            stop.wait(LOOK_EVERY_S)

    def take_in_leftovers(self, beat: Callable[[], None]) -> None:
        """Finish, announce or remove files that a killed run left."""
        self._repair.go_on(beat)

    def answer_spans(self, beat: Callable[[], None]) -> None:
        """Announce the clips of time spans requested by the hub."""
        self._asked.answer(beat)

    def fetched_first(self, camera: str, is_due: Callable[[SpanRequest], bool]) -> None:
        """Set that a camera's recorder is asked first, while `is_due`, before a span of this camera
        is answered."""
        self._fetchers[camera] = is_due

    def _is_being_fetched(self, span: SpanRequest) -> bool:
        is_due = self._fetchers.get(span.camera)
        return is_due is not None and is_due(span)

    def tidy(self) -> None:
        """Remove footage by the rules of retention; report when recording stops and when it
        resumes."""
        if not self._is_place_good():
            return
        plan = self._plan()
        self._remove(plan.removals)
        self._journal.keep_ballast()
        self._health.take_room(plan)
        self._report_health()

    def _is_place_good(self) -> bool:
        """True if footage can be stored there; a folder that came back may have files without
        rows."""
        why_not = self._place.trouble()
        if why_not is None and not self._is_repaired:
            why_not = self._find_leftovers()
        self._is_repaired &= why_not is None
        self._health.take_place(why_not)
        self._report_health()
        return why_not is None

    def _find_leftovers(self) -> str | None:
        """Why the folder is unreadable, if so. A full journal is asked again after space was
        freed."""
        try:
            self._repair.look(tuple(self._of_this_run))
        except OSError as error:
            return f"{self.folder} cannot be read ({error.strerror}): see whether its disk is dying"
        except JournalFull as full:
            log.error("leftovers_not_found", reason=full.sentence, cure=full.cure)
        else:
            self._is_repaired = True
        return None

    def _plan(self) -> RetentionPlan:
        kept = [*self._journal.kept(MediaKind.CLIP), *self._journal.kept(MediaKind.PICTURE)]
        return plan_retention(
            kept,
            self._retention,
            # A clock that is not trusted may be years ahead. At 0 (1970) nothing is old.
            now_utc_us=self._journal.now().utc_us if self._journal.is_clock_trusted() else 0,
            free_bytes=shutil.disk_usage(self.folder).free,
        )

    def _report_health(self) -> None:
        """Report and record of the report, in one transaction."""
        body = self._health.change()
        if body is None:
            return
        said, now = self._health.said, self._journal.now()

        def write(tx: Transaction) -> None:
            tx.add_event(body, at=now)
            tx.remember(_STOPPED, said)

        log.warning(body.kind, detail=getattr(body, "detail", ""))
        self._backlog.add(Entry(write=write))

    def _new_path(self, name: str) -> Path:
        self._of_this_run.append(name)
        return self.folder / name

    def _remove(self, removals: tuple[Removal, ...]) -> None:
        """Rows first: no row must name a missing file.

        Unless a full disk has no space even for that; then files are removed until it has. Raises
        JournalFull if everything was removed and there is still no space: next time.

        A hold may have arrived after the decision: held files stay, row and file. A journal too
        full to delete a row accepts no hold either.
        """
        unsaid: list[Removal] = []
        for start in range(0, len(removals), REMOVED_AT_ONCE):
            some = removals[start : start + REMOVED_AT_ONCE]
            try:
                some, unsaid = self._forget(some, unsaid), []
            except JournalFull:
                held = self._journal.held(one.item.sha256 for one in some)
                some = tuple(one for one in some if one.item.sha256 not in held)
                unsaid += some
            for removal in some:
                _unlink(removal)
        if unsaid:
            self._forget((), unsaid)

    def _forget(self, free: Sequence[Removal], gone: Sequence[Removal]) -> tuple[Removal, ...]:
        """Removable files that are not held now; their rows and the rows of removed files are
        deleted."""
        with self._journal.transaction() as tx:
            held = tx.held(one.item.sha256 for one in free)
            still_free = tuple(one for one in free if one.item.sha256 not in held)
            for one in (*still_free, *gone):
                tx.remove_media(one.item.sha256, f"the shelf made room ({one.why})")
                tx.forget_sound(sound_path(one.item.path))
        return still_free


def _unlink(removal: Removal) -> None:
    path = removal.item.path
    path.unlink(missing_ok=True)
    sound_path(path).unlink(missing_ok=True)
    log.info("footage_removed", path=path.name, state=removal.item.state, why=removal.why)
