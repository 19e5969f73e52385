"""The log: who looked at what."""

from typing import Final

from hub.base.audit.tables import audit
from hub.oversight.log import pages
from hub.oversight.log.service import LogService
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="log",
    templates=("hub.oversight.log",),
    routers=(pages.router,),
    services=(LogService,),
    tables=(audit,),
    acts=pages.acts,
    may={"read_log": lambda visit: visit.use(LogService).reads_log(visit.asker)},
)
