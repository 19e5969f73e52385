"""Privacy masks: parts of the picture painted over before anything else sees them.

A mask is enlarged to whole blocks of 16 pixels, the unit of H.264: no block has both street and
mask, so no bits are spent on the edge and nothing smears across it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.media.frame import Plane
from agent.vision.geometry import Polygon, inside

BLOCK_PX = 16
GREY = 96
"""Brightness of the paint; its colours are 128, grey."""
NO_COLOUR = 128


@dataclass(frozen=True, slots=True)
class _Patch:
    """A rectangle of a picture in pixels; all even, because the colour planes are halved."""

    rows: slice
    columns: slice

    def halved(self) -> tuple[slice, slice]:
        """The mask for the colour planes, at half size."""
        return _half(self.rows), _half(self.columns)


class PrivacyMask:
    """Paints the same outlines on every picture of a stream; used by one thread."""

    def __init__(self, outlines: Sequence[Polygon]) -> None:
        self._outlines = tuple(outlines)
        self._size_px = (0, 0)
        self._patches: tuple[_Patch, ...] = ()

    def painted(self, yuv: Plane) -> Plane:
        """Paint on an I420 picture (see `agent.media.frame.Frame`), in its own memory if writable,
        so that nothing remains of the original; ValueError for another shape."""
        height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
        if yuv.shape[0] != height * 3 // 2 or height % 2 or width % 2:
            raise ValueError(f"{yuv.shape} is no I420 picture")
        if not (yuv.flags.c_contiguous and yuv.flags.writeable):
            yuv = yuv.copy()
        if self._size_px != (height, width):
            self._size_px, self._patches = (height, width), _patches(self._outlines, height, width)
        colours = yuv[height:].reshape(2, height // 2, width // 2)
        for patch in self._patches:
            yuv[patch.rows, patch.columns] = GREY
            colours[:, *patch.halved()] = NO_COLOUR
        return yuv


def covered(outlines: Sequence[Polygon], height: int, width: int) -> Plane:
    """uint8 (rows, columns) of blocks, the last ones cut: 1 for blocks that an outline touches."""
    touched = grown(inside(outlines, (height, width)))
    rows, columns = -(-height // BLOCK_PX), -(-width // BLOCK_PX)
    whole = np.zeros((rows * BLOCK_PX, columns * BLOCK_PX), np.uint8)
    whole[:height, :width] = touched
    blocks = whole.reshape(rows, BLOCK_PX, columns, BLOCK_PX).max(axis=(1, 3))
    return np.asarray(blocks, np.uint8)


def grown(mask: Plane) -> Plane:
    """The mask enlarged by its neighbouring pixels, which the outline may cut."""
    wide = mask.copy()
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    high = wide.copy()
    high[1:] |= wide[:-1]
    high[:-1] |= wide[1:]
    return high


def _patches(outlines: Sequence[Polygon], height: int, width: int) -> tuple[_Patch, ...]:
    """The covered blocks as few rectangles: equal runs in consecutive rows are joined."""
    found: list[_Patch] = []
    open_runs: dict[tuple[int, int], int] = {}
    blocks = covered(outlines, height, width)
    for row in range(blocks.shape[0] + 1):
        runs = _runs(blocks[row]) if row < blocks.shape[0] else []
        for run in [run for run in open_runs if run not in runs]:
            found.append(_Patch(_pixels(open_runs.pop(run), row, height), _pixels(*run, width)))
        open_runs = {run: open_runs.get(run, row) for run in runs}
    return tuple(found)


def _runs(blocks: Plane) -> list[tuple[int, int]]:
    """Runs of covered blocks in one row, as (first, after the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], blocks, [0])).astype(np.int8)))
    return [(int(first), int(after)) for first, after in edges.reshape(-1, 2)]


def _pixels(first: int, after: int, end: int) -> slice:
    return slice(first * BLOCK_PX, min(after * BLOCK_PX, end))


def _half(pixels: slice) -> slice:
    return slice(pixels.start // 2, pixels.stop // 2)
