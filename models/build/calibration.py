"""The pictures that show the converter which values the network's layers take.

They come from frames 1 to 395 of one recording of a street scene. Frames 396 to 795 are kept for
judging and are never read. Calibration takes every fifth frame from the third on, so that none of
the multiples of five, on which accuracy is also measured, is among them. Each frame is shown
whole and as a square crop, and weather is laid over it. Everything random comes from one seed.
Only the least and the greatest value of each layer end in the model file, no picture.
"""

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np

from decode import Picture, letterbox

SEED = 20250301
FRAMES = range(3, 396, 5)
LAST_FRAME = 395
CROP_SIDES_PX = (192, 448)

Weather = Callable[[Picture, np.random.Generator], Picture]


def pictures(recording: Path, height: int, width: int) -> Iterator[Picture]:
    """uint8 RGB [height, width, 3], in a fixed order."""
    random = np.random.default_rng(SEED)
    weathers = cycle(ORDER)
    for frame in frames(recording, FRAMES):
        for view in (frame, crop(frame, random)):
            weather = WEATHERS[next(weathers)]
            yield letterbox(weather(view, random), height, width)[0]


def frames(recording: Path, numbers: range) -> Iterator[Picture]:
    """The frames of those numbers, counted from 1, RGB."""
    if numbers[-1] > LAST_FRAME:
        raise ValueError(f"frames after {LAST_FRAME} are kept for judging")
    video = cv2.VideoCapture(str(recording))
    for number in range(1, numbers[-1] + 1):
        read, bgr = video.read()
        if not read:
            raise ValueError(f"{recording} ends before frame {number}")
        if number in numbers:
            yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    video.release()


def crop(frame: Picture, random: np.random.Generator) -> Picture:
    height, width, _ = frame.shape
    side = int(random.integers(*CROP_SIDES_PX))
    top = int(random.integers(0, height - side + 1))
    left = int(random.integers(0, width - side + 1))
    return frame[top : top + side, left : left + side]


def clear(rgb: Picture, random: np.random.Generator) -> Picture:  # noqa: ARG001
    return rgb


def rain(rgb: Picture, random: np.random.Generator) -> Picture:
    """A duller, softer picture behind bright slanted streaks."""
    height, width, _ = rgb.shape
    streaks: Picture = np.zeros((height, width), np.uint8)
    length, slant = int(random.integers(10, 28)), int(random.integers(-6, 7))
    for _ in range(height * width // 600):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        cv2.line(streaks, (x, y), (x + slant, y + length), int(random.integers(70, 160)), 1)
    streaks = cv2.GaussianBlur(streaks, (3, 3), 0)
    dull = cv2.GaussianBlur(rgb, (5, 5), 0).astype(np.float32) * 0.75 + 15
    return _pixels(dull + streaks[..., np.newaxis] * 0.7)


def night(rgb: Picture, random: np.random.Generator) -> Picture:
    """Little light, then sensor gain: dark tones crushed, noise stronger in the shadows."""
    dim = (rgb.astype(np.float32) / 255) ** random.uniform(1.6, 2.4) * random.uniform(0.3, 0.6)
    noise = random.normal(0, random.uniform(5, 12), rgb.shape)
    return _pixels(dim * 255 + noise * (1.3 - dim))


def snow(rgb: Picture, random: np.random.Generator) -> Picture:
    """Small soft flakes over a paler picture."""
    height, width, _ = rgb.shape
    flakes: Picture = np.zeros((height, width), np.uint8)
    for _ in range(height * width // 900):
        centre = (int(random.integers(0, width)), int(random.integers(0, height)))
        cv2.circle(flakes, centre, int(random.integers(1, 3)), 255, -1)
    cover = cv2.GaussianBlur(flakes, (5, 5), 0)[..., np.newaxis] * (0.8 / 255)
    pale = rgb.astype(np.float32) * 0.75 + 50
    return _pixels(pale * (1 - cover) + 245 * cover)


def blur(rgb: Picture, random: np.random.Generator) -> Picture:
    """A drop on the lens, or focus lost."""
    return cv2.GaussianBlur(rgb, (0, 0), random.uniform(1.2, 3.0))


def glare(rgb: Picture, random: np.random.Generator) -> Picture:
    """Low sun or headlights: one bright spot that burns out, the rest darker."""
    height, width, _ = rgb.shape
    x, y = random.uniform(0, width), random.uniform(0, height)
    rows, columns = np.ogrid[:height, :width]
    distance = np.hypot(columns - x, rows - y) / max(height, width)
    light = 330 * np.exp(-((distance / 0.18) ** 2))
    return _pixels(rgb.astype(np.float32) * 0.8 + light[..., np.newaxis])


WEATHERS: dict[str, Weather] = {
    "clear": clear,
    "rain": rain,
    "night": night,
    "snow": snow,
    "blur": blur,
    "glare": glare,
}
# An odd count: whole frames and crops, which alternate, meet every weather.
ORDER = ("clear", "rain", "night", "clear", "snow", "blur", "glare")


def _pixels(values: np.ndarray) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
