"""Chooses the smallest network input that shows a picture as large as the common one does.

A wide picture leaves nearly half of a square input grey, and grey costs as much as street.
"""

from collections.abc import Sequence

from agent.vision.detect.person import PersonDetector
from agent.vision.geometry import scale

SAME = 0.999
"""Sizes are whole pixels: a picture shown at this share counts as equally large."""


def fitting(
    common: PersonDetector,
    fitted: Sequence[PersonDetector],
    size_px: tuple[int, int],
    *,
    is_crowd: bool = False,
) -> PersonDetector:
    """The best of `common` and `fitted` for a picture of `size_px` (height, width) and its parts.

    Inputs that would show it smaller than the common one are not used. In a crowd, where everybody
    would need a crop, it is the input that shows the picture largest.
    """
    if is_crowd:
        return max((common, *fitted), key=lambda one: scale(one.input_px, size_px))
    least = SAME * scale(common.input_px, size_px)
    fit = [one for one in fitted if scale(one.input_px, size_px) >= least]
    return min((common, *fit), key=lambda one: one.input_px[0] * one.input_px[1])
