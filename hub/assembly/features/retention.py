"""How long footage is kept, and holds for cases."""

from typing import Final

from hub.store.keeping_door import RetentionService
from hub.store.keeping_tables import holds, node_holds, retention_rules
from hub.store.table_notes import Mark
from hub.web import keeping
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="retention",
    routers=(keeping.router,),
    tables=(retention_rules, holds, node_holds),
    marks=(Mark(node_holds, ("sent",), is_repeated=True),),
    may={"hold": lambda visit: visit.use(RetentionService).may_hold(visit.asker)},
)
