"""Kinds of alerts."""

from enum import StrEnum
from typing import Final

CROWD: Final = "crowd"
"""Kind of a sighting for a whole crowd; its number of people is an estimate."""

TIP: Final = "tip"
"""Kind of the alert of a tip."""
TAMPER_PREFIX: Final = "tamper_"
"""Beginning of the kinds of alerts about a camera's view."""


class Kind(StrEnum):
    """Kinds of alerts and troubles."""

    CAMERA_LOST = "camera_lost"
    NODE_SILENT = "node_silent"
    LINK_LOST = "link_lost"
    BROKER_LOST = "broker_lost"
    """The hub hears none of its brokers."""
    BROKER_UNHEARD = "broker_unheard"
    """The hub hears some of its brokers; one of them it does not hear."""
    NODE_RIVAL = "node_rival"
    """Two computers use one name."""
    NODE_UNRECORDED = "node_unrecorded"
    """No recording; alerts go on without clips."""
    NODE_HELD_BACK = "node_held_back"
    """Its uploads wait: the hub's disk is short, and it filled more than its share."""


KINDS: Final = frozenset(Kind)
EVERYWHERE: Final = frozenset({Kind.BROKER_LOST, Kind.BROKER_UNHEARD})
"""Troubles of no place."""


def is_tampering(kind: str) -> bool:
    """True if alerts of this kind are about a camera's view."""
    return kind.startswith(TAMPER_PREFIX)
