"""Changes of a sighting, of a person or a crowd: opened, updated, closed."""

from dataclasses import dataclass
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.describe.description import Description
from agent.vision.detect.person import ObjectKind
from agent.vision.geometry import Box
from agent.vision.rules.rules import RuleMet
from agent.vision.sightings.leaving import LeavingSide


@dataclass(frozen=True, slots=True)
class Opened:
    """A sighting begins. `score` is the best so far; `people` counts this person too."""

    sighting_id: UUID
    track_id: int
    kind: ObjectKind
    people: int
    score: float
    box: Box
    first_seen: Instant
    at: Instant
    rules: tuple[RuleMet, ...] = ()
    """Camera rules met so far."""
    wakes: bool = True
    """False if it is only recorded: outside alert hours."""
    is_crowd: bool = False
    """True for a sighting of a whole crowd: `people` is an estimate, `track_id` is 0."""


@dataclass(frozen=True, slots=True)
class Updated:
    """More people than reported, a clearly better view, or a rule met; `box` is in the frame
    `at`."""

    sighting_id: UUID
    people: int
    score: float
    box: Box
    at: Instant
    rules: tuple[RuleMet, ...] = ()
    """Camera rules met now."""
    wakes: bool = False
    """True if it was only recorded so far and now alerts."""
    is_crowd: bool = False
    """`people` is an estimate."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The sighting ended; last seen at `last_seen`, certain at `at`."""

    sighting_id: UUID
    first_seen: Instant
    last_seen: Instant
    at: Instant
    came: Box | None = None
    """Box at the beginning of the sighting. None for a crowd, which moves in many directions."""
    went: Box | None = None
    """Box at the end of the sighting. None for a crowd."""
    rode: bool | None = None
    """True if they rode a two-wheeler; None for a crowd."""
    left_by: LeavingSide | None = None
    """Side of the picture by which they left; None for a crowd and for a standing person."""
    description: Description | None = None
    """Description from the best views; None for a crowd."""


SightingChange = Opened | Updated | Closed
