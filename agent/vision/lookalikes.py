"""What looks like a person and is a thing: statue, poster, traffic light, learned spot by spot.

A thing is known by three facts together: it never went anywhere, nothing stirs in its place for a
minute (who breathes and shifts does), and it has its colours. So whoever walks up and stands before
it is somebody, and so is whoever stands there in other clothes.
"""

from dataclasses import dataclass

from agent.media.frame import Instant
from agent.vision.clothes import Clothes, unlikeness
from agent.vision.track import Track
from agent.vision.zones import Box


@dataclass(frozen=True, slots=True)
class LookAlikeSettings:
    """What is learned, and for how long."""

    still_s: float = 60.0
    """A find in whose place nothing stirred for so long is a thing."""
    same_iou: float = 0.6
    """A find that overlaps a known thing by more than this (intersection over union),"""
    same_clothes: float = 12.0
    """and whose colours differ by less (see `clothes.unlikeness`), is that thing."""
    most: int = 64
    """So many are remembered for a camera; the one not seen for longest goes."""
    kept_s: float = 86_400.0
    """What was not seen for a day was carried away."""


@dataclass(slots=True)
class _Thing:
    box: Box
    clothes: Clothes | None
    last_seen: Instant


class LookAlikes:
    """The things of one camera's view."""

    def __init__(self, settings: LookAlikeSettings | None = None) -> None:
        self._settings = settings or LookAlikeSettings()
        self._things: list[_Thing] = []

    def __len__(self) -> int:
        return len(self._things)

    def is_thing(self, track: Track, now: Instant) -> bool:
        """The find of a track that went nowhere is a known thing, which is then seen at `now`."""
        thing = next((one for one in self._things if self._is_same(one, track)), None)
        if thing is None:
            return False
        thing.last_seen = now
        return True

    def is_still(self, track: Track, now: Instant) -> bool:
        """Nothing has stirred where the track is for so long that it cannot be alive."""
        return now.seconds_since(track.stirred_at or track.first_seen) >= self._settings.still_s

    def learn(self, track: Track, now: Instant) -> None:
        """From now on this is a thing."""
        kept = [one for one in self._things if self._is_kept(one, now)]
        self._things = sorted(kept, key=lambda one: one.last_seen)[-(self._settings.most - 1) :]
        self._things.append(_Thing(track.box, track.clothes, now))

    def _is_kept(self, thing: _Thing, now: Instant) -> bool:
        return now.seconds_since(thing.last_seen) <= self._settings.kept_s

    def _is_same(self, thing: _Thing, track: Track) -> bool:
        if thing.box.iou(track.box) <= self._settings.same_iou:
            return False
        if thing.clothes is None or track.clothes is None:
            return True
        return unlikeness(thing.clothes, track.clothes) < self._settings.same_clothes
