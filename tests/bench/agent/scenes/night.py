"""A camera-night: hours without a person, under a mix of all weathers.

Seven tenths are quiet (clear, noise, night, infrared, fog, glare); the rest is weather that keeps
the model busy, and some time before the recorded tree. Each shift starts with fresh detection state
and its own random seed. Shifts are mixed, so that an interrupted night is a valid shorter one.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from agent.replay.sight import sight
from tests.bench.agent.scenes.conditions import BY_NAME, CONDITIONS
from tests.bench.agent.scenes.footage import Footage
from tests.bench.agent.scenes.play import Scene, shown_to

SHIFT_S = 300.0
"""Longest shift in seconds; longer ones are cut, so that two processes share the work well."""
QUIET = ("clear", "noise", "night", "infrared", "fog", "glare")
QUIET_SHARE = 0.7
TREE_SHARE = 0.05
OVER_TREE = ("clear", "rain", "night", "shake", "lightning", "gain step")
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Shift:
    """The result of one part of the night; every sighting in it is false."""

    name: str
    hours: float
    sightings: int
    inferences: int
    cpu_s: float
    """Processor time of detection and of making the pictures."""
    seed: int
    """Of its random numbers; of a sum, those of its first part."""


@dataclass(frozen=True, slots=True)
class Night:
    """The shifts of a night, one for each condition, with their sums."""

    shifts: tuple[Shift, ...]

    @property
    def hours(self) -> float:
        return sum(shift.hours for shift in self.shifts)

    @property
    def sightings(self) -> int:
        return sum(shift.sightings for shift in self.shifts)

    @property
    def per_hour_at_most(self) -> float:
        """False sightings per hour, the upper end of the one-sided 95 % interval."""
        return poisson_bound(self.sightings) / self.hours if self.hours else math.inf


def shifts_of(hours: float, *, still: Footage, tree: Footage, seed: int = 0) -> Iterator[Scene]:
    """Split each condition's night into parts; yield all first parts, then all second ones.

    `seed` varies the scenes, not the weather.
    """
    restless = [condition.name for condition in CONDITIONS if condition.name not in QUIET]
    quiet_s = hours * 3600 * QUIET_SHARE / len(QUIET)
    restless_s = hours * 3600 * (1 - QUIET_SHARE - TREE_SHARE) / len(restless)
    tree_s = hours * 3600 * TREE_SHARE / len(OVER_TREE)
    plan: list[tuple[str, Footage, float]] = [
        *((name, still, quiet_s) for name in QUIET),
        *((name, still, restless_s) for name in restless),
        *((name, tree, tree_s) for name in OVER_TREE),
    ]
    parts = [math.ceil(length_s / SHIFT_S) for _, _, length_s in plan]
    for part in range(max(parts)):
        for number, (name, footage, length_s) in enumerate(plan):
            if part < parts[number]:
                frames = max(1, round(length_s / parts[number] * footage.frames_per_s))
                where = "tree" if footage is tree else "nobody"
                of_shift = 1_000_000 * seed + 1000 * (number + 1) + part
                yield Scene(f"{where}, {name}", footage, BY_NAME[name], frames, of_shift)


class LogError(Exception):
    """The log belongs to another night, or is not a log."""


def watch(
    scenes: Iterable[Scene], manifest: Path, *, processes: int, tell: Callable[[Shift], None]
) -> list[Shift]:
    """Run all shifts, `processes` at a time, with a node's networks.

    `tell` is called for each shift, in order.
    """
    done: list[Shift] = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for waiting in [pool.submit(_shift, scene, manifest) for scene in scenes]:
            done.append(waiting.result())
            tell(done[-1])
    return done


def logged(file: Path, plan: Sequence[Scene]) -> list[Shift]:
    """The shifts of the `plan`, from its first on, that are finished according to a JSON Lines log.

    An incomplete last line (power cut) is ignored; a missing file gives none. LogError for a file
    that is not a log, or belongs to another plan.
    """
    if not file.exists():
        return []
    *lines, _ = file.read_text(encoding="utf-8").split("\n")
    try:
        done = [Shift(**json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise LogError(f"{file} is no log of a night ({error}): give another --log") from error
    of_plan = [(one.name, one.seed, round(hours_of(one), 5)) for one in plan[: len(done)]]
    if [(shift.name, shift.seed, round(shift.hours, 5)) for shift in done] != of_plan:
        raise LogError(f"{file} is the log of another night: give another --log")
    return done


def hours_of(scene: Scene) -> float:
    """Hours of media time."""
    return scene.length / scene.footage.frames_per_s / 3600


def summed(done: Sequence[Shift]) -> Night:
    """The total of all finished shifts."""
    names = dict.fromkeys(shift.name for shift in done)
    return Night(tuple(_sum(name, [s for s in done if s.name == name]) for name in names))


def poisson_bound(events: int) -> float:
    """The largest mean at which so few events still have a chance of 5 %."""
    low, high = 0.0, 10.0 + 3.0 * events
    for _ in range(60):
        mean = (low + high) / 2
        chance = sum(
            math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(events + 1)
        )
        low, high = (mean, high) if chance > 1 - CONFIDENCE else (low, mean)
    return low


def _shift(scene: Scene, manifest: Path) -> Shift:
    began = time.process_time()
    played = shown_to(sight(manifest), scene)
    return Shift(
        scene.name,
        played.hours,
        len(played.opened) + len(played.counted) + len(played.crowds),
        played.inferences,
        time.process_time() - began,
        scene.seed,
    )


def _sum(name: str, shifts: list[Shift]) -> Shift:
    return Shift(
        name,
        sum(s.hours for s in shifts),
        sum(s.sightings for s in shifts),
        sum(s.inferences for s in shifts),
        sum(s.cpu_s for s in shifts),
        shifts[0].seed,
    )
