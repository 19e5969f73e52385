"""Intake of household files: checked, cut, hashed, sealed and added to the case, one at a time.

The file goes to the clip store first, durably, and then the row. Its part stays until then: after a
crash in between, or without a database, the next run files it.
"""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select, update

from hub.base.audit import log as audit_log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.database import Database
from hub.base.storage.blobs import Blobs, BlobsError
from hub.base.storage.partial_files import PartialFiles
from hub.base.storage.staging import PIECE_BYTES
from hub.base.storage.tables import is_piece
from hub.cases.evidence.arrival_seal import MarkedPart, SealContent
from hub.footage.films.films import FilmFacts, NoFilmError, cut_film, read_film
from hub.footage.media_rows import is_file
from hub.public.households import rows as households_rows
from hub.public.households.rules import HouseholdUploadFault, is_cut
from hub.public.households.tables import household_clips, household_requests
from hub.public.households.upload_service import HouseholdUploadService, new_code
from hub.public.households.views import SealArrival

log = structlog.get_logger()

DAY_US: Final = 86_400 * 1_000_000
PARTS_KEPT_S: Final = 15 * 86_400
"""Seconds; longer than the life of any link, so older parts belong to nothing."""
CUT: Final = ".cut"
MOVED: Final = "+moved"
"""Ending of a second name of a part: the store takes it, and the part stays."""
ELSEWHERE_US: Final = DAY_US
"""So long after it was sent, a file that is not here may lie on the disk of another hub: of several
hubs over one database each has a disk, and one may be away for a while. This also holds with a
bucket: older files on a hub's disk come into the bucket when that hub starts."""


