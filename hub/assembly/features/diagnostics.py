"""Diagnoses that keepers ask of nodes."""

from typing import Final

from hub.store.diagnosis_tables import diagnoses as diagnoses_table
from hub.store.table_notes import Mark
from hub.web import diagnoses
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="diagnostics",
    routers=(diagnoses.router,),
    tables=(diagnoses_table,),
    marks=(
        Mark(diagnoses_table, ("asked", "until")),
        Mark(diagnoses_table, ("sent",), is_repeated=True),
    ),
)
