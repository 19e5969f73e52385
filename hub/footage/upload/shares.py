"""Watches the shares of the nodes while the disk is short (`hub.footage.upload.rules.share`)."""

import threading
from collections import Counter
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import func, select, update

from hub.base.clock.clock import Clock
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.base.storage.blobs import Blobs, BlobsError
from hub.base.storage.partial_files import PartialFiles
from hub.footage.tables import media
from hub.footage.upload.rules.share import COUNTED_S, is_above_share
from hub.registry.tables import nodes

log = structlog.get_logger()

COUNT_EVERY_S: Final = 10.0
NOTE_EVERY_S: Final = 600.0
"""The row of a node that waits is written so often; the trouble ends an hour after the last."""


class OverShareError(Exception):
    """The disk is short, and this node brought more than its share: it waits."""


class Shares:
    """For any thread."""

    def __init__(
        self, db: Database, *, blobs: Blobs, parts: PartialFiles, clock: Clock, short_bytes: int
    ) -> None:
        """`short_bytes`: with less free space, beyond the reserve, the disk is short; 0: never."""
        self._db = db
        self._blobs = blobs
        self._parts = parts
        self._clock = clock
        self._short_bytes = short_bytes
        self._lock = threading.Lock()
        self._brought: Counter[UUID] = Counter()
        self._counted_utc_us = 0
        self._noted_utc_us: dict[UUID, int] = {}

    def check(self, node_id: UUID) -> None:
        """Raises OverShareError if this node waits, and notes it for its page and the keeper."""
        if self._short_bytes == 0:
            return
        try:
            free_bytes = self._blobs.free_bytes()
        except (BlobsError, OSError):
            return
        if free_bytes is None or free_bytes >= self._short_bytes:
            return
        brought = self._now_brought()
        if is_above_share(node_id, brought, free_bytes=free_bytes, short_bytes=self._short_bytes):
            self._note(node_id, brought[node_id])
            raise OverShareError

    def _now_brought(self) -> Counter[UUID]:
        """Bytes of each node: stored within the counted time, or in unfinished uploads."""
        now = self._clock.now()
        with self._lock:
            if abs(now.utc_us - self._counted_utc_us) < COUNT_EVERY_S * 1_000_000:
                return self._brought
        since_utc_us = now.plus_s(-COUNTED_S).utc_us
        query = (
            select(media.c.node_id, func.sum(media.c.size_bytes))
            .where(media.c.stored_utc_us >= since_utc_us)
            .group_by(media.c.node_id)
        )
        with self._db.reading() as conn:
            brought = Counter({node_id: int(total) for node_id, total in conn.execute(query)})
        brought.update(self._parts.bytes_by_owner())
        with self._lock:
            self._brought, self._counted_utc_us = brought, now.utc_us
        return brought

    def _note(self, node_id: UUID, brought_bytes: int) -> None:
        now = self._clock.now()
        with self._lock:
            before_utc_us = self._noted_utc_us.get(node_id, 0)
            if abs(now.utc_us - before_utc_us) < NOTE_EVERY_S * 1_000_000:
                return
            self._noted_utc_us[node_id] = now.utc_us
        with self._db.writing() as conn:
            here = nodes.c.id == node_id
            conn.execute(update(nodes).where(here).values(columns("held_back", now)))
        log.warning(
            "upload.over_share",
            node_id=str(node_id),
            brought_mib=brought_bytes // 2**20,
            effect="its pictures and clips wait at the node; those of others are taken",
            cure="free space at the hub, and look why this node brings so much",
        )
