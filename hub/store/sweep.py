"""Finds rows that name a vanished file and files that no row names, and mends both.

A crash between a file and its row leaves one or the other; a disk that died leaves many. What a
row lost is marked so: its page says it, and a node that still holds the file is asked for it.
Very many at once look like a disk that is not mounted: then nothing is marked, and that is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select

from hub.store import audit
from hub.store.bell import Bell
from hub.store.blobs import Blobs, Found
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.proxies import Proxies
from hub.store.remover import BY_THE_HUB, mark_removed
from hub.store.tables import media

log = structlog.get_logger()

YOUNG_S: Final = 3600
"""A file this young may be of an upload whose row is about to be written."""
FEW: Final = 20
MANY_SHARE: Final = 0.1
"""More than `FEW` lost files that are more than this share of all are not believed."""


class ManyLostError(Exception):
    """So much is missing that the store itself seems not to be there; a sentence with the cure."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found, and mended."""

    rows: int
    lost: int
    """Rows whose file had vanished."""
    orphans: int
    """Files that no row named, removed."""


class Sweep:
    """For one thread; reads the store shelf by shelf, by the first two digits of the hash."""

    def __init__(
        self,
        db: Database,
        *,
        blobs: Blobs,
        clock: Clock,
        bell: Bell,
        proxies: Proxies | None = None,
    ) -> None:
        self._db = db
        self._proxies = proxies
        self._blobs = blobs
        self._clock = clock
        self._bell = bell

    def run(self, *, believes_all: bool = False) -> Swept:
        """Mend all there is; ManyLostError, BlobsError. With `believes_all` however many."""
        rows = orphans = 0
        lost: dict[UUID, str] = {}
        for number in range(256):
            shelf = f"{number:02x}"
            files = {found.sha256: found for found in self._blobs.walk(shelf)}
            stored = self._stored(shelf)
            rows += len(stored)
            orphans += self._remove_orphans(files, stored)
            for media_id, sha256 in stored.items():
                if sha256 not in files and not self._blobs.has(sha256):
                    lost[media_id] = sha256
        if not believes_all and len(lost) > max(FEW, rows * MANY_SHARE):
            raise ManyLostError(
                f"{len(lost)} of {rows} stored files are not in the clip store: is its disk"
                " mounted, is store.media_url the right bucket? If they are truly lost:"
                " matthan-hub media sweep --all-lost"
            )
        self._note_lost(lost)
        self._remove_copies()
        swept = Swept(rows, len(lost), orphans)
        log.info("media.swept", rows=rows, lost=swept.lost, orphans=orphans)
        return swept

    def _stored(self, shelf: str) -> dict[UUID, str]:
        query = select(media.c.id, media.c.sha256).where(
            media.c.stored_utc_us.is_not(None),
            media.c.sha256 >= shelf,
            media.c.sha256 < shelf + "g",  # the letter after the last digit of a hash
        )
        with self._db.reading() as conn:
            return {row.id: row.sha256 for row in conn.execute(query)}

    def _remove_orphans(self, files: Mapping[str, Found], stored: Mapping[UUID, str]) -> int:
        young_utc_us = self._clock.now().plus_s(-YOUNG_S).utc_us
        named = set(stored.values())
        orphans = [
            found.sha256
            for found in files.values()
            if found.sha256 not in named and found.changed_utc_us < young_utc_us
        ]
        removed = 0
        for sha256 in orphans:
            if not self._is_named(sha256):  # not since the listing either
                removed += self._blobs.remove(sha256)
        return removed

    def _remove_copies(self) -> None:
        for sha256 in self._proxies.hashes() if self._proxies is not None else ():
            if not self._is_named(sha256) and self._proxies is not None:
                self._proxies.forget(sha256)

    def _is_named(self, sha256: str) -> bool:
        query = select(media.c.id).where(
            media.c.sha256 == sha256, media.c.stored_utc_us.is_not(None)
        )
        with self._db.reading() as conn:
            return conn.scalar(query) is not None

    def _note_lost(self, lost: Mapping[UUID, str]) -> None:
        for media_id, sha256 in lost.items():
            now = self._clock.now()
            with self._db.writing() as conn:
                mark_removed(conn, media_id, why="lost", now=now)
                audit.note(
                    conn,
                    BY_THE_HUB,
                    act="media.lost",
                    object_kind="media",
                    object_id=media_id,
                    detail=f"not in the clip store any more: sha256 {sha256}",
                    now=now,
                )
        if lost:
            self._bell.ring()
