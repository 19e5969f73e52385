"""Diagnoses that keepers ask of nodes."""

from typing import Final

from hub.base.db.table_notes import Mark
from hub.nodes.diagnostics import pages
from hub.nodes.diagnostics.tables import diagnoses as diagnoses_table
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="diagnostics",
    routers=(pages.router,),
    acts=pages.acts,
    tables=(diagnoses_table,),
    marks=(
        Mark(diagnoses_table, ("asked", "until")),
        Mark(diagnoses_table, ("sent",), is_repeated=True),
    ),
)
