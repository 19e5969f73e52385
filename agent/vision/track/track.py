"""One body over time."""

from dataclasses import dataclass

from agent.media.frame import Instant
from agent.vision.detect.clothes import Clothes
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.detect.riders import WHEELS
from agent.vision.geometry import Box

CAME = 0.35
"""A near body (see `geometry.NEAR`) with motion in this share of its place came there, and is no
poster."""
CAME_SCORE = 0.3
"""Finds of a body that came near in motion begin tracks and are evidence from this score on. The
network is less sure of a near body than of a far one."""
STIRS = 0.02
"""A living person moves in this share of their box from time to time."""
WALKS = 0.3
"""Who moves by this, in their own boxes per second, walks."""


@dataclass(frozen=True, slots=True)
class Track:
    """One body over time. Ids count from 1 and are never reused.

    `box` is its present place, measured if `is_seen`, else predicted (possibly outside the
    picture).
    """

    track_id: int
    kind: ObjectKind
    """A person once a body was found, also a riding one."""
    box: Box
    score: float
    """Score of the last detection."""
    first_seen: Instant
    last_seen: Instant
    hits: int
    is_confirmed: bool
    is_seen: bool
    began_at: tuple[float, float]
    """Centre of its first box."""
    clothes: Clothes | None = None
    """Recent clothes; None while they are not measured."""
    travelled: float = 0.0
    """Largest distance from there, in body heights."""
    speed: tuple[float, float] = (0.0, 0.0)
    """Speed of the centre, in shares of the picture per second."""
    looks: int = 0
    """Looks at its place since it began."""
    misses: int = 0
    """Failed looks since it was last seen."""
    on_wheels: int = 0
    """Number of detections with a two-wheeler."""
    moved: float = 1.0
    """Share of its place with motion at its last detection."""
    stirred_at: Instant | None = None
    """Last motion there; None: none since it began."""
    last_look: Instant | None = None
    """Last look at its place, failed or not; None: none since it began."""
    sure_at: Instant | None = None
    """Last time it walked or had a sure detection; None: not since it began."""
    sure_clothes: Clothes | None = None
    """Clothes then."""
    found: Detection | None = None
    """The track's detection in this frame."""

    @property
    def is_mount(self) -> bool:
        """True for a two-wheeler without any rider found: it is parked, unless it moves."""
        return self.kind in WHEELS

    @property
    def pace(self) -> float:
        """Speed in its own boxes per second."""
        along, down = self.speed
        return max(abs(along) / max(self.box.width, 1e-6), abs(down) / max(self.box.height, 1e-6))

    @property
    def rides(self) -> bool:
        """True if the person was found on a two-wheeler so often that the track keeps it."""
        return 3 * self.on_wheels >= self.hits
