"""Health of the camera boxes."""

from typing import Final

from hub.access.rules.grants import Right
from hub.base.db.table_notes import Counted
from hub.nodes.health import pages, queries
from hub.nodes.health.service import NodeHealthService
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="node health",
    templates=("hub.nodes.health",),
    routers=(pages.router,),
    services=(NodeHealthService,),
    acts=pages.acts,
    details=pages.details,
    may={"tend_nodes": lambda visit: visit.use(NodeHealthService).tends(visit.asker)},
    links=(
        NavLink(
            address="/nodes",
            label=lambda words: words.say("Camera boxes"),
            icon="box",
            part=Part.CAMERAS,
            may=lambda standing: standing.has(Right.MANAGE),
            rail=7,
            waiting="troubled_nodes",
            waiting_word=lambda words: words.say("need you"),
        ),
    ),
    counted={"troubled_nodes": Counted(Right.MANAGE, queries.troubled_nodes)},
)
