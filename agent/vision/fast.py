"""The compiled form of what every frame takes (`fast.c`), where there is one for this processor.

To the bit the same as what `motion` and `ground` do with numpy and OpenCV, in half the time.
The libraries lie beside this file and need nothing, so a node installs them without a compiler; on
another processor, or one on which a library will not load, everything is done without.
"""

import ctypes
import os
import platform
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane

Piece = list[int]
"""x0, y0, x1, y1 in blocks, and how many of its blocks moved."""
_Array = NDArray[Any]
AVX2 = 11
"""OpenCV's number for it: processors from 2013 on have it."""


def load(processor: str) -> ctypes.CDLL | None:
    """The library for a processor as `uname -m` calls it; None where none is, or none that runs."""
    if processor == "x86_64" and not cv2.checkHardwareSupport(AVX2):
        return None
    try:
        folder = os.path.dirname(__file__)  # noqa: PTH120 this floor has no use for pathlib
        return ctypes.CDLL(f"{folder}/fast-{processor}.so")
    except OSError:
        return None


LIBRARY = load(platform.machine())


class Halving:
    """Halves luma three times into arrays of its own size."""

    def __init__(self, library: ctypes.CDLL, steps: Sequence[Plane]) -> None:
        """`steps` are 4, 2 and 1 times as many rows and columns as blocks."""
        self._halve, self._steps = library.halve, steps
        rows, columns = steps[-1].shape
        self._into = (ctypes.c_int(rows), ctypes.c_int(columns), *map(_at, steps))

    def step(self, luma: Plane) -> None:
        """ValueError for anything but rows of bytes that lie side by side, eight for each block."""
        height, width = luma.shape
        rows, columns = self._steps[-1].shape
        if luma.strides[1] != 1 or luma.itemsize != 1 or height < 8 * rows or width < 8 * columns:
            raise ValueError(f"luma of {width}x{height} has no {columns}x{rows} blocks of bytes")
        self._halve(_at(luma), ctypes.c_ssize_t(luma.strides[0]), *self._into)


class Unlit:
    """Which blocks differ, and which of them light does not explain."""

    def __init__(
        self,
        library: ctypes.CDLL,
        ground: Sequence[_Array],
        *,
        over: Plane,
        found: Sequence[_Array],
        side: int,
    ) -> None:
        """`ground`: mean, limit and from where on a lamp is one, in uint8; brightness around, and
        the pairs of factors and sums, in float32. All arrays must lie as they were made."""
        self._unlit, self._side = library.unlit, ctypes.c_int(side)
        rows, columns = self._shape = over.shape
        self._size = ctypes.c_int(rows), ctypes.c_int(columns)
        self._sums = np.empty(2 * columns + side, np.int32)
        self._kept = *ground, over, *found
        self._ends = [(*map(_at, (*ground, over, one)), _at(self._sums)) for one in found]
        self._blocks: Plane | None = None
        self._start: tuple[object, ...] = ()

    def step(self, blocks: Plane, turn: int) -> int:
        """Fills `over`, and `found[turn]` unless nothing differs; how many blocks differ."""
        if blocks is not self._blocks:
            if blocks.shape != self._shape or not blocks.flags.c_contiguous:
                raise ValueError(f"blocks of {blocks.shape} where {self._shape} are known")
            self._blocks, self._start = blocks, (_at(blocks), *self._size, self._side)
        differing: int = self._unlit(*self._start, *self._ends[turn])
        return differing


class Pieces:
    """What of the blocks found is connected."""

    def __init__(
        self, library: ctypes.CDLL, *, over: Plane, spread: Plane, moved: Plane, joined: Plane
    ) -> None:
        """All of one shape; the last three are filled."""
        self._pieces = library.pieces
        rows, columns = over.shape
        most = rows * (columns // 2 + 1)
        runs, queue = np.empty((most, 4), np.int32), np.empty(rows * columns, np.int32)
        self._out = np.empty((most, 5), np.int32)
        self._kept = over, spread, moved, joined, runs, queue
        size = ctypes.c_int(rows), ctypes.c_int(columns)
        self._rest = _at(over), *size, *map(_at, (*self._kept[1:], self._out))

    def step(self, found: Plane) -> list[Piece]:
        """The last in reading order first, as OpenCV's contours come."""
        count: int = self._pieces(_at(found), *self._rest)
        pieces: list[Piece] = self._out[:count][::-1].tolist()
        return pieces


def _at(array: _Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.__array_interface__["data"][0])