class ArrivalQueue:
    """Thread-safe; a second caller returns at once while the first works."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        blobs: Blobs,
        parts: PartialFiles,
        uploads: HouseholdUploadService,
        seal: SealArrival,
        keep_days: int = 30,
    ) -> None:
        self._db = db
        self._clock = clock
        self._blobs = blobs
        self._parts = parts
        self._uploads = uploads
        self._seal = seal
        self._keep_days = keep_days
        self._turn = threading.Lock()

    def take_in(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Process all waiting files; returns the number added to cases."""
        taken = 0
        if not self._turn.acquire(blocking=False):
            return taken
        try:
            for request_id in self._uploads.waiting():
                if stopping():
                    break
                taken += self._take_one(request_id)
        finally:
            self._turn.release()
        return taken

    def _take_one(self, request_id: UUID) -> bool:
        row = self._uploads.waiting_one(request_id)
        if row is None:
            return False
        cut_path = self._uploads.part_of(row, ending=CUT)
        try:
            return self._examine(row, cut_path)
        except NoFilmError as error:
            self._uploads.reject(row, HouseholdUploadFault.NOT_VIDEO, str(error))
        except FileNotFoundError as error:
            if not self._may_lie_elsewhere(row):
                self._uploads.reject(row, HouseholdUploadFault.LOST, str(error))
        except (BlobsError, OSError, ValueError) as error:  # tried again in the next run
            log.error("household.not_sealed", request=str(request_id), reason=str(error))
        finally:
            cut_path.unlink(missing_ok=True)
        return False

    def _may_lie_elsewhere(self, row: AnyRow) -> bool:
        """Whether another machine's hub may still take it in from its own disk."""
        waits_us = self._clock.now().utc_us - row.sent_utc_us
        return self._db.is_shared and waits_us < ELSEWHERE_US

    def _examine(self, row: AnyRow, cut_path: Path) -> bool:
        came = self._uploads.part_of(row)
        facts, cut = read_film(came), MarkedPart(row.cut_from_ms, row.cut_until_ms)
        if not is_cut(cut, duration_ms=facts.duration_ms):
            self._uploads.reject(row, HouseholdUploadFault.CUT, f"of {facts.duration_ms} ms")
            return False
        came_sha256, came_bytes, kept = _hash(came), came.stat().st_size, came
        if not cut.is_none:
            start_ms = cut.from_ms or 0
            cut_film(came, cut_path, form=facts.form, from_ms=start_ms, until_ms=cut.until_ms)
            facts, kept = read_film(cut_path), cut_path
        return self._keep(row, facts, kept, came_sha256, came_bytes)

    def _keep(
        self,
        row: AnyRow,
        facts: FilmFacts,
        kept: Path,
        came_sha256: str,
        came_bytes: int,
    ) -> bool:
        now, size_bytes = self._clock.now(), kept.stat().st_size
        arrived = SealContent(
            clip_id=new_id(now),
            request_id=row.id,
            household_id=row.household_id,
            sha256=_hash(kept) if kept.suffix == CUT else came_sha256,
            size_bytes=size_bytes,
            came_sha256=came_sha256,
            came_bytes=came_bytes,
            cut=MarkedPart(row.cut_from_ms, row.cut_until_ms),
            since_utc_us=row.since_utc_us,
            until_utc_us=row.until_utc_us,
            arrived_utc_us=now.utc_us,
            arrived_error_ms=now.error_ms,
            code=new_code(),
        )
        seal = self._seal(arrived)
        self._blobs.keep(str(_another(kept)), arrived.sha256)
        is_filed = self._uploads.file(row, facts, arrived, seal)
        self._parts.drop(row.id, str(row.upload_id))
        if not is_filed and not self._is_needed(arrived.sha256):
            self._blobs.remove(arrived.sha256)
        log.info("household.given", bytes=size_bytes, filed=is_filed)
        return is_filed

    def tidy(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """End expired requests, drop their partial files, remove clips that no case holds any
        more."""
        self._end_expired()
        self._drop_parts()
        removed = 0
        for clip_id in self._overdue():
            if stopping():
                break
            removed += self._remove(clip_id)
        return removed

    def _end_expired(self) -> None:
        now, here = self._clock.now(), household_requests.c
        if now.is_doubted:
            return
        is_over = (here.expires_utc_us <= now.utc_us, here.sent_utc_us.is_(None))
        with self._db.writing() as conn:
            households_rows.end_requests(conn, *is_over, why="expired", by=By(), now=now)

    def _drop_parts(self) -> None:
        here = household_requests.c
        ended = (here.ended_utc_us.is_not(None), here.upload_id.is_not(None))
        with self._db.reading() as conn:
            rows = conn.execute(select(here.id, here.upload_id).where(*ended)).all()
        for row in rows:
            self._parts.drop(row.id, str(row.upload_id))
            this = update(household_requests).where(here.id == row.id)
            with self._db.writing() as conn:
                conn.execute(this.values(upload_id=None))
        self._parts.sweep(older_than_utc_us=self._clock.now().plus_s(-PARTS_KEPT_S).utc_us)

    def _overdue(self) -> list[UUID]:
        now, here = self._clock.now(), household_clips.c
        if now.is_doubted:
            return []
        is_old = here.released_utc_us <= now.utc_us - self._keep_days * DAY_US
        with self._db.reading() as conn:
            query = select(here.id).where(is_old, here.removed_utc_us.is_(None))
            return list(conn.scalars(query))

    def _remove(self, clip_id: UUID) -> bool:
        """Row first, then file; the transaction checks once more that it may be removed."""
        now, here = self._clock.now(), household_clips.c
        this = (
            here.id == clip_id,
            here.released_utc_us.is_not(None),
            here.removed_utc_us.is_(None),
        )
        with self._db.writing() as conn:
            row = conn.execute(select(here.sha256, here.size_bytes).where(*this)).first()
            if row is None:
                return False
            gone = update(household_clips).where(*this).values(**columns("removed", now))
            conn.execute(gone)
            audit_log.note(
                conn,
                By(),
                act="given.remove",
                object_kind="household_clip",
                object_id=clip_id,
                detail=Detail(
                    "household_upload.removed", n=self._keep_days, m=row.size_bytes, sha=row.sha256
                ),
                now=now,
            )
        if not self._is_needed(row.sha256):
            self._blobs.remove(row.sha256)
        return True

    def _is_needed(self, sha256: str) -> bool:
        with self._db.reading() as conn:
            # A piece may be the whole film of another household.
            needs = households_rows.is_needed, is_file, is_piece
            return any(needed(conn, sha256) for needed in needs)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _another(part: Path) -> Path:
    """A second name of the file, or a copy on a file system without links."""
    other = part.with_name(f"{part.name}{MOVED}")
    other.unlink(missing_ok=True)
    try:
        os.link(part, other)
    except OSError:
        shutil.copyfile(part, other)
    return other
