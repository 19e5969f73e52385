"""Names of colours: how much of a part of a picture is black, white, grey, red, …

Every pixel speaks for the names whose examples are near it in CIELAB, where distances follow the
eye. The examples were set on one half of the labelled bodies of decision 0055 and judged on the
other. Colours that also fill the strips beside the body are background and count less.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Frame, Plane
from agent.vision.describe.description import Colour, ColourName
from agent.vision.geometry import Box
from agent.vision.privacy import GREY as PAINT
from agent.vision.privacy import NO_COLOUR

Shares = NDArray[np.float32]
"""Array float32 (11,) with sum 1: share of each colour, in the order of `ColourName`."""
Floats = NDArray[np.float64]

EXAMPLES: Final[dict[ColourName, tuple[tuple[int, int, int], ...]]] = {
    ColourName.BLACK: ((4, 0, 0), (10, 0, 0), (16, 0, -2), (20, 0, 0)),
    ColourName.WHITE: (
        *((68, 0, -2), (78, 1, -3), (88, 0, -2), (97, 0, 0), (66, 2, -9), (80, 1, -9)),
        (85, 0, 8),
    ),
    ColourName.GREY: ((32, 0, -1), (42, 0, -1), (52, 0, -1), (60, 0, -1), (45, 0, 4)),
    ColourName.RED: ((20, 24, 10), (28, 36, 20), (36, 48, 30), (45, 60, 38), (48, 46, 12)),
    ColourName.ORANGE: ((45, 32, 28), (60, 40, 50), (55, 45, 45), (70, 28, 50)),
    ColourName.YELLOW: ((60, 0, 50), (74, 2, 60), (74, 0, 32), (83, -6, 30), (68, -5, 26)),
    ColourName.GREEN: (
        *((20, -9, 3), (30, -13, 8), (36, -20, 20), (54, -35, 16), (60, -30, 40)),
        *((48, -5, 14), (30, -5, 9), (70, -30, 30)),
    ),
    ColourName.BLUE: (
        *((12, 2, -9), (18, 2, -14), (24, 1, -9), (34, -2, -10), (44, -2, -12), (30, 5, -24)),
        *((30, 18, -50), (40, 5, -24), (58, 0, -13), (74, -2, -18), (60, -20, -14)),
        *((80, -5, -14), (62, 2, -26), (56, 10, -40), (45, -20, -15)),
    ),
    ColourName.PURPLE: ((23, 30, -25), (40, 30, -28), (50, 18, -18), (14, 8, -11), (30, 14, -14)),
    ColourName.PINK: (
        *((68, 15, 4), (60, 20, 8), (78, 12, 0), (52, 38, 2), (64, 44, -4), (45, 14, -4)),
        (75, 22, 0),
    ),
    ColourName.BROWN: (
        *((12, 8, 6), (22, 8, 6), (30, 8, 10), (36, 10, 16), (45, 8, 18), (55, 4, 16)),
        *((66, 4, 18), (28, 13, 19), (40, 16, 22)),
    ),
}
"""Lightness (0-100), a and b of CIELAB."""
TINT_WEIGHT: Final = 1.6
"""Shadows change lightness more than a and b."""
SPREAD: Final = 7.0
"""Standard deviation, in CIELAB, of the weight that an example has on a pixel."""

LUMA_STEP, TINT_STEP = 8, 4
"""Pixels are sorted into cells of this size in Y, and in U and V."""
TINTS: Final = (64, 192)
"""U and V beyond these bounds count as these."""
_ROWS, _COLUMNS = 256 // LUMA_STEP, (TINTS[1] - TINTS[0]) // TINT_STEP
_LUMA_CELLS: Final = np.arange(256, dtype=np.intp) // LUMA_STEP * _COLUMNS**2
_TINT_CELLS: Final = (
    np.arange(256, dtype=np.intp).clip(TINTS[0], TINTS[1] - 1) - TINTS[0]
) // TINT_STEP
_U_CELLS: Final = _TINT_CELLS * _COLUMNS
BESIDE: Final = 0.35
"""Width of a strip beside the body, in shares of the body's width."""
BACKGROUND: Final = 3.0
"""Weight of a pixel of the strips beside the body. A pixel of the body has 1."""
PLACES: Final = 1021
"""Cells are counted in this many places; a prime, so that neighbours do not share one."""
MOST_SIDE: Final = 16
"""At most this many rows, and columns, of pixels are sampled."""
LEAST_PIXELS: Final = 6
"""Least number of pixels, in the colour planes; a smaller part has no colour that can be named."""

MOST_PAINTED: Final = 0.1
"""Share of pixels with exactly the paint of a privacy mask above which nothing is told. Grey cloth
has some by chance."""

LEAST_FIRST: Final = 0.35
"""Below this share the best colour is a guess, and none is given."""
LEAST_SECOND: Final = 0.1


def shares(
    frame: Frame, body: Box, parts: Sequence[tuple[float, float]], columns: float
) -> tuple[Shares | None, ...]:
    """Colours of parts of `body`, each from and to a share of its height, in its middle `columns`
    (share of its width); None if a part is too small, or behind a privacy mask."""
    aside = (1.0 - columns) / 2
    rows = min(low for low, _ in parts), max(high for _, high in parts)
    planes = frame.luma, *frame.tints
    strips = [_pixels(planes, body, rows, span) for span in ((-BESIDE, 0.0), (1.0, 1.0 + BESIDE))]
    beside = _counts(np.concatenate([_cells(strip) for strip in strips]) % PLACES)
    middles = (_pixels(planes, body, part, (aside, 1.0 - aside)) for part in parts)
    return tuple(_shares(middle, beside) for middle in middles)


