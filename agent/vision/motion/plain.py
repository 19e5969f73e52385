"""Motion detection with numpy and OpenCV, for processors without the compiled library.

Nothing else in motion detection needs OpenCV, so it is imported only here when used: it takes 15 to
35 MiB of memory. `fast.c` and its neighbours give the same results, bit for bit.
"""

from collections.abc import Sequence
from operator import itemgetter

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane
from agent.vision.motion import fields as known
from agent.vision.motion.fields import (
    IGNORED,
    KEPT,
    REACH,
    Field,
    Fields,
    Limits,
    Mask,
    Region,
    Rule,
)

# Each camera has its own thread. OpenCV's thread pool, woken for every frame, cost a quarter of a
# quiet camera.
cv2.setNumThreads(1)

NEAR = np.ones((3, 3), np.uint8)
"""A block and its neighbours."""
JOINING = np.ones((2 * REACH + 1, 3), np.uint8)
WHOLE_STEPS = 1.5 * 2**24
"""Adding and subtracting it rounds a double to a multiple of 2**-28: that many values around a
block add up without rounding, in any order."""


_area = itemgetter(0)


class Halving:
    """Halves luma three times into arrays of its own size."""

    def __init__(self, steps: Sequence[Plane]) -> None:
        """`steps` have 4, 2 and 1 times as many rows and columns as blocks."""
        self.blocks = steps[-1]
        self._rows, self._columns = (8 * n for n in self.blocks.shape)
        self._halves = [(half, (half.shape[1], half.shape[0])) for half in steps]

    def step(self, luma: Plane) -> None:
        """Halve a picture. It is read once before, to bring it into the cache: halving reads two
        rows at a time, and from cold memory that takes nearly twice as long as both together."""
        small = luma[: self._rows, : self._columns]
        cv2.sumElems(small)
        for half, size in self._halves:
            cv2.resize(small, size, half, 0, 0, cv2.INTER_AREA)
            small = half


