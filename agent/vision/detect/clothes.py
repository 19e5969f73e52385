"""Clothing colours as six numbers, only to tell two walkers apart who cross.

Means over whole patches, kept for the life of the track and never sent: nobody can be recognised by
them.
"""

from agent.media.frame import Frame
from agent.vision.geometry import Box

Clothes = tuple[float, float, float, float, float, float]
"""Mean Y, U, V (0-255) of the trunk, then of the legs."""

TRUNK = (0.18, 0.48)
LEGS = (0.55, 0.85)
"""First and last row, in shares of the body's height."""
MIDDLE = (0.25, 0.75)
"""First and last column, in shares of the body's width: the rest of the box is background."""
OTHER_CLOTHES = 15.0
"""From this difference on (see `unlikeness`) two clothings are not of one person."""
BRIGHTNESS_WEIGHT = 0.5
"""Shadows change brightness more than colour."""


def clothes(frame: Frame, box: Box) -> Clothes:
    """Clothing colours of the body in `box`; a patch smaller than two pixels counts as two."""
    height, width = frame.height // 2, frame.width // 2
    x0, x1 = _span(box.x0 + MIDDLE[0] * box.width, box.x0 + MIDDLE[1] * box.width, width)
    trunk, legs = (
        _span(box.y0 + first * box.height, box.y0 + last * box.height, height)
        for first, last in (TRUNK, LEGS)
    )
    means: list[tuple[float, float]] = []
    for plane, share in zip((frame.luma, *frame.tints), (2, 1, 1), strict=True):
        # One call for both patches: numpy takes longer for the call than for the pixels.
        shown = plane[trunk[0] * share : legs[1] * share, x0 * share : x1 * share]
        rows = shown.sum(axis=1).tolist()
        trunk_rows, legs_rows = (
            rows[: (trunk[1] - trunk[0]) * share],
            rows[(legs[0] - trunk[0]) * share :],
        )
        means.append((_mean(trunk_rows, shown.shape[1]), _mean(legs_rows, shown.shape[1])))
    (y, below_y), (u, below_u), (v, below_v) = means
    return y, u, v, below_y, below_u, below_v


def unlikeness(one: Clothes, other: Clothes) -> float:
    """Difference of two clothings: 0 for the same; 20 is visibly different."""
    weights = (BRIGHTNESS_WEIGHT, 1.0, 1.0) * 2
    return sum(abs(a - b) * weight for a, b, weight in zip(one, other, weights, strict=True)) / len(
        weights
    )


def are_unlike(one: Clothes | None, other: Clothes | None, least: float = OTHER_CLOTHES) -> bool:
    """True if both are known and differ by more than `least`, see `unlikeness`."""
    return one is not None and other is not None and unlikeness(one, other) > least


def mixed(one: Clothes | None, other: Clothes | None, share: float) -> Clothes | None:
    """A mix with this `share` of `other`; if only one is known, that one."""
    if one is None or other is None:
        return other if one is None else one
    a = [x + share * (y - x) for x, y in zip(one, other, strict=True)]
    return a[0], a[1], a[2], a[3], a[4], a[5]


def _mean(rows: list[int], columns: int) -> float:
    """Mean of the pixels, from the sums of their rows."""
    return sum(rows) / (len(rows) * columns)


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    """Whole chroma pixels, at least one, inside the picture."""
    start = min(max(0, int(low * length)), length - 1)
    return start, max(start + 1, min(length, int(high * length)))
