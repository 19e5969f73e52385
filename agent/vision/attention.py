"""Who of those that are tracked need be looked at now: few do in every frame.

Somebody new is looked at frame by frame, for each look is evidence. Who was told of and walks on
steadily is where their speed carries them, and somebody in whose place nothing stirs still stands
there: they are looked at only so often as not to be lost. It is frame by frame again for whoever
the last looks missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.media.frame import Instant
from agent.vision.motion import moved_share
from agent.vision.track import STIRS, Track
from agent.vision.zones import Box

EARLY_S = 0.01
"""Frames do not come to the millisecond."""


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """How often somebody is looked at again."""

    new_looks: int = 12
    """Who is not told of yet is looked at in each frame in which they move, for so many looks."""
    walking_every_s: float = 0.1
    """Who moves: at fifteen frames a second in every second one;"""
    most_new: int = 10
    """Where there are more, looks go where something moves."""
    standing_every_s: float = 1.0
    """who stands still:"""
    standing_after_s: float = 2.0
    """nothing has stirred in their place for so long,"""
    walks: float = 0.3
    """and they do not go so many of their own boxes a second: in a downpour at night hardly a
    walker stands out from what the weather stirs."""
    misses: int = 3
    """Who was looked for in vain is looked for again in the next frames, so many times."""
    along: float = 0.5
    """When anybody is due, whoever has waited this share of their time is looked at along with
    them: one look often shows both."""


class Attention:
    """Chooses among those who are tracked; what it must remember stands in the tracks."""

    def __init__(self, settings: AttentionSettings | None = None) -> None:
        self._settings = settings or AttentionSettings()

    def due(
        self, now: Instant, tracks: Sequence[Track], *, moved: Sequence[Box]
    ) -> tuple[Box, ...]:
        """Places of those to be looked at, of the `tracks` told of (where they are expected `now`);
        `moved` is what moved in this frame."""
        waits = [(self._lateness(now, one, moved), one.box) for one in tracks]
        if not any(late >= 1.0 for late, _ in waits):
            return ()
        return tuple(box for late, box in waits if late >= self._settings.along)

    def strangers(self, tracks: Sequence[Track], *, moved: Sequence[Box]) -> tuple[Box, ...]:
        """Places of those of the `tracks`, not told of yet, of whom each look is evidence: they
        move. More than `most_new` of them are none: see `is_rush`."""
        settings = self._settings
        found = tuple(
            one.box
            for one in tracks
            if one.looks < settings.new_looks and moved_share(one.box, moved) >= STIRS
        )
        return found if len(found) <= settings.most_new else ()

    def is_rush(self, tracks: Sequence[Track], *, moved: Sequence[Box]) -> bool:
        """So many strangers that what moved had better be looked at as it comes, frame by frame:
        a crowd is found so."""
        stirring = sum(moved_share(one.box, moved) >= STIRS for one in tracks)
        return stirring > self._settings.most_new

    def _lateness(self, now: Instant, track: Track, moved: Sequence[Box]) -> float:
        """The time since the last look, in shares of that between two; from 1 on it is due."""
        every_s = self._every_s(now, track, moved)
        waited_s = now.seconds_since(track.last_look or track.last_seen) + EARLY_S
        return waited_s / every_s if every_s > 0 else 1.0

    def _every_s(self, now: Instant, track: Track, moved: Sequence[Box]) -> float:
        settings = self._settings
        stirs = moved_share(track.box, moved) >= STIRS
        stirred = track.stirred_at or track.first_seen
        is_still = not stirs and now.seconds_since(stirred) > settings.standing_after_s
        if is_still and _pace(track) < settings.walks:
            return settings.standing_every_s
        if 0 < track.misses <= settings.misses:
            return 0.0
        return settings.walking_every_s


def _pace(track: Track) -> float:
    """How many of its own boxes it goes a second."""
    along, down = track.speed
    return max(abs(along) / max(track.box.width, 1e-6), abs(down) / max(track.box.height, 1e-6))
