"""Small videos made for a test."""

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def walk_past(path: Path, *, seconds: int = 2, frames_per_s: int = 10) -> Path:
    """A grey square crosses a dark street; H.264 in MP4, a keyframe every second."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=frames_per_s)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.time_base = Fraction(1, frames_per_s)
        stream.options = {"g": str(frames_per_s), "bf": "0", "preset": "ultrafast"}
        for number in range(seconds * frames_per_s):
            picture = np.full((240, 320, 3), 40, dtype=np.uint8)
            left = number * 4 % 280
            picture[100:180, left : left + 40] = 180
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def hevc(path: Path, *, seconds: int = 2, frames_per_s: int = 25) -> Path:
    """A test picture in H.265, as a camera sends it: a keyframe a second, no B-frames."""
    make = f"ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate={frames_per_s}"
    coder = f"-c:v libx265 -x265-params log-level=error:keyint={frames_per_s}:bframes=0:pools=1"
    command = f"{make} -t {seconds} {coder} -preset ultrafast -pix_fmt yuv420p -tag:v hvc1 -y"
    subprocess.run([*command.split(), str(path)], check=True)
    return path
