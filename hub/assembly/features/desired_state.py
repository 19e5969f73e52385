"""Settings of nodes, and roll-outs."""

from typing import Final

from hub.alerts.rollout import Course
from hub.store.settings_tables import (
    node_group_members,
    node_groups,
    node_settings,
    rollout_nodes,
    rollouts,
    settings_changes,
)
from hub.store.table_notes import Mark
from hub.web import configuration
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="desired state",
    routers=(configuration.router,),
    tables=(
        node_groups,
        node_group_members,
        settings_changes,
        node_settings,
        rollouts,
        rollout_nodes,
    ),
    marks=(
        Mark(node_settings, ("wanted",)),
        Mark(node_settings, ("sent",), is_repeated=True),
        Mark(rollouts, ("settled",)),
        # A node's requests count as part of a roll-out from its start on, so the start moves too.
        Mark(rollouts, ("begun",), where=lambda _: rollouts.c.course == Course.RUNNING),
        Mark(rollout_nodes, ("told", "lost")),
    ),
)
