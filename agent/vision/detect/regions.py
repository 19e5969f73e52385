"""Looks: the fewest parts of the picture that show all motion large enough.

The network sees a fixed number of pixels: people are small in the whole picture and large in a
crop. NanoDet finds people best at a fifth to just under half of its input's height. In a small
picture they are large enough, and one look at the whole is cheaper than crops.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from agent.media.frame import Instant
from agent.vision.budget import MOST_A_FRAME
from agent.vision.detect.sheet import Part, Sheet, around, sheet
from agent.vision.geometry import NEAR, SMALLER, WHOLE, Box, scale

CELLS = (24, 32)
"""Rows and columns of the memory of last looks."""
WIDE = 1.5
"""Width over height of an input for wide pictures."""
NEVER_S = -1e9
EARLY_S = 0.01
"""Tolerance for the times of frames."""


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """Size and frequency of looks."""

    least_person_px: float = 16.0
    """A person needs this height in the network's input to be found; smaller needs a crop."""
    good_person_px: float = 24.0
    """Below this height a crop is better, if it costs no extra look. Crops are joined only while
    everybody in them has at least this height."""
    person_share: float = 0.3
    """In a crop around one person, the person's height is this share of the crop's longer side."""
    near_person_px: float = 110.0
    """Above this height in a look at the whole picture the network is unsure of a person: they are
    also looked at in the picture at half its size, until they are reported."""
    near_every_s: float = 0.5
    """Interval of that look if there was only motion: a person who was found is due in every frame.
    The first look comes at once, because a person may stand there."""
    vain_looks: int = 8
    """A place with this many recent looks for motion that found nobody is looked at less often,
    while people are tracked. It is a branch, a spider's web or a shadow."""
    vain_kept_s: float = 10.0
    """Time constant of "recent" for `vain_looks`, in seconds."""
    vain_every_s: float = 0.2
    """Interval of looks at a place with `vain_looks` looks in vain, in seconds."""
    small_person_px: float = 32.0
    """A tracked person who is smaller than this gets a crop that shows them this high."""
    most_zoom: float = 2.0
    """A crop is enlarged by at most this factor."""
    stood_iou: float = 0.7
    """Motion that overlaps motion of the previous frame by more than this stays in place."""
    stood_looks: int = 15
    """Motion that stays in place is looked at in this many consecutive frames: twice the number
    that a sighting needs."""
    stood_every: int = 10
    """After `stood_looks` frames, motion that stays in place is looked at once in this many frames.
    It may be an object left behind, or a trace in the background of a person who left."""
    stood_height: float = 0.1
    """Share of the picture's height: taller motion can be a group moving inside."""
    most_looks: int = MOST_A_FRAME
    """The longest unseen first."""


