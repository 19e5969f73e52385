"""Footage with a secret behind a privacy mask, and a check whether any of it can be seen."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import av.video.codeccontext
import av.video.stream
import cv2
import numpy as np

from agent.media.frame import Packet, Plane, StreamInfo
from agent.vision.geometry import Polygon, inside
from agent.vision.privacy import GREY, NO_COLOUR

WINDOW = Polygon(((0.55, 0.1), (0.95, 0.2), (0.9, 0.6), (0.6, 0.7)))
"""Drawn askew, so that its edges run through blocks."""
PICTURES = 20
EDGE_LEVELS = 3
"""What coding may add to plain grey: less than anybody sees."""


def street(number: int, secret: int, *, width: int, height: int) -> Plane:
    """BGR: a street on which something moves; what moves in the window is made from `secret`."""
    chance = np.random.default_rng(1)
    small = chance.integers(60, 140, (height // 8, width // 8, 3), np.uint8)
    picture = np.asarray(cv2.resize(small, (width, height)), np.uint8)
    left = number * 5 % (width // 2)
    picture[height // 2 : height // 2 + height // 6, left : left + width // 10] = 220
    hidden = np.random.default_rng([secret, number]).integers(0, 255, picture.shape, np.uint8)
    window = inside((WINDOW,), (height, width)).astype(bool)
    picture[window] = hidden[window]
    return picture


def pictures(folder: Path, secret: int, *, count: int = 12) -> Path:
    """A folder of numbered PNGs of 200x120: their height is no multiple of a block."""
    folder.mkdir()
    for number in range(count):
        cv2.imwrite(str(folder / f"{number:03}.png"), street(number, secret, width=200, height=120))
    return folder


def lossless(path: Path, secret: int, *, width: int, height: int, codec: str = "libx264") -> Path:
    """The picture as video without any loss: pixels outside the window do not know the secret."""
    return _video(path, secret, width=width, height=height, codec=codec, options={"qp": "0"})


def lossy(path: Path, secret: int, *, width: int, height: int) -> Path:
    """The picture as a camera's video, 25 frames a second."""
    return _video(path, secret, width=width, height=height, codec="libx264", options={"crf": "20"})


def _video(
    path: Path, secret: int, *, width: int, height: int, codec: str, options: dict[str, str]
) -> Path:
    extra = {"x265-params": "lossless=1:log-level=error:keyint=10:bframes=0:pools=1"}
    given = extra if codec == "libx265" else options | {"bf": "0", "g": "10", "threads": "1"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.video.stream.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.options = given | {"preset": "ultrafast"}
        stream.codec_context.time_base = Fraction(1, 25)
        for number in range(PICTURES):
            bgr = street(number, secret, width=width, height=height)
            frame = av.VideoFrame.from_ndarray(bgr, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def mjpeg(path: Path, secret: int) -> Path:
    """The picture as the video of a USB camera."""
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 200, 120, "yuvj420p"
        for number in range(PICTURES):
            bgr = street(number, secret, width=200, height=120)
            frame = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format="yuvj420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def decoded(stream: StreamInfo, packets: Sequence[Packet]) -> list[Plane]:
    """I420 of all packets, by a decoder that knows nothing but them."""
    decoder = av.video.codeccontext.VideoCodecContext.create("h264", "r")
    decoder.extradata = stream.extradata
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    frames += decoder.decode(None)
    return [np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8) for frame in frames]


def shows_nothing(yuv: Plane) -> bool:
    """Whether every pixel of the window is plain grey, in brightness and colour."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    window = inside((WINDOW,), (height, width)).astype(bool)
    halved = window.reshape(height // 2, 2, width // 2, 2).any(axis=(1, 3))
    luma = yuv[:height][window].astype(int)
    colours = yuv[height:].reshape(2, height // 2, width // 2)[:, halved].astype(int)
    return bool(
        (abs(luma - GREY) <= EDGE_LEVELS).all() and (abs(colours - NO_COLOUR) <= EDGE_LEVELS).all()
    )
