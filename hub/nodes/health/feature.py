"""Health of the camera boxes."""

from typing import Final

from hub.nodes.health import pages
from hub.nodes.health.service import NodeHealthService
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="node health",
    templates=("hub.nodes.health",),
    routers=(pages.router,),
    services=(NodeHealthService,),
    acts=pages.acts,
    may={"tend_nodes": lambda visit: visit.use(NodeHealthService).tends(visit.asker)},
)
