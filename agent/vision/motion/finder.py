"""Motion detection: exact means of 8x8 pixels that differ from the background by more than light
can.

Every pixel counts. A block is the mean of all its 64 pixels, by three 2x2 halvings (half the time
of one step of 8); single samples would be cheaper and would see every raindrop. The rest is a few
operations on one 64th of the picture, most of them only if something differs.
"""

from collections.abc import Sequence
from ctypes import CDLL
from dataclasses import dataclass, field, replace

import numpy as np

from agent.media.frame import Frame, Instant, Plane
from agent.vision.geometry import WHOLE, Box, Polygon, inside
from agent.vision.motion import compiled
from agent.vision.motion.background import Background, BackgroundSettings
from agent.vision.motion.fields import Mask, Region, Rule
from agent.vision.motion.moved import Moved
from agent.vision.tamper.scenery import Means

HALVINGS = 3
EVERYTHING = 2**31
"""More blocks than any picture has."""


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Sensitivity of motion detection."""

    ground: BackgroundSettings = field(default_factory=BackgroundSettings)
    least_blocks: int = 2
    """A region with fewer 8x8 blocks is ignored."""
    sure_blocks: int = 12
    """A smaller region counts only if it was there in the two previous frames: a person 40 pixels
    high covers 15 blocks at once, a raindrop or a distant lamp only a few."""
    again_s: float = 0.25
    """After a longer gap between frames this is not required: everybody has moved on."""
    steady: float = 0.6
    """This share of the finds is usually found again in the next frame; for a person it is nine
    tenths. Below it something is falling: then only finds in three frames count, large or small."""
    steady_gain: float = 0.05
    """Share of a frame's deviation that is learned: a shower is known after two seconds."""
    steady_blocks: int = 20
    """A frame with fewer blocks is not used for this."""
    settle_s: float = 1.0
    """For this long after the start the whole picture counts as moved."""
    flood: float = 0.4
    """If more than this share of the blocks moved, the camera turned or switched to infrared: the
    background starts anew."""


class MotionFinder:
    """Compares each frame with the learned background; used by one thread."""

    def __init__(
        self,
        settings: MotionSettings | None = None,
        ignored: Sequence[Polygon] = (),
        library: CDLL | None = compiled.LIBRARY,
    ) -> None:
        """Nothing moves in the `ignored` parts of the picture. Without `library` numpy and OpenCV
        do the same."""
        self._settings, self._library = settings or MotionSettings(), library
        self._ignored = ignored
        self._halver: Halver | None = None
        self._ground: Background | None = None
        self._persistence = _Persistence(self._settings)
        self._moved = np.empty((0, 0), np.uint8)
        """Memory for a mask."""
        self._born = self._last = self._learned = Instant(0, 0)
        self._flood_blocks = 0.0

    def step(self, frame: Frame) -> Moved:
        """What moved. ValueError for a misshapen frame, which changes
        nothing."""
        halver = self._halver
        if halver is None or halver.size_px != (frame.height, frame.width) or not frame.is_whole:
            frame.check()
            halver = self._halver = Halver(frame.height, frame.width, self._library)
            self._ground = None
        if self._ground is None:
            return self._start(halver.means(frame.luma), frame.at)
        self._ground.see(halver.halving, frame.luma)
        return self._tell(self._ground, halver.halving.blocks, frame.at)

    @property
    def means(self) -> Means:
        """Block means of the last frame; RuntimeError before the first."""
        if self._halver is None:
            raise RuntimeError("means of a frame that was not looked at")
        return self._halver.last

    def look(self, blocks: Plane, at: Instant) -> Moved:
        """What moved, from block means, uint8 (height // 8, width // 8)."""
        if self._ground is None:
            return self._start(blocks, at)
        self._ground.look(blocks)
        return self._tell(self._ground, blocks, at)

    def _tell(self, ground: Background, blocks: Plane, at: Instant) -> Moved:
        """What moved in `blocks`; `ground` has seen them."""
        if ground.found > self._flood_blocks:
            return self._start(blocks, at)
        self._persistence.step(ground.found, ground.again, at.seconds_since(self._last))
        regions = ground.regions(self._persistence.rule) if ground.found else []
        self._last = at
        age_s, settings = at.seconds_since(self._born), self._settings.ground
        elapsed_s = max(0.0, at.seconds_since(self._learned))
        covered = self._covered(regions) if regions else None
        # Rarely, but more often at first, when the background comes from few frames.
        if elapsed_s >= settings.learn_every_s or elapsed_s >= 0.1 * age_s:
            moved = covered if elapsed_s <= settings.gap_s else None
            ground.learn(blocks, moved, elapsed_s=elapsed_s, age_s=age_s)
            self._learned = at
        if 0 <= age_s < self._settings.settle_s:
            return Moved((WHOLE,))
        found = None if covered is None else covered & ground.moved()
        return Moved(tuple([Box(x0, y0, x1, y1) for x0, y0, x1, y1 in regions]), found)

    def need(self, least_change: float) -> None:
        """From the next frame on a block must differ by this many grey levels."""
        ground = self._settings.ground
        if ground.least_change == least_change:
            return
        ground = replace(ground, least_change=least_change)
        self._settings = replace(self._settings, ground=ground)
        if self._ground is not None:
            self._ground.need(least_change)

    def _start(self, blocks: Plane, at: Instant) -> Moved:
        ignored = inside(self._ignored, blocks.shape) if self._ignored else None
        self._ground = Background(blocks, self._settings.ground, ignored, self._library)
        self._persistence = _Persistence(self._settings)
        self._moved = np.empty_like(blocks)
        seen = blocks.size if ignored is None else np.count_nonzero(ignored == 0)
        self._flood_blocks = self._settings.flood * seen
        self._born = self._last = self._learned = at
        return Moved((WHOLE,))

    def _covered(self, regions: Sequence[Region]) -> Mask:
        """The blocks (1) of these regions. A whole region is learned slowly: a standing person must
        not be learned from the inside, where a body looks like the light around it."""
        moved = self._moved
        moved.fill(0)
        rows, columns = moved.shape
        for x0, y0, x1, y1 in regions:
            place = slice(round(y0 * rows), round(y1 * rows))
            moved[place, round(x0 * columns) : round(x1 * columns)] = 1
        return moved


