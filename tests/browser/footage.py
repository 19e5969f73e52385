"""A real picture and a real clip: from the recording if it is here, else generated."""

import io
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

RECORDING = Path.home() / ".cache" / "matthan" / "vtest.avi"
RATE = 10
WIDTH, HEIGHT = 768, 576


def frames(number: int) -> Iterator[Any]:
    """BGR pictures, uint8 (576, 768, 3): people on a path, or a box that walks."""
    if RECORDING.exists():
        film = cv2.VideoCapture(str(RECORDING))
        for _ in range(number):
            _, frame = film.read()
            yield frame
        film.release()
        return
    for index in range(number):
        frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        left = 40 + index * 4 % (WIDTH - 120)
        cv2.rectangle(frame, (left, 250), (left + 50, 400), (40, 40, 40), -1)
        yield frame


def picture() -> bytes:
    """A JPEG with a box over the person, as nodes send it."""
    frame = next(islice(frames(61), 60, None))
    cv2.rectangle(frame, (616, 252), (664, 350), (98, 192, 255), 2)
    _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(data)


def large_picture(number: int) -> bytes:
    """One of several JPEGs as a good camera sends them: 1920 × 1080, some 400 kB."""
    frame = next(islice(frames(number + 1), number, None))
    large = cv2.resize(frame, (1920, 1080), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noise = np.random.default_rng(number).normal(0, 9, large.shape)
    grainy = np.clip(large + noise, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", grainy, [cv2.IMWRITE_JPEG_QUALITY, 75])
    return bytes(data)


def clip(seconds: int = 14, codec: str = "libx264") -> bytes:
    """A fragmented MP4 with H.264 (or H.265: "libx265"), as nodes record it."""
    buffer = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(buffer, "w", format="mp4", options=options) as film:
        tuning = {"preset": "ultrafast", "g": "20", "x265-params": "log-level=none:keyint=20"}
        stream = cast("VideoStream", film.add_stream(codec, rate=RATE, options=tuning))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames(seconds * RATE):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        film.mux(stream.encode())
    return buffer.getvalue()


def free_box(number: int) -> bytes:
    """A box that players skip: appended, it makes another file of the same clip."""
    return struct.pack(">I4sI", 12, b"free", number)
