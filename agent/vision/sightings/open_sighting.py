"""State of an open sighting."""

from dataclasses import dataclass
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.geometry import Box
from agent.vision.motion.moved import Moved
from agent.vision.track.lookalikes import Light
from agent.vision.track.track import STIRS, Track


@dataclass(slots=True)
class OpenSighting:
    """An open sighting, and its values at the last report."""

    sighting_id: UUID
    first_seen: Instant
    last_seen: Instant
    first_box: Box
    last_box: Box
    rides: bool
    speed: tuple[float, float]
    track: Track
    """When it was last seen."""
    score: float
    best_view: float
    told_at: Instant
    there_at: Instant
    """Moment until which they are assumed to be present."""
    track_since: Instant
    """When it was opened, or when this track continued it."""
    quiet_since: Instant
    """Last motion in its place in any frame since then; then, if there was none."""
    rest: Track
    """When it was last seen at rest: without motion in its place, or hardly moving in its colours,
    as long as it has not moved; or else when the track began: a passer before it changes its box
    and colours."""
    light: Light | None
    """The light then."""
    told_people: int = 0
    came_in_motion: bool = False
    """True if there was motion in its place before this track continued it."""
    stays: bool = False
    """True if another track found it there since its own track was at rest."""

    @property
    def stirred(self) -> bool:
        """True after any motion in its place."""
        return self.quiet_since > self.track_since

    def note_motion(self, moved: Moved, now: Instant) -> None:
        """Note the motion of the frame at `now`."""
        if moved.share(self.last_box) >= STIRS:
            self.quiet_since = now


def view_quality(track: Track) -> float:
    """Quality of a picture of this person: certain and large."""
    return track.score * track.box.height
