"""Liveness facts of nodes, cameras and the broker, and the limits of their silence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from hub.registry.unheard import UNHEARD_AFTER_S, unheard_since


def span_us(span_s: float) -> int:
    """A span in microseconds."""
    return round(span_s * 1_000_000)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits in seconds for the start and the end of a trouble."""

    camera_lost_after_s: float = 30.0
    node_silent_after_s: float = 60.0
    """One and a half keep-alives: longer than the wills of one cut line take to arrive."""
    node_unheard_after_s: float = UNHEARD_AFTER_S
    broker_lost_after_s: float = 30.0
    back_after_s: float = 30.0
    """A shorter return does not end a trouble, so a flapping line is one trouble."""
    settle_s: float = 90.0
    """Grace period after the hub connects: nodes return one by one and are not judged yet."""
    link_nodes: int = 3
    """This many nodes of one area, and at least half of it, are one trouble of the line."""
    link_within_s: float = 120.0
    """Largest time between their losses."""
    rival_over_after_s: float = 3600.0
    """A conflict of two nodes with one name is not over sooner, though both pause for minutes."""
    held_back_over_after_s: float = 3600.0
    """A node whose uploads waited tries again every few minutes."""


@dataclass(frozen=True, slots=True)
class NodeLiveness:
    """Last known state of a node."""

    node_id: UUID
    area_ids: tuple[UUID, ...]
    """The node's own area first, then the areas above it."""
    is_online: bool
    since_utc_us: int
    """Online or offline since."""
    heard_utc_us: int | None = None
    """Time of the last report; None for a node without reports."""
    rival_utc_us: int | None = None
    """Last time two nodes were heard under this name."""
    held_back_utc_us: int | None = None
    """Last time its uploads waited because it was above its share."""
    unrecorded_utc_us: int | None = None
    """Without recording since; None while it records."""

    def silent_since(self, now_utc_us: int, bounds: Thresholds) -> int | None:
        """Time since which the node is silent; None while it is alive."""
        if not self.is_online:
            return self.since_utc_us
        return unheard_since(
            self.heard_utc_us, self.since_utc_us, now_utc_us, after_s=bounds.node_unheard_after_s
        )


@dataclass(frozen=True, slots=True)
class CameraLiveness:
    """Last state of a camera as reported by its node."""

    camera_id: UUID
    node_id: UUID
    is_lost: bool
    since_utc_us: int


@dataclass(frozen=True, slots=True)
class BrokerSign:
    """State of one broker, and since when."""

    is_heard: bool
    since_utc_us: int


@dataclass(frozen=True, slots=True)
class BrokerLiveness:
    """State of the hub's own connection to its brokers, and since when."""

    is_up: bool
    """True if the hub hears at least one broker."""
    since_utc_us: int
    signs: Mapping[str, BrokerSign] = field(default_factory=dict)
    """All brokers, by address; empty while nothing is known of them."""

    @property
    def are_all_heard(self) -> bool:
        """True if the hub hears every broker."""
        return self.is_up and all(sign.is_heard for sign in self.signs.values())


@dataclass(frozen=True, slots=True)
class LivenessFacts:
    """All liveness facts at one moment."""

    broker: BrokerLiveness
    nodes: Sequence[NodeLiveness]
    cameras: Sequence[CameraLiveness]
