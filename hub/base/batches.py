"""Deletes personal texts after their retention time, one page of rows at a time."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from hub.base.audit.restores import is_just_restored
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.database import Database
from hub.base.moment import Moment

Stopping = Callable[[], bool]
"""Whether the hub wants to stop; called between two pages of work."""


def never() -> bool:
    """A `stopping` function that never stops."""
    return False


PAGE: Final = 50


def may_forget(db: Database, now: Moment) -> bool:
    """False while the clock is in doubt, or just after a restore from a backup."""
    with db.reading() as conn:
        return not now.is_doubted and not is_just_restored(conn, now)


def in_pages(
    db: Database,
    query: AnySelect,
    forget: Callable[[Connection, AnyRow], object],
    stopping: Stopping,
) -> int:
    """Apply `forget` to each row of the query, which then no longer matches; returns the number of
    rows.

    One transaction per page, so that other writers wait for one page at most.
    """
    done = 0
    while not stopping():
        with db.writing() as conn:
            rows = conn.execute(query.limit(PAGE)).all()
            for row in rows:
                forget(conn, row)
        done += len(rows)
        if len(rows) < PAGE:
            break
    return done
