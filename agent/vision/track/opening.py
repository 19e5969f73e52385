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
    turn: int = 2
    """After this many other looks a tile goes first."""


class Opening:
    """The tiles of one camera, and how often each was looked at."""

    def __init__(self, settings: OpeningSettings | None = None) -> None:
        self._settings = settings or OpeningSettings()
        self._looks = dict.fromkeys(grid(3, 2), 0)
        """Looks at each tile; empty when none is due any more."""
        self._frames = 0
        self._is_due = False
        self._others = 0
        """Other looks since a tile that is due had its last."""

    @property
    def goes_first(self) -> bool:
        """True if it is a tile's turn: or else none has a look on a busy street in a small
        budget."""
        return self._others >= self._settings.turn

    def choose(self, strangers: Sequence[Track], *, besides: int) -> tuple[Box, ...]:
        """Tiles that are due in a frame with `besides` other looks, fewest looks first; `strangers`
        are bodies not reported yet. Empty in the first frames: a person who stands there is first
        seen in the second, and the look at the whole picture shows a crowd."""
        settings = self._settings
        self._frames += 1
        self._is_due = False
        if self._frames <= settings.after_frames or len(strangers) > settings.most_strangers:
            return ()
        likely = [
            one.box for one in strangers if one.score >= settings.likely_score and one.moved < STIRS
        ]
        followed = [tile for tile in self._looks if _shows(tile, likely)]
        due = [
            tile for tile, looks in self._looks.items() if self._is_open(looks, tile in followed)
        ]
        if not due:
            self._looks.clear()
        self._is_due = bool(due)
        due.sort(key=self._looks.__getitem__)
        if self.goes_first:  # a body found is lost before all tiles have had their turn
            return tuple(sorted(due, key=lambda tile: tile not in followed)[:1])
        return tuple(due[: max(0, MOST_A_FRAME - besides)])

    def looked(self, looks: Sequence[Box]) -> None:
        """Note that these looks of the frame were carried out."""
        tiles = [one for one in looks if one in self._looks]
        for tile in tiles:
            self._looks[tile] += 1
        self._others = 0 if tiles or not self._is_due else self._others + len(looks)

    def _is_open(self, looks: int, is_followed: bool) -> bool:
        settings = self._settings
        return looks < (settings.most_looks if is_followed else settings.passes)


def _shows(tile: Box, bodies: Sequence[Box]) -> bool:
    """True if one of them lies in the tile."""
    return any(tile.overlap(one) >= 0.8 * one.area for one in bodies)
