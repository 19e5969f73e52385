"""Material of scenes: the street with a truth file, its empty picture, and a tree.

All of it is I420 (see `agent.media.frame.Frame`). Frames are counted from 0 here; frame n of a
truth file is index n - 1.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import av
import numpy as np

from agent.cameras.file.reel import ReelPicture, VideoReel, i420
from agent.cameras.port import CameraError
from agent.media.frame import Plane
from agent.vision.geometry import Box
from tests.bench.agent.scenes.shot import grained
from tests.bench.agent.scenes.truth import Person, Place, Truth

LABELLED_FRAMES = 395
"""Labelled frames of the street. Later ones are for independent tests and never decoded here."""
BODY_WIDTH = 0.38
"""Share of a body's height; the truth states heights only."""
COASTING_FRAMES = 5
"""Frames that a track may last after its body has left, and not count as false."""
TREE_FRAMES = 50
"""Usable frames of the tree; from frame 54 on an arm reaches into the picture."""
TREE_FRAMES_PER_S = 10.0
"""The tree was filmed at about 2.3 frames a second: this rate makes a storm of it."""
SENSOR_NOISE = 2.0
"""Grey levels (standard deviation) of an average camera by day."""


class UnlabelledFrameError(ValueError):
    """Access to a frame that must not be used for tuning."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The visible people of a frame, in pixels of that frame."""

    people: dict[int, Box]
    """By number; people with at least two thirds of the body visible."""
    unsure: tuple[Box, ...]
    """Boxes of hidden or cut-off people: a detection there is neither right nor wrong."""


NOBODY = Shown({}, ())


class Footage(Protocol):
    """Pictures with truth; the same index gives the same picture every time."""

    @property
    def size(self) -> tuple[int, int]:
        """Size of the picture: (height, width) in pixels."""

    @property
    def frames(self) -> int:
        """Number of frames; `picture` of endless footage takes any index."""

    @property
    def frames_per_s(self) -> float:
        """Frames per second of playback."""

    def picture(self, index: int) -> Plane:
        """I420, not to be written to."""

    def shown(self, index: int) -> Shown:
        """The truth of that picture."""


@dataclass(frozen=True, eq=False)
class Street:
    """The labelled frames of the recording, in memory (some 260 MB)."""

    pictures: tuple[Plane, ...]
    truth: Truth

    @classmethod
    def load(cls, recording: Path, truth: Truth) -> "Street":
        """Decode only the labelled frames; CameraError if some are missing."""
        last = min(truth.last_frame, LABELLED_FRAMES)
        pictures: list[Plane] = []
        for piece in VideoReel(recording).play(with_packets=False):
            if isinstance(piece, ReelPicture):
                pictures.append(piece.yuv)
                if len(pictures) == last:
                    return cls(tuple(pictures), truth)
        raise CameraError(
            f"The recording {recording} ends at frame {len(pictures)} of {last}.", "Fetch it again."
        )

    @property
    def size(self) -> tuple[int, int]:
        return self.truth.height_px, self.truth.width_px

    @property
    def frames(self) -> int:
        return len(self.pictures)

    @property
    def frames_per_s(self) -> float:
        return float(self.truth.frames_per_s)

    def picture(self, index: int) -> Plane:
        """The picture; UnlabelledFrameError beyond the labelled ones."""
        if not 0 <= index < min(len(self.pictures), LABELLED_FRAMES):
            raise UnlabelledFrameError(
                f"frame {index + 1} is not labelled: only 1 to {len(self.pictures)} may be used"
            )
        return self.pictures[index]

    def shown(self, index: int) -> Shown:
        self.picture(index)
        return _street_shown(self.truth, index + 1)


@dataclass(frozen=True, eq=False)
class Still:
    """A picture without people, with some sensor noise."""

    background: Plane
    frames: int = 600
    frames_per_s: float = 10.0
    noise: float = SENSOR_NOISE
    seed: int = 1

    @property
    def size(self) -> tuple[int, int]:
        return self.background.shape[0] * 2 // 3, self.background.shape[1]

    def picture(self, index: int) -> Plane:
        return grained(self.background, self.noise, seed=self.seed, index=index)

    def shown(self, index: int) -> Shown:
        del index
        return NOBODY


@dataclass(frozen=True, eq=False)
class Tree:
    """A real tree in the wind, played forwards and backwards without end."""

    pictures: tuple[Plane, ...]
    frames: int = 600
    frames_per_s: float = TREE_FRAMES_PER_S

    @classmethod
    def load(cls, recording: Path) -> "Tree":
        """The frames before the arm; CameraError if they cannot be read."""
        try:
            with av.open(str(recording)) as container:
                pictures = []
                for frame in container.decode(video=0):
                    pictures.append(i420(frame))
                    if len(pictures) == TREE_FRAMES:
                        return cls(tuple(pictures))
        except (av.error.FFmpegError, OSError) as error:
            raise CameraError(
                f"{recording} cannot be read ({error}).", "Fetch it again."
            ) from error
        raise CameraError(f"{recording} ends too early.", "Fetch it again.")

    @property
    def size(self) -> tuple[int, int]:
        return self.pictures[0].shape[0] * 2 // 3, self.pictures[0].shape[1]

    def picture(self, index: int) -> Plane:
        there, length = index % (2 * len(self.pictures) - 2), len(self.pictures)
        return self.pictures[there if there < length else 2 * length - 2 - there]

    def shown(self, index: int) -> Shown:
        del index
        return NOBODY


@lru_cache(maxsize=1)
def empty_picture(street: Street) -> Plane:
    """The street without people: the median over time of every fifth labelled frame."""
    return np.asarray(np.median(np.stack(street.pictures[::5]), axis=0), np.uint8)


@lru_cache(maxsize=LABELLED_FRAMES)
def _street_shown(truth: Truth, frame: int) -> Shown:
    people, unsure = {}, []
    for number, person in enumerate(truth.persons):
        place = person.place_at(frame)
        if place is not None and not person.is_covered(frame):
            people[number] = body(place)
        elif place is not None:
            unsure.append(widened(body(place), 0.25))
        elif _is_about(person, frame):
            unsure.append(_at_border(truth, person, frame))
    return Shown(people, tuple(unsure))


def _at_border(truth: Truth, person: Person, frame: int) -> Box:
    """The box of a body between its last described place and the border that it crosses."""
    is_entering = frame < person.places[0].frame
    crossing = person.enters if is_entering else person.leaves
    box = widened(body(person.places[0] if is_entering else person.places[-1]), 0.25)
    x0 = min(0.0, box.x0) if crossing.side == "left" else box.x0
    x1 = max(float(truth.width_px), box.x1) if crossing.side == "right" else box.x1
    return Box(x0, box.y0, x1, box.y1)


def body(place: Place) -> Box:
    """The box of a body in pixels."""
    half = BODY_WIDTH * place.height_px / 2
    x, feet = place.x_center_px, place.y_feet_px
    return Box(x - half, feet - place.height_px, x + half, feet)


def widened(box: Box, share: float) -> Box:
    """The box grown by `share` of its own size on every side; may leave the picture."""
    dx, dy = share * box.width, share * box.height
    return Box(box.x0 - dx, box.y0 - dy, box.x1 + dx, box.y1 + dy)


def _is_about(person: Person, frame: int) -> bool:
    first = person.enters.frame - person.enters.within
    last = person.leaves.frame + person.leaves.within + COASTING_FRAMES
    return first <= frame <= last
