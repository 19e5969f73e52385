"""Scales pictures and converts their colours with FFmpeg's libswscale. Any thread may call it."""

from typing import Final

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from agent.media.frame import Plane

BLACK: Final = 16
_SMOOTH: Final = Interpolation.AREA
"""Mean of the covered area for smaller, bilinear for larger."""
_EXACT: Final = (
    Interpolation.POINT
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
"""Exact colours: the default is a grey level darker."""


def rgb(yuv: Plane, size: tuple[int, int]) -> Plane:
    """RGB, uint8 (rows, columns, 3), of an I420 picture (BT.601, 16-235), scaled to an even `size`.

    Scaling comes before the colours: one step for both is slower and mixes neighbouring colours.
    """
    small = i420(yuv, size)
    luma = small[: size[0]]
    np.maximum(luma, BLACK, out=luma)  # values below black become black
    made = _frame(small, "yuv420p").reformat(
        format="rgb24",
        interpolation=_EXACT,
        src_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )
    return np.asarray(made.to_ndarray(), np.uint8)


def i420(yuv: Plane, size: tuple[int, int]) -> Plane:
    """An I420 picture scaled to an even `size` (rows, columns)."""
    return np.asarray(_scaled(yuv, size, "yuv420p").to_ndarray(), np.uint8)


def gray(luma: Plane, size: tuple[int, int]) -> Plane:
    """Brightness, uint8 (rows, columns), scaled to `size`."""
    return np.asarray(_scaled(np.ascontiguousarray(luma), size, "gray").to_ndarray(), np.uint8)


def _scaled(picture: Plane, size: tuple[int, int], pixels: str) -> av.VideoFrame:
    rows, columns = size
    frame = _frame(picture, pixels)
    return frame.reformat(width=columns, height=rows, interpolation=_SMOOTH, threads=1)


def _frame(picture: Plane, pixels: str) -> av.VideoFrame:
    # A buffer is not copied, but PyAV accepts only I420 with a row count that is a multiple of 6.
    can_share = picture.shape[0] % 6 == 0 and picture.flags.c_contiguous
    of = av.VideoFrame.from_numpy_buffer if can_share else av.VideoFrame.from_ndarray
    return of(picture, format=pixels)
