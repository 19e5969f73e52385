"""Whether a later track is the body of an earlier one, by its looks before and after.

Distances, sizes and clothes are alike if they are for the tracker.
"""

from enum import StrEnum
from math import hypot
from typing import Final, NamedTuple

from agent.media.frame import Instant
from agent.vision.detect.clothes import Clothes, are_unlike
from agent.vision.geometry import Box, is_whole
from agent.vision.sightings.leaving import is_inside
from agent.vision.track.track import WALKS, Track
from agent.vision.track.tracker import TrackSettings

JOIN_S: Final = 2.0
"""Longest time unseen between two tracks of one body."""
_LIKE: Final = TrackSettings()


class Difference(StrEnum):
    """What shows that a later track is another body."""

    AT_ONCE = "at_once"
    """Both were found at the same time."""
    BORDER = "border"
    """It came in at the border, and the other was last seen inside the picture."""
    CLOTHES = "clothes"
    DIRECTION = "direction"
    """Both walked, in opposite directions."""


class Looks(NamedTuple):
    """How a track was found once."""

    at: Instant
    box: Box
    speed: tuple[float, float]
    """See `Track.speed`."""
    clothes: Clothes | None
    walks: bool
    is_mount: bool

    @classmethod
    def of(cls, track: Track) -> "Looks":
        """The looks of a track in a frame in which it was found."""
        walks = track.travelled >= _LIKE.went and track.pace >= WALKS
        box, speed, clothes = track.box, track.speed, track.clothes
        return cls(track.last_seen, box, speed, clothes, walks, track.is_mount)


def difference(went: Looks, came: Looks, early: Looks, aspect: float) -> Difference | None:
    """What shows that a later track is another body than that of `went`, its end; `came` is the
    later one at first and `early` soon after; `aspect` is the picture's width over its height."""
    if came.at.mono_ns < went.at.mono_ns:
        return Difference.AT_ONCE
    if is_inside(went.box) and not is_inside(came.box):
        return Difference.BORDER
    if are_unlike(went.clothes, early.clothes):
        return Difference.CLOTHES
    (x, y), (u, v) = went.speed, early.speed
    if went.walks and early.walks and x * u * aspect**2 + y * v < 0:
        return Difference.DIRECTION
    return None


def heights_between(went: Looks, came: Looks, aspect: float) -> float | None:
    """Distance of the first place of a later track from the last of an earlier one, or from where
    that would be by then, in body heights. None if it is too far, or they are not alike in size and
    kind."""
    gap_s = max(0.0, came.at.seconds_since(went.at))
    low, high = sorted((went.box.height, came.box.height))
    are_whole = is_whole(went.box) and is_whole(came.box)
    if high > low * (_LIKE.size_ratio if are_whole else _LIKE.part_ratio):
        return None
    (x, y), (u, v), (right, down) = went.box.center, came.box.center, went.speed
    away = min(
        hypot((u - x - right * span_s) * aspect, v - y - down * span_s) / high
        for span_s in (0.0, gap_s)
    )
    is_near = away <= _LIKE.near + _LIKE.near_grows_per_s * gap_s
    return away if is_near and went.is_mount is came.is_mount else None


def is_sure(track: Track) -> bool:
    """True if a track was surely found."""
    return track.score >= _LIKE.sure_score


def took_over(sure_at: Instant, wore: Clothes | None, track: Track) -> bool:
    """True if a track last surely found at `sure_at`, long ago, is found so now in other clothes:
    it hung on something, and follows a passer. `wore` are the clothes of that find alone."""
    hung_s = track.last_seen.seconds_since(sure_at)
    if hung_s <= JOIN_S or not is_sure(track) or track.found is None:
        return False
    return are_unlike(wore, track.found.clothes, _LIKE.weak_clothes)


def lies_in(one: Track, other: Track) -> bool:
    """True if nearly all of a found track's box is in that of another."""
    if not other.is_seen or other is one or one.is_mount is not other.is_mount:
        return False
    return one.box.overlap(other.box) > _LIKE.passing_part * one.box.area
