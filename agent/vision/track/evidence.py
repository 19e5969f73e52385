"""Evidence that a track is a person, before its sighting begins."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from agent.media.frame import Instant
from agent.vision.geometry import Box

CLEAR = 0.4
"""A detection from this score on is a clear one."""
CLEAR_FINDS = 3
"""With fewer clear detections the others do not count: a spider on its web at the lens is followed
for seconds by weak detections only. Those of a near body that came there count as clear ones."""


class Held(StrEnum):
    """Rule by which a detection counts less than its score, or does not count."""

    CUT = "cut"
    """Cut by the picture's border: a part of its score counts."""
    UNSURE = "unsure"
    """The track has not walked, and the score is too low for a body that stands."""
    THING = "thing"
    """A known thing that looks like a person."""
    PARKED = "parked"
    """A two-wheeler without a rider, not moved."""
    WHEELS_STILL = "wheels_still"
    """A two-wheeler without a rider that moved, without motion in its place."""
    VEHICLE = "vehicle"
    """It may be a part of a car, a bus or a truck, and the score is too low for a far body.
    If the track began at the border, its earlier detections do not count any more."""
    FAINT = "faint"
    """Not clear, without enough clear ones beside it."""


@dataclass(frozen=True, slots=True)
class Weight:
    """Weight of one detection as evidence."""

    now: float
    if_walks: float
    """Once the track is known to walk."""
    held: Held | None = None
    """None: it counts in full."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A detection: time, index of the look, and weight."""

    at: Instant
    looks: int
    weight: Weight
    is_clear: bool
    """From `CLEAR` on, or of a near body that came there."""


@dataclass(slots=True)
class Suspect:
    """An unconfirmed track and its recent evidence."""

    first_seen: Instant
    last_seen: Instant
    first_box: Box
    score: float = 0.0
    hits: deque[Hit] = field(default_factory=deque)

    def evidence(self, *, walks: bool, in_crowd: bool) -> float:
        """Sum of the weights, for a walking or a still track."""
        counted = self._counted(in_crowd=in_crowd)
        return sum(hit.weight.if_walks if walks else hit.weight.now for hit in counted)

    def newest(self, *, in_crowd: bool) -> Weight:
        """Weight of the newest detection."""
        newest = self.hits[-1]
        is_counted = newest.weight.now == 0 or newest in self._counted(in_crowd=in_crowd)
        return newest.weight if is_counted else Weight(0.0, 0.0, Held.FAINT)

    def _counted(self, *, in_crowd: bool) -> Sequence[Hit]:
        """In a crowd people are small and seen rarely: all detections count."""
        clear = [hit for hit in self.hits if hit.is_clear]
        return self.hits if in_crowd or len(clear) >= CLEAR_FINDS else clear
