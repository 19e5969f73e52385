"""Enrolment of nodes: their own requests, and the keepers' pages."""

from typing import Final

from hub.access.rules.grants import Right
from hub.base.db.table_notes import Mark
from hub.nodes.enrolment import api, pages
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.enrolment.service import EnrolmentService
from hub.nodes.enrolment.tables import enrolments as enrolments_table
from hub.nodes.enrolment.tables import node_papers
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="enrolment",
    templates=("hub.nodes.enrolment",),
    routers=(api.router,),
    services=(EnrolmentService,),
    tables=(enrolments_table, node_papers),
    marks=(Mark(enrolments_table, ("ends",)),),
)
PAGES: Final = Feature(
    name="enrolment pages",
    routers=(pages.router,),
    acts=pages.acts,
    links=(
        NavLink(
            address="/enrolments",
            label=lambda words: words.say("New camera boxes"),
            icon="key",
            part=Part.CAMERAS,
            may=lambda standing: standing.has_on_area(Right.MANAGE),
            needs=Enrolling,
        ),
    ),
)
