"""Kinds of alerts: what they are about."""

from enum import StrEnum
from typing import Final

CROWD: Final = "crowd"
"""Kind of a sighting for a whole crowd; its number of people is an estimate."""


TIP: Final = "tip"
"""Kind of the alert of a tip."""


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
