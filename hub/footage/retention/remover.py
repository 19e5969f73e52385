"""Removes footage past its retention: `hub.footage.retention.rules` decides, this module acts.

First the row durably records the removal and its reason; then the file is deleted. A crash in
between leaves a file without a row, which `hub.footage.retention.reconcile` finds. The transaction
that marks the row checks for holds again. Holds are placed through the same write queue, so none
can come between this check and the mark.
"""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, case, select

from hub.access.rules.grants import Parents
from hub.base.audit import log as audit_log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.audit.restores import is_just_restored
from hub.base.batches import Stopping, never
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.base.db.statements import change
from hub.base.moment import Moment
from hub.base.storage.blobs import Blobs
from hub.footage.media_rows import hide_media
from hub.footage.retention.rows import (
    RECORDED,
    held,
    is_of_alert,
    rules_now,
    showing_alerts,
    stored_footage,
)
from hub.footage.retention.rules import (
    DAY_US,
    FootageClass,
    Removal,
    RetentionRule,
    overdue,
    to_make_room,
)
from hub.footage.tables import media
from hub.footage.transcoding.proxies import Proxies
from hub.registry.areas import area_parents

log = structlog.get_logger()

PAGE: Final = 200
"""Files decided and marked in one transaction; intake can write between transactions."""
MARGIN_BYTES: Final = 64 * 2**20
"""Extra space freed on a full disk, so that the next uploads do not find it full again."""
BY_THE_HUB: Final = By()

BlobOwner = Callable[[Connection, str], bool]
"""Whether somebody needs the stored file with this SHA-256, beside the rows of `media`."""


class Remover:
    """Removes footage past its retention. For one thread. `makes_room`: on a full disk remove
    files without a hold instead of refusing uploads."""

    def __init__(
        self,
        db: Database,
        *,
        blobs: Blobs,
        clock: Clock,
        change_signal: ChangeSignal,
        proxies: Proxies | None = None,
        owners: Sequence[BlobOwner],
        makes_room: bool = False,
    ) -> None:
        """`owners`: all who need files that no row of `media` names."""
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._change_signal = change_signal
        self._proxies = proxies
        self._owners = owners
        self._makes_room = makes_room

    def remove_overdue(self, stopping: Stopping = never) -> int:
        """Remove all files past their retention; returns their number. Raises BlobsError.

        While the clock has jumped and is not verified, no file counts as too old.
        """
        if self._clock.now().is_doubted:
            log.warning(
                "media.all_kept",
                reason="the hub's clock jumped and is not verified",
                cure="let an NTP daemon keep this machine's clock",
            )
            return 0
        if self._is_just_restored():
            log.warning(
                "media.all_kept",
                reason="the hub came back from a backup, and holds placed since are not in it",
                cure="place them again: matthan-hub hold add; after eight days rules count again",
            )
            return 0
        with self._db.reading() as conn:
            rules, parents = rules_now(conn), area_parents(conn)
        return sum(self._remove_class(which, rules, parents, stopping) for which in FootageClass)

    def _remove_class(
        self,
        footage_class: FootageClass,
        rules: Sequence[RetentionRule],
        parents: Parents,
        stopping: Stopping,
    ) -> int:
        of_class = [rule for rule in rules if rule.footage_class is footage_class]
        days = [rule.keep_days for rule in of_class if rule.keep_days is not None]
        if not days:
            return 0
        now_utc_us = self._clock.now().utc_us
        # Check one by one only files older than the shortest rule of their class.
        is_old = now_utc_us - min(days) * DAY_US >= RECORDED
        is_one = is_of_alert() if footage_class is FootageClass.ALERT else ~is_of_alert()
        removed, after = 0, UUID(int=0)
        while True:
            with self._db.reading() as conn:
                page = stored_footage(conn, is_old, is_one, ~held(), media.c.id > after, limit=PAGE)
            removed += self._remove(overdue(page, of_class, parents, now_utc_us=now_utc_us), "rule")
            if len(page) < PAGE or stopping():
                return removed
            after = page[-1].media_id

    def make_room(self, stopping: Stopping = never) -> int:
        """On a full disk, if `makes_room`, remove the least valuable files; returns their
        number."""
        free_bytes = self._blobs.free_bytes()
        if not self._makes_room or free_bytes is None or free_bytes >= 0:
            return 0
        if self._is_just_restored():
            return 0
        order = (case((is_of_alert(), 1), else_=0), RECORDED, media.c.id)
        removed, wanted_bytes = 0, MARGIN_BYTES - free_bytes
        while wanted_bytes > 0 and not stopping():
            with self._db.reading() as conn:
                page = stored_footage(conn, ~held(), order_by=order, limit=PAGE)
            sizes = {item.media_id: item.size_bytes for item in page}
            chosen = to_make_room(page, wanted_bytes=wanted_bytes)
            if not self._remove(chosen, "full"):
                return removed  # all other files are under hold
            removed += len(chosen)
            wanted_bytes -= sum(sizes[removal.media_id] for removal in chosen)
        return removed

    def _is_just_restored(self) -> bool:
        with self._db.reading() as conn:
            return is_just_restored(conn, self._clock.now())

    def _remove(self, removals: Sequence[Removal], why: str) -> int:
        now = self._clock.now()
        with self._db.writing() as conn:
            marked = [one for one in removals if _mark(conn, one, why, now)]
            hashes = _unneeded(conn, [removal.media_id for removal in marked], self._owners)
            if marked:
                self._change_signal.ring_after(conn)
        for sha256 in hashes:
            if self._proxies is not None:
                self._proxies.forget(sha256)
            self._blobs.remove(sha256)
        if marked:
            log.info("media.removed", why=why, files=len(marked))
        return len(marked)


