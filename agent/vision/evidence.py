"""What speaks for a track being somebody, before anybody is told of it."""

from collections import deque
from dataclasses import dataclass, field

from agent.media.frame import Instant
from agent.vision.zones import Box


@dataclass(frozen=True, slots=True)
class Hit:
    """A detection: when, at which of the looks at the spot, and how much it counts."""

    at: Instant
    looks: int
    weight: float
    if_walks: float
    """The same once it is known to walk."""


@dataclass(slots=True)
class Suspect:
    """A track that has not convinced yet, and its evidence of late."""

    first_seen: Instant
    last_seen: Instant
    first_box: Box
    score: float = 0.0
    hits: deque[Hit] = field(default_factory=deque)

    def evidence(self, *, walks: bool) -> float:
        """The sum of what its detections count, if it walks or does not."""
        return sum(hit.if_walks if walks else hit.weight for hit in self.hits)
