"""Usual look of a view, and how much of it a frame still shows.

The picture is divided into cells. In each cell the structure of the block means (without everything
broader than a few blocks and finer than one) is correlated with the usual structure. Light, gain,
fog and dusk change its strength, not its form; only hiding or moving the view changes its form.
Sharpness is the fine detail per unit of structure, without the sensor's noise: fog reduces both
alike, an unfocused lens only the fine detail.

Everything is computed from the results of motion detection: means of 8x8 and of 4x4 pixels.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Frame, Plane

Cells = NDArray[np.float32]
"""One number per cell: (CELLS[0], CELLS[1])."""
Relief = NDArray[np.float32]
"""Structure of block means, (height // 8, width // 8), grey levels around 0."""

CELLS = (6, 8)
REACH = 4
"""In blocks: structure is the difference between the means of 3x3 and of 9x9."""
STRUCTURED = 1.5
"""Grey levels (root mean square) from which a cell has enough structure."""
FEWEST_CELLS = 6
"""With fewer such cells a view cannot be recognised."""
ALIKE = 0.4
"""Correlation from which a cell looks as usual. A crowd leaves about half of the cells above it,
night leaves all; another view hardly any."""
GREY = 1.0
"""Mean distance of U and V from 128 below which a picture is black and white (infrared)."""
TELLING = 25
"""Brightness from which this can be judged: black has no colour."""
OFF_BY_NOISE = 10.0**0.5
"""White noise moves a pixel against its four neighbours this many times as much as against itself a
moment before."""
OFF_MOST = 128
"""Upper limit of one pixel's difference from its neighbours: one lamp is not a texture."""
DARK_SHARE = 0.95
BLINDING = 245


@dataclass(frozen=True, slots=True)
class Glance:
    """Result of one look. Shares are 0-1."""

    brightness: int
    """Grey level with nearly all blocks below it; the rest are lamps."""
    blinding: float
    """Share of blocks that are nearly white."""
    colour: float
    """Mean distance of U and V from grey."""
    is_repeated: bool
    """Bit for bit the previous picture: no sensor is that quiet."""
    structure: float
    """Grey levels, root mean square."""
    missing: float | None = None
    """Share of the cells with structure that look different; None: unknown."""
    detail: float = 1.0
    """Fine detail relative to usual."""
    detail_where_missing: float = 1.0
    """Fine detail relative to usual, in the cells that look different only."""
    sharpness: float = 1.0
    """Fine detail per unit of structure, relative to usual."""


@dataclass(frozen=True, slots=True)
class Means:
    """Block means of a frame's luma from motion detection, uint8; valid until its next frame."""

    blocks: Plane
    """Means of 8x8 pixels: (height // 8, width // 8)."""
    quarters: Plane
    """Means of 4x4 pixels, of the same part of the picture."""


@dataclass(slots=True)
class Usual:
    """Usual look of a view, by day or in infrared."""

    relief: Relief
    detail: Cells
    seen_s: float = 0.0
    """Learning time so far."""


@dataclass(slots=True)
class _Measured:
    relief: Relief
    detail: Cells


@dataclass(slots=True)
class Scenery:
    """Memory of one view, separate for day and infrared; used by one thread."""

    known_after_s: float
    memory_s: float
    usual: dict[bool, Usual] = field(default_factory=dict)
    """By whether the picture is black and white."""
    _fine: Plane | None = None
    _last: _Measured | None = None
    _is_grey: bool = False

    def look(self, frame: Frame, means: Means) -> Glance:
        """Measure a frame; `means` are its block means."""
        before = self._fine
        if before is not None and before.shape != means.quarters.shape:
            before = None
        self._fine = means.quarters.copy()
        measured = _Measured(structure(means.blocks), _detail(self._fine, before))
        self._last = measured
        levels = np.bincount(means.blocks.ravel(), minlength=256)
        glance = Glance(
            brightness=int(np.searchsorted(np.cumsum(levels), DARK_SHARE * means.blocks.size)),
            blinding=float(levels[BLINDING:].sum() / means.blocks.size),
            colour=colour_of(frame),
            is_repeated=before is not None and np.array_equal(before, self._fine),
            structure=float(np.sqrt(np.mean(np.square(measured.relief)))),
        )
        if glance.brightness >= TELLING:
            self._is_grey = glance.colour < GREY
        usual = self.usual.get(self._is_grey)
        if usual is None or usual.seen_s < self.known_after_s:
            return glance
        if usual.relief.shape != means.blocks.shape:
            self.usual.clear()  # another picture size: another view
            return glance
        return _compared(glance, measured, usual)

    def learn(self, elapsed_s: float) -> None:
        """Learn the last look as usual, `elapsed_s` after the previous one."""
        if self._last is None:
            return
        usual = self.usual.get(self._is_grey)
        if usual is None or usual.relief.shape != self._last.relief.shape:
            self.usual[self._is_grey] = Usual(self._last.relief, self._last.detail)
            return
        usual.seen_s += elapsed_s
        share = elapsed_s / (min(usual.seen_s, self.memory_s) + elapsed_s)
        usual.relief += np.float32(share) * (self._last.relief - usual.relief)
        usual.detail += np.float32(share) * (self._last.detail - usual.detail)

    @property
    def is_known(self) -> bool:
        """True if the present view was seen long enough to be recognised."""
        usual = self.usual.get(self._is_grey)
        return usual is not None and usual.seen_s >= self.known_after_s

    def forget(self) -> None:
        """Learn this view anew, in this light."""
        self.usual.pop(self._is_grey, None)


def _compared(glance: Glance, now: _Measured, usual: Usual) -> Glance:
    was, is_now = _cells(usual.relief * usual.relief), _cells(now.relief * now.relief)
    both = _cells(usual.relief * now.relief)
    structured = was > STRUCTURED**2
    if np.count_nonzero(structured) < FEWEST_CELLS:
        return glance
    alike = both / np.sqrt(np.maximum(was, 1e-3) * np.maximum(is_now, 1e-3))
    missing = structured & (alike < ALIKE)
    detail = _ratio(now.detail[structured].sum(), usual.detail[structured].sum())
    strength = float(np.sqrt(_ratio(is_now[structured].sum(), was[structured].sum())))
    return replace(
        glance,
        missing=int(np.count_nonzero(missing)) / int(np.count_nonzero(structured)),
        detail=detail,
        detail_where_missing=_ratio(now.detail[missing].sum(), usual.detail[missing].sum()),
        sharpness=_ratio(detail, strength),
    )


def _ratio(one: float, other: float) -> float:
    return float(one / other) if other > 0 else 1.0


def structure(blocks: Plane) -> Relief:
    """Means of 3x3 blocks minus means of 9x9; the picture is mirrored at its borders."""
    wide = np.pad(blocks, REACH, mode="reflect").astype(np.uint16)
    narrow = _threes(wide, 1)
    inner = narrow[3:-3, 3:-3]
    return inner * np.float32(1 / 9) - _threes(narrow, 3) * np.float32(1 / 81)


def _threes(sums: NDArray[np.uint16], step: int) -> NDArray[np.uint16]:
    """Sums of three by three, `step` apart, where all exist."""
    tall: NDArray[np.uint16] = sums[: -2 * step] + sums[step:-step] + sums[2 * step :]
    sums = tall[:, : -2 * step] + tall[:, step:-step] + tall[:, 2 * step :]
    return sums


def _detail(fine: Plane, before: Plane | None) -> Cells:
    """Difference of pixels from their neighbours in each cell, without noise.

    Ramps do not count: edges of things on the lens are broad. The noise is the smaller of two
    estimates: the flattest cells, and the change from look to look in the calmest cells. Rain and
    shaking enlarge the second, a textured street the first.
    """
    off = _cells(np.minimum(np.abs(curvature(fine)), OFF_MOST))
    noise = np.sort(off, axis=None)[off.size // 10]
    if before is not None:
        apart = np.maximum(fine, before) - np.minimum(fine, before)
        changed = np.sort(_cells(apart), axis=None)
        noise = min(noise, OFF_BY_NOISE * changed[changed.size // 4])
    return np.asarray(np.sqrt(np.maximum(off * off - noise * noise, 0)), np.float32)


def curvature(plane: Plane) -> NDArray[np.int16]:
    """Difference between the sum of each pixel's four neighbours and four times itself."""
    wide = np.pad(plane, 1, mode="reflect").astype(np.int16)
    beside = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]
    return beside - 4 * wide[1:-1, 1:-1]


def _cells(plane: Plane | NDArray[np.int16] | Relief) -> Cells:
    """Mean of each cell."""
    down, across = _shares(plane.shape[0], CELLS[0]), _shares(plane.shape[1], CELLS[1])
    return np.asarray(down @ plane.astype(np.float32, copy=False) @ across.T, np.float32)


@lru_cache(maxsize=64)
def _shares(pixels: int, cells: int) -> NDArray[np.float32]:
    """Weight of each pixel of a line in the mean of each cell, (cells, pixels)."""
    edges = np.linspace(0, pixels, cells + 1)
    first, last = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    pixel = np.arange(pixels)
    inside = np.minimum(last, pixel + 1) - np.maximum(first, pixel)
    return np.asarray(np.maximum(inside, 0) * cells / pixels, np.float32)


def brightness_of(frame: Frame) -> float:
    """Mean of the luma (0-255), from samples."""
    return float(frame.luma[::4, ::4].mean())


def colour_of(frame: Frame) -> float:
    """Mean distance of U and V from 128, from samples: 0 for black and white."""
    chroma = frame.yuv[frame.height :: 8, ::16].astype(np.int16)
    return float(np.abs(chroma - 128).mean())
