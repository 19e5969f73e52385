"""Which network looks: the smallest that shows a picture as large as the largest of them would.

A wide picture leaves nearly half of a square input grey, and the grey costs as much as the street.
"""

from collections.abc import Sequence

from agent.vision.person import PersonDetector

SAME = 0.999
"""Sizes are whole pixels: what is shown this share as large is shown as large."""


def fitting(
    common: PersonDetector, fitted: Sequence[PersonDetector], size_px: tuple[int, int]
) -> PersonDetector:
    """Of `common` and the `fitted`, for a whole picture of `size_px` (height, width).

    Those that would show it smaller than the common one does are left out.
    """
    least = SAME * scale(common.input_px, size_px)
    fit = [one for one in fitted if scale(one.input_px, size_px) >= least]
    return min((common, *fit), key=lambda one: one.input_px[0] * one.input_px[1])


def scale(input_px: tuple[int, int], size_px: tuple[int, int]) -> float:
    """Pixels of an input of `input_px` (height, width) per pixel of a picture of `size_px`."""
    return min(input_px[0] / size_px[0], input_px[1] / size_px[1])
