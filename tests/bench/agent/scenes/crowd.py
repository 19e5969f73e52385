"""Crowds: people cut out of the street, scaled down, dimmed and pasted onto it, many at once.

A body is cut where it differs from the empty street inside its box in the truth. Each actor plays a
stretch of one person's walk forwards and backwards, elsewhere and at another size. A nearer actor
(lower in the picture) covers a farther one. There are no riders, and the same eleven people walk
many times.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane
from agent.vision.geometry import Box
from tests.bench.agent.scenes.footage import Shown, Street, empty_picture, widened
from tests.bench.agent.scenes.shot import Shot, grained, split

LEAST_STRETCH = 25
"""Least frames of walking without being covered for a stretch."""
DIFFERS = 22
"""Grey levels (in luma, or twice in a chroma plane) between a body and the empty street."""
SHOWS = 0.65
"""A body with a smaller visible share is unsure."""
FEET = (0.35, 0.97)
"""Range of the feet's position, in shares of the height."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One body in the crowd: person and first frame (index) of the walk that it plays, length,
    place and size."""

    person: int
    first: int
    length: int
    at: tuple[float, float]
    """Feet (x, y) in pixels at the start of the stretch."""
    scale: float
    dim: float
    phase: int

    def index(self, frame: int) -> int:
        """Index of the street's frame that it plays, back and forth."""
        there = (frame + self.phase) % (2 * self.length - 2)
        return self.first + (there if there < self.length else 2 * self.length - 2 - there)


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A body as I420 with its mask (0 or 255, luma size), all even."""

    yuv: Plane
    mask: Plane
    corner: tuple[int, int]
    """Top left corner (y, x) of the body in the recording."""

    def at_scale(self, scale: float, dim: float) -> tuple[Plane, Plane]:
        """Picture and mask, scaled by `scale` and dimmed by `dim`."""
        rows, columns = (max(2, round(n * scale / 2) * 2) for n in self.mask.shape)
        yuv = np.empty((rows * 3 // 2, columns), np.uint8)
        for plane, into in zip(split(self.yuv), split(yuv), strict=True):
            cv2.resize(
                plane, (into.shape[1], into.shape[0]), dst=into, interpolation=cv2.INTER_AREA
            )
        luma = split(yuv)[0]
        cv2.convertScaleAbs(luma, dst=luma, alpha=dim)
        return yuv, np.asarray(cv2.resize(self.mask, (columns, rows)), np.uint8)


@dataclass(frozen=True, eq=False)
class CrowdScene:
    """`count` actors on the empty street, heights about `heights_px`."""

    street: Street
    count: int
    heights_px: tuple[int, int]
    dims: tuple[float, float] = (0.75, 1.0)
    frames: int = 150
    seed: int = 11
    is_still: bool = False
    """Everybody stands from the first frame to the last, as in a photograph."""

    @property
    def size(self) -> tuple[int, int]:
        return self.street.size

    @property
    def frames_per_s(self) -> float:
        return self.street.frames_per_s

    def picture(self, index: int) -> Plane:
        return grained(self._played(self._turn(index))[0], 2.0, seed=self.seed, index=index)

    def shown(self, index: int) -> Shown:
        return self._played(self._turn(index))[1]

    def _turn(self, index: int) -> int:
        return 0 if self.is_still else index

    @lru_cache(maxsize=2)  # noqa: B019 - a crowd lives as long as its scene, and holds two pictures
    def _played(self, index: int) -> tuple[Plane, Shown]:
        out = empty_picture(self.street).copy()
        owner = np.full(self.size, -1, np.int32)
        actors = self._by_depth(index)
        drawn = [self._draw(out, owner, index, actor=actor, box=box) for actor, box in actors]
        left = np.bincount(owner[owner >= 0], minlength=len(self._cast))
        people, unsure = {}, []
        for (actor, box), pixels in zip(actors, drawn, strict=True):
            number = self._cast.index(actor)
            if pixels and left[number] >= SHOWS * pixels:
                people[number] = box
            else:
                unsure.append(box)
        return out, Shown(people, tuple(unsure))

    def _draw(
        self, out: Plane, owner: NDArray[np.int32], index: int, *, actor: Actor, box: Box
    ) -> int:
        """Draw the actor into `out` and its number into `owner`; returns its number of pixels."""
        body = cutout(self.street, actor.person, actor.index(index))
        now = self.street.shown(actor.index(index)).people[actor.person]
        yuv, mask = body.at_scale(actor.scale, actor.dim)
        y = round((box.y0 + actor.scale * (body.corner[0] - now.y0)) / 2) * 2
        x = round((box.x0 + actor.scale * (body.corner[1] - now.x0)) / 2) * 2
        top, left = max(0, -y), max(0, -x)
        rows = min(mask.shape[0], self.size[0] - y)
        columns = min(mask.shape[1], self.size[1] - x)
        for plane, part, half in zip(split(out), split(yuv), (1, 2, 2), strict=True):
            cut = slice(top // half, rows // half), slice(left // half, columns // half)
            on = mask[::half, ::half][cut] > 127
            plane[
                (y + top) // half : (y + rows) // half, (x + left) // half : (x + columns) // half
            ][on] = part[cut][on]
        on = mask[top:rows, left:columns] > 127
        owner[y + top : y + rows, x + left : x + columns][on] = self._cast.index(actor)
        return int(np.count_nonzero(on))

    def _by_depth(self, index: int) -> list[tuple[Actor, Box]]:
        placed = ((actor, self._place(actor, index)) for actor in self._cast)
        return sorted(placed, key=lambda pair: pair[1].y1)

    def _place(self, actor: Actor, index: int) -> Box:
        """The actor's box: its own walk, scaled and moved."""
        start = self.street.shown(actor.first).people[actor.person]
        now = self.street.shown(actor.index(index)).people[actor.person]
        x = actor.at[0] + actor.scale * (now.center[0] - start.center[0])
        feet = actor.at[1] + actor.scale * (now.y1 - start.y1)
        half, height = actor.scale * now.width / 2, actor.scale * now.height
        return Box(x - half, feet - height, x + half, feet)

    @cached_property
    def _cast(self) -> list[Actor]:
        """Random actors; drawn until `count` of them stay inside the picture all the time."""
        lot = Shot(self.seed, 0).lot("crowd")
        stretches = walks(self.street)
        height, width = self.size
        cast: list[Actor] = []
        while len(cast) < self.count:
            person, first, length = stretches[int(lot.integers(len(stretches)))]
            tall = self.street.shown(first).people[person].height
            actor = Actor(
                person=person,
                first=first,
                length=length,
                at=(float(width * lot.random()), float(height * lot.uniform(*FEET))),
                scale=float(lot.uniform(*self.heights_px)) / tall,
                dim=float(lot.uniform(*self.dims)),
                phase=int(lot.integers(2 * length - 2)),
            )
            places = [self._place(actor, index) for index in range(0, 2 * length, 5)]
            if all(
                b.x0 > 2 and b.y0 > 2 and b.x1 < width - 2 and b.y1 < height - 2 for b in places
            ):
                cast.append(actor)
        return cast


