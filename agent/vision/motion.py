"""What moved: exact means of 8x8 pixels that differ from the background by more than light can do.

Every pixel counts. Each block is the mean of all its 64, made by three 2x2 halvings (half the time
of one step of 8); point samples would be cheaper and would see every raindrop. All that follows is
a few operations on one 64th of the picture, and most of them only when something differs at all.
"""

from collections.abc import Sequence
from ctypes import CDLL
from dataclasses import dataclass, field, replace
from operator import itemgetter

import numpy as np

from agent.media.frame import Frame, Instant, Plane
from agent.vision import fast
from agent.vision.ground import Ground, GroundSettings
from agent.vision.person import check
from agent.vision.scenery import Means
from agent.vision.zones import WHOLE, Box, Polygon, inside

_Region = tuple[int, int, int, int, int]
"""How large, and x0, y0, x1, y1; in blocks."""
_area = itemgetter(0)

HALVINGS = 3


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """How easily something counts as moved."""

    ground: GroundSettings = field(default_factory=GroundSettings)
    least_blocks: int = 2
    """A region of fewer 8x8 blocks is nothing."""
    sure_blocks: int = 12
    """A region of fewer is something only if it was there in the two frames before: a person 40
    pixels high covers 15 blocks at once, a raindrop or a lamp in the distance a few."""
    again_s: float = 0.25
    """After a longer time without a frame that is not asked: everybody has moved on."""
    steady: float = 0.6
    """Of what is found, this share is usually found again in the next frame; a person has nine
    tenths. When it is less, something falls: then only what was there in the two frames before
    counts, be it large or small."""
    steady_gain: float = 0.05
    """Share of a frame's deviation from it taken over: a shower is known after two seconds."""
    steady_blocks: int = 20
    """A frame with fewer says nothing about that."""
    settle_s: float = 1.0
    """After the start the whole picture counts as moved for this long: nobody knows yet."""
    flood: float = 0.4
    """When more than this share of the blocks moved, the camera was turned or went to infrared:
    the background starts anew."""


class MotionFinder:
    """Compares each frame with what it has learned from those before; used by one thread."""

    def __init__(
        self,
        settings: MotionSettings | None = None,
        ignored: Sequence[Polygon] = (),
        library: CDLL | None = fast.LIBRARY,
    ) -> None:
        """Nothing ever moves in the parts of the picture that are `ignored`. Without `library` the
        same is done by numpy and OpenCV."""
        self._settings, self._library = settings or MotionSettings(), library
        self._ignored = ignored
        self._halver: Halver | None = None
        self._ground: Ground | None = None
        self._persistence = _Persistence(self._settings)
        self._moved, self._everything = np.empty((0, 0), np.uint8), 1
        """Room for a mask; more blocks than there are."""
        self._born = self._last = self._learned = Instant(0, 0)

    def step(self, frame: Frame) -> tuple[Box, ...]:
        """The regions that moved, largest first. ValueError for a misshapen frame, which changes
        nothing."""
        check(frame)
        if self._halver is None or self._halver.size_px != (frame.height, frame.width):
            self._halver = Halver(frame.height, frame.width, self._library)
            self._ground = None
        if self._ground is None:
            return self._start(self._halver.means(frame.luma), frame.at)
        halving = self._halver.halving
        self._ground.see(halving, frame.luma)
        return self._tell(self._ground, halving.blocks, frame.at)

    @property
    def means(self) -> Means:
        """Those of the last frame; RuntimeError before the first."""
        if self._halver is None:
            raise RuntimeError("means of a frame that was not looked at")
        return self._halver.last

    def look(self, blocks: Plane, at: Instant) -> tuple[Box, ...]:
        """The same from block means, uint8 (height // 8, width // 8)."""
        if self._ground is None:
            return self._start(blocks, at)
        self._ground.look(blocks)
        return self._tell(self._ground, blocks, at)

    def _tell(self, ground: Ground, blocks: Plane, at: Instant) -> tuple[Box, ...]:
        """What of `blocks`, which `ground` has seen, moved."""
        if ground.found > self._settings.flood * blocks.size:
            return self._start(blocks, at)
        self._persistence.step(ground.found, ground.again, at.seconds_since(self._last))
        regions = self._regions(ground) if ground.found else []
        self._last = at
        age_s = at.seconds_since(self._born)
        self._learn(ground, blocks, regions=regions, at=at, age_s=age_s)
        if age_s < self._settings.settle_s:
            return (WHOLE,)
        if not regions:
            return ()
        height, width = blocks.shape
        regions.sort(key=_area, reverse=True)
        return tuple(
            [Box(x0 / width, y0 / height, x1 / width, y1 / height) for _, x0, y0, x1, y1 in regions]
        )

    def need(self, least_change: float) -> None:
        """From the next frame on a block must differ by so many grey levels."""
        ground = self._settings.ground
        if ground.least_change == least_change:
            return
        ground = replace(ground, least_change=least_change)
        self._settings = replace(self._settings, ground=ground)
        if self._ground is not None:
            self._ground.need(least_change)

    def _start(self, blocks: Plane, at: Instant) -> tuple[Box, ...]:
        ignored = inside(self._ignored, blocks.shape) if self._ignored else None
        self._ground = Ground(blocks, self._settings.ground, ignored, self._library)
        self._persistence = _Persistence(self._settings)
        self._moved, self._everything = np.empty_like(blocks), blocks.size + 1
        self._born = self._last = self._learned = at
        return (WHOLE,)

    def _learn(
        self,
        ground: Ground,
        blocks: Plane,
        *,
        regions: Sequence[_Region],
        at: Instant,
        age_s: float,
    ) -> None:
        """Seldom, but more often at first, when the background is known from few frames.

        Slowly in all of a region: who stands still must not be taken in from the inside, where a
        body looks like the light around it.
        """
        elapsed_s = max(0.0, at.seconds_since(self._learned))
        if elapsed_s < min(self._settings.ground.learn_every_s, 0.1 * age_s):
            return
        moved = self._moved
        moved.fill(0)
        for _, x0, y0, x1, y1 in regions:
            moved[y0:y1, x0:x1] = 1
        ground.learn(blocks, moved if regions else None, elapsed_s=elapsed_s, age_s=age_s)
        self._learned = at

    def _regions(self, ground: Ground) -> list[_Region]:
        """Connected blocks (gaps of two are bridged) that are something."""
        least, persistence = self._settings.least_blocks, self._persistence
        # Where nothing falls a larger region is believed at once.
        is_steady, knows = persistence.is_steady, persistence.knows
        sure = self._settings.sure_blocks if is_steady else self._everything
        # Three frames with the same two blocks wet are no rare chance in a shower; with four, yes.
        lasts = least * (1 if is_steady else 2)
        pieces = ground.pieces(
            has_oldest=persistence.has_oldest, is_lasting=knows and not is_steady
        )
        return [
            ((x1 - x0) * (y1 - y0), x0, y0, x1, y1)
            for x0, y0, x1, y1, blocks, lasting in pieces
            if (lasting >= lasts if knows and blocks < sure else blocks >= least)
        ]


