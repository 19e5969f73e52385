"""Presence of the hub: values in, values out.

The broker repeats the hub's last retained message to every new client and publishes its will when
its connection breaks. A late will belongs to an older birth and ends nothing.
"""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from agent.wire.presence import HubStatus


class HubState(Enum):
    """Known state of the hub."""

    UNKNOWN = "unknown"
    """No message yet on this connection, or a broker that forwards none."""
    HERE = "here"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class HubSeen:
    """Last known state of the hub, and its birth."""

    hub: HubState = HubState.UNKNOWN
    birth_id: UUID | None = None


def after(known: HubSeen, said: HubStatus) -> HubSeen:
    """State after this message."""
    if said.is_here:
        return HubSeen(HubState.HERE, said.birth_id)
    if known.hub is HubState.HERE and said.birth_id != known.birth_id:
        return known
    return HubSeen(HubState.AWAY, said.birth_id)


def is_back(before: HubSeen, now: HubSeen) -> bool:
    """True if the hub was away or has a new connection: messages sent to the earlier one may be
    lost."""
    return now.hub is HubState.HERE and before not in (HubSeen(), now)
