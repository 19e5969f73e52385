"""What the eyes say of somebody or of a crowd: they came, something is new, they left."""

from dataclasses import dataclass
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.leaving import Side
from agent.vision.person import ObjectKind
from agent.vision.rules import RuleMet
from agent.vision.zones import Box


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody is there. `score` is the best so far, `people` counts this person too."""

    sighting_id: UUID
    track_id: int
    kind: ObjectKind
    people: int
    score: float
    box: Box
    first_seen: Instant
    at: Instant
    rules: tuple[RuleMet, ...] = ()
    """Rules of the camera that it met by now."""
    wakes: bool = True
    """False for one that is only recorded: nobody need be told at these hours."""
    is_crowd: bool = False
    """It stands for all in a crowd: `people` is about so many, `track_id` is 0."""


@dataclass(frozen=True, slots=True)
class Updated:
    """More people than were told before, a clearly better view, or a rule that was met; `box` is in
    the frame `at`."""

    sighting_id: UUID
    people: int
    score: float
    box: Box
    at: Instant
    rules: tuple[RuleMet, ...] = ()
    """Rules of the camera that were met now."""
    wakes: bool = False
    """True where it was only recorded so far, and people are to be told from now on."""
    is_crowd: bool = False
    """`people` is about so many."""


@dataclass(frozen=True, slots=True)
class Closed:
    """They are gone since `last_seen`; `at` is when that was sure."""

    sighting_id: UUID
    first_seen: Instant
    last_seen: Instant
    at: Instant
    came: Box | None = None
    """Where they were when they were told of;"""
    went: Box | None = None
    """and where they were last. Both None of a crowd, which goes many ways."""
    rode: bool | None = None
    """Whether they went on two wheels; None of a crowd."""
    left_by: Side | None = None
    """The side of the picture by which they left it; None of a crowd, and of who stood."""


SightingChange = Opened | Updated | Closed
