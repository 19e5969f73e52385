"""Moves waiting times when the hub's clock is stepped, in the caller's transaction.

Which times move is part of each feature (`hub.base.db.table_notes.Mark`).
"""

from typing import Final

from sqlalchemy import Connection, update

from hub.app.features import FEATURES
from hub.base.db.table_notes import Mark
from hub.base.moment import Moment

MARKS: Final[tuple[Mark, ...]] = tuple(mark for feature in FEATURES for mark in feature.marks)


def marks() -> dict[str, set[str]]:
    """Columns that move with the clock, by table."""
    found: dict[str, set[str]] = {}
    for mark in MARKS:
        found.setdefault(mark.table.name, set()).update(mark.times)
    return found


def move(conn: Connection, by_us: int, *, now: Moment) -> None:
    """Apply a clock step from `now` to `now` plus `by_us` microseconds."""
    for mark in MARKS:
        if mark.is_repeated:
            _set_back(conn, mark, now.utc_us + by_us)
        else:
            _move(conn, mark, by_us, now)


def _move(conn: Connection, mark: Mark, by_us: int, now: Moment) -> None:
    times = [mark.table.c[f"{name}_utc_us"] for name in mark.times]
    statement = update(mark.table).values({time: time + by_us for time in times})
    conn.execute(statement if mark.where is None else statement.where(mark.where(now)))


def _set_back(conn: Connection, mark: Mark, then_us: int) -> None:
    for name in mark.times:
        at = mark.table.c[f"{name}_utc_us"]
        conn.execute(update(mark.table).where(at > then_us).values({at: then_us}))
