"""Feature: settings of nodes, and roll-outs."""

from typing import Final

from hub.access.rules.grants import Right
from hub.base.db.table_notes import Mark
from hub.nodes.desired_state import pages, wording
from hub.nodes.desired_state.rules.rollout import RolloutState
from hub.nodes.desired_state.service import SettingsService
from hub.nodes.desired_state.tables import (
    node_group_members,
    node_groups,
    node_settings,
    rollout_nodes,
    rollouts,
    settings_changes,
)
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="desired state",
    templates=("hub.nodes.desired_state",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    detail_values={"halted": lambda value, calendar: wording.halt_words(value, calendar.words)},
    services=(SettingsService,),
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
        Mark(rollouts, ("begun",), where=lambda _: rollouts.c.course == RolloutState.RUNNING),
        Mark(rollout_nodes, ("told", "lost")),
    ),
    links=(
        NavLink(
            address="/configuration",
            label=lambda words: words.say("Settings of camera boxes"),
            icon="settings",
            part=Part.CAMERAS,
            may=lambda standing: standing.has_on_area(Right.MANAGE),
        ),
    ),
)
