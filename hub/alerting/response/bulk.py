"""Service for closing many alerts at once with one reason, and for taking that back.

Each alert is closed as if alone, with its own scope check and log line. A few go in one
transaction: that is quick, and events from nodes are still written in between. A critical alert is
closed like any other if it was chosen. No mute is offered: nobody looked at each of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from hub.alerting.alerts.rules.lifecycle import (
    UNDO_ON_THE_WAY_S,
    Act,
    AlertChanged,
    AlertUnchanged,
    HeldBy,
    TooSoon,
    UndoOver,
)
from hub.alerting.alerts.tables import alerts
from hub.alerting.response.service import (
    alerts_by_id,
    come_back,
    outcome_of,
    undo_of,
    write_changes,
)
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail

MOST_AT_ONCE: Final = 500
TOGETHER: Final = 25
"""Alerts of one transaction: other writers wait for it."""


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
        stamps = [
            closed_utc_us
            for some in _parts(wanted)
            for closed_utc_us in self._close(asker, some, act=act, reason=reason, cause=cause)
        ]
        closings = Closings(min(stamps), max(stamps)) if stamps else None
        return BulkClosed(len(stamps), len(wanted) - len(stamps), closings)

    def _close(
        self, asker: Asker, alert_ids: Sequence[UUID], *, act: Act, reason: str, cause: str | None
    ) -> list[int]:
        """Close these alerts in one transaction; returns when each was closed, also by a first
        press of the same button."""
        changed, stamps = [], []
        with self._acting.changing(asker, f"alert.{act}", rings=True) as change:
            # A second press of the button finds closed what the first one closed.
            recent_utc_us = change.now.plus_s(-UNDO_ON_THE_WAY_S).utc_us
            rows = alerts_by_id(change, alert_ids)
            for alert_id in alert_ids:
                on, row = On("alert", alert_id), rows.get(alert_id)
                outcome = None if row is None else outcome_of(change, row, act)
                match outcome:
                    case AlertChanged() if row is not None:
                        change.done(on=on)
                        changed.append((row, outcome.life))
                        stamps.append(change.now.utc_us)
                    case AlertUnchanged() if row is not None:
                        change.note(f"{change.act}.again", on)
                        if (row.closed_utc_us or 0) >= recent_utc_us:
                            stamps.append(row.closed_utc_us or 0)
                    case HeldBy():
                        change.note(f"{change.act}.held", on)
                    case TooSoon():
                        change.note(f"{change.act}.refused", on, Detail("alert.too_soon"))
                    case _:
                        change.note(f"{change.act}.refused", on)
            write_changes(change, changed, note=reason, cause=cause)
        return stamps

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
        return sum(self._undo(asker, some) for some in _parts(found))

    def _undo(self, asker: Asker, alert_ids: Sequence[UUID]) -> int:
        undone = 0
        with self._acting.changing(asker, "alert.undo", rings=True) as change:
            rows = alerts_by_id(change, alert_ids)
            for alert_id in alert_ids:
                on, row = On("alert", alert_id), rows.get(alert_id)
                outcome = None if row is None else undo_of(change, row)
                if isinstance(outcome, AlertChanged) and row is not None:
                    change.done(on=on)
                    come_back(change, row, life=outcome.life, act="undone")
                    undone += 1
                else:
                    late = Detail("alert.undo_over") if isinstance(outcome, UndoOver) else None
                    change.note(f"{change.act}.refused", on, late)
        return undone


def _parts(alert_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (alert_ids[at : at + TOGETHER] for at in range(0, len(alert_ids), TOGETHER))


def _those(asker: Asker, closings: Closings) -> list[ColumnElement[bool]]:
    return [
        alerts.c.closed_by == asker.person_id,
        alerts.c.closed_utc_us.between(closings.first_utc_us, closings.last_utc_us),
    ]
