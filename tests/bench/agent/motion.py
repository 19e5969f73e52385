"""`bench motion`: processor time of motion detection, beside that of reading every byte once.

Each frame is processed in turn by the floor (`cv2.sumElems` of the luma), by the halvings alone, by
the whole motion detector and by tamper detection. There are so many different frames that none is
still in a cache. Medians, of this thread's processor time.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TypeVar
from uuid import uuid4

import cv2
import numpy as np

from agent.media.frame import Frame, Instant, Plane
from agent.vision.motion.finder import Halver, MotionFinder
from agent.vision.tamper.tamper import Tamper

_What = TypeVar("_What")
_Answer = TypeVar("_Answer")

SIZES = {"640x360": (360, 640), "1080p": (1080, 1920)}
COLD_BYTES = 128 * 2**20
"""Bytes of luma. Each reader meets a frame again after all others or after a third of them: both
exceed the caches of the machines measured."""
FRAMES_PER_S = 15.0
WARMING_FRAMES = 40
COUNTED_FRAMES = 240
WALKERS = 4
NOISE = 2.0
SEED = 7


@dataclass(frozen=True, slots=True)
class MotionCost:
    """Microseconds of one thread's processor time per frame, medians."""

    floor_us: float
    halvings_us: float
    motion_us: float
    motion_mean_us: float
    """The background is learned in every fourth frame: a mean counts that, a median does not."""
    tamper_mean_us: float
    """Time of tamper detection, which reads one frame in thirty and receives the halved
    pictures."""
    moved_share: float
    """Share of frames with motion."""

    @property
    def times_floor(self) -> float:
        """The goal: at most 7 at 640x360 and 6 at 1080p."""
        return self.motion_us / self.floor_us


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print; needs half a minute and 300 MB."""
    costs = {
        f"{size}, {name}": measure(Street(*shape), walkers=walkers)
        for size, shape in SIZES.items()
        for name, walkers in (("quiet", 0), ("busy", WALKERS))
    }
    print(json.dumps(_words(costs), indent=2) if args.json else _table(costs))
    return 0


class Street:
    """A synthetic street with texture everywhere, sensor noise, and people a sixth of its
    height."""

    def __init__(self, height: int, width: int) -> None:
        random = np.random.default_rng(SEED)
        coarse = random.integers(60, 190, (height // 30, width // 30), dtype=np.uint8)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        grain = random.normal(0, NOISE, (height + 64, width + 64))
        self._empty = smooth.astype(np.int16)
        self._grain = np.rint(grain).astype(np.int16)

    @property
    def size_px(self) -> tuple[int, int]:
        """Size of a frame: (height, width)."""
        return self._empty.shape[0], self._empty.shape[1]

    def frame(self, index: int, walkers: int) -> Frame:
        """Frame `index` (from 0) with the given number of walkers; U and V are grey."""
        height, width = self.size_px
        y, x = (int(n) for n in np.random.default_rng([SEED, index]).integers(0, 64, 2))
        luma = np.clip(self._empty + self._grain[y : y + height, x : x + width], 0, 255)
        for walker in range(walkers):
            tall, wide = height // 6, height // 15
            top = height // 4 + walker * height // 8
            left = int(width * (walker / walkers + index / FRAMES_PER_S / 12)) % (width - wide)
            luma[top : top + tall, left : left + wide] = 40 if walker % 2 else 230
        yuv: Plane = np.full((height * 3 // 2, width), 128, np.uint8)
        yuv[:height] = luma
        at = Instant(round(index / FRAMES_PER_S * 1e9), round(index / FRAMES_PER_S * 1e6))
        return Frame(index + 1, at, yuv, width, height)


def measure(street: Street, *, walkers: int, frames_of_each: int = COUNTED_FRAMES) -> MotionCost:
    """Measure floor, halvings and detector in turn on each frame."""
    height, width = street.size_px
    different = COLD_BYTES // (height * width) + 1
    frames = [street.frame(index, walkers) for index in range(different)]
    finder, halver = MotionFinder(), Halver(height, width)
    tamper = _watching(frames[0], halver)
    floor, halvings, motion, view, moved = _Watch(), _Watch(), _Watch(), _Watch(), 0
    for index in range(WARMING_FRAMES + frames_of_each):
        # back and forth, so that the walkers never jump
        place = index % (2 * different - 2)
        drawn = frames[min(place, 2 * different - 2 - place)]
        at = Instant(round(index / FRAMES_PER_S * 1e9), drawn.at.utc_us)
        frame = Frame(index + 1, at, drawn.yuv, width, height)
        is_counted = index >= WARMING_FRAMES
        moved_now = motion.time(finder.step, frame, is_counted=is_counted)
        view.time(lambda one: tamper.step(one, finder.means), frame, is_counted=is_counted)
        # the others read other frames: the frame just read is still in the cache
        other = frames[(place + different // 3) % different].luma
        floor.time(cv2.sumElems, other, is_counted=is_counted)
        another = frames[(place + 2 * different // 3) % different].luma
        halvings.time(halver.means, another, is_counted=is_counted)
        moved += bool(moved_now.regions) and is_counted
    return MotionCost(
        floor_us=floor.median_us,
        halvings_us=halvings.median_us,
        motion_us=motion.median_us,
        motion_mean_us=motion.mean_us,
        tamper_mean_us=view.mean_us,
        moved_share=round(moved / len(motion.spent_ns), 3),
    )


def _watching(frame: Frame, halver: Halver) -> Tamper:
    """A tamper detector that has learned the view and has done its hourly save."""
    tamper = Tamper(lambda _: uuid4())
    halver.means(frame.luma)
    for ago_s in range(20, 0, -2):
        tamper.step(replace(frame, at=frame.at.before(ago_s)), halver.last)
    return tamper


class _Watch:
    """A stopwatch for this thread's processor time."""

    def __init__(self) -> None:
        self.spent_ns: list[int] = []

    def time(self, work: Callable[[_What], _Answer], what: _What, *, is_counted: bool) -> _Answer:
        began_ns = time.thread_time_ns()
        answer = work(what)
        if is_counted:
            self.spent_ns.append(time.thread_time_ns() - began_ns)
        return answer

    @property
    def median_us(self) -> float:
        """Microseconds."""
        return round(statistics.median(self.spent_ns) / 1000, 1)

    @property
    def mean_us(self) -> float:
        """Microseconds."""
        return round(statistics.fmean(self.spent_ns) / 1000, 1)


def _words(costs: dict[str, MotionCost]) -> dict[str, object]:
    return {
        name: {**asdict(cost), "times_floor": round(cost.times_floor, 2)}
        for name, cost in costs.items()
    }


def _table(costs: dict[str, MotionCost]) -> str:
    head = ("floor", "halvings", "motion", "mean", "x floor", "view")
    lines = [f"{'us a frame':16}" + "".join(f"{word:>10}" for word in head)]
    lines += [
        f"{name:16}{cost.floor_us:10.1f}{cost.halvings_us:10.1f}{cost.motion_us:10.1f}"
        f"{cost.motion_mean_us:10.1f}{cost.times_floor:10.2f}{cost.tamper_mean_us:10.1f}"
        for name, cost in costs.items()
    ]
    return "\n".join(lines)
