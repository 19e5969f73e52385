"""Handovers in known pictures: one person leaves, another comes or the same one comes back.

The place is a border of the picture, a door, or something that hides them. Bodies are cut from the
street, dressed, and set before an enlarged part of it. Nobody else is in view, and the two are
never in view together. Doors, posts and posters are drawn; nothing throws a shadow, and whoever
stays stands as still as a photograph.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, partial
from typing import Final

import numpy as np
from numpy.random import default_rng

from agent.media.frame import Plane
from agent.vision.geometry import Box
from tests.bench.agent.scenes import light
from tests.bench.agent.scenes.conditions import BY_NAME, Condition
from tests.bench.agent.scenes.footage import NOBODY, SENSOR_NOISE, Shown, Street
from tests.bench.agent.scenes.handover.clothes import (
    cast,
    dressed,
    like_outfit,
    other_outfit,
    outfit,
)
from tests.bench.agent.scenes.heights import SHOWS, within
from tests.bench.agent.scenes.near import SIZES_PX, Body, background, i420, paste
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.shot import grained

LONG_SEED: Final = 1
"""Seed of the whole benchmark."""
SHORT_SEED: Final = 2
"""Seed of the tests."""
BEFORE: Final = 10
"""Frames of the empty picture before somebody comes."""
STAYS: Final = (20, 25)
"""Frames that the first and the second one stay."""
GAPS: Final = (0, 10, 20, 40)
"""Frames between the two: up to six more show less than a sliver of either."""
PACE: Final = 0.09
"""Of a walker, in body heights a frame."""
FILLS: Final = (0.25, 0.35, 0.45, 0.6)
"""The body's height, in shares of the picture's."""
SIZE_PX: Final = SIZES_PX[0]
"""Height and width of the pictures."""
WHOLE: Final = 0.97
"""A body with this share in view is wholly in view: strides differ in width."""
HALF: Final = 0.22
"""Half of a walker's width, in body heights."""
SLIVER: Final = 0.1
"""A smaller share is not told apart from nobody."""


class Place(StrEnum):
    """Where they leave and come."""

    LEFT = "left border"
    RIGHT = "right border"
    LOWER = "lower border"
    DOOR = "door"
    POST = "post"
    POSTER = "poster"

    @property
    def is_border(self) -> bool:
        """Else it is inside the picture."""
        return self in (Place.LEFT, Place.RIGHT, Place.LOWER)


class Comer(StrEnum):
    """Who comes after the first one has left."""

    OTHER = "other clothes"
    LIKE = "like clothes"
    BACK = "same person"


INFRARED: Final = Condition(
    "infrared", (partial(light.infrared, first_s=-1.0, every_s=math.inf, held_s=math.inf),)
)
"""From the first picture on, without the switch."""
LIGHTS: Final = (BY_NAME["clear"], BY_NAME["night"], INFRARED)
COMERS: Final = (Comer.OTHER, Comer.BACK, Comer.LIKE, Comer.BACK)
"""In half of the scenes the same person comes back."""


