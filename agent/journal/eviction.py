"""Drop rules of a full journal, and the dropped numbers still to be reported.

Alerts, other events, and repeated events for a hub that lost them: each has its bound. A less
important event is dropped for a more important one, never the reverse; among equals the oldest.
"""

import sqlite3
from typing import Final

from agent.journal.rows import JournalLimits
from agent.wire.numbers import Range

ALERT: Final = 0
OTHER: Final = 1
AGAIN: Final = 2
"""Priority of events the hub had before and requested again: sent last, and postponed to another
request when others would be dropped for them."""

_ROOMY: Final = 0.9
"""Below this share of its bound the journal accepts more than it must."""


class Gauge:
    """Upper bound for the number of waiting events. Counting all at each new event would cost 10 ms
    per event at a node that was offline for a week; adding to the last count costs nothing."""

    def __init__(self) -> None:
        self._most: int | None = None
        self._most_lesser = 0

    def add(self, priority: int) -> None:
        """Count one more event; if its transaction is rolled back the bound is too high, which is
        harmless."""
        if self._most is not None:
            self._most += 1
            self._most_lesser += priority == OTHER

    def is_over(self, sql: sqlite3.Connection, limits: JournalLimits) -> bool:
        """True if events must be dropped; the events are counted only when that is possible."""
        if self._may_be_over(limits):
            self._most = waiting(sql)
            self._most_lesser = waiting(sql, OTHER)
        return self._may_be_over(limits)

    def _may_be_over(self, limits: JournalLimits) -> bool:
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


def room(sql: sqlite3.Connection, limits: JournalLimits) -> int:
    """Number of further events that fit before any is dropped."""
    free = round(limits.max_events * _ROOMY) - waiting(sql)
    free_for_lesser = round(limits.max_lesser * _ROOMY) - waiting(sql, OTHER)
    return min(free, free_for_lesser)


def victims(sql: sqlite3.Connection, limits: JournalLimits) -> list[tuple[int, str]]:
    """Number and id of the events to drop now."""
    too_many = waiting(sql) - limits.max_events
    too_many_lesser = waiting(sql, OTHER) - limits.max_lesser
    lesser = _oldest(sql, OTHER, max(too_many, too_many_lesser))
    return lesser + _oldest(sql, ALERT, too_many - len(lesser))


def note(sql: sqlite3.Connection, first: int, last: int) -> None:
    """Store that these numbers will never come, merged with neighbours, until they are reported."""
    touching = sql.execute(
        "DELETE FROM unsaid_drops WHERE last_seq >= ? AND first_seq <= ?"
        " RETURNING first_seq, last_seq",
        (first - 1, last + 1),
    ).fetchall()
    first = min([first, *(row[0] for row in touching)])
    last = max([last, *(row[1] for row in touching)])
    sql.execute("INSERT INTO unsaid_drops VALUES (?, ?)", (first, last))


def take_unsaid(sql: sqlite3.Connection, at_most: int) -> tuple[Range, ...]:
    """Ranges of dropped numbers to report now; they are marked as reported."""
    ranges = sql.execute(
        "DELETE FROM unsaid_drops WHERE first_seq IN (SELECT first_seq FROM unsaid_drops"
        " ORDER BY first_seq LIMIT ?) RETURNING first_seq, last_seq",
        (at_most,),
    ).fetchall()
    return tuple(sorted(ranges))


def are_unsaid(sql: sqlite3.Connection) -> bool:
    """True if a range of dropped numbers waits to be reported."""
    return sql.execute("SELECT 1 FROM unsaid_drops LIMIT 1").fetchone() is not None


def _oldest(sql: sqlite3.Connection, priority: int, count: int) -> list[tuple[int, str]]:
    if count <= 0:
        return []
    return sql.execute(
        "SELECT seq, event_id FROM events WHERE receipted_utc_us IS NULL AND priority = ?"
        " ORDER BY seq LIMIT ?",
        (priority, count),
    ).fetchall()
