"""First looks: tiles, then close looks, show people who stand there when a camera starts.

A person who does not move causes no look later, and the whole picture shows small people too small.
In a tile things look like people too. Shown larger, without much around them and at several sizes,
people go on to look like people, and things do not. These looks show the mean of the last frames,
because a dark picture is noisy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.media.frame import Frame
from agent.vision.budget import MOST_A_FRAME
from agent.vision.detect.dense import grid
from agent.vision.detect.mean_frame import MeanFrame
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.detect.sheet import Part, Sheet, around, sheet
from agent.vision.geometry import Box
from agent.vision.track.track import STIRS, Track

SHOWN_PX = (74, 62, 86, 56, 80, 68, 50, 71)
"""Heights of a body in its close looks, one after the other, in pixels of the network's input: a
look at another size errs in another way."""
SURE = 0.6
"""A body that was found with less than this since its first close look gets no more: from .65 on it
is evidence, and with the rest of the looks it would not be enough."""
LEAST = 0.3
"""Least score of a body that gets close looks: below it they show a web before the lens, and hardly
a person."""
TALL = 0.3
"""A body from this share of the picture's height on gets none: the whole picture shows it in a good
size."""
SAME = 0.5
"""Two boxes that share more than this of the smaller one can be one body in two looks."""
SAME_HEIGHT = 2.0
"""Of two boxes of one body, one is at most this many times as high as the other."""


@dataclass(frozen=True, slots=True)
class OpeningSettings:
    """How long is looked."""

    most_places: int = 24
    """At most so many still bodies are looked at closely, those with the best scores."""
    most_strangers: int = 14
    """With more bodies not reported yet there are no looks: it is a crowd, which gets tiles
    anyway."""
    after_frames: int = 2
    """Frames before the first tile."""
    turn: int = 2
    """After this many other looks one of these goes first."""


@dataclass(slots=True)
class _Place:
    """Place of a still body, how many close looks it had, and its best score: since the first of
    them, once it had one."""

    box: Box
    score: float
    track_id: int | None
    """The track that began it; None for a weak find."""
    looks: int = 0

    @property
    def is_open(self) -> bool:
        """True if it may still turn out to be a person."""
        return not self.looks or (self.looks < len(SHOWN_PX) and self.score >= SURE)


class Opening:
    """The tiles of one camera and the places of still bodies, and how often each was looked at."""

    def __init__(self, settings: OpeningSettings | None = None) -> None:
        self._settings = settings or OpeningSettings()
        self._tiles = list(grid(3, 2))
        """Those that are due."""
        self._places: list[_Place] = []
        self._offered: list[tuple[Sheet, Sequence[_Place]]] = []
        """Close looks of the last choice, and whom they show."""
        self._mean = MeanFrame()
        self._chosen: tuple[int, tuple[Box | Sheet, ...]] = 0, ()
        """Index of the frame of the last choice, and its looks: later other looks may be equal."""
        self._frames = 0
        self._is_due = False
        self._is_over = False
        self._is_new = True
        """Places are added until the first close look: what is found later moved there."""
        self._others = 0
        """Other looks since one that is due had its turn."""

    @property
    def goes_first(self) -> bool:
        """True if it is their turn: or else there is no such look on a busy street in a small
        budget."""
        return self._others >= self._settings.turn

    def see(self, frame: Frame) -> None:
        """Take the newest frame, also where nothing is chosen."""
        if not self._is_over:
            self._mean.add(frame)

    def choose(
        self,
        frame: Frame,
        bodies: Sequence[Track | Detection],
        *,
        told: Sequence[Track],
        strangers: int,
        besides: int,
        input_px: tuple[int, int],
    ) -> tuple[Box | Sheet, ...]:
        """Looks that are due in this frame, which `see` has taken, with `besides` other looks, with
        a network of `input_px` (height, width): tiles, then close ones.

        `bodies` are tracks not reported yet, `strangers` their number, and weak finds; `told` are
        the reported tracks. Empty in the first frames: sightings begin with the second, and the
        look at the whole picture shows a crowd. Once nothing is due, nothing is any more.
        """
        settings = self._settings
        self._frames += 1
        self._is_due, self._offered = False, []
        is_crowd = strangers > settings.most_strangers
        if self._is_over or is_crowd or self._frames <= settings.after_frames:
            return ()
        self._note(bodies)
        self._end(bodies, told)
        looks: tuple[Box | Sheet, ...] = tuple(self._tiles)
        if not looks:  # bodies of all tiles in step share close looks
            due = sorted((one for one in self._places if one.is_open), key=lambda one: one.looks)
            self._is_new = False
            size_px = frame.height, frame.width
            self._offered = list(self._sheets(due, size_px, input_px))
            looks = tuple(one for one, _ in self._offered)
        self._is_due = bool(looks)
        self._is_over = not looks
        if self._is_over:
            self._mean = MeanFrame()  # gives its memory back
        chosen = looks[: 1 if self.goes_first else max(0, MOST_A_FRAME - besides)]
        self._chosen = frame.index, chosen
        return chosen

    def shown(self, frame: Frame, look: Box | Sheet) -> Frame:
        """What this look shows: the mean of the last frames if it is one of these looks, else the
        frame."""
        index, chosen = self._chosen
        return self._mean.at(frame) if frame.index == index and look in chosen else frame

    def looked(self, looks: Sequence[Box | Sheet]) -> None:
        """Note that these looks of the frame were carried out."""
        tiles = [one for one in looks if one in self._tiles]
        self._tiles = [one for one in self._tiles if one not in looks]
        close = [place for one, places in self._offered if one in looks for place in places]
        for place in close:
            if not place.looks:
                place.score = 0.0  # that of a tile says less
            place.looks += 1
        is_served = tiles or close or not self._is_due
        self._others = 0 if is_served else self._others + len(looks)

    def _note(self, bodies: Sequence[Track | Detection]) -> None:
        """Remember the places of those without any motion. Tall ones need no close look."""
        for body in bodies:
            if isinstance(body, Track) and body.misses:
                continue  # its score is that of an earlier look
            place = next((one for one in self._places if _is_same(one.box, body.box)), None)
            if place is not None:
                place.score = max(place.score, body.score)
            elif self._is_new and _is_candidate(body):
                track_id = body.track_id if isinstance(body, Track) else None
                self._places.append(_Place(body.box, body.score, track_id))
        while len(self._places) > self._settings.most_places:
            self._places.remove(min(self._places, key=lambda one: one.score))

    def _end(self, bodies: Sequence[Track | Detection], told: Sequence[Track]) -> None:
        """Who was reported needs no more looks, wherever they are by now; but their track may have
        gone on with a passer, and then somebody is still in the place."""
        ids = {track.track_id for track in told}
        still = [track.box for track in told if track.moved < STIRS]  # not who walks by
        for place in self._places:
            has_left = place.track_id in ids and not any(
                _is_same(place.box, one.box) for one in bodies
            )
            if has_left or any(_is_same(place.box, box) for box in still):
                place.looks = len(SHOWN_PX)

    def _sheets(
        self, places: Sequence[_Place], size_px: tuple[int, int], input_px: tuple[int, int]
    ) -> Iterator[tuple[Sheet, Sequence[_Place]]]:
        """As few as show all these places; a place too wide for a sheet is left out."""
        parts = [_closely(one, size_px) for one in places]
        start = 0
        while start < len(parts):
            end, made = start + 1, sheet(parts[start : start + 1], input_px)
            while made and end < len(parts) and (more := sheet(parts[start : end + 1], input_px)):
                end, made = end + 1, more
            if made:
                yield made, places[start:end]
            start = end


def _is_candidate(body: Track | Detection) -> bool:
    is_still = body.moved < STIRS and body.score >= LEAST
    return is_still and body.box.height < TALL and body.kind is ObjectKind.PERSON


def _is_same(one: Box, other: Box) -> bool:
    low, high = sorted((one.height, other.height))
    return high <= SAME_HEIGHT * low and one.overlap(other) > SAME * min(one.area, other.area)


def _closely(place: _Place, size_px: tuple[int, int]) -> Part:
    """The place at the size of its next look."""
    return around([place.box], size_px, SHOWN_PX[place.looks] / (place.box.height * size_px[0]))
