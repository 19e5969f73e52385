"""People at night in the light of the camera's lamp: they walk, come, stand, or are at the lens.

Bodies are cut from the street and stand before an enlarged part of it, see `lamp`. Nobody else is
in view. Trees do not move, no car passes, whoever stays is as still as a photograph, and near the
lens nobody throws a shadow.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from typing import Final

from numpy.random import default_rng

from agent.media.frame import Plane
from agent.vision.geometry import Box
from tests.bench.agent.scenes import lens
from tests.bench.agent.scenes.conditions import Condition
from tests.bench.agent.scenes.footage import NOBODY, Shown, Still, Street
from tests.bench.agent.scenes.handover.clothes import cast
from tests.bench.agent.scenes.heights import within
from tests.bench.agent.scenes.infrared.lamp import (
    LOWER,
    UPPER,
    blurred,
    bright,
    grain,
    lamp,
    lit,
    lit_ground,
    shadow,
)
from tests.bench.agent.scenes.near import SIZES_PX, Body, background, i420, paste, shifted
from tests.bench.agent.scenes.night import SHIFT_S
from tests.bench.agent.scenes.play import Scene

LONG_SEED: Final = 1
"""Seed of the whole benchmark."""
SHORT_SEED: Final = 2
"""Seed of the tests."""
BEFORE: Final = 15
"""Frames of the empty picture before somebody comes."""
STAYS: Final = 28
"""Frames in view after the first full view."""
PACE: Final = 0.08
"""Pace of a walker, in body heights a frame."""
HALF: Final = 0.25
"""Half of a walker's width, in body heights."""
SHINES: Final = 0.4
"""Share of full light from which a person counts as in view."""
STOPS: Final = (0.3, 0.6)
"""Where somebody stays, in shares of the picture's width from where they came in."""
SHADOW_BESIDE: Final = 0.35
"""Distance of the shadow, in widths of the body."""
HEIGHTS_PX: Final = (80, 100, 120, 140)
"""Heights of people who are whole in view, or cut at the border."""
NEAR_PX: Final = (200, 260, 320, 400)
"""Heights of people who are near the lens."""
CUT: Final = (0.55, 0.8)
"""Visible upper part of a body that the lower border cuts, of its height."""


class Manner(StrEnum):
    """How a person is there."""

    WALKS = "walks past"
    COMES = "comes and stands"
    STANDS = "stands there from the first frame"
    CUT = "walks along the lower border, cut by it"
    NEAR = "comes near the lens, cut by the border"


@dataclass(frozen=True, slots=True)
class Night:
    """Power of the lamp, with insects at the lens and the sensor's noise."""

    power: float
    condition: Condition


_FEW: Final = partial(lens.moths, count=3, size_px=(5, 18), light=150, visit_s=4.0)
_SWARM: Final = partial(lens.moths, count=9, size_px=(3, 10), light=110, visit_s=5.0)
_LARGE: Final = partial(lens.moths, count=1, size_px=(30, 60), light=170, visit_s=7.0)
NIGHTS: Final = (
    Night(1.2, Condition("strong lamp", (partial(grain, sigma=1.0),))),
    Night(1.2, Condition("strong lamp, insects", (_FEW, _SWARM, partial(grain, sigma=3.0)))),
    Night(0.6, Condition("weak lamp, noise", (partial(grain, sigma=5.0),))),
    Night(0.6, Condition("weak lamp, noise, insects", (_FEW, _LARGE, partial(grain, sigma=5.0)))),
)


