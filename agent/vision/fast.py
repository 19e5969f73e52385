"""The compiled form of finding motion (`fast.c`, `ground.c`), where this processor has one.

To the bit the same as what `plain` does with numpy and OpenCV, in less than half the time and
without OpenCV. The libraries lie beside this file and need nothing, so a node installs them without
a compiler; on another processor, or one on which a library will not load, `plain` does all.
"""

import ctypes
import os
import platform
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane
from agent.vision import fields as known
from agent.vision.fields import Fields, Limits, Mask, Piece

_Array = NDArray[Any]
NEEDS = frozenset(("avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "abm"))
"""What the library for x86-64 may use, as Linux calls it: processors from 2013 on have all."""
CPUINFO = "/proc/cpuinfo"


def load(processor: str, cpuinfo: str = CPUINFO) -> ctypes.CDLL | None:
    """The library for a processor as `uname -m` calls it; None where none is, or none that runs."""
    if processor == "x86_64" and not _flags(cpuinfo) >= NEEDS:
        return None
    try:
        folder = os.path.dirname(__file__)  # noqa: PTH120 this floor has no use for pathlib
        return ctypes.CDLL(f"{folder}/fast-{processor}.so")
    except OSError:
        return None


def _flags(cpuinfo: str) -> frozenset[str]:
    """What the first processor can, and the system lets it."""
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as lines:  # noqa: PTH123 as above
            return next((frozenset(line.split()) for line in lines if line[:5] == "flags"), NOTHING)
    except OSError:
        return NOTHING


NOTHING: frozenset[str] = frozenset()
LIBRARY = load(platform.machine())


def halving(library: ctypes.CDLL | None, steps: Sequence[Plane]) -> known.Halving:
    """Into `steps`, which are 4, 2 and 1 times as many rows and columns as blocks; of the first
    nothing is kept where there is a library."""
    if library is not None:
        return Halving(library, steps)
    from agent.vision import plain  # noqa: PLC0415 it brings OpenCV

    return plain.Halving(steps)


def steps(library: ctypes.CDLL | None, fields: Fields) -> known.Steps:
    """Those with `fields`, compiled or not."""
    if library is not None:
        return Steps(library, fields)
    from agent.vision import plain  # noqa: PLC0415 it brings OpenCV

    return plain.Steps(fields)


class Halving:
    """Halves luma three times into arrays of its own size."""

    def __init__(self, library: ctypes.CDLL, steps: Sequence[Plane]) -> None:
        """`steps` are 4, 2 and 1 times as many rows and columns as blocks."""
        rows, columns = self._shape = steps[-1].shape
        room = np.empty(4 * columns, np.uint16), np.empty(8 * columns, np.uint8)
        self._halve, self._kept = library.halve, (*steps[1:], *room)
        self._into = _Table(rows, columns, *self._kept)

    def step(self, luma: Plane) -> None:
        """ValueError for anything but rows of bytes that lie side by side, eight for each block."""
        (height, width), (down, across) = luma.shape, luma.strides
        rows, columns = self._shape
        if across != 1 or luma.itemsize != 1 or height < 8 * rows or width < 8 * columns:
            raise ValueError(f"luma of {width}x{height} has no {columns}x{rows} blocks of bytes")
        self._halve(self._into.at, _at(luma), ctypes.c_ssize_t(down))


class Steps:
    """See `agent.vision.fields.Steps`."""

    def __init__(self, library: ctypes.CDLL, fields: Fields) -> None:
        rows, columns = self._shape = fields.over.shape
        room = np.empty(8 * (3 * columns + 2 * fields.side) + rows, np.uint8)
        self._library, self._unlit, self._pieces = library, library.unlit, library.pieces
        self._ground = _Table(
            *(rows, columns, fields.side),
            *(fields.mean, fields.flicker, fields.local, fields.times, fields.plus),
            *(fields.learned, fields.ignored, fields.mean8, fields.limit8, fields.lamp_from),
            *(fields.over, room),
        )
        self._found = [_at(found) for found in fields.found]
        self._blocks: Plane | None = None
        self._blocks_at = ctypes.c_void_p()
        most, words = rows * (columns // 2 + 1), columns // 64 + 1
        masks = [np.empty(rows * words, np.uint64) for _ in range(2)]
        self._out = np.empty((most, 6), np.int32)
        self._work = _Table(
            *(rows, columns, words, fields.over, *masks, np.empty(words, np.uint64)),
            *(np.empty((most, 4), np.int32), np.empty(rows * columns, np.int32), self._out),
        )

    def unlit(self, blocks: Plane, turn: int) -> int:
        """See `agent.vision.fields.Steps`."""
        differing: int = self._unlit(self._ground.at, self._of(blocks), self._found[turn])
        return differing

    def pieces(self, found: Mask, again: Mask | None, oldest: Mask | None) -> list[Piece]:
        """See `agent.vision.fields.Steps`."""
        count: int = self._pieces(self._work.at, _at(found), _at(again), _at(oldest))
        pieces: list[Piece] = self._out[:count][::-1].tolist()
        return pieces

    def take_in(self, blocks: Plane, moved: Mask | None, *, share: float, step: float) -> None:
        """See `agent.vision.fields.Steps`."""
        rates = ctypes.c_float(share), ctypes.c_float(step)
        self._library.take_in(self._ground.at, self._of(blocks), _at(moved), *rates)

    def follow(self, blocks: Plane, *, down: float, up: float, highest: float) -> None:
        """See `agent.vision.fields.Steps`."""
        rates = ctypes.c_float(down), ctypes.c_float(up), ctypes.c_float(highest)
        self._library.follow(self._ground.at, self._of(blocks), *rates)

    def publish(self, limits: Limits) -> None:
        """See `agent.vision.fields.Steps`."""
        numbers = (
            *(limits.gusts, limits.offset, limits.over_noise, limits.least_change),
            *(limits.roughness, limits.lamp, limits.lamp_step),
        )
        self._library.publish(self._ground.at, (ctypes.c_float * len(numbers))(*numbers))

    def _of(self, blocks: Plane) -> ctypes.c_void_p:
        """Where they lie; ValueError unless they are as many as are known, row by row."""
        if blocks is not self._blocks:
            if blocks.shape != self._shape or not blocks.flags.c_contiguous:
                raise ValueError(f"blocks of {blocks.shape} where {self._shape} are known")
            self._blocks, self._blocks_at = blocks, _at(blocks)
        return self._blocks_at


class _Table:
    """Numbers, of 64 bits, and addresses of arrays: a struct of the library."""

    def __init__(self, *parts: int | _Array | None) -> None:
        self._arrays = parts
        numbers = [part if isinstance(part, int) else _address(part) for part in parts]
        self._numbers = np.array(numbers, np.int64)
        self.at = _at(self._numbers)


def _address(array: _Array | None) -> int:
    return 0 if array is None else int(array.__array_interface__["data"][0])


def _at(array: _Array | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(_address(array))
