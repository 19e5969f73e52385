"""What a full journal gives up, in which order, and the numbers of it that are still to be told.

Alerts, other events, and what is said again for a hub that lost it: each has its bound. The lesser
goes for the greater and never the other way; among equals the oldest goes.
"""

import sqlite3
from typing import Final

from agent.journal.rows import Limits
from agent.wire.numbers import Range

ALERT: Final = 0
OTHER: Final = 1
AGAIN: Final = 2
"""What was at the hub once and is said again: it goes last, and waits for another request where
others would be dropped for it."""

_ROOMY: Final = 0.9
"""Up to this share of its bound a journal takes on more than it must."""


class Gauge:
    """How many events wait at the most. Counting them all at each new one would cost a node that
    was away for a week 10 ms an event; what was added since the last counting costs nothing."""

    def __init__(self) -> None:
        self._most: int | None = None
        self._most_lesser = 0

    def add(self, priority: int) -> None:
        """One more; if its transaction is undone, the gauge is too high, which does no harm."""
        if self._most is not None:
            self._most += 1
            self._most_lesser += priority == OTHER

    def is_over(self, sql: sqlite3.Connection, limits: Limits) -> bool:
        """Whether something must go; counts only where that may be."""
        if self._may_be_over(limits):
            self._most = waiting(sql)
            self._most_lesser = waiting(sql, OTHER)
        return self._may_be_over(limits)

    def _may_be_over(self, limits: Limits) -> bool:
        if self._most is None:
            return True
        return self._most > limits.max_events or self._most_lesser > limits.max_lesser


def waiting(sql: sqlite3.Connection, priority: int | None = None) -> int:
    """Events without a receipt, of one priority or of all."""
    row = sql.execute(
        "SELECT count(*) FROM events WHERE receipted_utc_us IS NULL"
        " AND priority = coalesce(?, priority)",
        (priority,),
    )
    return int(row.fetchone()[0])


def room(sql: sqlite3.Connection, limits: Limits) -> int:
    """How many events the journal takes on beyond what it must, before anything is dropped."""
    free = round(limits.max_events * _ROOMY) - waiting(sql)
    free_for_lesser = round(limits.max_lesser * _ROOMY) - waiting(sql, OTHER)
    return min(free, free_for_lesser)


def victims(sql: sqlite3.Connection, limits: Limits) -> list[tuple[int, str]]:
    """Number and id of the events that must go now."""
    too_many = waiting(sql) - limits.max_events
    too_many_lesser = waiting(sql, OTHER) - limits.max_lesser
    lesser = _oldest(sql, OTHER, max(too_many, too_many_lesser))
    return lesser + _oldest(sql, ALERT, too_many - len(lesser))


def note(sql: sqlite3.Connection, first: int, last: int) -> None:
    """These numbers will never come: kept, joined with their neighbours, until it is told."""
    touching = sql.execute(
        "DELETE FROM unsaid_drops WHERE last_seq >= ? AND first_seq <= ?"
        " RETURNING first_seq, last_seq",
        (first - 1, last + 1),
    ).fetchall()
    first = min([first, *(row[0] for row in touching)])
    last = max([last, *(row[1] for row in touching)])
    sql.execute("INSERT INTO unsaid_drops VALUES (?, ?)", (first, last))


def take_unsaid(sql: sqlite3.Connection, at_most: int) -> tuple[Range, ...]:
    """The ranges that are to be said now; they count as said."""
    ranges = sql.execute(
        "DELETE FROM unsaid_drops WHERE first_seq IN (SELECT first_seq FROM unsaid_drops"
        " ORDER BY first_seq LIMIT ?) RETURNING first_seq, last_seq",
        (at_most,),
    ).fetchall()
    return tuple(sorted(ranges))


def are_unsaid(sql: sqlite3.Connection) -> bool:
    """Whether any range waits to be said."""
    return sql.execute("SELECT 1 FROM unsaid_drops LIMIT 1").fetchone() is not None


def _oldest(sql: sqlite3.Connection, priority: int, count: int) -> list[tuple[int, str]]:
    if count <= 0:
        return []
    return sql.execute(
        "SELECT seq, event_id FROM events WHERE receipted_utc_us IS NULL AND priority = ?"
        " ORDER BY seq LIMIT ?",
        (priority, count),
    ).fetchall()
