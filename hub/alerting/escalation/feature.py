"""Feature: progress of escalations, without pages of its own."""

from typing import Final

from hub.alerting.escalation.tables import escalations
from hub.base.db.table_notes import Mark
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="escalation", tables=(escalations,), marks=(Mark(escalations, ("due",)),)
)