class Regions:
    """Chooses the parts, longest unseen first; `looked` reports which were used."""

    def __init__(
        self, settings: RegionSettings | None = None, *, takes_sheets: bool = False
    ) -> None:
        """`takes_sheets`: the network takes several parts in one look."""
        self.takes_sheets = takes_sheets
        self._settings = settings or RegionSettings()
        self._seen = _Seen()
        self._vain = _Vain(self._settings.vain_kept_s)
        self._news: tuple[Box, ...] = ()
        self._offered: list[_Crop] = []
        self._standing: list[tuple[Box, int]] = []
        self._smaller_s = NEVER_S
        """When the picture was last looked at at half its size."""

    def choose(
        self,
        now: Instant,
        size_px: tuple[int, int],
        *,
        input_px: tuple[int, int],
        moved: Sequence[Box],
        people: Sequence[Box],
        due: Sequence[Box],
        sure: Sequence[Box] = (),
        is_rush: bool = False,
    ) -> tuple[Box | Sheet, ...]:
        """The parts to look at in a picture of `size_px`, with a network of `input_px` (height,
        width); `people` are expected places of tracks at `now`, `due` the tracks that need a look,
        `sure` the tracks that were reported and found by their last look; in a rush all other
        motion is looked at too.

        At most `most_looks`, longest unseen first: with a smaller budget take the first ones.
        Without motion and due tracks: none.
        """
        if not moved and not people and not due:
            self._news, self._standing, self._offered = (), [], []
            return ()
        picture = _Picture(size_px, input_px, self._settings, scale(input_px, size_px))
        news = picture.news(self._restless(moved), people)
        self._news = news
        is_always = is_rush or not people
        wanted = [*due, *(box for box in news if is_always or self._is_due(box, now))]
        is_late = _is_over(now.mono_s - self._smaller_s, self._settings.near_every_s)
        near = [one for one in (wanted if is_late else due) if one not in sure]
        looks = picture.looks_at(wanted, due=due, near=near, known=(*people, *news))
        looks.sort(key=self._looked_at_s)
        if self.packs(input_px) and not is_rush:
            looks = picture.packed(looks, wanted=wanted, due=due)
            looks.sort(key=self._looked_at_s)
        self._offered = looks[: self._settings.most_looks]
        return tuple(look.shown for look in self._offered)

    def _looked_at_s(self, look: "_Crop") -> float:
        """Time of the oldest look among its things, in monotonic seconds. For the picture at half
        its size it is the time of its own last look. Otherwise the whole picture would always come
        first, because it shows the same things."""
        if look.box == SMALLER:
            return self._smaller_s
        return self._seen.longest_ago_s(look.things)

    def packs(self, input_px: tuple[int, int]) -> bool:
        """True if looks with this input (height, width) are sheets: for pictures of 16:9. On the
        street in 4:3, one of eleven people was then left without a track of their own."""
        return self.takes_sheets and input_px[1] >= WIDE * input_px[0]

    def _is_due(self, moved: Box, now: Instant) -> bool:
        """True if it was not just looked at, or not so often without a find."""
        if self._vain.looks_at(moved, now) < self._settings.vain_looks:
            return True
        unseen_s = now.mono_s - self._seen.last_s(moved)
        return _is_over(unseen_s, self._settings.vain_every_s)

    def looked(self, now: Instant, looks: Sequence[Box | Sheet]) -> None:
        """These looks of the last choice were carried out, at `now`."""
        looked = [one for one in self._offered if one.shown in looks]
        if any(look.box == SMALLER for look in looked):
            self._smaller_s = now.mono_s
        for look in looked:
            for thing in look.things:
                self._seen.note(thing, now)
        for box in self._news:
            if any(box in look.things for look in looked):
                self._vain.note(box, now)

    def _restless(self, moved: Sequence[Box]) -> list[Box]:
        """Without motion that has stayed in place for long, most of the time."""
        settings, before = self._settings, self._standing
        self._standing = [
            (box, 1 + max((n for old, n in before if box.iou(old) > settings.stood_iou), default=0))
            for box in moved
        ]
        return [
            box
            for box, frames in self._standing
            if frames <= settings.stood_looks
            or frames % settings.stood_every == 0
            or box.height > settings.stood_height
        ]


def _is_over(elapsed_s: float, every_s: float) -> bool:
    """True also below 0: the camera was opened anew."""
    return not 0 <= elapsed_s < every_s - EARLY_S


class _Seen:
    """Time of the last look at things that are not near, and at near ones, at each place.

    Only the things that it was meant for count, not all that it shows, and not those beside a near
    one: or else whoever stands beside a crop or a near body counts as looked at with it, and would
    wait for ever where one look at a time is all.
    """

    def __init__(self) -> None:
        self._last_s = np.full((2, *CELLS), NEVER_S)

    def note(self, thing: Box, now: Instant) -> None:
        """All of `thing` was seen; moving on by half its width still counts as seen."""
        near = thing.grown(by_x=thing.width / 2, by_y=0.0)
        self._last_s[int(thing.height >= NEAR)][_cells(near)] = now.mono_s

    def longest_ago_s(self, things: Sequence[Box]) -> float:
        """Time of the oldest look among `things`: monotonic seconds."""
        return min(self._at(thing)[thing.height >= NEAR] for thing in things)

    def last_s(self, thing: Box) -> float:
        """Time of the last look at its place, at whatever was there."""
        return max(self._at(thing))

    def _at(self, thing: Box) -> tuple[float, float]:
        """Of things that are not near, and of near ones."""
        (x, y), (rows, columns) = thing.clipped().center, CELLS
        others, near = self._last_s[:, int(y * (rows - 1)), int(x * (columns - 1))]
        return float(others), float(near)


