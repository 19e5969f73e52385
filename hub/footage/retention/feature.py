"""How long footage is kept, and holds for cases."""

from typing import Final

from hub.access.rules.grants import Right
from hub.base.db.table_notes import Mark
from hub.footage.retention import pages
from hub.footage.retention.rules import FootageClass
from hub.footage.retention.service import RetentionService
from hub.footage.retention.tables import holds, node_holds, retention_rules
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="retention",
    templates=("hub.footage.retention",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    detail_values={
        "footage": lambda value, calendar: pages.class_name(FootageClass(value), calendar.words)
    },
    services=(RetentionService,),
    tables=(retention_rules, holds, node_holds),
    marks=(Mark(node_holds, ("sent",), is_repeated=True),),
    links=(
        NavLink(
            address="/keeping",
            label=lambda words: words.say("Kept footage"),
            icon="picture",
            part=Part.FOOTAGE,
            may=lambda standing: standing.has(Right.MANAGE) or standing.has(Right.EXPORT),
        ),
    ),
)
