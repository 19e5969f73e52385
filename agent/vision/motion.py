"""What moved: exact means of 8x8 pixels that differ from the background by more than light can do.

Every pixel counts. Each block is the mean of all its 64, made by three 2x2 halvings (half the time
of one step of 8); point samples would be cheaper and would see every raindrop. All that follows is
a few operations on one 64th of the picture, and most of them only when something differs at all.
"""

from collections.abc import Sequence
from ctypes import CDLL
from dataclasses import dataclass, field, replace

import numpy as np

from agent.media.frame import Frame, Instant, Plane
from agent.vision import fast
from agent.vision.fields import Mask, Region, Rule
from agent.vision.ground import Ground, GroundSettings
from agent.vision.person import check
from agent.vision.scenery import Means
from agent.vision.zones import WHOLE, Box, Polygon, inside

HALVINGS = 3
EVERYTHING = 2**31
"""More blocks than any picture has."""


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
        self._moved = np.empty((0, 0), np.uint8)
        """Room for a mask."""
        self._born = self._last = self._learned = Instant(0, 0)
        self._flood_blocks = 0.0

    def step(self, frame: Frame) -> tuple[Box, ...]:
        """The regions that moved, largest first. ValueError for a misshapen frame, which changes
        nothing."""
        halver = self._halver
        if halver is None or halver.size_px != (frame.height, frame.width) or not frame.is_whole:
            check(frame)
            halver = self._halver = Halver(frame.height, frame.width, self._library)
            self._ground = None
        if self._ground is None:
            return self._start(halver.means(frame.luma), frame.at)
        self._ground.see(halver.halving, frame.luma)
        return self._tell(self._ground, halver.halving.blocks, frame.at)

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
        if ground.found > self._flood_blocks:
            return self._start(blocks, at)
        self._persistence.step(ground.found, ground.again, at.seconds_since(self._last))
        regions = ground.regions(self._persistence.rule) if ground.found else []
        self._last = at
        age_s = at.seconds_since(self._born)
        elapsed_s = max(0.0, at.seconds_since(self._learned))
        # Seldom, but more often at first, when the background is known from few frames.
        if elapsed_s >= self._settings.ground.learn_every_s or elapsed_s >= 0.1 * age_s:
            moved = self._covered(regions) if regions else None
            ground.learn(blocks, moved, elapsed_s=elapsed_s, age_s=age_s)
            self._learned = at
        if age_s < self._settings.settle_s:
            return (WHOLE,)
        return tuple([Box(x0, y0, x1, y1) for x0, y0, x1, y1 in regions])

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
        self._moved = np.empty_like(blocks)
        self._flood_blocks = self._settings.flood * blocks.size
        self._born = self._last = self._learned = at
        return (WHOLE,)

    def _covered(self, regions: Sequence[Region]) -> Mask:
        """The blocks (1) of these. All of a region is learned slowly: who stands still must not be
        taken in from the inside, where a body looks like the light around it."""
        moved = self._moved
        moved.fill(0)
        rows, columns = moved.shape
        for x0, y0, x1, y1 in regions:
            place = slice(round(y0 * rows), round(y1 * rows))
            moved[place, round(x0 * columns) : round(x1 * columns)] = 1
        return moved


def moved_share(box: Box, moved: Sequence[Box]) -> float:
    """How much of `box` lies in what moved, 0-1."""
    return min(1.0, sum(map(box.overlap, moved)) / box.area) if box.area > 0 else 0.0


class _Persistence:
    """Tells bodies from drops: what is there in three frames running from what never is."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._steady = 1.0
        self._known = False, False, True
        """Whether the frame before is not too long ago, nor the one before that; whether there is
        no shower, in which nothing that is found stays."""
        self.rule = self._rule(*self._known)
        """By which a piece is something."""

    def step(self, found: int, again: int, elapsed_s: float) -> None:
        """So many blocks were found, so many of them in the frame before, `elapsed_s` ago."""
        settings = self._settings
        is_near = elapsed_s <= settings.again_s
        if is_near and found > settings.steady_blocks:
            self._steady += settings.steady_gain * (again / found - self._steady)
        known = is_near, is_near and self._known[0], self._steady >= settings.steady
        if known != self._known:
            self._known, self.rule = known, self._rule(*known)

    def _rule(self, knows: bool, has_oldest: bool, is_steady: bool) -> Rule:
        """Where nothing falls a larger region is believed at once."""
        least, sure = self._settings.least_blocks, self._settings.sure_blocks
        if not knows:
            sure = least
        elif not is_steady:
            sure = EVERYTHING
        return Rule(
            has_oldest=has_oldest,
            is_lasting=knows and not is_steady,
            sure=max(least, sure),
            # Three frames with the same two blocks wet are no rare chance in a shower; four are.
            lasts=least * (1 if is_steady else 2),
        )


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
