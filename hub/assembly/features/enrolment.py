"""Enrolment of nodes: their own requests, and the keepers' pages."""

from typing import Final

from hub.store.enrol_tables import enrolments as enrolments_table
from hub.store.enrol_tables import node_papers
from hub.store.table_notes import Mark
from hub.web import enrol, enrolments
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="enrolment",
    routers=(enrol.router,),
    tables=(enrolments_table, node_papers),
    marks=(Mark(enrolments_table, ("ends",)),),
)
PAGES: Final = Feature(name="enrolment pages", routers=(enrolments.router,))
