"""Signs of life of nodes, cameras and the broker, and how long each may be missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


def span_us(span_s: float) -> int:
    """A span in microseconds."""
    return round(span_s * 1_000_000)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a sign is a trouble, and when it is over. Spans in seconds."""

    camera_lost_after_s: float = 30.0
    node_silent_after_s: float = 60.0
    """Longer than the wills of one cut line take to come in: one and a half keep-alives."""
    node_unheard_after_s: float = 300.0
    """For a node that reports every minute and whose connection the broker still holds up."""
    broker_lost_after_s: float = 30.0
    back_after_s: float = 30.0
    """What comes back for less is still away: a line that flaps is one trouble."""
    settle_s: float = 90.0
    """After the hub's own connection is up: nodes come back one by one, and are not judged yet."""
    link_nodes: int = 3
    """So many nodes of one area, and at least half of it, are one trouble of the line."""
    link_within_s: float = 120.0
    """They fell silent within this span of one another."""
    rival_over_after_s: float = 3600.0
    """Two nodes of one name that step back for minutes are not over sooner."""


@dataclass(frozen=True, slots=True)
class NodeSigns:
    """A node as the hub last heard of it."""

    node_id: UUID
    area_ids: tuple[UUID, ...]
    """Its own area first, then those above it."""
    is_online: bool
    since_utc_us: int
    """Since when it is online, or not."""
    heard_utc_us: int | None = None
    """When it last reported; None for a node that does not report of itself."""
    rival_utc_us: int | None = None
    """When two were last heard of under its name."""
    unrecorded_utc_us: int | None = None
    """Since when it keeps no footage; None while it does."""

    def silent_since(self, now_utc_us: int, bounds: Thresholds) -> int | None:
        """Since when it gives no sign of life; None while it does."""
        if not self.is_online:
            return self.since_utc_us
        if self.heard_utc_us is None:
            return None
        heard = max(self.heard_utc_us, self.since_utc_us)
        return heard if now_utc_us - heard > span_us(bounds.node_unheard_after_s) else None


@dataclass(frozen=True, slots=True)
class CameraSigns:
    """A camera as its node last spoke of it."""

    camera_id: UUID
    node_id: UUID
    is_lost: bool
    since_utc_us: int


@dataclass(frozen=True, slots=True)
class BrokerSigns:
    """The hub's own connection: up or not, since when."""

    is_up: bool
    since_utc_us: int


@dataclass(frozen=True, slots=True)
class Scene:
    """All signs at one moment."""

    broker: BrokerSigns
    nodes: Sequence[NodeSigns]
    cameras: Sequence[CameraSigns]
