"""Sheets: several parts of a picture side by side in one input of the network.

A crop around a small body fills a tenth of the input, and costs as much as the whole picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.vision.geometry import Box

MARGIN_PX = 24
"""Surroundings of a thing on a sheet, in input pixels."""
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


def around(things: Sequence[Box], size_px: tuple[int, int], scale: float) -> Part:
    """The surroundings of things in a picture of `size_px` (height, width), at a scale (input
    pixels per pixel of the picture)."""
    height, width = size_px
    y0, y1, rows = _span([(one.y0, one.y1) for one in things], height, scale)
    x0, x1, columns = _span([(one.x0, one.x1) for one in things], width, scale)
    return Part(Box(x0, y0, x1, y1), rows, columns)


def _span(
    sides: Sequence[tuple[float, float]], length: int, scale: float
) -> tuple[float, float, int]:
    """From and to, in shares of a picture of this length in pixels, with a margin; and the input
    pixels for it. Cut at even pixels, so that a part in its own size is copied, not scaled."""
    margin = MARGIN_PX / (length * scale)
    low = max(0.0, min(low for low, _ in sides) - margin)
    high = min(1.0, max(high for _, high in sides) + margin)
    start, end = round(low * length / 2) * 2, round(high * length / 2) * 2
    return start / length, end / length, max(2, round((end - start) * scale / 2) * 2)
