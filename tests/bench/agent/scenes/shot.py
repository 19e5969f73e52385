"""One picture's place in a scene: its time, and its random generators."""

from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import cv2
import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from agent.media.frame import Plane

GRAIN_MARGIN = 64
"""Noise is drawn once, this much larger than a picture, then shifted at random."""


@dataclass(frozen=True, slots=True)
class Shot:
    """The picture `index` (from 0) of a scene with that seed; equal shots give equal random
    values."""

    seed: int
    index: int
    frames_per_s: float = 10.0

    @property
    def t_s(self) -> float:
        """Seconds since the scene began."""
        return self.index / self.frames_per_s

    def dice(self, what: str) -> Generator:
        """A generator for values that differ in each picture."""
        return default_rng([self.seed, crc32(what.encode()), self.index])

    def lot(self, what: str, turn: int = 0) -> Generator:
        """A generator for values that stay the same through a scene, or through its turn `turn`."""
        return default_rng([self.seed, crc32(what.encode()), turn, 77])


def split(yuv: Plane) -> tuple[Plane, Plane, Plane]:
    """Y, U and V of an I420 picture: views, so that writing there writes into it."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    u, v = yuv[height:].reshape(2, height // 2, width // 2)
    return yuv[:height], u, v


def grained(yuv: Plane, sigma: float, *, seed: int, index: int, colour: float = 0.5) -> Plane:
    """A copy with a sensor's noise: `sigma` grey levels, `colour` times that in U and V.

    The noise is white, equal in dark and bright places, and repeats shifted. Real noise grows with
    the light, and a codec smears it.
    """
    out = yuv.copy()
    rng = default_rng([seed, 5, index])
    for plane, deviation in zip(split(out), (sigma, colour * sigma, colour * sigma), strict=True):
        height, width = plane.shape
        y, x = (int(n) for n in rng.integers(0, GRAIN_MARGIN, 2))
        field = _grain(height, width, deviation, seed)[y : y + height, x : x + width]
        cv2.add(plane, field, dst=plane, dtype=cv2.CV_8U)
    return out


@lru_cache(maxsize=16)
def _grain(height: int, width: int, sigma: float, seed: int) -> NDArray[np.int16]:
    shape = (height + GRAIN_MARGIN, width + GRAIN_MARGIN)
    noise = default_rng([seed, height, width]).standard_normal(shape, np.float32)
    return np.rint(noise * sigma).astype(np.int16)


@lru_cache(maxsize=32)
def clouds(height: int, width: int, cell_px: int, seed: int) -> Plane:
    """A soft random field 0-255, (height, width), with lumps of about `cell_px`; cut from it."""
    coarse = default_rng([seed, cell_px]).random((height // cell_px + 3, width // cell_px + 3))
    return cv2.resize(
        (255 * coarse).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    ).astype(np.uint8)


@lru_cache(maxsize=32)
def _glow(height: int, width: int, reach_y: float, reach_x: float) -> NDArray[np.float32]:
    """A soft spot 0-1 in the middle of (3 height, 3 width); its reach in shares of the picture."""
    y = (np.arange(3 * height, dtype=np.float32) - 1.5 * height) / (reach_y * height)
    x = (np.arange(3 * width, dtype=np.float32) - 1.5 * width) / (reach_x * width)
    return np.exp(-0.5 * (y[:, None] ** 2 + x[None, :] ** 2))


def glow(
    size: tuple[int, int], *, at: tuple[float, float], reach: tuple[float, float], peak: float
) -> Plane:
    """A soft spot at (y, x) in shares of the picture (-0.5 to 1.5), `peak` grey levels bright."""
    height, width = size
    field = _glow(height, width, *reach)
    y = min(max(0, round((1.5 - at[0]) * height)), 2 * height)
    x = min(max(0, round((1.5 - at[1]) * width)), 2 * width)
    return (peak * field[y : y + height, x : x + width]).astype(np.uint8)
