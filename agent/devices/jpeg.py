"""JPEG by FFmpeg's encoder, straight from the planes of a picture."""

from fractions import Fraction
from typing import Final

import av
import av.error
import av.video.codeccontext
import numpy as np

from agent.media.frame import Plane

QUALITIES: Final = (30, 45, 60, 75, 82, 90, 95)
QUANTISERS: Final = (12, 9, 7, 6, 4, 3, 2)
"""What FFmpeg counts by. Up to 82 these come out nearer to the picture than libjpeg's, in a sixth
to a fifth fewer bytes (PSNR on the street scene, 768x576)."""
PER_QUANTISER: Final = 118
"""FFmpeg's `FF_QP2LAMBDA`."""
FORMAT: Final = "yuvj420p"


def jpeg(yuv: Plane, quality: int) -> bytes:
    """From I420 of 0-255 (full range), `quality` 1-100; ValueError for what is no picture.

    Nothing is in it but the picture: no name of a program, no time, no place.
    """
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    quantiser = round(float(np.interp(quality, QUALITIES, QUANTISERS)))
    try:
        encoder = av.video.codeccontext.VideoCodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, FORMAT
        encoder.time_base = Fraction(1)
        encoder.thread_count = 1
        encoder.qmin = encoder.qmax = quantiser
        encoder.options = {
            "flags": "+bitexact+qscale",
            "global_quality": str(quantiser * PER_QUANTISER),
        }
        frame = av.VideoFrame.from_ndarray(yuv, format=FORMAT)
        frame.pts = 0
        packets = [*encoder.encode(frame), *encoder.encode(None)]
    except (av.error.FFmpegError, ValueError) as error:
        raise ValueError(f"no JPEG can be made of a picture of {yuv.shape}") from error
    return b"".join(bytes(packet) for packet in packets)