class Steps:
    """See `agent.vision.motion.fields.Steps`."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._around, self._area = (fields.side, fields.side), float(fields.side**2)
        shape = fields.mean8.shape
        self._is_found = [np.zeros(shape, np.bool_) for _ in range(KEPT)]
        self.found: list[Mask] = [found.view(np.uint8) for found in self._is_found]
        """Blocks (1) not explained by flicker or light, one mask per turn."""
        self.over = np.zeros(shape, np.uint8)
        """Excess of each block's difference over its limit."""
        self._size, self._lasting, self._spread, self._kept = (
            np.zeros(shape, np.uint8) for _ in range(4)
        )
        self._joined = np.empty(shape, np.uint8)
        self._now, self._spare = np.empty_like(fields.mean), np.empty_like(fields.mean)
        pair = (2, *shape)
        self._bounds = np.empty(pair, np.float32)
        self.local = np.empty_like(fields.mean)
        """Sum of the brightness around."""
        self.times, self.plus = np.empty(pair, np.float32), np.empty(pair, np.float32)
        """Value of a block expected from the brightness around it now, and the tolerance: times
        this, plus this."""
        self._is_more = np.empty(fields.mean.shape, np.bool_)
        self._step = np.zeros(256, np.float32)
        """Where flicker is at most usual, and where it is more."""

    def see(self, halving: known.Halving, luma: Plane, turn: int) -> tuple[int, int, int]:
        """See `agent.vision.motion.fields.Steps`."""
        halving.step(luma)
        return self.unlit(halving.blocks, turn)

    def unlit(self, blocks: Plane, turn: int) -> tuple[int, int, int]:
        """See `agent.vision.motion.fields.Steps`."""
        over, found = self.over, self.found[turn]
        cv2.absdiff(blocks, self._fields.mean8, self._size)
        cv2.subtract(self._size, self._fields.limit8, over)
        differing = cv2.countNonZero(over)
        if not differing:
            found.fill(0)
            return 0, 0, 0
        self._beyond_light(blocks, found, self._is_found[turn])
        cv2.min(found, over, found)
        cv2.min(found, self.found[turn - 1], self._kept)
        return differing, cv2.countNonZero(found), cv2.countNonZero(self._kept)

    def _beyond_light(self, blocks: Plane, found: Mask, is_found: NDArray[np.bool_]) -> None:
        """Find the blocks (1) whose contrast light cannot explain.

        Let a block be m, its surroundings M, and both be b and B now, with d = B - M. If light was
        added, b - B is m - M; if it multiplies, it is (m - M) B / M. Everything between is within
        |m - M| |d| / 2M of the middle, m - M + (m - M) d / 2M. So the distance from the middle is
        |(b - m) - d (1 + (m - M) / 2M)|: two products instead of two limits and their division. The
        parts independent of the frame are computed at learning time. Both products and sums are
        made in one step each: on so little data the number of steps decides. Surroundings are a
        sum, not a mean, because sums are equal by every order of adding.
        """
        fields, now, (near, lit) = self._fields, self._now, self._bounds
        cv2.boxFilter(blocks, cv2.CV_32F, self._around, near, (-1, -1), normalize=False)
        cv2.absdiff(near, self.local, lit)
        np.multiply(self._bounds, self.times, self._bounds)
        np.add(self._bounds, self.plus, self._bounds)
        np.copyto(now, blocks)
        cv2.absdiff(now, near, now)
        np.greater(now, lit, out=is_found)
        cv2.subtract(blocks, fields.lamp_from, self._size)
        if cv2.hasNonZero(self._size):
            cv2.dilate(self._size, NEAR, self._kept)
            cv2.subtract(found, self._kept, found)

    def regions(self, turn: int, rule: Rule) -> list[Region]:
        """See `agent.vision.motion.fields.Steps`."""
        if rule.has_oldest:
            cv2.min(self.found[turn], self.found[turn - 1], self._lasting)
            cv2.min(self._lasting, self.found[turn - 2], self._lasting)
        else:
            self._lasting.fill(0)
        cv2.dilate(self._lasting if rule.is_lasting else self.found[turn], NEAR, self._spread)
        cv2.min(self._spread, self.over, self._kept)
        regions = self._connected(self._kept, rule)
        regions.sort(key=_area, reverse=True)
        return [region for _, region in regions]

    def spread(self) -> Mask:
        """See `agent.vision.motion.fields.Steps`."""
        return self._spread

    def moved(self) -> Mask:
        """See `agent.vision.motion.fields.Steps`."""
        return self._kept

    def _connected(self, moved: Mask, rule: Rule) -> list[tuple[int, Region]]:
        """With their sizes in blocks; the last in reading order first."""
        height, width = moved.shape
        cv2.dilate(moved, JOINING, self._joined)
        # Contours take a quarter to a twentieth of the time of labelled components.
        contours, _ = cv2.findContours(self._joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        regions = []
        for contour in contours:
            x0, y0, across, down = cv2.boundingRect(contour)
            x1, x0 = x0 + across - (x0 + across < width), x0 + (x0 > 0)  # joining grew it
            y1 = y0 + down - (REACH if y0 + down < height else 0)
            y0 += REACH if y0 > 0 else 0
            place = slice(y0, y1), slice(x0, x1)
            if cv2.countNonZero(moved[place]) >= rule.sure or (
                cv2.countNonZero(self._lasting[place]) >= rule.lasts
            ):
                share = [x0 / width, y0 / height, x1 / width, y1 / height]
                regions.append(((x1 - x0) * (y1 - y0), share))
        return regions

    def take_in(self, blocks: Plane, moved: Mask | None, *, share: float, step: float) -> None:
        """See `agent.vision.motion.fields.Steps`."""
        mean, now, still = self._fields.mean, self._now, self._spare
        np.copyto(now, blocks)
        np.multiply(mean, np.float32(1) - np.float32(share), still)
        np.multiply(now, np.float32(share), self._bounds[0])
        np.add(still, self._bounds[0], still)
        if moved is None:
            np.copyto(mean, still)
            return
        np.subtract(now, mean, now)
        np.minimum(now, step, out=now)
        np.maximum(now, -step, out=now)
        np.add(mean, now, mean)
        np.copyto(mean, still, where=np.equal(moved, 0, out=self._is_more))

    def follow(self, blocks: Plane, *, down: float, up: float, highest: float) -> None:
        """See `agent.vision.motion.fields.Steps`."""
        flicker, learned = self._fields.flicker, self._fields.learned
        cv2.absdiff(blocks, learned, dst=self._size)
        np.copyto(learned, blocks)
        self._step[:2] = down, up
        np.copyto(self._now, self._size)
        is_more = np.greater(self._now, flicker, out=self._is_more).view(np.uint8)
        cv2.LUT(is_more, self._step, self._now)
        np.add(flicker, self._now, flicker)
        np.minimum(flicker, highest, out=flicker)
        np.maximum(flicker, 0.0, out=flicker)

    def publish(self, limits: Limits) -> None:
        """See `agent.vision.motion.fields.Steps`."""
        fields, mean, limit = self._fields, self._fields.mean, self._fields.limit
        cv2.convertScaleAbs(mean, fields.mean8)
        np.multiply(fields.flicker, limits.gusts, limit)
        np.add(limit, limits.offset, limit)
        np.maximum(limit, limits.over_noise, out=limit)
        np.multiply(limit, fields.flicker, limit)
        np.maximum(limit, limits.least_change, out=limit)
        cv2.convertScaleAbs(limit, fields.limit8)
        if fields.ignored is not None:
            fields.limit8[fields.ignored != 0] = IGNORED
        lamps = np.full(256, limits.lamp - 1, np.uint8)
        lamps[limits.lamp - limits.lamp_step :] = 255
        cv2.LUT(fields.mean8, lamps, fields.lamp_from)
        self._publish_light(mean, limits.roughness)

    def _publish_light(self, mean: Field, roughness: float) -> None:
        """Change that light may cause in each block, see `_beyond_light`."""
        half = self._spare
        (middle, tolerance), apart = self.times, self.plus[0]
        steps = mean.astype(np.float64) + WHOLE_STEPS - WHOLE_STEPS
        around = cv2.boxFilter(steps, -1, self._around, normalize=False)
        np.copyto(self.local, np.multiply(around, 1.0 / self._area, around), casting="same_kind")
        near = self._bounds[0]
        np.multiply(self.local, 2.0, near)
        np.maximum(near, 1.0, out=near)
        np.subtract(mean, self.local, half)
        np.divide(half, near, half)
        np.add(half, 1.0, middle)
        np.abs(half, tolerance)
        np.add(tolerance, roughness, tolerance)
        np.multiply(self.local, middle, apart)
        np.subtract(mean, apart, apart)
        np.multiply(self.local, self._area, self.local)
        np.divide(self.times, self._area, self.times)
        np.copyto(self.plus[1], self._fields.limit)
