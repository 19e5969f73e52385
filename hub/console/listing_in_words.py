"""The inbox's alerts in words: those that its reader is told of and may not see.

They stand before the page of the others, all at once: such a person looks after one small place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.alerting.alerts import in_words
from hub.alerting.alerts.rules.listing import AlertFilter
from hub.alerting.alerts.views import AlertInWords
from hub.base.audit.acting import Reading
from hub.console.views import InboxAsked, InboxCounts, InboxPage

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class ToldInWords:
    """The alerts of the tab, none with a filter; and the numbers on both tabs."""

    rows: Sequence[AlertInWords]
    running: int
    handled: int


def told_in_words(look: Reading, asked: InboxAsked) -> ToldInWords:
    """What the reader is told of, on the tab that is asked for."""
    conn, who, now = look.conn, look.asker.person_id, look.now
    running = in_words.running(conn, who, now)
    handled = [
        row
        for row in in_words.handled(conn, who, now, MOST)
        if (row.closed_utc_us or 0) >= asked.began_utc_us
    ]
    is_first = asked.after is None
    is_filtered = replace(asked.wanted, is_strict=False) != AlertFilter()
    rows = handled if asked.is_handled else running
    return ToldInWords(rows if is_first and not is_filtered else (), len(running), len(handled))


def with_words(page: InboxPage, told: ToldInWords) -> InboxPage:
    """The page with its alerts in words."""
    return replace(page, in_words=told.rows, counts=and_words(page.counts, told))


def and_words(counts: InboxCounts, told: ToldInWords) -> InboxCounts:
    """The numbers with those of the alerts in words."""
    return InboxCounts(
        counts.running + told.running, counts.handled + told.handled, counts.found + len(told.rows)
    )
