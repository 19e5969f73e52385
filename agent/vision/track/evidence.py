"""Evidence that a track is a person, before its sighting begins."""

from collections import deque
from dataclasses import dataclass, field

from agent.media.frame import Instant
from agent.vision.geometry import Box


@dataclass(frozen=True, slots=True)
class Hit:
    """A detection: time, index of the look, and weight."""

    at: Instant
    looks: int
    weight: float
    if_walks: float
    """Weight once the track is known to walk."""


@dataclass(slots=True)
class Suspect:
    """An unconfirmed track and its recent evidence."""

    first_seen: Instant
    last_seen: Instant
    first_box: Box
    score: float = 0.0
    hits: deque[Hit] = field(default_factory=deque)

    def evidence(self, *, walks: bool) -> float:
        """Sum of the weights, for a walking or a still track."""
        return sum(hit.if_walks if walks else hit.weight for hit in self.hits)