def _mark(conn: Connection, removal: Removal, why: str, now: Moment) -> bool:
    """Mark the row as removed; False if the file may not be removed after all."""
    row = conn.execute(
        select(media.c.sha256, media.c.size_bytes).where(
            media.c.id == removal.media_id, media.c.stored_utc_us.is_not(None), ~held()
        )
    ).first()
    if row is None:
        return False
    mark_removed(conn, removal.media_id, why=why, rule_id=removal.rule_id, now=now)
    audit_log.note(
        conn,
        BY_THE_HUB,
        act="media.remove",
        object_kind="media",
        object_id=removal.media_id,
        detail=Detail("media.removed_by_rule", id=removal.rule_id, n=row.size_bytes, sha=row.sha256)
        if removal.rule_id
        else Detail("media.removed_full_disk", n=row.size_bytes, sha=row.sha256),
        now=now,
    )
    return True


def mark_removed(
    conn: Connection, media_id: UUID, *, why: str, now: Moment, rule_id: UUID | None = None
) -> None:
    """Mark a file as removed; `why` is rule, full, lost or asked. Alerts that showed the file show
    the remaining files."""
    values = {"removed_why": why, "removed_rule_id": rule_id, **columns("removed", now)}
    change(conn, media, media_id, {**values, **columns("stored", None)})
    for _, alert_id in conn.execute(showing_alerts([media_id])).all():
        hide_media(conn, alert_id, media_id, now=now)


def _unneeded(
    conn: Connection, media_ids: Sequence[UUID], owners: Sequence[BlobOwner]
) -> list[str]:
    """Hashes of these files that nobody else needs."""
    other = media.alias("other")
    needed = (
        select(other.c.id)
        .where(other.c.sha256 == media.c.sha256, other.c.stored_utc_us.is_not(None))
        .exists()
    )
    query = select(media.c.sha256).distinct().where(media.c.id.in_(media_ids), ~needed)
    return [one for one in conn.scalars(query) if not any(needs(conn, one) for needs in owners)]
