"""Tables of camera boxes on the pages of settings and programs: order, search and filter."""

from collections.abc import Iterable
from typing import Final

from hub.base.text.order import by_name, by_place
from hub.nodes.desired_state.release_service import NodeReleaseRow
from hub.nodes.desired_state.rules.layers import SettingsState
from hub.nodes.desired_state.views import NodeSettingsRow
from hub.nodes.desired_state.wording import state_word
from hub.web.i18n import Messages
from hub.web.table_view import Listing

WORST_FIRST: Final = (
    SettingsState.REFUSED,
    SettingsState.FELL_BACK,
    SettingsState.WAITING,
    SettingsState.IN_FORCE,
    SettingsState.UNASKED,
)

SETTINGS: Final = Listing[NodeSettingsRow](
    path="/configuration",
    part="nodes",
    columns={
        "state": lambda row: WORST_FIRST.index(row.state),
        "name": lambda row: by_name(row.name),
        "place": lambda row: by_place(row.place),
    },
    standard="state",
    text=lambda row: f"{row.name} {row.place} {row.reason}",
    choices={"state": (WORST_FIRST, lambda row: row.state)},
)

PROGRAMS: Final = Listing[NodeReleaseRow](
    path="/configuration/programs",
    part="nodes",
    columns={
        "state": lambda row: WORST_FIRST.index(row.state),
        "name": lambda row: by_name(row.name),
        "place": lambda row: by_place(row.place),
        "runs": lambda row: by_name(row.runs) if row.runs else None,
        "wanted": lambda row: by_name(row.wanted) if row.wanted else None,
    },
    standard="state",
    text=lambda row: f"{row.name} {row.place} {row.runs} {row.wanted}",
    choices={"state": (WORST_FIRST, lambda row: row.state)},
)


def states_of(states: Iterable[str], shown: str, words: Messages) -> list[tuple[str, str]]:
    """Choices of the filter: the states of boxes that occur and the one that is filtered by (empty:
    none), worst first, each with its text."""
    there = {*states, shown}
    return [(one.value, state_word(one, words)) for one in WORST_FIRST if one in there]
