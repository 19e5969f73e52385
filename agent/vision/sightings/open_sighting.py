"""State of an open sighting."""

from dataclasses import dataclass
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.geometry import Box
from agent.vision.track.tracker import Track


@dataclass(slots=True)
class OpenSighting:
    """An open sighting, and what was reported of it."""

    sighting_id: UUID
    first_seen: Instant
    last_seen: Instant
    first_box: Box
    last_box: Box
    rides: bool
    speed: tuple[float, float]
    score: float
    best_view: float
    told_at: Instant
    there_at: Instant
    """Until when they are assumed to be present."""
    told_people: int = 0


def view_quality(track: Track) -> float:
    """Quality of a picture of this person: certain and large."""
    return track.score * track.box.height
