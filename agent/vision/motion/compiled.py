"""The compiled form of motion detection (`fast.c` and the files beside it), for processors that
have one.

It gives the same result as `plain`, which uses numpy and OpenCV, to the bit, in less than half the
time and without OpenCV. The libraries lie beside this file and need nothing, so a node installs
them without a compiler. On another processor, or if a library does not load, `plain` does
everything.
"""

import ctypes
import os
import platform
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane
from agent.vision.motion import fields as known
from agent.vision.motion.fields import KEPT, REACH, Fields, Limits, Mask, Region, Rule

_Array = NDArray[Any]
NEEDS = frozenset(("avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "abm"))
"""Processor features that the library for x86-64 may use, as Linux names them: processors from 2013
on have all."""
CPUINFO = "/proc/cpuinfo"
COUNT_BITS = 21
"""Bits of each count that the library returns: pictures are below 134 million pixels."""
COUNT = 2**COUNT_BITS - 1


def load(processor: str, cpuinfo: str = CPUINFO) -> ctypes.CDLL | None:
    """The library for a processor as `uname -m` names it; None if there is none that runs."""
    if processor == "x86_64" and not _flags(cpuinfo) >= NEEDS:
        return None
    try:
        folder = os.path.dirname(__file__)  # noqa: PTH120 this layer has no use for pathlib
        return ctypes.CDLL(f"{folder}/fast-{processor}.so")
    except OSError:
        return None


def _flags(cpuinfo: str) -> frozenset[str]:
    """Features of the first processor, as the system reports them."""
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as lines:  # noqa: PTH123 as above
            return next((frozenset(line.split()) for line in lines if line[:5] == "flags"), NOTHING)
    except OSError:
        return NOTHING


NOTHING: frozenset[str] = frozenset()
LIBRARY = load(platform.machine())


class _Pointer(ctypes.c_void_p):
    """A pointer type that stays a pointer: ctypes turns its base class into a number."""


_inside = ctypes.pythonapi.PyCapsule_GetPointer
_inside.argtypes, _inside.restype = (ctypes.py_object, ctypes.c_char_p), _Pointer


def halving(library: ctypes.CDLL | None, steps: Sequence[Plane]) -> known.Halving:
    """The halving step, compiled or not. It fills `steps`, which have 4, 2 and 1 times as many rows
    and columns as there are blocks; a library does not keep the first of them."""
    if library is not None:
        return Halving(library, steps)
    from agent.vision.motion import plain  # noqa: PLC0415 it brings OpenCV

    return plain.Halving(steps)


def steps(library: ctypes.CDLL | None, fields: Fields) -> known.Steps:
    """The steps on `fields`, compiled or not."""
    if library is not None:
        return Steps(library, fields)
    from agent.vision.motion import plain  # noqa: PLC0415 it brings OpenCV

    return plain.Steps(fields)


class Halving:
    """Halves luma three times into arrays of its own size."""

    def __init__(self, library: ctypes.CDLL, steps: Sequence[Plane]) -> None:
        """`steps` are 4, 2 and 1 times as many rows and columns as blocks."""
        self.blocks = steps[-1]
        rows, columns = self.blocks.shape
        room = np.empty(4 * columns, np.uint16), np.empty(8 * columns, np.uint8)
        self._halve, self._kept = library.halve, (*steps[1:], *room)
        self.into = _Table(rows, columns, *self._kept)

    def step(self, luma: Plane) -> None:
        """Halve a picture. ValueError unless it is rows of bytes that lie side by side, eight for
        each block."""
        told = luma.__array_struct__  # a tenth of the time of asking for the address
        if not self._halve(self.into.at, _inside(told, None)):
            raise _refused(luma, self.blocks)


def _refused(luma: Plane, blocks: Plane) -> ValueError:
    (height, width), (rows, columns) = luma.shape, blocks.shape
    return ValueError(f"luma of {width}x{height} has no {columns}x{rows} blocks of bytes")


class Steps:
    """See `agent.vision.motion.fields.Steps`."""

    def __init__(self, library: ctypes.CDLL, fields: Fields) -> None:
        rows, columns = self._shape = fields.mean8.shape
        self._check(fields.ignored)
        self._library, self._unlit = library, library.unlit
        self._see, self._regions = library.see, library.regions
        self._unlit.restype = self._see.restype = ctypes.c_int64  # for all finders alike
        words = columns // 64 + 1
        self.light = np.zeros((rows, (columns + 7) // 8, 5, 8), np.float32)
        """See `Light` in `fast.h`."""
        self.over, *self.found = (_mask(rows, words) for _ in range(1 + KEPT))
        """A bit for each block that differs, and in turn for each that neither flicker nor light
        explains."""
        lamps, near, tall, self._spread, *masks = (_mask(rows, words) for _ in range(7))
        self._ground = _Table(
            *(rows, columns, fields.side, words),
            *(fields.mean, fields.flicker, fields.limit, self.light),
            *(fields.learned, fields.ignored, fields.mean8, fields.limit8, fields.lamp_from),
            *(*self.found, self.over),
            *(lamps, near, tall, np.zeros(2 * (columns + fields.side + 8))),
        )
        self._halving: Halving | None = None
        self._into = ctypes.c_void_p()
        self._blocks: Plane | None = None
        self._blocks_at = ctypes.c_void_p()
        most = rows * (columns // 2 + 1)
        self._rule: Rule | None = None
        self._rule_numbers = np.zeros(4, np.int64)
        self._out = np.empty((most, 4), np.float64)
        self._work = _Table(
            *(self._ground.numbers, self._rule_numbers, self._spread, *masks, tall),
            *(np.empty((most, 4), np.int32), np.empty(rows * columns, np.int32)),
            *(np.empty((most, 6), np.int32), self._out),
        )

    def see(self, halving: known.Halving, luma: Plane, turn: int) -> tuple[int, int, int]:
        """See `agent.vision.motion.fields.Steps`."""
        if halving is not self._halving:
            self._take(halving)
        told = luma.__array_struct__
        counts: int = self._see(self._into, _inside(told, None), self._ground.at, turn)
        if counts < 0:
            raise _refused(luma, halving.blocks)
        return counts & COUNT, counts >> COUNT_BITS & COUNT, counts >> 2 * COUNT_BITS

    def _take(self, halving: known.Halving) -> None:
        """From now on that one is asked for blocks."""
        if not isinstance(halving, Halving):
            raise TypeError("halving of another form")
        self._check(halving.blocks)
        self._halving, self._into = halving, halving.into.at

    def unlit(self, blocks: Plane, turn: int) -> tuple[int, int, int]:
        """See `agent.vision.motion.fields.Steps`."""
        counts: int = self._unlit(self._ground.at, self._of(blocks), turn)
        return counts & COUNT, counts >> COUNT_BITS & COUNT, counts >> 2 * COUNT_BITS

    def regions(self, turn: int, rule: Rule) -> list[Region]:
        """See `agent.vision.motion.fields.Steps`."""
        if rule is not self._rule:
            self._rule, self._rule_numbers[:] = rule, astuple(rule)
        regions: list[Region] = self._out[: self._regions(self._work.at, turn)].tolist()
        return regions

    def spread(self) -> Mask:
        """See `agent.vision.motion.fields.Steps`."""
        return unpacked(self._spread, self._shape[1])

    def moved(self) -> Mask:
        """See `agent.vision.motion.fields.Steps`."""
        return unpacked(self._spread & self.over, self._shape[1])

    def take_in(self, blocks: Plane, moved: Mask | None, *, share: float, step: float) -> None:
        """See `agent.vision.motion.fields.Steps`."""
        self._check(moved)
        rates = ctypes.c_float(share), ctypes.c_float(step)
        self._library.take_in(self._ground.at, self._of(blocks), _at(moved), *rates)

    def follow(self, blocks: Plane, *, down: float, up: float, highest: float) -> None:
        """See `agent.vision.motion.fields.Steps`."""
        rates = ctypes.c_float(down), ctypes.c_float(up), ctypes.c_float(highest)
        self._library.follow(self._ground.at, self._of(blocks), *rates)

    def publish(self, limits: Limits) -> None:
        """See `agent.vision.motion.fields.Steps`."""
        numbers = (
            *(limits.gusts, limits.offset, limits.over_noise, limits.least_change),
            *(limits.roughness, limits.lamp, limits.lamp_step),
        )
        self._library.publish(self._ground.at, (ctypes.c_float * len(numbers))(*numbers))

    def _of(self, blocks: Plane) -> ctypes.c_void_p:
        """Address of an array; ValueError unless its shape is the expected one, row by row."""
        if blocks is not self._blocks:
            self._check(blocks)
            self._blocks, self._blocks_at = blocks, _at(blocks)
        return self._blocks_at

    def _check(self, blocks: _Array | None) -> None:
        if blocks is None:
            return
        if blocks.shape != self._shape or not blocks.flags.c_contiguous:
            raise ValueError(f"blocks of {blocks.shape} where {self._shape} are known, row by row")


class _Table:
    """Numbers, of 64 bits, and addresses of arrays: a struct of the library."""

    def __init__(self, *parts: int | _Array | None) -> None:
        self._arrays = parts
        numbers = [part if isinstance(part, int) else _address(part) for part in parts]
        self.numbers = np.array(numbers, np.int64)
        self.at = _at(self.numbers)


def _mask(rows: int, words: int) -> NDArray[np.uint64]:
    """A mask of bits, all 0, with further rows of zeros before and behind it."""
    return np.zeros((rows + 2 * REACH, words), np.uint64)[REACH:-REACH]


def unpacked(bits: NDArray[np.uint64], columns: int) -> Mask:
    """A mask of bytes from a mask of the library, whose rows are bits."""
    return np.unpackbits(bits.view(np.uint8), axis=1, count=columns, bitorder="little")


def _address(array: _Array | None) -> int:
    return 0 if array is None else int(array.__array_interface__["data"][0])


def _at(array: _Array | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(_address(array))
