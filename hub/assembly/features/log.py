"""The log: who looked at what."""

from typing import Final

from hub.store.audit_tables import audit
from hub.store.log_door import LogService
from hub.web import log
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="log",
    routers=(log.router,),
    services=(LogService,),
    tables=(audit,),
    acts=log.acts,
    may={"read_log": lambda visit: visit.use(LogService).reads_log(visit.asker)},
)
