"""Words about people that were kept for long enough go, a page of rows at a time."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Row, Select

from hub.alerts.moment import Moment
from hub.store.database import Database
from hub.store.remover import Stopping
from hub.store.restores import is_just_restored

PAGE: Final = 50


def may_forget(db: Database, now: Moment) -> bool:
    """Not by a clock that jumped, nor on a hub that just came back from a backup."""
    with db.reading() as conn:
        return not now.is_doubted and not is_just_restored(conn, now)


def in_pages(
    db: Database,
    query: Select[Any],
    forget: Callable[[Connection, Row[Any]], object],
    stopping: Stopping,
) -> int:
    """Forget each row that the query finds, which it then finds no more; how many.

    A page in each transaction: who sends something meanwhile waits for no more.
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