class _Vain:
    """Recent looks at each place for motion alone."""

    def __init__(self, kept_s: float) -> None:
        self._looks = np.zeros(CELLS)
        self._kept_s = kept_s
        self._last: Instant | None = None

    def note(self, moved: Box, now: Instant) -> None:
        """One more look at all of it."""
        if self._last is not None and now != self._last:
            self._looks *= self._left(now)
        self._last = now
        self._looks[_cells(moved)] += 1.0

    def looks_at(self, moved: Box, now: Instant) -> float:
        """Looks at half of its cells; the other half had fewer."""
        looks = sorted(self._looks[_cells(moved)].ravel().tolist())
        half = len(looks) // 2
        return (looks[half] + looks[~half]) / 2 * self._left(now)

    def _left(self, now: Instant) -> float:
        """Remaining share of the memory."""
        elapsed_s = max(0.0, now.seconds_since(self._last)) if self._last else 0.0
        return exp(-elapsed_s / self._kept_s)


def _cells(box: Box) -> tuple[slice, slice]:
    """Rows and columns that it touches."""
    (rows, columns), inside = CELLS, box.clipped()
    y0, x0 = int(inside.y0 * (rows - 1)), int(inside.x0 * (columns - 1))
    y1, x1 = int(inside.y1 * (rows - 1)), int(inside.x1 * (columns - 1))
    return slice(y0, y1 + 1), slice(x0, x1 + 1)


@dataclass(frozen=True, slots=True)
class _Crop:
    """A part of the picture, the height in pixels of the smallest thing in it, and the things."""

    box: Box
    smallest_px: float
    things: tuple[Box, ...]
    sheet: Sheet | None = None
    """Several parts in place of the box."""

    @property
    def shown(self) -> Box | Sheet:
        """What the network is shown."""
        return self.sheet or self.box

    @property
    def is_whole(self) -> bool:
        """True if it shows the whole picture, at whatever size."""
        return self.box in (WHOLE, SMALLER)


