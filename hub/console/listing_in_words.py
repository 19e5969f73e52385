"""Alerts of the inbox in words: alerts that its reader is told of but may not see.

They stand before the page of the other alerts, all at once, because such a reader looks after one
small place.
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
    """The alerts of the tab, with a filter only critical ones that are not closed; and the numbers
    on both tabs."""

    rows: Sequence[AlertInWords]
    running: int
    handled: int


def told_in_words(look: Reading, asked: InboxAsked) -> ToldInWords:
    """Alerts that the reader is told of but may not see, on the tab that the form asks for."""
    conn, who, now = look.conn, look.asker.person_id, look.now
    running = in_words.running(conn, who, now)
    handled = in_words.handled(conn, who, now, MOST, since_utc_us=asked.began_utc_us)
    is_first = asked.after is None
    is_filtered = replace(asked.wanted, is_strict=False) != AlertFilter()
    rows = handled if asked.is_handled else running
    if is_filtered:
        rows = [row for row in rows if row.is_always_shown and not asked.wanted.is_strict]
    return ToldInWords(rows if is_first else (), len(running), len(handled))


def with_words(page: InboxPage, told: ToldInWords) -> InboxPage:
    """The page of the inbox, with its alerts in words added."""
    return replace(page, in_words=told.rows, counts=and_words(page.counts, told))


def and_words(counts: InboxCounts, told: ToldInWords) -> InboxCounts:
    """The numbers of the inbox, with the numbers of the alerts in words added."""
    return InboxCounts(
        counts.running + told.running, counts.handled + told.handled, counts.found + len(told.rows)
    )
