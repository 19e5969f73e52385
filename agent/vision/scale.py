"""Making a part of a picture smaller or larger, and its colours: what the network is shown.

Smaller is the mean of the area that a pixel covers, larger lies between two rows and two columns,
and both are what OpenCV makes of it, but for ties of rounding. The compiled form (`scale.c`) says
the same as numpy does here, to the bit; where it will not load, numpy does all.
"""

import ctypes
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane
from agent.vision import fast

WHOLE = 2048
"""The weights of two pixels together: what lies between them stays within 16 bits."""
HALF = 2
SLIVER = 1e-3
"""Less of a pixel than this is none."""
RED_V, GREEN_V, GREEN_U, BLUE_U, LIGHT = 1673527, -852492, -409993, 2116026, 1220542
"""BT.601 with 16-235, times 1 << 20."""
_Array = NDArray[Any]


LIBRARY = fast.load(platform.machine(), name="scale")


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Which pixels of a line make each of the `target` pixels of a shorter one."""

    first: NDArray[np.int32]
    """(target,)"""
    weights: NDArray[np.float32]
    """(target, as many as the widest takes in): 1 together"""


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """Which two pixels of a line each of the `target` pixels of a longer one lies between."""

    pixels: NDArray[np.int32]
    """(target, 2)"""
    weights: NDArray[np.uint16]
    """(target, 2): `WHOLE` together"""


def scaled(plane: Plane, into: Plane, library: ctypes.CDLL | None = LIBRARY) -> None:
    """Fill `into`, which lies in one piece, with all of `plane`, whose rows may lie apart."""
    (height, width), (rows, columns) = plane.shape, into.shape
    if plane.strides[1] != 1 or not into.flags.carray:
        raise ValueError(
            f"a plane of {width}x{height} does not lie row by row, or may not be filled"
        )
    if plane.shape == into.shape:
        into[:] = plane
    elif height % rows == 0 and width % columns == 0:
        _divide(plane, into, library)
    elif rows < height or columns < width:
        _shrink(plane, into, reach(height, rows), reach(width, columns), library)
    else:
        _stretch(plane, into, between(height, rows), between(width, columns), library)


def scaled_i420(luma: Plane, tints: Sequence[Plane], size: tuple[int, int]) -> Plane:
    """A picture by its three planes as I420 of `size` (rows, columns), both even."""
    rows, columns = size
    yuv = np.empty((rows * 3 // 2, columns), np.uint8)
    small = yuv[rows:].reshape(2, rows // 2, columns // 2)
    for plane, into in zip((luma, *tints), (yuv[:rows], *small), strict=True):
        scaled(plane, into)
    return yuv


def coloured(yuv: Plane, into: Plane, library: ctypes.CDLL | None = LIBRARY) -> float:
    """Fill `into` (rows, columns, 3), RGB, from I420 in one piece; the mean of its green."""
    rows, columns = _rgb(into)
    is_even = rows % 2 == columns % 2 == 0
    if not is_even or yuv.shape != (rows * 3 // 2, columns) or not yuv.flags.c_contiguous:
        raise ValueError(f"{yuv.shape} is no I420 picture of {columns}x{rows}")
    u, v = yuv[rows:].reshape(2, rows // 2, columns // 2)
    if library is None:
        into[:] = _coloured(yuv[:rows], u, v)
        return float(into[:, :, 1].mean())
    tint = np.empty(3 * columns, np.int32)
    size = ctypes.c_int(rows), ctypes.c_int(columns)
    green: int = library.colour(_at(yuv), _at(u), _at(v), *size, *_rows_of(into), _at(tint))
    mean: float = (green & 0xFFFFFFFF) / (rows * columns)
    return mean


def brightened(rgb: Plane, gain: float, library: ctypes.CDLL | None = LIBRARY) -> None:
    """Make each byte `gain` times as large, 255 at the most."""
    rows, columns = _rgb(rgb)
    if library is None:
        rgb[:] = np.minimum(np.rint(rgb * np.float32(gain)), 255)
        return
    size = ctypes.c_int(rows), ctypes.c_int(3 * columns)
    library.brighten(*_rows_of(rgb), *size, ctypes.c_float(gain))


@lru_cache(maxsize=512)
def reach(source: int, target: int) -> Reach:
    """How a line of `source` pixels becomes one of `target`, not more."""
    scale = 1 / (target / source)
    start = np.arange(target) * scale
    width = np.minimum(scale, source - start)
    low = np.ceil(start).astype(np.int64)
    high = np.minimum(np.floor(start + scale).astype(np.int64), source - 1)
    low = np.minimum(low, high)
    before, after = low - start, np.minimum(np.minimum(start + scale - high, 1.0), width)
    first = np.where(before > SLIVER, low - 1, low)
    most = int((np.where(after > SLIVER, high + 1, high) - first).max())
    first = np.minimum(first, source - most)
    pixel = first[:, np.newaxis] + np.arange(most)
    low, high, before, after = (part[:, np.newaxis] for part in (low, high, before, after))
    weights = ((pixel >= low) & (pixel < high)) * 1.0
    weights += np.where((pixel == low - 1) & (before > SLIVER), before, 0.0)
    weights += np.where((pixel == high) & (after > SLIVER), after, 0.0)
    return Reach(first.astype(np.int32), (weights / width[:, np.newaxis]).astype(np.float32))


@lru_cache(maxsize=512)
def between(source: int, target: int) -> Between:
    """How a line of `source` pixels becomes one of `target`, not fewer."""
    middle = ((np.arange(target) + 0.5) * (source / target) - 0.5).astype(np.float32)
    first = np.floor(middle)
    second = middle - first
    weights = np.rint(np.stack([np.float32(1) - second, second], axis=1) * np.float32(WHOLE))
    pixels = np.clip(np.stack([first, first + 1], axis=1), 0, source - 1)
    return Between(pixels.astype(np.int32), weights.astype(np.uint16))


def _divide(plane: Plane, into: Plane, library: ctypes.CDLL | None) -> None:
    """A half is rounded up where two by two pixels become one, and to the even elsewhere."""
    (height, width), (rows, columns) = plane.shape, into.shape
    high, wide = height // rows, width // columns
    share, is_half = np.float32(1 / (high * wide)), high == wide == HALF
    if library is None:
        sums = plane.reshape(rows, high, columns, wide).sum(axis=(1, 3), dtype=np.uint32)
        into[:] = (sums + 2) >> 2 if is_half else np.rint(sums.astype(np.float32) * share)
        return
    start = *_rows_of(plane), _at(into), ctypes.c_int(rows), ctypes.c_int(columns)
    if is_half:
        library.halve(*start)
        return
    line = np.empty(width, np.uint32)
    library.divide(
        *start, ctypes.c_int(high), ctypes.c_int(wide), ctypes.c_float(float(share)), _at(line)
    )


def _shrink(
    plane: Plane, into: Plane, down: Reach, across: Reach, library: ctypes.CDLL | None
) -> None:
    if library is not None:
        lines, size = np.empty((2, into.shape[1]), np.float32), map(ctypes.c_int, into.shape)
        ways = [
            part
            for one in (down, across)
            for part in (_at(one.first), _at(one.weights), ctypes.c_int(one.weights.shape[1]))
        ]
        library.shrink(*_rows_of(plane), _at(into), *size, *ways, _at(lines))
        return
    lines = plane[:, across.first] * across.weights[:, 0]
    for number in range(1, across.weights.shape[1]):
        lines += plane[:, across.first + number] * across.weights[:, number]
    sums = lines[down.first] * down.weights[:, :1]
    for number in range(1, down.weights.shape[1]):
        sums += lines[down.first + number] * down.weights[:, number : number + 1]
    into[:] = np.rint(sums)


def _stretch(
    plane: Plane, into: Plane, down: Between, across: Between, library: ctypes.CDLL | None
) -> None:
    if library is not None:
        lines = np.empty((plane.shape[0], into.shape[1]), np.uint16)
        ways = [_at(part) for one in (down, across) for part in (one.pixels, one.weights)]
        height, size = ctypes.c_int(plane.shape[0]), map(ctypes.c_int, into.shape)
        library.stretch(*_rows_of(plane), height, _at(into), *size, *ways, _at(lines))
        return
    spread = (plane[:, across.pixels].astype(np.uint32) * across.weights).sum(axis=2) >> 4
    parts = spread[down.pixels].astype(np.uint32) * down.weights[:, :, np.newaxis] >> 16
    into[:] = (parts.sum(axis=1) + 2) >> 2


def _coloured(luma: Plane, u: Plane, v: Plane) -> _Array:
    a, b = (np.repeat(np.repeat(one.astype(np.int32) - 128, 2, 0), 2, 1) for one in (u, v))
    light = LIGHT * np.maximum(luma.astype(np.int32) - 16, 0) + (1 << 19)
    mixed = [light + RED_V * b, light + GREEN_V * b + GREEN_U * a, light + BLUE_U * a]
    rgb: _Array = np.clip(np.stack(mixed, axis=2) >> 20, 0, 255)
    return rgb


def _rgb(picture: Plane) -> tuple[int, int]:
    """Its rows and columns; ValueError unless its rows are bytes side by side, to be changed."""
    if picture.shape[2:] != (3,) or picture.strides[1:] != (3, 1) or not picture.flags.writeable:
        raise ValueError(f"{picture.shape} is no picture in RGB, row by row, that may be changed")
    return picture.shape[0], picture.shape[1]


def _rows_of(array: _Array) -> tuple[ctypes.c_void_p, ctypes.c_ssize_t]:
    return _at(array), ctypes.c_ssize_t(array.strides[0])


def _at(array: _Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.__array_interface__["data"][0])
