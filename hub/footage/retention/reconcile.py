"""Reconciliation: finds rows whose file is missing and files without a row, and repairs both.

A crash between writing a file and its row leaves one or the other; a broken disk leaves many. A row
without a file is marked as lost: its page says so, and a node that still has the file is asked for
it. A very large number suggests a disk that is not mounted: then no row is marked, and an error is
raised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, or_, select

from hub.alerting.alerts.rules.grouping import Policy
from hub.base.audit import log as audit_log
from hub.base.audit.detail import Detail
from hub.base.audit.restores import is_just_restored, restored_utc_us
from hub.base.batches import Stopping, never
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.storage.blobs import Blobs, StoredBlob
from hub.footage.media_rows import is_file, is_stored, store_media
from hub.footage.retention.remover import BY_THE_HUB, BlobOwner, mark_removed
from hub.footage.tables import media
from hub.footage.transcoding.proxies import Proxies

log = structlog.get_logger()

YOUNG_S: Final = 3600
"""A younger file may belong to an upload whose row is not written yet."""
FEW: Final = 20
MANY_SHARE: Final = 0.1
"""More than `FEW` lost files, above this share of all, count as a store fault."""


class ManyLostError(Exception):
    """So many files are missing that the store itself seems to be absent; the message has the
    cure."""


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """Results of a run."""

    rows: int
    lost: int
    """Rows whose file was missing."""
    adopted: int
    """Stored files whose row was not marked as stored."""
    orphans: int
    """Files without a row, removed; files present at a restore are kept."""


class Reconciler:
    """Repairs differences between rows and files. For one thread; reads the store in parts, by
    the first two digits of the hash."""

    def __init__(
        self,
        db: Database,
        *,
        blobs: Blobs,
        clock: Clock,
        change_signal: ChangeSignal,
        policy: Policy,
        owners: Sequence[BlobOwner],
        proxies: Proxies | None = None,
    ) -> None:
        """`owners`: all who need files that no row of `media` names."""
        self._db = db
        self._policy = policy
        self._proxies = proxies
        self._owners = owners
        self._blobs = blobs
        self._clock = clock
        self._change_signal = change_signal

    def run(self, stopping: Stopping = never, *, believes_all: bool = False) -> ReconcileResult:
        """Repair everything; ManyLostError, BlobsError. `believes_all`: accept any number of lost
        files.

        If stopped early, it has marked nothing as lost.
        """
        rows = adopted = orphans = 0
        lost: dict[UUID, str] = {}
        keeps_all, since_utc_us = self._keeps()
        for number in range(256):
            if stopping():
                return ReconcileResult(rows, 0, adopted, orphans)
            shelf = f"{number:02x}"
            files = {found.sha256: found for found in self._blobs.walk(shelf)}
            stored = self._stored(shelf)
            rows += len(stored)
            unnamed = self._unnamed(files, stored)
            known = [sha256 for sha256 in unnamed if self._adopt(sha256)]
            adopted += len(known)
            if not keeps_all:
                nobodys = set(unnamed) - set(known)
                young = [one for one in nobodys if files[one].changed_utc_us > since_utc_us]
                orphans += sum(map(self._remove_orphan, young))
            for media_id, sha256 in stored.items():
                if sha256 not in files and not self._blobs.has(sha256):
                    lost[media_id] = sha256
        if not believes_all and len(lost) > max(FEW, rows * MANY_SHARE):
            raise ManyLostError(
                f"{len(lost)} of {rows} stored files are not in the clip store: is its disk"
                " mounted, is store.media_url the right bucket? If they are truly lost:"
                " matthan-hub media sweep --all-lost"
            )
        result = ReconcileResult(rows, self._note_lost(lost), adopted, orphans)
        self.remove_copies()
        log.info("media.swept", rows=rows, lost=result.lost, adopted=adopted, orphans=orphans)
        return result

    def _stored(self, shelf: str) -> dict[UUID, str]:
        query = select(media.c.id, media.c.sha256).where(
            media.c.stored_utc_us.is_not(None),
            media.c.sha256 >= shelf,
            media.c.sha256 < shelf + "g",  # sorts after the last hexadecimal digit
        )
        with self._db.reading() as conn:
            return {row.id: row.sha256 for row in conn.execute(query)}

    def _unnamed(self, files: Mapping[str, StoredBlob], stored: Mapping[UUID, str]) -> list[str]:
        young_utc_us = self._clock.now().plus_s(-YOUNG_S).utc_us
        named = set(stored.values())
        return [
            found.sha256
            for found in files.values()
            if found.sha256 not in named and found.changed_utc_us < young_utc_us
        ]

    def _adopt(self, sha256: str) -> bool:
        """Mark an announced file as stored: it exists, but a crash or a restore left its row
        behind."""
        now = self._clock.now()
        waiting = select(media.c.id).where(
            media.c.sha256 == sha256,
            media.c.stored_utc_us.is_(None),
            or_(media.c.removed_why.is_(None), media.c.removed_why == "lost"),
        )
        with self._db.writing() as conn:
            found = conn.scalars(waiting).all()
            for media_id in found:
                store_media(conn, media_id, policy=self._policy, now=now)
                _note(conn, "media.adopt", media_id, Detail("media.was_here", sha=sha256), now)
                self._change_signal.ring_after(conn)
        return bool(found)

    def _remove_orphan(self, sha256: str) -> bool:
        return not self._is_named(sha256) and self._blobs.remove(sha256)

    def _keeps(self) -> tuple[bool, int]:
        """Whether orphans are kept now; and the time (UTC, µs) before which files are never
        orphans.

        Files from between a backup and its restore have no rows. Nodes announce the last seven days
        again; for older files nobody knows whether a hold covers them.
        """
        now = self._clock.now()
        with self._db.reading() as conn:
            keeps_all = now.is_doubted or is_just_restored(conn, now)
            return keeps_all, restored_utc_us(conn) or 0

    def remove_copies(self, stopping: Stopping = never) -> None:
        """Remove the small copies on this machine's disk of files that are no longer stored."""
        for sha256 in self._proxies.hashes() if self._proxies is not None else ():
            if stopping():
                return
            if not self._is_named(sha256) and self._proxies is not None:
                self._proxies.forget(sha256)

    def _is_named(self, sha256: str) -> bool:
        with self._db.reading() as conn:
            return is_file(conn, sha256) or any(needs(conn, sha256) for needs in self._owners)

    def _note_lost(self, lost: Mapping[UUID, str]) -> int:
        """Mark what is still stored by its row, and still missing: the look at all files takes a
        while, and a file may have come back or been removed for another reason. Returns their
        number."""
        noted = 0
        for media_id, sha256 in lost.items():
            if self._blobs.has(sha256):
                continue
            now = self._clock.now()
            with self._db.writing() as conn:
                if not is_stored(conn, media_id):
                    continue
                mark_removed(conn, media_id, why="lost", now=now)
                _note(conn, "media.lost", media_id, Detail("media.not_in_store", sha=sha256), now)
                self._change_signal.ring_after(conn)
            noted += 1
        return noted


def _note(conn: Connection, act: str, media_id: UUID, detail: Detail, now: Moment) -> None:
    audit_log.note(
        conn,
        BY_THE_HUB,
        act=act,
        object_kind="media",
        object_id=media_id,
        detail=detail,
        now=now,
    )
