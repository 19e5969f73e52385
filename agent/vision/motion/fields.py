"""State of each block of 8x8 pixels, and the steps of motion detection (compiled or not)."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane

Field = NDArray[np.float32]
"""One number per block: (height // 8, width // 8)."""
Mask = Plane
"""Same shape in uint8: 0 is false."""
Region = list[float]
"""Values x0, y0, x1, y1 in shares of the picture's columns and rows of blocks."""

REACH = 2
"""Blocks within this distance belong to one region, vertically: a body breaks where it has the
brightness of the street, and legs and head would be looked at separately."""
IGNORED = 255
"""A limit that no block can exceed."""
KEPT = 3
"""Masks of found blocks kept: the last and the two before. Reused memory stays in the cache; new
memory for each frame takes twice as long."""
SPARE = 8
"""Extra numbers behind a field; the compiled code reads eight at a time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in grey levels: to differ, to light up, and beyond any change of light."""

    gusts: float
    """The usual flicker is multiplied by a factor: the flicker times this, plus `offset`."""
    offset: float
    """Second part of the factor that the usual flicker is multiplied by."""
    over_noise: float
    """Least factor that the usual flicker is multiplied by."""
    least_change: float
    roughness: float
    lamp: int
    lamp_step: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Decides which pieces of motion count."""

    has_oldest: bool
    """True if a mask from two frames ago exists; without it nothing was found in three frames."""
    is_lasting: bool
    """True if only blocks found in three frames make pieces."""
    sure: int
    """A piece counts if this many of its blocks moved."""
    lasts: int
    """A smaller piece counts if this many of its blocks were found in three frames."""


class Fields:
    """State filled by both implementations; arrays keep their place."""

    def __init__(self, blocks: Plane, side: int, ignored: Mask | None) -> None:
        """Starts from `blocks`; `side` is the square around a block; blocks with a non-zero
        `ignored` never differ."""
        self.side, self.ignored = side, ignored
        self.mean, self.flicker, self.limit = (_field(blocks.shape) for _ in range(3))
        """Background, usual flicker of a spot, and the difference that counts."""
        np.copyto(self.mean, blocks)
        self.learned = blocks.copy()
        """Blocks at the last learning step."""
        self.mean8, self.limit8 = np.empty_like(blocks), np.empty_like(blocks)
        self.lamp_from = np.empty_like(blocks)
        """Brightness from which a block is a lamp, by its past brightness."""


def _field(shape: tuple[int, ...]) -> Field:
    size = math.prod(shape)
    return np.zeros(size + SPARE, np.float32)[:size].reshape(shape)


class Halving(Protocol):
    """Halves luma three times into its own arrays."""

    blocks: Plane
    """Result of the third halving."""

    def step(self, luma: Plane) -> None:
        """Fill the arrays with the halvings of `luma`."""


class Steps(Protocol):
    """Steps on the fields for each frame and each learning step."""

    def see(self, halving: Halving, luma: Plane, turn: int) -> tuple[int, int, int]:
        """Do a step of `halving`, which belongs to the same implementation, then `unlit` with its
        blocks."""

    def unlit(self, blocks: Plane, turn: int) -> tuple[int, int, int]:
        """Number of differing blocks, of those not explained by light, and of those also found in
        the previous frame. Found masks are kept for `KEPT` frames."""

    def regions(self, turn: int, rule: Rule) -> list[Region]:
        """Connected regions of found blocks and of differing blocks beside them, whether light
        explains these or not: the inside of a body looks like its surroundings, because these are
        the same body. Gaps of two blocks are bridged. Returns the regions that count by `rule`,
        largest first; of two equal ones, the later in reading order first."""

    def spread(self) -> Mask:
        """Blocks of the last regions, and those that touch them."""

    def moved(self) -> Mask:
        """Blocks of the last regions, and of pieces too small to be one."""

    def take_in(self, blocks: Plane, moved: Mask | None, *, share: float, step: float) -> None:
        """Move the mean by a share towards `blocks`, and by at most `step` where something
        moved."""

    def follow(self, blocks: Plane, *, down: float, up: float, highest: float) -> None:
        """Move the usual flicker one step towards the change since the last call."""

    def publish(self, limits: Limits) -> None:
        """Publish the limits that frames are compared with from now on."""
