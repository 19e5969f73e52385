"""Service for a leader's reports, limited to their own grants."""

from typing import Final

from hub.alerts.reports import Report, report
from hub.store import report_sights, scope
from hub.store.asker import Asker
from hub.store.door_base import DoorBase

READERS: Final = frozenset({"leader", "keeper"})
"""Roles that read reports; people who look after cameras do too."""


class ReportDoor(DoorBase):
    """Daily and weekly reports."""

    def reads_reports(self, asker: Asker) -> bool:
        """Whether this person may read reports; for the links of a page, logs nothing."""
        if asker.role in READERS:
            return True
        with self._db.reading() as conn:
            return scope.tends_any(conn, asker.person_id, self._clock.now())

    def report(
        self, asker: Asker, slots: tuple[int, ...], before: tuple[int, ...], *, name: str
    ) -> Report | None:
        """Report on the span with the bounds `slots` (UTC, µs), compared with `before`; None if
        this person may read none."""
        if not self.reads_reports(asker):
            self._note(asker, "report.open.refused", detail=name)
            return None
        now, who = self._clock.now(), asker.person_id
        with self._db.reading() as conn:
            found = report(
                report_sights.facts(conn, who, slots, now),
                report_sights.facts(conn, who, before, now),
                report_sights.named_cameras(conn, who, now),
            )
        self._note(asker, "report.open", detail=f"{name}: {found.now.alerts} alerts")
        return found
