"""What moved: block means of the luma against a background that learns, noise and gain set aside.

Every pixel counts. Each block is the exact mean of 8x8 pixels, made by three 2x2 halvings (twice
as fast as one step of 8); point samples would be cheaper and would see every raindrop.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Frame, Instant, Plane
from agent.vision.person import check
from agent.vision.zones import WHOLE, Box

Blocks = NDArray[np.float32]
"""(height // 8, width // 8), grey levels 0-255."""

HALVINGS = 3


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """How easily something counts as moved; grey levels are 0-255."""

    least_change: float = 6.0
    """Grey levels a block must differ from the background, however quiet the picture is."""
    over_noise: float = 4.0
    """And how many times the block's usual flicker."""
    least_blocks: int = 2
    """A region of fewer 8x8 blocks is nothing."""
    learning_s: float = 4.0
    """Time in which the background takes over two thirds of a lasting change; shorter forgets a
    person standing still sooner, longer is fooled by clouds for longer."""
    moved_learning_s: float = 30.0
    """The same for blocks that count as moved, so that a person does not become background."""
    settle_s: float = 1.0
    """After the start the whole picture counts as moved for this long: nobody knows yet."""
    flood: float = 0.7
    """When more than this share of the blocks moved, the light or the camera changed, not the
    street: the background starts anew."""


class MotionFinder:
    """Compares each frame with what it has learned from those before."""

    def __init__(self, settings: MotionSettings | None = None) -> None:
        self._settings = settings or MotionSettings()
        self._background: Blocks | None = None
        self._noise: Blocks = np.zeros((0, 0), np.float32)
        self._born = self._last = Instant(0, 0)

    def step(self, frame: Frame) -> tuple[Box, ...]:
        """The regions that moved, largest first. ValueError for a misshapen frame."""
        check(frame)
        blocks = block_means(frame.luma)
        if self._background is None or self._background.shape != blocks.shape:
            self._start(blocks, frame.at)
            return (WHOLE,)
        change = blocks - self._background
        # A camera's gain step moves every block alike, so every other one tells its size as well.
        change -= np.median(change[::2, ::2])
        size = np.abs(change)
        limit = np.maximum(self._settings.least_change, self._settings.over_noise * self._noise)
        moved = size > limit
        if np.count_nonzero(moved) > self._settings.flood * moved.size:
            self._start(blocks, frame.at)
            return (WHOLE,)
        self._learn(blocks, size, moved, frame.at)
        if frame.at.seconds_since(self._born) < self._settings.settle_s:
            return (WHOLE,)
        return _regions(moved, self._settings.least_blocks)

    def _start(self, blocks: Blocks, at: Instant) -> None:
        self._background = blocks.copy()
        self._noise = np.full_like(blocks, self._settings.least_change / self._settings.over_noise)
        self._born = self._last = at

    def _learn(self, blocks: Blocks, size: Blocks, moved: NDArray[np.bool_], at: Instant) -> None:
        """Shares are by elapsed time, so that dropped frames do not slow the learning."""
        assert self._background is not None  # noqa: S101 step() has started it
        elapsed_s = max(0.0, at.seconds_since(self._last))
        self._last = at
        age_s = at.seconds_since(self._born)
        still = _share(elapsed_s, min(self._settings.learning_s, max(age_s, elapsed_s)))
        rate = np.where(moved, _share(elapsed_s, self._settings.moved_learning_s), still)
        self._background += (blocks - self._background) * rate
        self._noise += np.where(moved, 0.0, (size - self._noise) * still)


def block_means(luma: Plane) -> Blocks:
    """Exact means of 8x8 pixels; an incomplete last row or column of blocks is left out."""
    side = 2**HALVINGS
    height, width = luma.shape[0] // side * side, luma.shape[1] // side * side
    if height == 0 or width == 0:
        raise ValueError(f"a frame of {luma.shape[1]}x{luma.shape[0]} is smaller than one block")
    small = luma[:height, :width]
    for _ in range(HALVINGS):
        half = (small.shape[1] // 2, small.shape[0] // 2)
        small = np.asarray(cv2.resize(small, half, interpolation=cv2.INTER_AREA), np.uint8)
    return small.astype(np.float32)


def _share(elapsed_s: float, within_s: float) -> float:
    """How much of the new to take in after `elapsed_s`, for a memory of `within_s`."""
    return 1.0 - float(np.exp(-elapsed_s / within_s)) if within_s > 0 else 1.0


def _regions(moved: NDArray[np.bool_], least_blocks: int) -> tuple[Box, ...]:
    """Connected blocks (corners touch) as boxes, largest first."""
    height, width = moved.shape
    joined = cv2.dilate(moved.astype(np.uint8), np.ones((3, 3), np.uint8))
    # The default algorithm wakes a thread pool, which on so few blocks costs more than it saves.
    count, labels, extents, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        joined, 8, cv2.CV_32S, cv2.CCL_SAUF
    )
    blocks = np.bincount(np.asarray(labels, np.int32)[moved], minlength=count)
    boxes = []
    for label in np.flatnonzero(blocks >= least_blocks):
        x0, y0, across, down = (int(extents[label, i]) for i in range(4))
        x1, y1 = x0 + across - (x0 + across < width), y0 + down - (y0 + down < height)
        x0, y0 = x0 + (x0 > 0), y0 + (y0 > 0)  # joining grew it by one block
        boxes.append(Box(x0 / width, y0 / height, x1 / width, y1 / height))
    return tuple(sorted(boxes, key=lambda box: -box.area))
