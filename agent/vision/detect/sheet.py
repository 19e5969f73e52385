"""Sheets: several parts of a picture side by side in one input of the network.

A crop around a small body fills a tenth of the input, and costs as much as the whole picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.vision.geometry import Box

EDGE_PX = 8
"""A body this close to an edge of its part, in input pixels, may be cut by it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the picture, and its size and place in the network's input, in pixels."""

    box: Box
    rows: int
    columns: int
    y: int = 0
    x: int = 0

    @property
    def inner(self) -> Box:
        """The region in which the network finds every person that it knows."""
        box = self.box
        by_x, by_y = EDGE_PX / self.columns * box.width, EDGE_PX / self.rows * box.height
        return Box(
            box.x0 + by_x if box.x0 > 0 else box.x0,
            box.y0 + by_y if box.y0 > 0 else box.y0,
            box.x1 - by_x if box.x1 < 1 else box.x1,
            box.y1 - by_y if box.y1 < 1 else box.y1,
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """Parts that do not overlap in the input."""

    parts: tuple[Part, ...]


def sheet(parts: Sequence[Part], input_px: tuple[int, int]) -> Sheet | None:
    """The parts in rows, the highest first; None if they do not fit into (height, width)."""
    height, width = input_px
    placed: list[Part] = []
    y = x = down = 0
    for part in sorted(parts, key=lambda one: (-one.rows, -one.columns)):
        if x + part.columns > width:
            y, x, down = y + down, 0, 0
        if y + part.rows > height or part.columns > width:
            return None
        placed.append(Part(part.box, part.rows, part.columns, y, x))
        x, down = x + part.columns, max(down, part.rows)
    return Sheet(tuple(placed))
