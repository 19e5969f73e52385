"""Service for closing many alerts at once with one reason, and for taking that back.

Each alert is closed as if alone: with its own scope check, log line and transaction, so that events
from nodes are written in between. A critical alert is closed like any other if it was chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from hub.alerting.alerts.rules.lifecycle import UNDO_S, Act
from hub.alerting.alerts.tables import alerts
from hub.alerting.alerts.views import AlertRow
from hub.alerting.response.service import ResponseService
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker

MOST_AT_ONCE: Final = 100


class TooManyError(ValueError):
    """More than `MOST_AT_ONCE` alerts were chosen."""


@dataclass(frozen=True, slots=True)
class Closings:
    """Closings of one person between two moments, both included; UTC microseconds.

    The span identifies a bulk closing without a list of alerts: the person closes nothing else in
    between.
    """

    first_utc_us: int
    last_utc_us: int


@dataclass(frozen=True, slots=True)
class BulkClosed:
    """Results of a bulk closing: numbers of alerts."""

    closed: int
    kept: int
    """Not closed now: somebody else has them, this person took them a moment ago or closed them
    earlier, or may not see them."""
    closings: Closings | None
    """None: none was closed."""


class BulkService:
    """Closes many alerts at once, and takes that back. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._responses = ResponseService(acting)

    def close(
        self,
        asker: Asker,
        alert_ids: Sequence[UUID],
        *,
        act: Act,
        reason: str,
        cause: str | None = None,
    ) -> BulkClosed:
        """Close these alerts; `reason` goes into the history of each, as a note.

        ValueError without a reason or without an alert, TooManyError for more than
        `MOST_AT_ONCE`.
        """
        wanted = list(dict.fromkeys(alert_ids))
        if not reason.strip() or not wanted or act == "take":
            raise ValueError("it needs a reason and some alerts")
        if len(wanted) > MOST_AT_ONCE:
            raise TooManyError(f"{len(wanted)} alerts, at most {MOST_AT_ONCE} go at once")
        with self._acting.part_of(asker, "alert.resolve") as look:
            # A second press of the button finds closed what the first one closed.
            recent_utc_us = look.now.plus_s(-UNDO_S).utc_us
        stamps = []
        for alert_id in wanted:
            answer = self._responses.act(asker, alert_id, act=act, note=reason, cause=cause)
            if isinstance(answer, AlertRow) and (answer.closed_utc_us or 0) >= recent_utc_us:
                stamps.append(answer.closed_utc_us or 0)
        closings = Closings(min(stamps), max(stamps)) if stamps else None
        return BulkClosed(len(stamps), len(wanted) - len(stamps), closings)

    def count(self, asker: Asker, closings: Closings) -> int:
        """Number of alerts of these closings that are still closed."""
        with self._acting.part_of(asker, "inbox.open") as look:
            query = select(func.count()).select_from(alerts).where(*_those(asker, closings))
            return look.conn.scalar(query) or 0

    def undo(self, asker: Asker, closings: Closings) -> int:
        """Take these closings back, each as `ResponseService.undo` does; returns the number of
        alerts that are running again. 0: it is too late, or there were none."""
        with self._acting.part_of(asker, "alert.undo") as look:
            query = select(alerts.c.id).where(*_those(asker, closings)).limit(MOST_AT_ONCE)
            found = list(look.conn.scalars(query.order_by(alerts.c.closed_utc_us.desc())))
        answers = [self._responses.undo(asker, alert_id) for alert_id in found]
        return sum(isinstance(answer, AlertRow) for answer in answers)


def _those(asker: Asker, closings: Closings) -> list[ColumnElement[bool]]:
    return [
        alerts.c.closed_by == asker.person_id,
        alerts.c.closed_utc_us.between(closings.first_utc_us, closings.last_utc_us),
    ]
