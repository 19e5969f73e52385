"""Feature: the tables of areas, nodes and cameras, without pages of its own."""

from typing import Final

from hub.base.db.table_notes import Mark
from hub.registry import wording
from hub.registry.tables import (
    areas,
    camera_zones,
    cameras,
    health_history,
    node_health,
    nodes,
    set_aside,
)
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="registry",
    tables=(areas, nodes, cameras, camera_zones, node_health, health_history, set_aside),
    acts=wording.acts,
    details=wording.details,
    marks=(
        Mark(nodes, ("state_since", "seen", "rival", "delayed", "held_back")),
        Mark(node_health, ("received",)),
        Mark(cameras, ("state_since",), is_repeated=True),
    ),
)