@dataclass(frozen=True, slots=True)
class _Way:
    """From where nobody is seen to where they stay: the body's middle (x) and feet (y) on it, in
    pixels, with what hides them."""

    points: tuple[tuple[float, float], ...]
    cover: Box | None = None
    """What hides the visitors, in front of them."""
    opening: Box | None = None
    """The visitors are seen only through this on all of the way but its last part."""

    @property
    def lengths(self) -> list[float]:
        return [0.0, *np.cumsum([math.dist(a, b) for a, b in self._parts]).tolist()]

    @property
    def _parts(self) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        return list(zip(self.points, self.points[1:], strict=False))

    def at(self, px: float) -> tuple[float, float]:
        """The place after so many pixels."""
        xs, ys = zip(*self.points, strict=True)
        return float(np.interp(px, self.lengths, xs)), float(np.interp(px, self.lengths, ys))


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A body in a picture that is not mirrored yet."""

    person: int
    body: Body
    box: Box
    visible: Box
    clip: Box | None


@dataclass(frozen=True, eq=False)
class Handover:
    """Footage of the two visits. Person 0 is the first one; the second is person 1, or 0 again."""

    street: Street
    visits: tuple[tuple[Body, ...], tuple[Body, ...]]
    """Steps of either visitor; the first step is played while standing."""
    place: Place
    comer: Comer
    gap: int
    """Frames between them, see `GAPS`."""
    fill: float
    is_turned: bool
    """The picture is mirrored: they come from the right, or out to the left."""
    number: int
    """Seed of the noise."""
    printed: Body | None = None
    """On the poster."""

    @property
    def size(self) -> tuple[int, int]:
        return SIZE_PX

    @property
    def frames(self) -> int:
        return self._comes_at + self._walks + STAYS[1]

    @property
    def frames_per_s(self) -> float:
        return self.street.frames_per_s

    @cached_property
    def ready(self) -> int:
        """Index of the first frame in which all of the second visitor is in view."""
        return next(index for index in range(self._comes_at, self.frames) if self._is_whole(index))

    def picture(self, index: int) -> Plane:
        out = self._empty.copy()
        if (drawn := self._drawn(index)) is not None:
            kept = out.copy()
            paste(out, drawn.box, drawn.body, (1.0, 1.0))
            if drawn.clip is not None:
                hidden = np.ones(self.size, np.bool_)
                hidden[_slices(drawn.clip)] = False
                out[hidden] = kept[hidden]
            if self._way.cover is not None:
                cover = _slices(self._way.cover)
                out[cover] = kept[cover]
        if self.is_turned:
            out = np.ascontiguousarray(out[:, ::-1])
        return grained(i420(out), SENSOR_NOISE, seed=self.number, index=index)

    def shown(self, index: int) -> Shown:
        drawn = self._drawn(index)
        if drawn is None:
            return NOBODY
        box = self._mirrored(drawn.visible)
        if drawn.visible.area < SHOWS * drawn.box.area:
            return Shown({}, (box,))
        return Shown({drawn.person: box}, ())

    def visible(self, index: int) -> tuple[int, Box] | None:
        """Who is in view, and the box of all that is seen of them, in pixels; None if nobody is."""
        drawn = self._drawn(index)
        return None if drawn is None else (drawn.person, self._mirrored(drawn.visible))

    @property
    def _walks(self) -> int:
        """Frames from out of view to the place."""
        return math.ceil(self._way.lengths[-1] / (PACE * self._tall))

    @property
    def _comes_at(self) -> int:
        return BEFORE + 2 * self._walks + STAYS[0] + self.gap

    @property
    def _tall(self) -> float:
        return self.fill * self.size[0]

    def _is_whole(self, index: int) -> bool:
        drawn = self._drawn(index)
        return drawn is not None and drawn.visible.area >= WHOLE * drawn.box.area

    def _drawn(self, index: int) -> _Drawn | None:
        if index >= self._comes_at:
            walked, leaves = index - self._comes_at, False
        else:
            since, back = index - BEFORE, self._walks + STAYS[0]
            leaves = since > back
            walked = 2 * self._walks + STAYS[0] - since if leaves else since
        if walked <= 0 or index < BEFORE:
            return None
        is_second = index >= self._comes_at
        steps = self.visits[is_second]
        body = steps[0 if walked >= self._walks else index % len(steps)]
        if leaves:
            body = _turned(body)
        px = min(1.0, walked / self._walks) * self._way.lengths[-1]
        x, feet = self._way.at(px)
        rows, columns = body.mask.shape
        half = self._tall * columns / rows / 2
        box = Box(x - half, feet - self._tall, x + half, feet)
        clip = self._way.opening if px < self._way.lengths[-2] else None
        visible = self._seen_of(box, clip)
        if visible.width <= 0 or visible.height <= 0 or visible.area < SLIVER * box.area:
            return None
        person = 1 if is_second and self.comer is not Comer.BACK else 0
        return _Drawn(person, body, box, visible, clip)

    def _seen_of(self, box: Box, clip: Box | None) -> Box:
        height, width = self.size
        visible = within(box, Box(0, 0, width, height))
        if clip is not None:
            visible = within(visible, clip)
        if (cover := self._way.cover) is not None and visible.x0 < cover.x1:
            visible = Box(cover.x1, visible.y0, visible.x1, visible.y1)
        return visible

    def _mirrored(self, box: Box) -> Box:
        width = self.size[1]
        return Box(width - box.x1, box.y0, width - box.x0, box.y1) if self.is_turned else box

    @cached_property
    def _way(self) -> _Way:
        """In a picture that is not mirrored: from the left, or out to the right."""
        (height, width), tall = self.size, self._tall
        feet, x = 0.5 * (height + tall), 0.4 * width
        match self.place:
            case Place.LEFT | Place.RIGHT:
                return _Way(((-HALF * tall, feet), (0.3 * width, feet)))
            case Place.LOWER:
                return _Way(((x, height + tall), (x, 0.95 * height)))
            case Place.DOOR:
                opening = Box(x - 0.35 * tall, feet - 1.15 * tall, x + 0.35 * tall, feet)
                outside = (x + 0.1 * tall, feet + 0.12 * tall)
                return _Way(((opening.x0 - HALF * tall, feet), (x, feet), outside), opening=opening)
            case Place.POST:
                return self._beside(Box(x - 0.28 * tall, 0, x + 0.28 * tall, feet + 0.04 * tall))
            case Place.POSTER:
                top = feet - 1.15 * tall
                return self._beside(Box(x - 0.38 * tall, top, x + 0.38 * tall, feet + 0.04 * tall))

    def _beside(self, cover: Box) -> _Way:
        """From behind it to beside it."""
        tall = self._tall
        feet = 0.5 * (self.size[0] + tall)
        return _Way(((cover.x1 - HALF * tall, feet), (cover.x1 + 0.4 * tall, feet)), cover)

    @cached_property
    def _empty(self) -> Plane:
        """Without people: Y, U, V (rows, columns, 3)."""
        out, tall = background(self.street, 0).copy(), self._tall
        if (opening := self._way.opening) is not None:
            wall = Box(opening.x0 - tall, opening.y0 - 0.3 * tall, opening.x1 + tall, opening.y1)
            out[_slices(within(wall, _picture()))] = (150, 122, 134)
            out[_slices(within(opening, _picture()))] = (48, 128, 130)
        if (cover := self._way.cover) is not None:
            out[_slices(within(cover, _picture()))] = (120, 126, 131)
        if cover is not None and self.printed is not None:
            x, rows, columns = cover.center[0], *self.printed.mask.shape
            half = 0.45 * tall * columns / rows
            box = Box(x - half, cover.y0 + 0.1 * tall, x + half, cover.y0 + tall)
            paste(out, box, self.printed, (1.0, 1.0))
        return out


def family(street: Street, seed: int) -> Iterator[Scene]:
    """All scenes: every place, light, gap and comer; `seed` decides bodies, clothes and sizes."""
    number = 0
    for place in Place:
        for condition in LIGHTS:
            for comer in COMERS:
                for gap in GAPS:
                    footage = _handover(street, place, comer, gap=gap, seed=seed, number=number)
                    when = f"{gap / footage.frames_per_s:g} s"
                    name = f"handover, {place}, {condition.name}, {comer}, {when}, {number}"
                    yield Scene(name, footage, condition, seed=1000 * seed + number)
                    number += 1


def _handover(
    street: Street, place: Place, comer: Comer, *, gap: int, seed: int, number: int
) -> Handover:
    lot = default_rng([seed, number])
    bodies = cast(street)
    first, second, printed = (bodies[int(n)] for n in lot.permutation(list(bodies))[:3])
    clothes = outfit(lot)
    visitor = tuple(dressed(body, clothes) for body in first)
    match comer:
        case Comer.BACK:
            comes = visitor
        case Comer.LIKE:
            alike = like_outfit(clothes, lot)
            comes = tuple(dressed(body, alike) for body in second)
        case Comer.OTHER:
            others = other_outfit(clothes, lot)
            comes = tuple(dressed(body, others) for body in second)
    return Handover(
        street=street,
        visits=(visitor, comes),
        place=place,
        comer=comer,
        gap=gap,
        fill=float(lot.choice(FILLS)),
        is_turned=place is Place.RIGHT or (place is not Place.LEFT and bool(lot.integers(2))),
        number=1000 * seed + number,
        printed=dressed(printed[0], outfit(lot)) if place is Place.POSTER else None,
    )


def _turned(body: Body) -> Body:
    """Seen from the other side."""
    return replace(
        body,
        yuv=np.ascontiguousarray(body.yuv[:, ::-1]),
        mask=np.ascontiguousarray(body.mask[:, ::-1]),
    )


def _picture() -> Box:
    height, width = SIZE_PX
    return Box(0, 0, width, height)


def _slices(box: Box) -> tuple[slice, slice]:
    return slice(round(box.y0), round(box.y1)), slice(round(box.x0), round(box.x1))
