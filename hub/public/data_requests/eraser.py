"""Deletes footage for a granted data request, and verifies that it is gone.

First one transaction checks that nothing is under hold, marks the rows as removed and writes an
audit line for each; then the files are deleted; then the store is queried again. `finish` repeats
what the store has not deleted yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, and_, func, insert, select, update

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.access.tables import people
from hub.base.audit.acting import reason_of
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.audit.restores import is_just_restored
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow, AnySelect, columns, new_id
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.storage.blobs import Blobs, BlobsError
from hub.footage.retention.remover import BY_THE_HUB, mark_removed
from hub.footage.retention.rows import held
from hub.footage.scope import seen_media
from hub.footage.tables import media
from hub.footage.transcoding.proxies import Proxies
from hub.public.data_requests.rows import note
from hub.public.data_requests.rules import RequestKind, RequestOutcome
from hub.public.data_requests.service import DataRequestService
from hub.public.data_requests.tables import petition_erasures
from hub.public.data_requests.views import (
    DataRequestError,
    DataRequestFault,
    DataRequestRow,
    ErasureRow,
)
from hub.public.households import rows as households_rows
from hub.registry.areas import camera_at, places
from hub.registry.tables import cameras

log = structlog.get_logger()

MOST: Final = 60
WHY: Final = "asked"
"""Value of `media.removed_why`: a file removed for this reason is neither requested nor accepted
again."""


@dataclass(frozen=True, slots=True)
class ErasureChoice:
    """A file that may be deleted, or is under hold."""

    media_id: UUID
    kind: str
    camera: str
    first_utc_us: int
    size_bytes: int
    is_held: bool


class PendingErasures:
    """Completes pending deletions; for any thread."""

    def __init__(
        self, db: Database, *, blobs: Blobs, clock: Clock, proxies: Proxies | None = None
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._proxies = proxies

    def finish(self) -> int:
        """Delete files that no row needs and query the store again; returns the number now gone."""
        waiting = select(petition_erasures).where(petition_erasures.c.gone_utc_us.is_(None))
        gone = 0
        with self._db.reading() as conn:
            rows = [one for one in conn.execute(waiting) if not _needed(conn, one.sha256)]
        for row in rows:
            try:
                if self._proxies is not None:
                    self._proxies.forget(row.sha256)
                self._blobs.remove(row.sha256)
                if self._blobs.has(row.sha256):
                    continue
            except (BlobsError, OSError) as error:
                log.error("petition.not_gone_yet", sha256=row.sha256, reason=str(error))
                continue
            gone += self._note_gone(row)
        return gone

    def _note_gone(self, row: AnyRow) -> int:
        now = self._clock.now()
        with self._db.writing() as conn:
            here = petition_erasures.c
            this = update(petition_erasures).where(here.id == row.id, here.gone_utc_us.is_(None))
            if not conn.execute(this.values(**columns("gone", now))).rowcount:
                return 0  # another thread already saw it gone and recorded it
            detail = Detail("data_request.gone", sha=row.sha256)
            note(conn, BY_THE_HUB, "petition.gone", row.petition_id, detail, now)
        return 1


class DataRequestEraser:
    """Deletes footage for a granted data request. For any thread."""

    def __init__(
        self,
        db: Database,
        *,
        requests: DataRequestService,
        blobs: Blobs,
        clock: Clock,
        change_signal: ChangeSignal,
        proxies: Proxies | None = None,
    ) -> None:
        self._db = db
        self._requests = requests
        self._clock = clock
        self._change_signal = change_signal
        self.erasures = PendingErasures(db, blobs=blobs, clock=clock, proxies=proxies)

    def choices(
        self, asker: Asker, petition_id: UUID, camera_id: UUID, from_utc_us: int, until_utc_us: int
    ) -> list[ErasureChoice] | None:
        """Stored footage of a camera of the asker in that span; None if they do not look after
        it."""
        now = self._clock.now()
        row = self._requests.petition(asker, petition_id)
        if row is None:
            return None
        scope = _scope(asker, now)
        query = (
            scope.add_columns(held().label("is_held"))
            .where(
                media.c.camera_id == camera_id,
                media.c.stored_utc_us.is_not(None),
                media.c.first_frame_utc_us + media.c.duration_ms * 1000 >= from_utc_us,
                media.c.first_frame_utc_us <= until_utc_us,
            )
            .order_by(media.c.first_frame_utc_us, media.c.id)
            .limit(MOST)
        )
        with self._db.reading() as conn:
            rows = conn.execute(query).all()
            where = places(conn, {one.area_id for one in rows})
            return [
                ErasureChoice(
                    one.id,
                    one.kind,
                    camera_at(one.label, where[one.area_id]),
                    one.first_frame_utc_us,
                    one.size_bytes,
                    bool(one.is_held),
                )
                for one in rows
            ]

    def erase(self, asker: Asker, petition_id: UUID, media_ids: Sequence[UUID]) -> int | None:
        """Delete these files for a granted request; returns their number. None if the request is
        not the asker's.

        DataRequestError, and nothing is deleted, if any file is under hold, if none is of the
        asker's cameras, or if the hub was just restored from a backup: holds placed since the
        backup are missing.
        """
        now = self._clock.now()
        row = self._requests.petition(asker, petition_id)
        if row is None:
            return None
        wanted = list(dict.fromkeys(media_ids))[:MOST]
        try:
            with self._db.writing() as conn:
                files = self._free(conn, asker, row, wanted, now)
                for file in files:
                    self._mark(conn, asker, row, file, now)
                self._change_signal.ring_after(conn)
        except DataRequestError as error:
            self._note_refusal(asker, row, error, wanted)
            raise
        self.erasures.finish()
        return len(files)

    def erased(self, petition_id: UUID) -> list[ErasureRow]:
        """Files deleted for a request; for callers that were already shown the request."""
        query = (
            select(petition_erasures, cameras.c.label, cameras.c.area_id, people.c.name)
            .join(media, media.c.id == petition_erasures.c.media_id)
            .join(cameras, cameras.c.id == media.c.camera_id)
            .join(people, people.c.id == petition_erasures.c.person_id)
            .where(petition_erasures.c.petition_id == petition_id)
            .order_by(petition_erasures.c.marked_utc_us, petition_erasures.c.id)
        )
        with self._db.reading() as conn:
            rows = conn.execute(query).all()
            where = places(conn, {one.area_id for one in rows})
            return [
                ErasureRow(
                    media_id=one.media_id,
                    camera=camera_at(one.label, where[one.area_id]),
                    sha256=one.sha256,
                    size_bytes=one.size_bytes,
                    marked_utc_us=one.marked_utc_us,
                    gone_utc_us=one.gone_utc_us,
                    others=one.others,
                    who=one.name,
                )
                for one in rows
            ]

    def _free(
        self,
        conn: Connection,
        asker: Asker,
        row: DataRequestRow,
        wanted: Sequence[UUID],
        now: Moment,
    ) -> list[AnyRow]:
        if not may_erase(row):
            raise DataRequestError(DataRequestFault.NOT_GRANTED)
        if is_just_restored(conn, now):
            raise DataRequestError(DataRequestFault.RESTORED)
        query = _scope(asker, now).add_columns(held().label("is_held"))
        found = conn.execute(
            query.where(media.c.id.in_(wanted), media.c.stored_utc_us.is_not(None))
        ).all()
        if any(one.is_held for one in found):
            raise DataRequestError(DataRequestFault.HELD)
        if not wanted or len(found) != len(wanted):
            raise DataRequestError(DataRequestFault.FILES)
        return list(found)

    def _mark(
        self, conn: Connection, asker: Asker, row: DataRequestRow, file: AnyRow, now: Moment
    ) -> None:
        mark_removed(conn, file.id, why=WHY, now=now)
        conn.execute(
            insert(petition_erasures).values(
                id=new_id(now),
                petition_id=row.petition_id,
                media_id=file.id,
                person_id=asker.person_id,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                reason=row.number,
                others=_needed(conn, file.sha256),
                **columns("marked", now),
            )
        )
        detail = Detail(
            "data_request.erased", number=row.number, id=file.id, n=file.size_bytes, sha=file.sha256
        )
        note(conn, asker.by, "petition.erase", row.petition_id, detail, now)

    def _note_refusal(
        self, asker: Asker, row: DataRequestRow, error: DataRequestError, wanted: Sequence[UUID]
    ) -> None:
        detail = reason_of(error, f"{row.number}: {', '.join(map(str, wanted))}")
        with self._db.writing() as conn:
            now = self._clock.now()
            note(conn, asker.by, "petition.erase.refused", row.petition_id, detail, now)


def may_erase(row: DataRequestRow) -> bool:
    """True if the request asks for deletion and was granted."""
    return row.outcome is RequestOutcome.GRANTED and row.dates.wish is RequestKind.DELETE


def _scope(asker: Asker, now: Moment) -> AnySelect:
    """Files of cameras this person looks after, within their grants' reach."""
    scope = visible_cameras(asker.person_id, Right.MANAGE, now).subquery("scope")
    return (
        select(
            media.c.id,
            media.c.kind,
            media.c.sha256,
            media.c.size_bytes,
            media.c.first_frame_utc_us,
            cameras.c.label,
            cameras.c.area_id,
        )
        .join(cameras, cameras.c.id == media.c.camera_id)
        .join(scope, and_(seen_media(scope)))
    )


def _needed(conn: Connection, sha256: str) -> int:
    """Number of rows that still need the file with this hash."""
    query = select(func.count()).select_from(media)
    these = (media.c.sha256 == sha256) & media.c.stored_utc_us.is_not(None)
    given = households_rows.is_needed(conn, sha256)
    return (conn.scalar(query.where(these)) or 0) + given
