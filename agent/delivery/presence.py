"""Whether the hub is at the broker: values in, values out.

The broker repeats the hub's last word to everybody who comes, and says its will when the hub's
line breaks. A will that comes late is of an older birth and ends nothing.
"""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from agent.wire.presence import HubStatus


class Hub(Enum):
    """What this node knows of the hub."""

    UNKNOWN = "unknown"
    """No word yet on this connection, or a broker that passes none on."""
    HERE = "here"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class HubSeen:
    """The hub as it was last heard of, and by which of its births."""

    hub: Hub = Hub.UNKNOWN
    birth_id: UUID | None = None


def after(known: HubSeen, said: HubStatus) -> HubSeen:
    """What is known once this was said."""
    if said.is_here:
        return HubSeen(Hub.HERE, said.birth_id)
    if known.hub is Hub.HERE and said.birth_id != known.birth_id:
        return known
    return HubSeen(Hub.AWAY, said.birth_id)
