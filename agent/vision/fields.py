"""What is known of each block of 8x8 pixels, and the steps that either form takes with it."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane

Field = NDArray[np.float32]
"""One number a block: (height // 8, width // 8)."""
Mask = Plane
"""The same shape in uint8: 0 is no."""
Region = list[float]
"""x0, y0, x1, y1 in shares of the picture's columns and rows of blocks."""

REACH = 2
"""Blocks this far from each other's reach are one region upwards and downwards: a body breaks
where it has the brightness of the street, and the model would be asked of legs and head apart."""
IGNORED = 255
"""A limit beyond which no block can change."""
KEPT = 3
"""Masks of what was found: the last and the two before it. Memory that is used again lies in the
cache; what is made anew for each frame takes twice as long."""
SPARE = 8
"""Numbers behind a field, which the compiled form reads eight at a time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a block differs, lights up, or is beyond what light does; grey levels."""

    gusts: float
    offset: float
    """Usual flicker times `gusts` and with this added is how many times it counts,"""
    over_noise: float
    """but never less often than this."""
    least_change: float
    roughness: float
    lamp: int
    lamp_step: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Which of the pieces that moved are something."""

    has_oldest: bool
    """Without an oldest turn nothing was found thrice running."""
    is_lasting: bool
    """Whether pieces are made of those blocks alone that were."""
    sure: int
    """Those of which so many blocks moved,"""
    lasts: int
    """or so many were found thrice running."""


class Fields:
    """The memory that both forms fill; arrays stay where they are."""

    def __init__(self, blocks: Plane, side: int, ignored: Mask | None) -> None:
        """Starts from `blocks`; `side` of the square that is around a block; where `ignored` is
        not 0 nothing ever differs."""
        self.side, self.ignored = side, ignored
        self.mean, self.flicker, self.limit = (_field(blocks.shape) for _ in range(3))
        """The background, how restless a spot usually is, and from where on a block differs."""
        np.copyto(self.mean, blocks)
        self.learned = blocks.copy()
        """The blocks of the last learning."""
        self.mean8, self.limit8 = np.empty_like(blocks), np.empty_like(blocks)
        self.lamp_from = np.empty_like(blocks)
        """From which brightness on a block is a lamp, by its brightness so far."""


def _field(shape: tuple[int, ...]) -> Field:
    size = math.prod(shape)
    return np.zeros(size + SPARE, np.float32)[:size].reshape(shape)


class Halving(Protocol):
    """Halves luma three times, into its own arrays."""

    blocks: Plane
    """The last of these."""

    def step(self, luma: Plane) -> None:
        """Fill them."""


class Steps(Protocol):
    """What is done with fields for each frame, and at each learning."""

    def see(self, halving: Halving, luma: Plane, turn: int) -> tuple[int, int, int]:
        """A step of `halving`, which must be of the same form, and `unlit` of its blocks."""

    def unlit(self, blocks: Plane, turn: int) -> tuple[int, int, int]:
        """How many blocks differ, how many of these light does not explain, and how many of those
        were found in the turn before, too. What is found is kept for `KEPT` turns."""

    def regions(self, turn: int, rule: Rule) -> list[Region]:
        """What is connected of the blocks found, and those beside them that differ, be it explained
        or not (a body's inside looks like its surroundings, which are the body); gaps of two are
        bridged. Those that are something by `rule`, largest first, and of equals the last in
        reading order."""

    def spread(self) -> Mask:
        """The blocks that regions were last made of, and those that touch them."""

    def take_in(self, blocks: Plane, moved: Mask | None, *, share: float, step: float) -> None:
        """The mean a share of the way to `blocks`, and where something moved by at most `step`."""

    def follow(self, blocks: Plane, *, down: float, up: float, highest: float) -> None:
        """Usual flicker by one step towards the change since the last time, which is now."""

    def publish(self, limits: Limits) -> None:
        """What frames are compared with until the next time."""
