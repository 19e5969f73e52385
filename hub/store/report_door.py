"""The door's way to a leader's reports: as far as their own grants reach, and no further."""

from typing import Final

from hub.alerts.reports import Report, report
from hub.store import report_sights
from hub.store.phone_test_door import PhoneTestDoor
from hub.store.views import Asker

READERS: Final = frozenset({"leader", "keeper"})
"""Roles whose people read reports; whoever looks after cameras does too."""


class ReportDoor(PhoneTestDoor):
    """A day or a week."""

    def reads_reports(self, asker: Asker) -> bool:
        """Whether this person is shown reports; for the links of a page, shows nothing."""
        return asker.role in READERS or self.tends(asker)

    def report(
        self, asker: Asker, slots: tuple[int, ...], before: tuple[int, ...], *, name: str
    ) -> Report | None:
        """The span whose bounds are `slots` (UTC, µs), beside another; None for who reads none."""
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
