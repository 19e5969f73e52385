"""Kinds of alerts: what they are about."""

from enum import StrEnum
from typing import Final

CROWD: Final = "crowd"
"""Kind of a sighting for a whole crowd; its number of people is an estimate."""

TIP: Final = "tip"
"""Kind of the alert of a tip."""
TAMPER_PREFIX: Final = "tamper_"
"""Beginning of the kinds of alerts about a camera's view."""


class Kind(StrEnum):
    """Kind of trouble; also the kind of its alert."""

    CAMERA_LOST = "camera_lost"
    NODE_SILENT = "node_silent"
    LINK_LOST = "link_lost"
    BROKER_LOST = "broker_lost"
    NODE_RIVAL = "node_rival"
    """Two computers use one name."""
    NODE_UNRECORDED = "node_unrecorded"
    """No recording; alerts go on without clips."""


KINDS: Final = frozenset(Kind)


def is_tampering(kind: str) -> bool:
    """True if alerts of this kind are about a camera's view."""
    return kind.startswith(TAMPER_PREFIX)
