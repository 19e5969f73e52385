"""Accuracy of motion detection alone: persons covered, and frames with false motion.

The conditions are those of the comparison with other programs: 300 frames to settle, then 240 that
count, over the empty street at 10 frames a second.
"""

import time
from dataclasses import dataclass
from functools import partial

import numpy as np

from agent.vision.geometry import Box
from agent.vision.motion.finder import MotionFinder, MotionSettings
from tests.bench.agent.scenes import air, lens, light
from tests.bench.agent.scenes.conditions import DUSK, Condition
from tests.bench.agent.scenes.footage import Footage, Street
from tests.bench.agent.scenes.play import Scene

SETTLING_FRAMES = 300
COUNTED_FRAMES = 240
FIRST_COVERED = 50
"""Index of the first street frame that counts."""
COVERS = 0.5
"""Share of a person's box that must lie in motion."""
RESTLESS = (
    Condition("clear"),
    Condition("noise 3", (partial(lens.noise, sigma=3.0),)),
    Condition("noise 8", (partial(lens.noise, sigma=8.0),)),
    Condition("gain x1.3, 90 frames", (partial(light.gain_step, times=1.3, every_s=30, held_s=9),)),
    Condition(
        "headlights, 135 frames",
        (DUSK, partial(light.headlights, every_s=100, sweep_s=13.5, first_s=30, peak=110.0)),
    ),
    Condition("rain", (partial(air.rain, streaks_per_mpx=900, length_px=(8, 30), bright=35),)),
    Condition("downpour", (partial(air.rain, streaks_per_mpx=900, length_px=(8, 30), bright=80),)),
)


@dataclass(frozen=True, slots=True)
class Restless:
    """Counts of motion in footage without people."""

    name: str
    frames: int
    of: int
    share: float
    """Share of the picture with reported motion, over the counted frames."""
    us_per_frame: float


@dataclass(frozen=True, slots=True)
class Covered:
    """Motion on the street with people."""

    covered: float
    """Share of the persons (whole ones, frame by frame) with at least half the box in motion."""
    persons: int
    """Persons times frames."""
    share: float
    """Share of the picture with reported motion."""
    us_per_frame: float


def restless(
    footage: Footage, condition: Condition, settings: MotionSettings | None = None
) -> Restless:
    """Count the frames with motion in footage without people."""
    scene = Scene(condition.name, footage, condition, SETTLING_FRAMES + COUNTED_FRAMES)
    finder = MotionFinder(settings)
    frames, share, spent_ns = 0, 0.0, 0
    for index in range(scene.length):
        frame = scene.frame(index)
        began_ns = time.thread_time_ns()
        moved = finder.step(frame)
        spent_ns += time.thread_time_ns() - began_ns
        if index >= SETTLING_FRAMES:
            frames += bool(moved.regions)
            share += _share(moved.regions)
    return Restless(
        condition.name,
        frames,
        COUNTED_FRAMES,
        round(share / COUNTED_FRAMES, 4),
        round(spent_ns / 1000 / scene.length, 1),
    )


def covered(street: Street, settings: MotionSettings | None = None) -> Covered:
    """Count the persons that motion covers."""
    scene = Scene("street", street)
    finder = MotionFinder(settings)
    hits, persons, share, spent_ns = 0, 0, 0.0, 0
    for index in range(scene.length):
        frame = scene.frame(index)
        began_ns = time.thread_time_ns()
        moved = finder.step(frame)
        spent_ns += time.thread_time_ns() - began_ns
        if index < FIRST_COVERED:
            continue
        mask = _mask(moved.regions, street.size)
        share += float(mask.mean())
        for box in street.shown(index).people.values():
            persons += 1
            part = mask[max(0, int(box.y0)) : int(box.y1), max(0, int(box.x0)) : int(box.x1)]
            hits += bool(part.mean() >= COVERS)
    counted = scene.length - FIRST_COVERED
    return Covered(
        round(hits / persons, 4),
        persons,
        round(share / counted, 4),
        round(spent_ns / 1000 / scene.length, 1),
    )


def _mask(
    moved: tuple[Box, ...], size: tuple[int, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    height, width = size
    mask = np.zeros(size, np.bool_)
    for box in moved:
        mask[
            int(box.y0 * height) : round(box.y1 * height),
            int(box.x0 * width) : round(box.x1 * width),
        ] = True
    return mask


def _share(moved: tuple[Box, ...]) -> float:
    return float(_mask(moved, (72, 128)).mean()) if moved else 0.0
