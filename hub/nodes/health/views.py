"""Views for people who look after cameras: nodes, and undelivered notifications."""

from dataclasses import dataclass
from uuid import UUID

from hub.registry.condition import NodeFacts
from hub.registry.health import LastHealth


@dataclass(frozen=True, slots=True)
class CameraState:
    """One camera of a node; `since_utc_us` is the start of its present state (lost or working)."""

    camera_id: UUID
    label: str
    is_lost: bool
    lost_reason: str
    since_utc_us: int


@dataclass(frozen=True, slots=True)
class LastRefusal:
    """A message of a node that the hub set aside."""

    reason: str
    """One of `agent.wire.answers.RefusalReason`."""
    at_utc_us: int


@dataclass(frozen=True, slots=True)
class NodeState:
    """State of one node as last known. Times are UTC microseconds by the hub's clock."""

    node_id: UUID
    name: str
    lineage: tuple[tuple[UUID, str], ...]
    """Id and name of its area and of those above, from its own upward."""
    state: str
    """One of `never`, `online`, `offline`."""
    since_utc_us: int
    heard_utc_us: int | None
    """Time of the last event, birth or health report; None: never."""
    software: str
    is_doubled: bool
    """True if two nodes used this name."""
    cameras: tuple[CameraState, ...]
    health: LastHealth | None
    missing: int
    """Missing numbers that the hub still asks for."""
    refused: int
    """Messages of the last 24 hours that the hub set aside."""
    last_refusal: LastRefusal | None
    """The last one of them."""
    dropped: int
    """Events the node will never send, as it reported."""
    delayed: int
    """Messages that its rate limit delayed in the last ten minutes, and just before."""
    unrecorded_why: str | None
    """Why it records no video: held, room or folder; None while it records."""
    is_held_back: bool = False
    """See `NodeFacts`."""

    @property
    def place(self) -> str:
        """The node's area with the areas above it: "Ngã tư 1, Tân Khai"."""
        return ", ".join(name for _, name in self.lineage)

    @property
    def facts(self) -> NodeFacts:
        """The facts from which the node's condition is judged."""
        return NodeFacts(
            state=self.state,
            since_utc_us=self.since_utc_us,
            reported_utc_us=self.health.received_utc_us if self.health is not None else None,
            health=self.health.said if self.health is not None else None,
            unrecorded_why=self.unrecorded_why,
            is_doubled=self.is_doubled,
            refused=self.refused,
            is_held_back=self.is_held_back,
        )


@dataclass(frozen=True, slots=True)
class FateCount:
    """Number of events of one kind with one result; a refused event counts under "refused"."""

    kind: str
    fate: str
    events: int
