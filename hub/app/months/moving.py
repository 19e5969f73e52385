"""Splits the tables of a running hub by month, and joins them again.

Rows are moved a few at a time. Each step is one transaction, so the work can be stopped at any
moment and started again, and the intake writes in between.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from hub.base.batches import Stopping, never
from hub.base.db import months
from hub.base.db.database import Database
from hub.base.moment import Moment

STEP: Final = 500
"""Rows moved in one transaction; the intake waits for one at most."""
_ARRIVED: Final = {
    "events": "SELECT id, received_utc_us FROM events_rest",
    # Without a verified time nobody knows: such a sighting stays where it is.
    "sightings": "SELECT id, CASE WHEN confirmed_error_ms IS NULL THEN NULL"
    " ELSE confirmed_utc_us END FROM sightings_rest",
}
"""The rows without a month, and about when they arrived."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a split table; `rows` is PostgreSQL's last estimate of their number."""

    name: str
    rows: int
    size_bytes: int
    is_filled: bool
    """Whether new rows go there."""


def split(
    db: Database,
    now: Moment,
    *,
    says: Callable[[str], None] = lambda _: None,
    stopping: Stopping = never,
    is_gentle: bool = True,
) -> int:
    """Split the tables, and move existing rows to their months; returns the number of rows moved.

    `is_gentle`: rest after each step for as long as it took. HeldUpError: call it again later.
    """
    moved = 0
    for table in months.SPLIT:
        months.split(db, table)
        months.alter(db, partial(months.fill, table=table, month=months.month_of(now)))
        says(f"{table}: new rows go to {months.part_of(table, months.month_of(now))}")
        moved += _Move(db, table, is_gentle=is_gentle, stopping=stopping).to_months(now)
        says(f"{table}: {moved} rows moved so far")
    return moved


def join(
    db: Database,
    *,
    says: Callable[[str], None] = lambda _: None,
    stopping: Stopping = never,
    is_gentle: bool = True,
) -> int:
    """Move all rows back and make plain tables of the split ones; returns the number of rows
    moved. HeldUpError: call it again later."""
    moved = 0
    for table in months.SPLIT:
        with db.reading() as conn:
            if not months.is_split(conn, table):
                continue
        months.alter(db, partial(months.fill, table=table, month=months.REST))
        moved += _Move(db, table, is_gentle=is_gentle, stopping=stopping).to_rest()
        says(f"{table}: {moved} rows moved so far")
        if not stopping():
            months.join(db, table)
            says(f"{table}: one table again")
    return moved


def parts(db: Database) -> list[Part]:
    """The parts of all split tables; empty: none is split."""
    found = []
    with db.reading() as conn:
        for table in months.SPLIT:
            if not months.is_split(conn, table):
                continue
            filled = months.month_now(conn, table)
            for month in (months.REST, *months.months(conn, table)):
                name = months.part_of(table, month)
                rows, size = conn.exec_driver_sql(
                    "SELECT greatest(reltuples, 0)::bigint, pg_total_relation_size(oid)"
                    " FROM pg_class WHERE oid = to_regclass(%s)",
                    (name,),
                ).one()
                found.append(Part(name, rows, size, month == filled))
    return found


class _Move:
    def __init__(self, db: Database, table: str, *, is_gentle: bool, stopping: Stopping) -> None:
        self._db = db
        self._table = table
        self._is_gentle = is_gentle
        self._stopping = stopping
        with db.reading() as conn:
            self._there = {months.REST, *months.months(conn, table)}

    def to_months(self, now: Moment) -> int:
        """Move all rows of `rest` that arrived at a known time to their months."""
        latest = months.month_of(now)
        moved, after = 0, UUID(int=0)
        query = f"{_ARRIVED[self._table]} WHERE id > %s ORDER BY id LIMIT {STEP}"
        while not self._stopping():
            with self._db.reading() as conn:
                rows = conn.exec_driver_sql(query, (after,)).all()
            if not rows:
                break
            after = rows[-1][0]
            by_month: dict[int, list[UUID]] = defaultdict(list)
            for row_id, arrived_utc_us in rows:
                if arrived_utc_us is not None:
                    month = min(months.month_of(Moment(arrived_utc_us)), latest)
                    by_month[month].append(row_id)
            moved += self._step(by_month, source=months.REST)
        return moved

    def to_rest(self) -> int:
        """Move all rows to `rest`."""
        return sum(self._empty(month) for month in sorted(self._there - {months.REST}))

    def _empty(self, month: int) -> int:
        moved = 0
        part = months.part_of(self._table, month)
        query = f"SELECT id FROM {part} LIMIT {STEP}"  # noqa: S608 - a name of `months`
        while not self._stopping():
            with self._db.reading() as conn:
                ids = [row_id for (row_id,) in conn.exec_driver_sql(query)]
            if not ids:
                break
            moved += self._step({months.REST: ids}, source=month)
        return moved

    def _step(self, by_target: Mapping[int, list[UUID]], *, source: int) -> int:
        began_s = time.monotonic()
        for month in sorted(by_target.keys() - self._there):
            months.alter(self._db, partial(months.add_month, table=self._table, month=month))
            self._there.add(month)
        with self._db.writing() as conn:
            moved = sum(
                months.move(conn, self._table, ids, source=source, target=month)
                for month, ids in by_target.items()
            )
        if self._is_gentle:
            time.sleep(time.monotonic() - began_s)
        return moved
