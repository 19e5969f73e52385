"""H.264 encoding for cameras that give pictures in place of a stream."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import av.codec.context
import av.video.codeccontext

HD_BITS_PER_S: Final = 2_000_000
"""Enough for a legible 720p street at 15 frames a second; other sizes get the same per pixel."""
HD_PX: Final = 1280 * 720
LEAST_BITS_PER_S: Final = 500_000


def bits_per_s(width: int, height: int) -> int:
    """The bit rate for a picture of this size."""
    return max(LEAST_BITS_PER_S, HD_BITS_PER_S * width * height // HD_PX)


class Encoder:
    """x264 at its fastest setting: each frame gives a packet at once, with a keyframe each
    second."""

    def __init__(
        self, *, width: int, height: int, frames_per_s: Fraction, time_base: Fraction
    ) -> None:
        """`time_base`: seconds per tick of the frames' pts."""
        context = av.video.codeccontext.VideoCodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.framerate, context.time_base = frames_per_s, time_base
        context.gop_size = max(1, round(frames_per_s))
        context.bit_rate = bits_per_s(width, height)
        context.thread_count = 1
        context.options = {"preset": "ultrafast", "tune": "zerolatency"}
        context.flags |= av.codec.context.Flags.global_header
        context.open()
        self._context = context
        self.extradata = bytes(context.extradata or b"")

    def encode(
        self, picture: av.VideoFrame, pts: int, *, as_keyframe: bool = False
    ) -> Iterator[tuple[bytes, bool]]:
        """The coded picture, and whether it is a keyframe; `as_keyframe` forces one."""
        picture.pts = pts
        picture.time_base = self._context.time_base
        kinds = av.video.frame.PictureType
        picture.pict_type = kinds.I if as_keyframe else kinds.NONE  # MJPEG's would be copied
        for packet in self._context.encode(picture):
            yield bytes(packet), packet.is_keyframe