@dataclass(frozen=True, eq=False)
class Infrared:
    """Footage of one person who comes, or is there from the start."""

    street: Street
    steps: tuple[Body, ...]
    """As in full light; the first one is played while standing."""
    manner: Manner
    power: float
    tall: int
    """Height of the body in pixels, with what the border cuts."""
    part: float
    """Visible upper part of that."""
    stop: float
    """Where they stay, in shares of the picture's width; walkers go on."""
    is_turned: bool
    """They come from the right."""
    number: int
    """Decides the picture's shape."""

    @property
    def size(self) -> tuple[int, int]:
        return SIZES_PX[self.number % 2]

    @property
    def frames(self) -> int:
        return self.ready + STAYS

    @property
    def frames_per_s(self) -> float:
        return self.street.frames_per_s

    @cached_property
    def ready(self) -> int:
        """Index of the first frame that shows as much of them as any later one, in some light."""
        if self.manner is Manner.STANDS:
            return 0
        index = BEFORE + math.ceil(2 * HALF / PACE)
        while self._light(self._place(index)) < SHINES * self.power:
            index += 1
        return index

    def picture(self, index: int) -> Plane:
        out = self._ground.copy()
        if index >= self._comes_at:
            box, is_still = self._place(index), self._is_still(index)
            body = self.steps[0 if is_still else index % len(self.steps)]
            body = lit(body if is_still else blurred(body), self._light(box))
            if self.manner is not Manner.NEAR:
                beside = SHADOW_BESIDE * box.width * (-1 if self.is_turned else 1)
                paste(out, shifted(box, beside, 0.0), shadow(body), (1.0, 1.0))
            paste(out, box, body, (1.0, 1.0))
        return i420(out)

    def shown(self, index: int) -> Shown:
        if index < self._comes_at:
            return NOBODY
        height, width = self.size
        visible = within(self._place(index), Box(0, 0, width, height))
        if visible.width <= 0:
            return NOBODY
        return Shown({}, (visible,)) if index < self.ready else Shown({0: visible}, ())

    @property
    def _comes_at(self) -> int:
        return 0 if self.manner is Manner.STANDS else BEFORE

    def _is_still(self, index: int) -> bool:
        return self._walked(index) >= self.stop * self.size[1]

    def _walked(self, index: int) -> float:
        """The body's middle without a stop, from the border where they come in."""
        if self.manner is Manner.STANDS:
            return math.inf
        return self.tall * (PACE * (index - BEFORE) - HALF)

    def _place(self, index: int) -> Box:
        """The whole body's box in pixels, also outside the picture."""
        height, width = self.size
        x = min(self._walked(index), self.stop * width)
        x = width - x if self.is_turned else x
        rows, columns = self.steps[0].mask.shape
        half = self.tall * columns / rows / 2
        feet = height + (1 - self.part) * self.tall
        if self.part == 1:  # who is taller is nearer
            feet = height * (0.3 + self.tall / 230)
        return Box(x - half, feet - self.tall, x + half, feet)

    def _light(self, box: Box) -> float:
        height, width = self.size
        at = min(height - 1, round(box.y1)), min(max(0, round(box.center[0])), width - 1)
        return self.power * float(lamp(height, width)[at])

    @cached_property
    def _ground(self) -> Plane:
        return lit_ground(background(self.street, self.number % 2), self.power)


def family(street: Street, seed: int) -> Iterator[Scene]:
    """All scenes: every manner, night and height; `seed` decides bodies, clothes and places."""
    number = 0
    for manner in Manner:
        for night in NIGHTS:
            for tall in NEAR_PX if manner is Manner.NEAR else HEIGHTS_PX:
                footage = _infrared(street, manner, night.power, tall=tall, seed=seed, turn=number)
                name = f"infrared, {manner}, {night.condition.name}, {tall} px"
                yield Scene(name, footage, night.condition, seed=1000 * seed + number)
                number += 1


def _infrared(
    street: Street, manner: Manner, power: float, *, tall: int, seed: int, turn: int
) -> Infrared:
    lot = default_rng([seed, turn])
    bodies = cast(street)
    steps = bodies[int(lot.choice(list(bodies)))]
    upper, lower = float(lot.uniform(*UPPER)), float(lot.uniform(*LOWER))
    is_cut = manner in (Manner.CUT, Manner.NEAR)
    return Infrared(
        street=street,
        steps=tuple(bright(body, upper, lower) for body in steps),
        manner=manner,
        power=power,
        tall=tall,
        part=float(lot.uniform(*CUT)) if is_cut else 1.0,
        stop=math.inf if manner in (Manner.WALKS, Manner.CUT) else float(lot.uniform(*STOPS)),
        is_turned=bool(lot.integers(2)),
        number=int(lot.integers(2)),
    )


def nobody(street: Street, hours: float, seed: int) -> Iterator[Scene]:
    """So many hours of the place without anybody, in shifts of all nights and shapes in turn."""
    grounds = {
        (shape, power): Still(i420(lit_ground(background(street, shape), power)), noise=0.0)
        for shape in range(len(SIZES_PX))
        for power in {night.power for night in NIGHTS}
    }
    frames = round(SHIFT_S * 10)  # as many a second as a Still has
    for number in range(math.ceil(hours * 3600 / SHIFT_S)):
        night = NIGHTS[number % len(NIGHTS)]
        still = grounds[number // len(NIGHTS) % len(SIZES_PX), night.power]
        name = f"nobody, {night.condition.name}"
        yield Scene(name, still, night.condition, frames, 1_000_000 * seed + number)
