"""Events and files the hub requests again: queued again if present, or reported as gone.

A hub restored from a backup requests events it had receipted before. They are queued behind all
others and never displace anything.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from agent.journal.eviction import AGAIN
from agent.wire.messages import NumbersDropped
from agent.wire.numbers import Range, joined, without

EVENTS_AT_ONCE: Final = 2_000
"""Most events queued again per request; the hub requests the rest after these."""

REFUSED_BEFORE: Final = "the hub refused it, and it was set aside"
FORGOTTEN: Final = "the node no longer has it"


@dataclass(frozen=True, slots=True)
class ResendPlan:
    """Result of a request, before anything is sent."""

    again: tuple[int, ...] = ()
    """Receipted events queued again."""
    gone: dict[str, tuple[Range, ...]] = field(default_factory=dict)
    """Numbers that will never come, by reason."""
    beyond: int = 0
    """Requested numbers that were never used."""


def last_seq(sql: sqlite3.Connection) -> int:
    """Highest number so far, even if its event is gone; 0 if none."""
    row = sql.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(row[0]) if row else 0


def forget_oldest(sql: sqlite3.Connection, most: int) -> int:
    """Delete events kept in case the hub loses them; returns their number."""
    gone = sql.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events"
        " WHERE receipted_utc_us IS NOT NULL ORDER BY seq LIMIT ?)",
        (most,),
    ).rowcount
    sql.execute(
        "INSERT INTO counters VALUES ('forgotten_for_room', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        (gone,),
    )
    return gone


def look_up(sql: sqlite3.Connection, ranges: Sequence[Range], *, room: int) -> ResendPlan:
    """Result for these numbers if at most `room` events may be queued again.

    Waiting events need nothing. Numbers already reported as dropped, in an unreceipted event, are
    not reported twice.
    """
    top = last_seq(sql)
    asked = joined((first, min(last, top)) for first, last in ranges if first <= top)
    again: list[int] = []
    gone: list[Range] = []
    for first, last in asked:
        rows = sql.execute(
            "SELECT seq, receipted_utc_us IS NOT NULL FROM events WHERE seq BETWEEN ? AND ?"
            " ORDER BY seq LIMIT ?",
            (first, last, EVENTS_AT_ONCE + 1),
        ).fetchall()
        reach = rows[-1][0] if len(rows) > EVENTS_AT_ONCE else last
        gone += without([(first, reach)], ((seq, seq) for seq, _ in rows))
        again += [seq for seq, is_receipted in rows if is_receipted]
    beyond = sum(last - max(first, top + 1) + 1 for first, last in joined(ranges) if last > top)
    return ResendPlan(
        again=tuple(again[: max(0, min(room, EVENTS_AT_ONCE))]),
        gone=_by_reason(sql, without(gone, _announced(sql))),
        beyond=beyond,
    )


def owe_again(sql: sqlite3.Connection, numbers: Iterable[int]) -> int:
    """Queue receipted events again for sending, with their files; returns their number."""
    count = 0
    for seq in numbers:
        sql.execute(
            "UPDATE events SET receipted_utc_us = NULL, priority = ? WHERE seq = ?", (AGAIN, seq)
        )
        sql.execute(
            "UPDATE media SET state = 'waiting' WHERE state = 'done'"
            " AND event_id = (SELECT event_id FROM events WHERE seq = ?)",
            (seq,),
        )
        count += 1
    return count


def bring_again(sql: sqlite3.Connection, hashes: Iterable[str]) -> int:
    """Queue files again that the hub had and lost; returns the number still present."""
    return sum(
        sql.execute(
            "UPDATE media SET state = 'due' WHERE sha256 = ? AND state = 'done'", (sha256,)
        ).rowcount
        for sha256 in hashes
    )


def put_back(sql: sqlite3.Connection, excess: int, utc_us: int) -> int:
    """In a full journal, let repeated events wait for the next request; returns their number."""
    return sql.execute(
        "UPDATE events SET receipted_utc_us = ? WHERE seq IN (SELECT seq FROM events"
        " WHERE receipted_utc_us IS NULL AND priority = ? ORDER BY seq DESC LIMIT ?)",
        (utc_us, AGAIN, excess),
    ).rowcount


def _announced(sql: sqlite3.Connection) -> list[Range]:
    """Numbers that the hub will be told of, and those waiting for space to be reported."""
    bodies = sql.execute(
        "SELECT body FROM events WHERE kind = 'numbers_dropped' AND receipted_utc_us IS NULL"
    )
    said = chain.from_iterable(ranges_in(str(body)) for (body,) in bodies.fetchall())
    unsaid = sql.execute("SELECT first_seq, last_seq FROM unsaid_drops").fetchall()
    return [*said, *unsaid]


def _by_reason(sql: sqlite3.Connection, gone: tuple[Range, ...]) -> dict[str, tuple[Range, ...]]:
    if not gone:
        return {}
    aside = [(seq, seq) for (seq,) in sql.execute("SELECT seq FROM set_aside").fetchall()]
    forgotten = without(gone, aside)
    refused = without(gone, forgotten)
    return {
        reason: ranges
        for reason, ranges in ((REFUSED_BEFORE, refused), (FORGOTTEN, forgotten))
        if ranges
    }


def ranges_in(body: str) -> tuple[Range, ...]:
    """The ranges of numbers in a `numbers_dropped` event; none if the row is unreadable."""
    try:
        return NumbersDropped.model_validate_json(body).ranges
    except ValueError:
        return ()