@lru_cache(maxsize=1)
def walks(street: Street) -> list[tuple[int, int, int]]:
    """(person, first index, length) of each stretch in which a near body is whole and alone."""
    found: list[tuple[int, int, int]] = []
    for number, person in enumerate(street.truth.persons):
        run = 0
        for index in range(street.frames + 1):
            if not person.far and index < street.frames and _is_alone(street, number, index):
                run += 1
                continue
            if run >= LEAST_STRETCH:
                found.append((number, index - run, run))
            run = 0
    return found


def _is_alone(street: Street, number: int, index: int) -> bool:
    shown = street.shown(index)
    box = shown.people.get(number)
    if box is None:
        return False
    near = widened(box, 0.15)
    others = [other for n, other in shown.people.items() if n != number]
    return all(near.overlap(other) == 0 for other in (*others, *shown.unsure))


@lru_cache(maxsize=4096)
def cutout(street: Street, person: int, index: int) -> Cutout:
    """The body of a person who is alone in that frame."""
    height, width = street.size
    box = widened(street.shown(index).people[person], 0.15)
    x0, y0 = int(max(0, box.x0)) // 2 * 2, int(max(0, box.y0)) // 2 * 2
    x1, y1 = int(min(width, box.x1)) // 2 * 2, int(min(height, box.y1)) // 2 * 2
    rows, columns = y1 - y0, x1 - x0
    yuv = np.empty((rows * 3 // 2, columns), np.uint8)
    change = np.zeros((rows, columns), np.uint8)
    planes = zip(
        split(street.picture(index)),
        split(empty_picture(street)),
        split(yuv),
        (1, 2, 2),
        strict=True,
    )
    for plane, empty, into, half in planes:
        part = slice(y0 // half, y1 // half), slice(x0 // half, x1 // half)
        into[:] = plane[part]
        apart = cv2.absdiff(plane[part], empty[part])
        cv2.max(change, cv2.resize(apart, (columns, rows)) * half, dst=change)
    mask = np.where(change > DIFFERS, 255, 0).astype(np.uint8)
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8))
    clean = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return Cutout(yuv, np.asarray(clean, np.uint8), (y0, x0))
