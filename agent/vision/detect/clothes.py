"""Clothing colours as six numbers, only to tell two walkers apart who cross.

Means over whole patches, kept for the life of the track and never sent: nobody can be recognised by
them.
"""

from agent.media.frame import Frame, Plane
from agent.vision.geometry import Box

Clothes = tuple[float, float, float, float, float, float]
"""Mean Y, U, V (0-255) of the trunk, then of the legs."""

TRUNK = (0.18, 0.48)
LEGS = (0.55, 0.85)
"""First and last row, in shares of the body's height."""
MIDDLE = (0.25, 0.75)
"""First and last column, in shares of the body's width: the rest of the box is background."""
BRIGHTNESS_WEIGHT = 0.5
"""Shadows change brightness more than colour."""


def clothes(frame: Frame, box: Box) -> Clothes:
    """Clothing colours of the body in `box`; a patch smaller than two pixels counts as two."""
    return (*_patch(frame, box, TRUNK), *_patch(frame, box, LEGS))


def unlikeness(one: Clothes, other: Clothes) -> float:
    """Difference of two clothings: 0 for the same; 20 is visibly different."""
    weights = (BRIGHTNESS_WEIGHT, 1.0, 1.0) * 2
    return sum(abs(a - b) * weight for a, b, weight in zip(one, other, weights, strict=True)) / len(
        weights
    )


def mixed(one: Clothes | None, other: Clothes | None, share: float) -> Clothes | None:
    """A mix with this `share` of `other`; if only one is known, that one."""
    if one is None or other is None:
        return other if one is None else one
    a = [x + share * (y - x) for x, y in zip(one, other, strict=True)]
    return a[0], a[1], a[2], a[3], a[4], a[5]


def _patch(frame: Frame, box: Box, rows: tuple[float, float]) -> tuple[float, float, float]:
    """Mean Y, U, V of the middle of the body between two heights."""
    height, width = frame.height // 2, frame.width // 2
    y0, y1 = _span(box.y0 + rows[0] * box.height, box.y0 + rows[1] * box.height, height)
    x0, x1 = _span(box.x0 + MIDDLE[0] * box.width, box.x0 + MIDDLE[1] * box.width, width)
    u, v = frame.tints
    luma = frame.luma[2 * y0 : 2 * y1, 2 * x0 : 2 * x1]
    return _mean(luma), _mean(u[y0:y1, x0:x1]), _mean(v[y0:y1, x0:x1])


def _mean(patch: Plane) -> float:
    """As `patch.mean()`, which takes twice as long for a patch so small."""
    return int(patch.sum()) / patch.size


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    """Whole chroma pixels, at least one, inside the picture."""
    start = min(max(0, int(low * length)), length - 1)
    return start, max(start + 1, min(length, int(high * length)))
