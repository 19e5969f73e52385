"""Drops the months that are too old, after moving out the rows that stay.

A month goes table by table, sightings first. Each table's part is dropped in steps. If the hub ends
after any step, the next run continues there.

1. Page by page, rows that stay move to the part `rest`.
2. The part is detached from its table, in an instant; from now on its rows are gone.
3. Rows that came under a hold between 1 and 2 are put back. Holds are placed by the same queue of
   writers as step 2, so none is missed.
4. Ids of the dropped events are forgotten, except the highest number of each spool.
5. The part is dropped.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, MetaData, Select, Table, delete, exists, insert, select

from hub.alerting.alerts.tables import sightings
from hub.app.months.kept import kept_events, kept_sightings
from hub.app.months.rules import Spans, months_to_drop, spans_of
from hub.base.audit import log as audit_log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.batches import Stopping, may_forget, never
from hub.base.clock.clock import Clock
from hub.base.db import months
from hub.base.db.database import Database
from hub.footage.retention.rows import rules_now
from hub.nodes.spool.tables import event_ids, events
from hub.registry.areas import area_parents
from hub.registry.tables import cameras

log = structlog.get_logger()

PAGE: Final = 2000
"""Rows that are looked at in one go."""
STEP: Final = 200
"""Rows written in one transaction."""
IN_ORDER: Final = (sightings, events)
"""Events of a sighting stay as long as it does."""
ATTEMPTS: Final = 5
BY_THE_HUB: Final = By()


class MonthDropper:
    """Drops months that are too old. For one thread. `keep_months` 0: every month is kept for
    good."""

    def __init__(self, db: Database, *, clock: Clock, keep_months: int) -> None:
        self._db = db
        self._clock = clock
        self._keep_months = keep_months

    def drop_overdue(self, stopping: Stopping = never) -> int:
        """Drop the months that are too old; returns the number of parts dropped. HeldUpError if
        readers were in the way."""
        if not self._db.is_shared or not may_forget(self._db, self._clock.now()):
            return 0
        dropped = sum(self._finish(table, stopping) for table in IN_ORDER)
        if self._keep_months == 0:
            return dropped
        for table in IN_ORDER:
            for month in self._overdue(table.name):
                if self._take_out(table, month, stopping):
                    dropped += self._finish(table, stopping)
        return dropped

    def _overdue(self, table: str) -> list[int]:
        now = months.month_of(self._clock.now())
        with self._db.reading() as conn:
            there = months.months(conn, table) if months.is_split(conn, table) else []
        return months_to_drop(there, now=now, keep_months=self._keep_months)

    def _take_out(self, table: Table, month: int, stopping: Stopping) -> bool:
        """Move what stays to `rest`, and take the part out of its table; False if stopped."""
        part = _like(table, months.part_of(table.name, month))
        for kept in self._kept(table, part, stopping):
            with self._db.writing() as conn:
                months.move(conn, table.name, kept, source=month, target=months.REST)
        if stopping():
            return False
        take_out = partial(self._take_out_now, table=table.name, month=month)
        months.alter(self._db, take_out, attempts=ATTEMPTS)
        log.info("months.dropped", table=table.name, month=month)
        return True

    def _take_out_now(self, conn: Connection, table: str, month: int) -> None:
        months.take_out(conn, table, month)
        audit_log.note(
            conn,
            BY_THE_HUB,
            act="months.drop",
            object_kind="month",
            detail=Detail("months.dropped", name=table, month=month),
            now=self._clock.now(),
        )

    def _finish(self, table: Table, stopping: Stopping) -> int:
        """Drop the parts that are out of this table; returns their number."""
        with self._db.reading() as conn:
            names = months.taken_out(conn, table.name)
        dropped = 0
        for name in names:
            part = _like(table, name)
            for kept in self._kept(table, part, stopping):
                with self._db.writing() as conn:
                    _put_back(conn, table, part, kept)
            if table is events:
                self._forget_ids(part, stopping)
            if stopping():
                break
            months.drop(self._db, name)
            dropped += 1
        return dropped

    def _kept(self, table: Table, part: Table, stopping: Stopping) -> Iterator[Sequence[UUID]]:
        """The rows of a part that stay, a few at a time."""
        spans = self._spans() if table is sightings else {}
        for ids in self._pages(part, stopping):
            with self._db.reading() as conn:
                kept = (
                    kept_sightings(conn, part, ids, spans, self._clock.now())
                    if table is sightings
                    else kept_events(conn, part, ids)
                )
            for start in range(0, len(kept), STEP):
                yield kept[start : start + STEP]

    def _spans(self) -> Spans:
        with self._db.reading() as conn:
            query = select(cameras.c.id, cameras.c.area_id)
            areas = {row.id: row.area_id for row in conn.execute(query)}
            return spans_of(areas, rules_now(conn), area_parents(conn))

    def _pages(self, part: Table, stopping: Stopping) -> Iterator[Sequence[UUID]]:
        after = UUID(int=0)
        while not stopping():
            query = select(part.c.id).where(part.c.id > after).order_by(part.c.id).limit(PAGE)
            with self._db.reading() as conn:
                ids = conn.scalars(query).all()
            if not ids:
                return
            after = ids[-1]
            yield ids

    def _forget_ids(self, part: Table, stopping: Stopping) -> None:
        for page in self._pages(part, stopping):
            with self._db.reading() as conn:
                ids = conn.scalars(_but_the_highest(page)).all()
            for start in range(0, len(ids), STEP):
                these = event_ids.c.id.in_(ids[start : start + STEP])
                with self._db.writing() as conn:
                    conn.execute(delete(event_ids).where(these))


def _like(table: Table, name: str) -> Table:
    """The table under the name of one of its parts."""
    return table.to_metadata(MetaData(), name=name)


def _put_back(conn: Connection, table: Table, part: Table, ids: Sequence[UUID]) -> None:
    rest = _like(table, months.part_of(table.name, months.REST))
    names = [column.name for column in table.columns]
    these = part.c.id.in_(ids)
    conn.execute(insert(rest).from_select(names, select(*part.columns).where(these)))
    conn.execute(delete(part).where(these))


def _but_the_highest(ids: Sequence[UUID]) -> Select[UUID]:
    """The events among these whose spool has a later number. The highest number of a spool must
    stay: with it the hub knows which numbers are missing."""
    later = event_ids.alias("later")
    has_later = exists().where(
        later.c.node_id == event_ids.c.node_id,
        later.c.spool_id == event_ids.c.spool_id,
        later.c.seq > event_ids.c.seq,
    )
    return select(event_ids.c.id).where(event_ids.c.id.in_(ids), has_later)
