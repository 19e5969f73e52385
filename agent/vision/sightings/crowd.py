"""A crowd is one sighting with an estimated number of people.

Above about twenty people, tracks switch bodies faster than they can be told apart, and an officer
cannot read a list of them. So confirmed people are counted, one sighting stands for all, and the
number is rounded to its precision.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.detect.person import ObjectKind
from agent.vision.geometry import WHOLE, Box
from agent.vision.sightings.changes import Opened, Updated
from agent.vision.track.track import Track


@dataclass(frozen=True, slots=True)
class CrowdSettings:
    """When a crowd begins and ends."""

    from_people: int = 20
    """This many people in view at once are a crowd."""
    until_share: float = 0.6
    """A crowd ends when fewer than this share of `from_people` is left."""
    rising_s: float = 0.5
    """Averaging time while the number of people rises, in seconds. It is short, or else the first
    twenty are reported one by one."""
    falling_s: float = 3.0
    """Averaging time while the number of people falls, in seconds. Some people are always
    hidden."""
    more_by: float = 1.25
    """An update is sent when the number is this many times the one reported."""


class CrowdGauge:
    """Averaged number of bodies, with hysteresis."""

    def __init__(self, settings: CrowdSettings | None = None) -> None:
        self._settings = settings or CrowdSettings()
        self._mean = 0.0
        self._last: Instant | None = None
        self._is_crowd = False

    def step(self, now: Instant, bodies: int) -> int:
        """Add the number of bodies in view at `now`; returns the crowd's size, 0 without a
        crowd."""
        settings = self._settings
        elapsed_s = max(0.0, now.seconds_since(self._last)) if self._last else 0.0
        self._last = now
        memory_s = settings.rising_s if bodies > self._mean else settings.falling_s
        self._mean += min(1.0, elapsed_s / memory_s) * (bodies - self._mean)
        share = settings.until_share if self._is_crowd else 1.0
        self._is_crowd = self._mean >= share * settings.from_people
        return round(self._mean) if self._is_crowd else 0


@dataclass(slots=True)
class Crowd:
    """The one sighting of a crowd; `members` are tracks with the time each was last seen."""

    sighting_id: UUID
    first_seen: Instant
    last_seen: Instant
    told_at: Instant
    score: float = 0.0
    people: int = 0
    """Estimated number now; the largest was reported."""
    told_people: int = 0
    members: dict[int, Instant] = field(default_factory=dict)

    def note(self, track: Track, now: Instant) -> None:
        """Note that this member of the crowd was seen."""
        self.members[track.track_id] = now
        self.last_seen = now
        self.score = max(self.score, track.score)

    def forget(self, now: Instant, gap_s: float) -> None:
        """Remove members that were unseen for longer than `gap_s`."""
        self.members = {
            track_id: seen
            for track_id, seen in self.members.items()
            if now.seconds_since(seen) <= gap_s
        }

    def opened(self, now: Instant, box: Box) -> Opened:
        """The opening of the crowd's sighting; `box` is around all members."""
        return Opened(
            sighting_id=self.sighting_id,
            track_id=0,
            kind=ObjectKind.PERSON,
            people=self.told_people,
            score=self.score,
            box=box,
            first_seen=self.first_seen,
            at=now,
            is_crowd=True,
        )

    def update(self, now: Instant, box: Box) -> Updated:
        """An update of the crowd's sighting; the number of people in it counts as reported."""
        self.told_at, self.told_people = now, max(self.told_people, self.people)
        return Updated(
            sighting_id=self.sighting_id,
            people=self.people,
            score=self.score,
            box=box.clipped(),
            at=now,
            is_crowd=True,
        )


def about(people: int) -> int:
    """The number rounded to fives, from fifty on to tens: the precision of a crowd count."""
    step = 5 if people < 50 else 10
    return max(1, step * round(people / step)) if people > step else people


def around(boxes: Iterable[Box]) -> Box:
    """Smallest box around all `boxes`, inside the picture; the whole picture if there are none."""
    all_of_them = list(boxes)
    if not all_of_them:
        return WHOLE
    return Box(
        min(box.x0 for box in all_of_them),
        min(box.y0 for box in all_of_them),
        max(box.x1 for box in all_of_them),
        max(box.y1 for box in all_of_them),
    ).clipped()
