"""Service for a leader's reports, limited to their own grants."""

from typing import Final

from hub.access import scope
from hub.base.audit.acting import Acting, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.oversight.reports import queries
from hub.oversight.reports.rules import Report, report

READERS: Final = frozenset({"leader", "keeper"})
"""Roles that read reports; people who look after cameras do too."""


class ReportService:
    """Daily, weekly and monthly reports."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def reads_reports(self, asker: Asker) -> bool:
        """Whether this person may read reports; for the links of a page."""
        with self._acting.part_of(asker, "phones.open") as look:
            return _reads_reports(look)

    def report(
        self,
        asker: Asker,
        slots: tuple[int, ...],
        before: tuple[int, ...],
        *,
        name: str,
        by_quarter: bool = False,
    ) -> Report | None:
        """Report on the span with the bounds `slots` (UTC, µs), compared with `before`; None if
        this person may read none."""
        with self._acting.reading(asker, "report.open") as look:
            if not _reads_reports(look):
                look.refuse(plain(name))
                return None
            conn, who, now = look.conn, asker.person_id, look.now
            found = report(
                queries.facts(conn, who, slots, now),
                queries.facts(conn, who, before, now),
                queries.named_cameras(conn, who, now),
                by_quarter=by_quarter,
            )
            look.done(_told(name, found.now.alerts))
        return found


def _reads_reports(look: Reading) -> bool:
    person_id = look.asker.person_id
    return look.asker.role in READERS or scope.tends_any(look.conn, person_id, look.now)


def _told(name: str, alerts: int) -> Detail:
    """The detail of a report of this name, such as `week-2026-11-23`."""
    match name.partition("-"):
        case "day", "-", day:
            return Detail("report.day", day=day, n=alerts)
        case "week", "-", day:
            return Detail("report.week", day=day, n=alerts)
        case "month", "-", day:
            return Detail("report.month", day=day, n=alerts)
        case _:
            return Detail("report.span", name=name, n=alerts)
