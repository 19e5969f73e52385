"""Feature: events of nodes, and the gaps in their numbers, without pages of its own."""

from typing import Final

from hub.base.db.table_notes import Mark
from hub.nodes.spool.tables import (
    boot_clocks,
    dropped_numbers,
    event_ids,
    events,
    missing_numbers,
)
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="spool",
    tables=(events, event_ids, dropped_numbers, boot_clocks, missing_numbers),
    marks=(Mark(missing_numbers, ("due",)),),
)