def moved_share(box: Box, moved: Sequence[Box]) -> float:
    """How much of `box` lies in what moved, 0-1."""
    return min(1.0, sum(map(box.overlap, moved)) / box.area) if box.area > 0 else 0.0


class _Persistence:
    """Tells bodies from drops: what is there in three frames running from what never is."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._steady = 1.0
        self.knows = False
        """Whether the frame before is not too long ago,"""
        self.has_oldest = False
        """nor the one before that."""

    @property
    def is_steady(self) -> bool:
        """No shower: what is found stays."""
        return self._steady >= self._settings.steady

    def step(self, found: int, again: int, elapsed_s: float) -> None:
        """So many blocks were found, so many of them in the frame before, `elapsed_s` ago."""
        is_near = elapsed_s <= self._settings.again_s
        self.has_oldest, self.knows = is_near and self.knows, is_near
        if is_near and found > self._settings.steady_blocks:
            self._steady += self._settings.steady_gain * (again / found - self._steady)


class Halver:
    """Makes block means of pictures of one size, in memory that it keeps."""

    def __init__(self, height: int, width: int, library: CDLL | None = fast.LIBRARY) -> None:
        """ValueError for a picture smaller than one block."""
        side = 2**HALVINGS
        self.size_px = height, width
        self._rows, self._columns = height // side * side, width // side * side
        if self._rows == 0 or self._columns == 0:
            raise ValueError(f"a frame of {width}x{height} is smaller than one block")
        self._steps = [
            np.empty((self._rows >> n, self._columns >> n), np.uint8)
            for n in range(1, HALVINGS + 1)
        ]
        self.halving = fast.halving(library, self._steps)

    def means(self, luma: Plane) -> Plane:
        """Exact means of 8x8 pixels, but for the rounding of three halvings (1.5 levels); an
        incomplete last row or column of blocks is left out. Valid until the next call."""
        self.halving.step(luma)
        return self._steps[-1]

    @property
    def last(self) -> Means:
        """What the last call made."""
        return Means(blocks=self._steps[-1], quarters=self._steps[-2])