def named(views: Sequence[tuple[float, Shares]], least: float = LEAST_FIRST) -> tuple[Colour, ...]:
    """The colours of a body, at most two, best first, from views with their weights; none below
    `least`."""
    if not views:
        return ()
    # Eleven numbers each: numpy's calls take longer than the sums.
    total = sum(weight for weight, _ in views)
    rows = [(weight / total, one.tolist()) for weight, one in views]
    mean = [sum(weight * row[i] for weight, row in rows) for i in range(len(ColourName))]
    first, second = sorted(range(len(mean)), key=lambda i: -mean[i])[:2]
    if mean[first] < least:
        return ()
    chosen = (first, second) if mean[second] >= LEAST_SECOND else (first,)
    names = tuple(ColourName)
    return tuple(Colour(names[i], round(mean[i], 2)) for i in chosen)


@cache
def table() -> Shares:
    """float32 (cells, 11): share of each colour in a pixel of the cell. Takes 0.1 s to make.

    Row by row and without matrix products: those would keep megabytes for their threads.
    """
    luma = (np.arange(_ROWS) + 0.5) * LUMA_STEP
    tint = TINTS[0] + (np.arange(_COLUMNS) + 0.5) * TINT_STEP - 0.5
    u, v = (one.ravel() for one in np.meshgrid(tint, tint, indexing="ij"))
    made = np.empty((_ROWS, _COLUMNS**2, len(ColourName)), np.float32)
    for row, y in zip(made, luma, strict=True):
        lab = _lab(np.full(u.size, y), u, v)
        away = np.stack([_nearest(lab, EXAMPLES[name]) for name in ColourName], 1)
        near = np.exp((away.min(axis=1, keepdims=True) - away) / (2 * SPREAD**2))
        row[:] = near / near.sum(axis=1, keepdims=True)
    return made.reshape(-1, len(ColourName))


def _nearest(lab: Floats, examples: Sequence[tuple[int, int, int]]) -> Floats:
    """Squared distance of each pixel from the nearest example."""
    nearest = np.full(lab.shape[1], np.inf)
    for lightness, a, b in examples:
        tints = (lab[1] - a) ** 2 + (lab[2] - b) ** 2
        np.minimum(nearest, (lab[0] - lightness) ** 2 + TINT_WEIGHT**2 * tints, out=nearest)
    return nearest


def _lab(y: Floats, u: Floats, v: Floats) -> Floats:
    """CIELAB (D65), (3, pixels), of BT.601 video levels, by way of sRGB (IEC 61966-2-1)."""
    y, u, v = 1.164 * (y - 16), u - 128, v - 128
    rgb = np.stack([y + 1.596 * v, y - 0.392 * u - 0.813 * v, y + 2.017 * u])
    rgb = rgb.clip(0, 255) / 255
    red, green, blue = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.stack(
        [
            (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
            0.2126 * red + 0.7152 * green + 0.0722 * blue,
            (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
        ]
    )
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _shares(pixels: tuple[Plane, Plane, Plane], beside: Floats) -> Shares | None:
    if pixels[0].size < LEAST_PIXELS or _is_painted(pixels):
        return None
    cells = _cells(pixels)
    places = cells % PLACES
    inside = _counts(places)[places]
    weights = inside / (inside + BACKGROUND * beside[places])
    spoken = (weights[:, np.newaxis] * table()[cells]).sum(axis=0)
    return np.asarray(spoken / spoken.sum(), np.float32)


def _pixels(
    planes: tuple[Plane, Plane, Plane],
    body: Box,
    rows: tuple[float, float],
    columns: tuple[float, float],
) -> tuple[Plane, Plane, Plane]:
    """Y, U and V at the pixels of the colour planes in a part of `body`, from and to shares of its
    height and width; none outside the picture."""
    luma, u, v = planes
    y0, x0, high, wide = body.y0, body.x0, body.height, body.width
    top, bottom, down = _span(y0 + rows[0] * high, y0 + rows[1] * high, u.shape[0])
    left, right, along = _span(x0 + columns[0] * wide, x0 + columns[1] * wide, u.shape[1])
    grid = slice(top, bottom, down), slice(left, right, along)
    luma = luma[2 * top : 2 * bottom : 2 * down, 2 * left : 2 * right : 2 * along]
    return luma, u[grid], v[grid]


def _cells(pixels: tuple[Plane, Plane, Plane]) -> NDArray[np.intp]:
    luma, u, v = pixels
    cells = _LUMA_CELLS[luma] + _U_CELLS[u] + _TINT_CELLS[v]
    return np.asarray(cells.ravel())


def _is_painted(pixels: tuple[Plane, Plane, Plane]) -> bool:
    """Whether too many pixels have the paint of a privacy mask; few have its luma without one."""
    luma, u, v = pixels
    has_luma = luma == PAINT
    if has_luma.mean() <= MOST_PAINTED:
        return False
    return bool((has_luma & (u == NO_COLOUR) & (v == NO_COLOUR)).mean() > MOST_PAINTED)


def _span(low: float, high: float, length: int) -> tuple[int, int, int]:
    """First, after the last, and step: whole pixels from `low` to `high` (shares of `length`),
    inside."""
    start = min(max(0, int(low * length)), length)
    end = max(start, min(length, int(high * length) + 1))
    return start, end, max(1, -(-(end - start) // MOST_SIDE))


def _counts(places: NDArray[np.intp]) -> Floats:
    """Share of the pixels in each of the places."""
    return np.bincount(places, minlength=PLACES) / max(1, len(places))
