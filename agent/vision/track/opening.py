"""First looks: tiles show people who stand there when a camera starts.

A person who does not move causes no look later, and the whole picture shows small people too small.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.vision.budget import MOST_A_FRAME
from agent.vision.detect.dense import grid
from agent.vision.geometry import Box
from agent.vision.track.track import STIRS, Track


@dataclass(frozen=True, slots=True)
class OpeningSettings:
    """How long the tiles are looked at."""

    passes: int = 1
    """Looks at each tile;"""
    most_looks: int = 8
    """at most this many at one with a likely still body that is not reported yet: each is
    evidence."""
    likely_score: float = 0.68
    """A body is likely from this score on. It is a little more than the score that is evidence for
    a still one: things that look a little like people have less."""
    most_strangers: int = 14
    """With more bodies not reported yet no tile is looked at: it is a crowd, which gets tiles
    anyway."""
    after_frames: int = 2
    """Frames before the first tile."""


class Opening:
    """The tiles of one camera, and how often each was looked at."""

    def __init__(self, settings: OpeningSettings | None = None) -> None:
        self._settings = settings or OpeningSettings()
        self._looks = dict.fromkeys(grid(3, 2), 0)
        """Looks at each tile; empty when none is due any more."""
        self._frames = 0

    def choose(self, strangers: Sequence[Track], *, besides: int) -> tuple[Box, ...]:
        """Tiles that are due in a frame with `besides` other looks, fewest looks first; `strangers`
        are bodies not reported yet. Empty in the first frames: a person who stands there is first
        seen in the second, and the look at the whole picture shows a crowd."""
        settings = self._settings
        self._frames += 1
        if self._frames <= settings.after_frames or len(strangers) > settings.most_strangers:
            return ()
        likely = [
            one.box for one in strangers if one.score >= settings.likely_score and one.moved < STIRS
        ]
        due = [tile for tile, looks in self._looks.items() if self._is_due(tile, looks, likely)]
        if not due:
            self._looks.clear()
        room = max(0, MOST_A_FRAME - besides)
        return tuple(sorted(due, key=self._looks.__getitem__)[:room])

    def looked(self, looks: Sequence[Box]) -> None:
        """Note that these looks of the frame were carried out."""
        for tile in looks:
            if tile in self._looks:
                self._looks[tile] += 1

    def _is_due(self, tile: Box, looks: int, likely: Sequence[Box]) -> bool:
        if looks < self._settings.passes:
            return True
        is_open = looks < self._settings.most_looks
        return is_open and any(tile.overlap(one) >= 0.8 * one.area for one in likely)
