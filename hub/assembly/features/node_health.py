"""Health of the camera boxes."""

from typing import Final

from hub.store.keepers_door import NodeHealthService
from hub.web import keepers
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="node health",
    routers=(keepers.router,),
    acts=keepers.acts,
    may={"tend_nodes": lambda visit: visit.use(NodeHealthService).tends(visit.asker)},
)