class _Persistence:
    """Tells bodies from drops: bodies stay for three frames, drops never do."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._steady = 1.0
        self._known = False, False, True
        """Whether the previous frame is recent, whether the one before it is, and whether finds are
        steady (no shower)."""
        self.rule = self._rule(*self._known)
        """Rule for pieces that count."""

    def step(self, found: int, again: int, elapsed_s: float) -> None:
        """Choose the rule for the next frame.

        `found`: blocks found in this frame; `again`: those of them that the previous frame had too;
        `elapsed_s`: time since the previous frame.
        """
        settings = self._settings
        is_near = elapsed_s <= settings.again_s
        if is_near and found > settings.steady_blocks:
            self._steady += settings.steady_gain * (again / found - self._steady)
        known = is_near, is_near and self._known[0], self._steady >= settings.steady
        if known != self._known:
            self._known, self.rule = known, self._rule(*known)

    def _rule(self, knows: bool, has_oldest: bool, is_steady: bool) -> Rule:
        """Without falling things a larger region counts at once."""
        least, sure = self._settings.least_blocks, self._settings.sure_blocks
        if not knows:
            sure = least
        elif not is_steady:
            sure = EVERYTHING
        return Rule(
            has_oldest=has_oldest,
            is_lasting=knows and not is_steady,
            sure=max(least, sure),
            # In a shower three frames with the same two wet blocks are not rare; four are.
            lasts=least * (1 if is_steady else 2),
        )


class Halver:
    """Computes block means of pictures of one size, in reused memory."""

    def __init__(self, height: int, width: int, library: CDLL | None = compiled.LIBRARY) -> None:
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
        self.halving = compiled.halving(library, self._steps)

    def means(self, luma: Plane) -> Plane:
        """Exact means of 8x8 pixels up to the rounding of three halvings (1.5 levels); an
        incomplete last row or column is left out. Valid until the next call."""
        self.halving.step(luma)
        return self._steps[-1]

    @property
    def last(self) -> Means:
        """The result of the last call of `means`."""
        return Means(blocks=self._steps[-1], quarters=self._steps[-2])
