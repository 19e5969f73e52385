"""Facts that the boxes of one frame tell of a body: hidden, alone or with others, how tall, how
fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from agent.vision.describe.description import Speed
from agent.vision.detect.riders import sits
from agent.vision.geometry import Box
from agent.vision.track.track import Track

MOST_PEOPLE = 20
STANDS_BELOW = 0.2
"""In body heights per second; boxes of a standing person shake."""
FAST_FROM = 1.7
"""In body heights per second: about 3 m/s. Fast walkers have 1.3."""
APART = 0.9
"""People of one group are at most this far apart, in body heights."""
SAME_GROUND = 0.2
"""The feet of people of one group differ by at most this, in body heights."""
SAME_HEIGHT = 1.35
"""The heights of people of one group differ by at most this factor."""
SAME_SPEED = 0.4
"""The speeds of people of one group differ by at most this, in body heights per second."""
LEAST_HEIGHT_M, MOST_HEIGHT_M = 0.5, 2.5


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of a camera over flat ground that sees a level horizon."""

    mast_height_m: float
    horizon: float
    """Share of the picture's height from its top; below 0: above the picture."""

    def height_m(self, body: Box) -> float | None:
        """Height of somebody on foot in `body`; None if it cannot be a person's."""
        below = body.y1 - self.horizon
        if below <= 0:
            return None
        height_m = self.mast_height_m * body.height / below
        return height_m if LEAST_HEIGHT_M <= height_m <= MOST_HEIGHT_M else None


def hidden_share(body: Box, others: Sequence[Box]) -> float:
    """Share (0-1) of a body behind the most covering one of the others that stand nearer."""
    covered = 0.0
    for box in others:
        if box.y1 > body.y1 and box.x0 < body.x1 and box.x1 > body.x0:
            covered = max(covered, body.overlap(box))
    return covered / max(body.area, 1e-9)


def driver_of(track: Track, drivers: Sequence[Track]) -> Track | None:
    """Who drives the two-wheeler that this body sits on, itself or one of the `drivers` in this
    frame; a two-wheeler without a rider found drives itself. None on foot."""
    if track.is_mount or mount(track) is not None:
        return track
    return next((one for one in drivers if _sits_on(track, one)), None)


def mount(track: Track) -> Box | None:
    """The two-wheeler found under this body in this frame."""
    return track.found.mount if track.found else None


def people_on(driver: Track, others: Sequence[Track]) -> int:
    """Number of people on a two-wheeler, at most 20."""
    pillion = sum(one is not driver and _sits_on(one, driver) for one in others)
    return min(MOST_PEOPLE, 1 + pillion)


def people_with(track: Track, others: Sequence[Track], *, aspect: float) -> int:
    """Number of people who walk or stand with this one, this one included, at most 20."""
    reach = APART * SAME_HEIGHT * track.box.height / aspect
    left, right = track.box.center[0] - reach, track.box.center[0] + reach
    count = sum(
        one is not track and left <= one.box.center[0] <= right and _goes_with(track, one, aspect)
        for one in others
    )
    return min(MOST_PEOPLE, 1 + count)


def speed_of(track: Track, *, aspect: float) -> Speed:
    """From the track's smoothed speed, in its own heights per second."""
    right, down = track.speed
    pace = hypot(right * aspect, down) / max(track.box.height, 1e-6)
    if pace < STANDS_BELOW:
        return Speed.STANDING
    return Speed.FAST if pace >= FAST_FROM else Speed.WALKING


def _sits_on(track: Track, driver: Track) -> bool:
    wheels = mount(driver)
    return wheels is not None and not track.is_mount and sits(track.box, wheels)


def _goes_with(one: Track, other: Track, aspect: float) -> bool:
    """Two people on foot, beside one another, at one pace."""
    if other.is_mount or other.rides or not other.is_confirmed:
        return False
    height = max(one.box.height, other.box.height, 1e-6)
    (x, _), (u, _) = one.box.center, other.box.center
    (right, down), (right_too, down_too) = one.speed, other.speed
    return (
        height <= SAME_HEIGHT * min(one.box.height, other.box.height)
        and abs(u - x) * aspect <= APART * height
        and abs(one.box.y1 - other.box.y1) <= SAME_GROUND * height
        and hypot((right - right_too) * aspect, down - down_too) <= SAME_SPEED * height
    )