@dataclass(frozen=True, slots=True)
class _Picture:
    """Geometry of one picture: size of things in a crop."""

    size_px: tuple[int, int]
    input_px: tuple[int, int]
    settings: RegionSettings
    scale_of_whole: float

    def news(self, moved: Sequence[Box], people: Sequence[Box]) -> tuple[Box, ...]:
        """Motion large enough for a person in the finest crop, and not that of a track."""
        near = [p.grown(by_x=0.5 * p.width, by_y=0.1 * p.height) for p in people]
        least = 1.25 * self.settings.least_person_px
        return tuple(
            one
            for one in moved
            if one.height * self.size_px[0] >= least
            and all(one.overlap(person) < 0.5 * one.area for person in near)
        )

    def looks_at(
        self,
        wanted: Sequence[Box],
        *,
        due: Sequence[Box],
        near: Sequence[Box],
        known: Sequence[Box],
    ) -> list[_Crop]:
        """The whole picture if it shows anything large enough, and crops around the rest; or only
        crops, if they are no more looks and the whole shows nobody well. Motion wider than a
        body is left to the whole. For the large ones of `near` also the whole at half its size."""
        settings = self.settings
        small = [thing for thing in wanted if self.shown_px(thing) < settings.least_person_px]
        looks = self._crops(small, due)
        if len(small) == len(wanted):
            return looks
        served = [thing for thing in wanted if self.shown_px(thing) >= settings.least_person_px]
        are_bodies = all(one in due or self._is_upright(one) for one in served)
        if are_bodies and all(self.shown_px(one) < settings.good_person_px for one in served):
            closer = self._crops(wanted, due)
            if len(closer) <= len(looks) + 1:
                return closer
        seen = [one for one in known if self.shown_px(one) >= settings.least_person_px]
        seen += [thing for one in looks if one.is_whole for thing in one.things]  # a small picture
        large = tuple(one for one in near if self._is_near(one))
        smaller = [_Crop(SMALLER, 0.0, large)] if large else []
        crops = [one for one in looks if not one.is_whole]
        return [_Crop(WHOLE, 0.0, tuple(seen)), *smaller, *crops]

    def packed(
        self, looks: Sequence[_Crop], *, wanted: Sequence[Box], due: Sequence[Box]
    ) -> list[_Crop]:
        """The looks with several parts of the picture on one sheet, where they fit: everybody too
        small for the whole at the scale of a crop, the others at that of the whole, or twice as
        large if there is room. In wide motion there may be somebody new beside those who are
        known."""
        apart = [one for one in looks if one.box == SMALLER]
        for crops, others, left in self._ways(
            [one for one in looks if one not in apart], wanted, due
        ):
            parts = [around(one.things, self.size_px, self._scale(one.box)) for one in crops]
            for more in self._parts_of(others):
                if (made := sheet([*parts, *more], self.input_px)) is not None:
                    things = (*(thing for one in crops for thing in one.things), *others)
                    return [_Crop(crops[0].box, 0.0, things, made), *apart, *left]
        return list(looks)

    def _parts_of(self, things: Sequence[Box]) -> Iterator[list[Part]]:
        """One part with these things, at each scale it may have; no part without things."""
        if not things:
            yield []
            return
        if 2 * max(map(self.shown_px, things)) <= self.settings.near_person_px:
            yield [around(things, self.size_px, 2 * self.scale_of_whole)]
        yield [around(things, self.size_px, self.scale_of_whole)]

    def _ways(
        self, looks: Sequence[_Crop], wanted: Sequence[Box], due: Sequence[Box]
    ) -> Iterator[tuple[Sequence[_Crop], Sequence[Box], Sequence[_Crop]]]:
        """Crops for a sheet, what to show with them at the scale of the whole, and looks that are
        left; the best first."""
        settings = self.settings
        if any(one.is_whole for one in looks):
            small = [
                one
                for one in wanted
                if self.shown_px(one) < settings.least_person_px
                or (
                    self.shown_px(one) < settings.good_person_px
                    and (one in due or self._is_upright(one))
                )
            ]
            if small:
                others = [one for one in wanted if one not in small]
                yield [self.around(one, is_body=one in due) for one in small], others, ()
                yield self._crops(small, due), others, ()
        for count in range(len(looks), 1, -1):
            crops = [one for one in looks[:count] if not one.is_whole]
            seen = [thing for one in looks[:count] if one.is_whole for thing in one.things]
            yield crops, [one for one in seen if one in wanted], looks[count:]

    def _is_near(self, thing: Box) -> bool:
        return thing.height >= NEAR and self.shown_px(thing) > self.settings.near_person_px

    def _is_upright(self, thing: Box) -> bool:
        """Higher than wide, like one body; a group or a branch is not."""
        return thing.height * self.size_px[0] > thing.width * self.size_px[1]

    def _crops(self, things: Sequence[Box], due: Sequence[Box]) -> list[_Crop]:
        return self.merged([self.around(one, is_body=one in due) for one in things])

    def shown_px(self, thing: Box) -> float:
        """Height of it in a look at the whole picture, in pixels of the network's input."""
        return thing.height * self.size_px[0] * self.scale_of_whole

    def _scale(self, crop: Box) -> float:
        """Input pixels per pixel of the picture."""
        return scale(self.input_px, self.size_px, crop)

    def around(self, thing: Box, *, is_body: bool) -> _Crop:
        """A part around `thing` in the shape of the network's input, moved inside the picture;
        enlarged only for a body of known size, so that nothing is left out."""
        height, width = self.size_px
        rows, columns = self.input_px
        tall_px = max(thing.height * height, thing.width * width / 2)
        finest = max(1 / self.settings.most_zoom, tall_px / self.settings.small_person_px)
        times = max(
            min(1.0, finest) if is_body else 1.0,
            tall_px / (self.settings.person_share * max(rows, columns)),
        )
        across, down = min(1.0, times * columns / width), min(1.0, times * rows / height)
        x, y = thing.center
        x0 = min(max(0.0, x - across / 2), 1.0 - across)
        y0 = min(max(0.0, y - down / 2), 1.0 - down)
        box = Box(x0, y0, x0 + across, y0 + down)
        shown = self._scale(box) * min(1.0, times)  # an enlarged one is joined as if it were not
        smallest_px = max(tall_px, self.settings.good_person_px / shown)
        return _Crop(box, smallest_px, (thing,))

    def merged(self, crops: list[_Crop]) -> list[_Crop]:
        """Join the pair with the smallest joint crop, as long as everything in it stays large
        enough."""
        while True:
            pairs = [
                (joined.box.area, i, j, joined)
                for i, one in enumerate(crops)
                for j, other in enumerate(crops[:i])
                if self._fits(joined := self._joined(one, other))
            ]
            if not pairs:
                return crops
            _, i, j, joined = min(pairs, key=lambda pair: pair[:3])
            crops = [crop for k, crop in enumerate(crops) if k not in (i, j)] + [joined]

    def _joined(self, one: _Crop, other: _Crop) -> _Crop:
        a, b = one.box, other.box
        box = Box(min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1))
        smallest_px = min(one.smallest_px, other.smallest_px)
        return _Crop(box, smallest_px, (*one.things, *other.things))

    def _fits(self, crop: _Crop) -> bool:
        return crop.smallest_px * self._scale(crop.box) >= self.settings.good_person_px * 0.999
