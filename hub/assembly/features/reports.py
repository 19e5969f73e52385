"""Reports of the day and the week."""

from typing import Final

from hub.store.report_door import ReportService
from hub.web import reports
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="reports",
    routers=(reports.router,),
    services=(ReportService,),
    may={"read_reports": lambda visit: visit.use(ReportService).reads_reports(visit.asker)},
)
