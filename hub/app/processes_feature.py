"""Feature: the tables that several processes of a hub share; no pages."""

from typing import Final

from hub.base.db.table_notes import Mark
from hub.base.processes.tables import hub_clock, leases
from hub.base.secret_store.tables import sealed_secrets
from hub.base.storage.tables import upload_pieces
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="processes",
    tables=(leases, hub_clock, sealed_secrets, upload_pieces),
    marks=(Mark(upload_pieces, ("came",)),),
)
