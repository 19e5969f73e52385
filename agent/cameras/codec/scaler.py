"""Scales pictures and converts their colours with FFmpeg's libswscale. Any thread may call it."""

from collections.abc import Sequence
from threading import local
from typing import Final

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from agent.media.frame import Plane
from agent.vision.detect.person import PAD
from agent.vision.detect.sheet import Part

BLACK: Final = 16
GREY: Final = PAD, 128, 128
"""Y, U and V of what is grey in RGB."""
_SMOOTH: Final = Interpolation.AREA
"""Mean of the covered area for smaller, bilinear for larger."""
_EXACT: Final = (
    Interpolation.POINT
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
"""Exact colours: the default is a grey level darker."""


class _Own(local):
    """A thread's reformatter for colours: one for all would be set up anew for each use."""

    def __init__(self) -> None:
        self.colours = VideoReformatter()


_own = _Own()


def rgb(shown: Sequence[tuple[Plane, Part]], size: tuple[int, int]) -> Plane:
    """RGB, uint8 (rows, columns, 3), of a canvas of `size` (multiples of 32): I420 pictures
    (BT.601, 16-235), each scaled to its part, on grey.

    Scaling comes before the colours: one step for both is slower and mixes neighbouring colours.
    """
    rows, columns = size
    canvas = np.empty((rows * 3 // 2, columns), np.uint8)
    planes = _planes(canvas)
    for plane, grey in zip(planes, GREY, strict=True):
        plane.fill(grey)
    for yuv, part in shown:
        for plane, scaled, share in zip(planes, _fitted(yuv, part), (1, 2, 2), strict=True):
            y, x = part.y // share, part.x // share
            plane[y : y + scaled.shape[0], x : x + scaled.shape[1]] = scaled
    np.maximum(planes[0], BLACK, out=planes[0])  # values below black become black
    made = _own.colours.reformat(
        _frame(canvas, "yuv420p"),
        format="gbrp",  # to "rgb24" libswscale takes nine times as long for the same
        interpolation=_EXACT,
        src_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )
    green, blue, red = _views(made)
    return np.stack((red, green, blue), axis=-1)


def _fitted(yuv: Plane, part: Part) -> list[Plane]:
    """Y, U and V of an I420 picture in the size of the part."""
    if yuv.shape == (part.rows * 3 // 2, part.columns):
        return _planes(yuv)
    return _views(_scaled(yuv, (part.rows, part.columns), "yuv420p"))


def _planes(yuv: Plane) -> list[Plane]:
    """Y, U and V of an I420 picture: views."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    return [yuv[:height], *yuv[height:].reshape(2, height // 2, width // 2)]


def _views(frame: av.VideoFrame) -> list[Plane]:
    """The planes of a frame, without a copy."""
    return [
        np.ndarray((plane.height, plane.width), np.uint8, plane, strides=(plane.line_size, 1))
        for plane in frame.planes
    ]


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
