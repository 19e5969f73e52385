"""Enrolment of nodes: their own requests, and the keepers' pages."""

from typing import Final

from hub.access.rules.grants import Right
from hub.base.db.table_notes import Mark
from hub.nodes.enrolment import api, pages, sheet_pages
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.enrolment.service import EnrolmentService
from hub.nodes.enrolment.sheet_service import EnrolmentSheetService
from hub.nodes.enrolment.tables import (
    enrolment_sheets,
    enrolment_stamps,
    node_papers,
    sheet_codes,
)
from hub.nodes.enrolment.tables import enrolments as enrolments_table
from hub.web.feature import Feature
from hub.web.guard import Body
from hub.web.i18n import Messages
from hub.web.navigation import NavLink, Part

MAX_TABLE_BYTES: Final = 4 * 1024 * 1024
"""Largest table in a form."""


def _acts(words: Messages) -> dict[str, str]:
    return pages.acts(words) | sheet_pages.acts(words)


FEATURE: Final = Feature(
    name="enrolment",
    templates=("hub.nodes.enrolment",),
    routers=(api.router,),
    services=(EnrolmentService, EnrolmentSheetService),
    tables=(enrolments_table, node_papers, enrolment_sheets, sheet_codes, enrolment_stamps),
    marks=(Mark(enrolments_table, ("ends",)), Mark(enrolment_sheets, ("ends",))),
)
PAGES: Final = Feature(
    name="enrolment pages",
    routers=(pages.router, sheet_pages.router),
    acts=_acts,
    details=pages.details,
    detail_values={"why": lambda value, calendar: pages.why_refused(value, calendar.words)},
    bodies=(Body(r"/enrolments/table(/do)?", MAX_TABLE_BYTES),),
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
