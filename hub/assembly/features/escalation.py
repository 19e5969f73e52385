"""Progress of escalations, without pages of its own."""

from typing import Final

from hub.store.escalation_tables import escalations
from hub.store.table_notes import Mark
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="escalation", tables=(escalations,), marks=(Mark(escalations, ("due",)),)
)
