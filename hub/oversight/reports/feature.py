"""Reports of the day and the week."""

from typing import Final

from hub.oversight.reports import pages
from hub.oversight.reports.service import ReportService
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="reports",
    templates=("hub.oversight.reports",),
    routers=(pages.router,),
    services=(ReportService,),
    may={"read_reports": lambda visit: visit.use(ReportService).reads_reports(visit.asker)},
)
