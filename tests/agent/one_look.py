"""One look of the shipped detector at one frame: which runtime looked, and whom it found.

python -m tests.agent.one_look VIDEO FRAME
"""

import json
import sys
from pathlib import Path

import cv2

from agent.devices.litert import RUNTIMES, LitertModel
from agent.media.frame import Frame, Instant
from agent.vision.person import NanoDet, ObjectKind
from agent.vision.zones import WHOLE

ROOT = Path(__file__).parents[2]


def read(video: str, index: int) -> Frame:
    """The frame of that number, counted from 1."""
    source = cv2.VideoCapture(video)
    for _ in range(index):
        _, bgr = source.read()
    source.release()
    height, width, _ = bgr.shape
    return Frame(index, Instant(0, 0), cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), width, height)


def main(video: str, index: str) -> None:
    """Print it as a line of JSON."""
    detector = NanoDet(LitertModel(ROOT / "models" / "manifest.toml"))
    found = detector.detect(read(video, int(index)), WHOLE)
    people = [
        [one.score, one.box.x0, one.box.y0, one.box.x1, one.box.y1]
        for one in found
        if one.kind is ObjectKind.PERSON
    ]
    runtime = [name for name in RUNTIMES if name in sys.modules]
    print(json.dumps({"runtime": runtime, "people": [[float(x) for x in row] for row in people]}))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(*sys.argv[1:])
