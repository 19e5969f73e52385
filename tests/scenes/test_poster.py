"""A printed body on the street, which people walk past and a bus hides, is reported once."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.media.frame import Frame, Plane
from agent.replay.sight import sight
from agent.vision.geometry import Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.changes import Opened, SightingChange
from tests.agent.rigs.vision import after, counted_ids
from tests.bench.agent.scenes.crowd import DIFFERS, cutout, walks
from tests.bench.agent.scenes.footage import Street, empty_picture
from tests.bench.agent.scenes.programme import Material
from tests.bench.agent.scenes.shot import split

MODELS = Path(__file__).parents[2] / "models"
AT_PX = 200, 300
"""The poster's top left corner (y, x)."""
TALL_PX = 110
BUS_EVERY_S, HIDES_S = 10.0, 5.0
"""A bus stops before it so often, for so long."""
DARKER_S, DARKER = 16.0, 0.75
"""From then on there is only this share of the light."""
LOST_S, AWAY_S = 22.0, 30.0
"""The camera is lost then, for so long."""
LENGTH_S = 28.0


class Poster:
    """A body of the street, printed and hung up behind the recorded people."""

    def __init__(self, street: Street) -> None:
        self._street, self._empty = street, split(empty_picture(street))
        person, first, _ = walks(street)[3]
        tall = street.shown(first).people[person].height
        self._print, self._mask = cutout(street, person, first).at_scale(TALL_PX / tall, 1.0)

    @property
    def box(self) -> Box:
        (y, x), (rows, columns), (height, width) = AT_PX, self._mask.shape, self._street.size
        return Box(x / width, y / height, (x + columns) / width, (y + rows) / height)

    def picture(self, index: int) -> Plane:
        """People, who differ from the empty street, are before it."""
        at_s = index / 10
        is_hidden = at_s % BUS_EVERY_S > BUS_EVERY_S - HIDES_S
        out = self._hung_up(self._street.picture(index), is_hidden=is_hidden)
        return out if at_s < DARKER_S else _darker(out)

    def alone(self, *, is_hidden: bool) -> Plane:
        """The empty street with it."""
        return self._hung_up(empty_picture(self._street), is_hidden=is_hidden)

    def _hung_up(self, before: Plane, *, is_hidden: bool) -> Plane:
        out = before.copy()
        for half, plane, empty, part in zip(
            (1, 2, 2), split(out), self._empty, split(self._print), strict=True
        ):
            y, x = (at // half for at in AT_PX)
            place = np.s_[y : y + part.shape[0], x : x + part.shape[1]]
            is_free = cv2.absdiff(plane[place], empty[place]) <= DIFFERS
            shows = is_free & (self._mask[::half, ::half] > 127)
            plane[place][shows] = part[shows]
            if is_hidden:
                plane[place] = 70
        return out

    def is_passer(self, frame: Frame, box: Box) -> bool:
        """True if it is the box of somebody who walks before it."""
        height, width = self._street.size
        shown = Box(box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height)
        people = self._street.shown(frame.index - 1).people.values()
        return any(one.iou(shown) > 0.5 for one in people)

    def frames(self, from_s: float, to_s: float, *, later_s: float = 0.0) -> Iterator[Frame]:
        height, width = self._street.size
        for index in range(round(from_s * 10), round(to_s * 10)):
            yield Frame(index + 1, after(index / 10 + later_s), self.picture(index), width, height)


def _darker(picture: Plane) -> Plane:
    """Colours become weaker with the light; 128 is none."""
    out = np.rint(128 + DARKER * (picture.astype(np.float32) - 128))
    luma = slice(0, picture.shape[0] * 2 // 3)
    out[luma] = DARKER * picture[luma]
    return out.astype(np.uint8)


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_poster_at_a_busy_place_is_reported_once(stock: Material) -> None:
    poster, seers = Poster(stock.street), sight(MODELS / "manifest.toml")
    pipeline = Pipeline.for_frames(
        PipelineSettings(), seers.common, counted_ids(), fitted=seers.fitted
    )
    said = list[tuple[Frame, SightingChange]]()
    for frame in poster.frames(0.0, LOST_S):
        said += [(frame, one) for one in pipeline.step(frame).changes]
    pipeline.finish(after(LOST_S + AWAY_S / 2))
    for frame in poster.frames(LOST_S, LENGTH_S, later_s=AWAY_S):
        said += [(frame, one) for one in pipeline.step(frame).changes]
    told = [(frame, one) for frame, one in said if isinstance(one, Opened)]
    of_it = [
        one
        for frame, one in told
        if one.box.overlap(poster.box) > 0.8 * one.box.area and not poster.is_passer(frame, one.box)
    ]
    assert len(of_it) == 1
    assert len(told) > 10


COMES_S, COMES_PX, PX_PER_S = 10.0, 280, 100.0
"""When somebody comes, from how far and at which speed."""
STANDS_S = 10.0
"""How long they stand before the poster."""


def with_body(street: Street, picture: Plane, walk: int, index: int, left_px: int) -> None:
    """Paste somebody of the poster's size into the picture, so far left of it."""
    person, first, length = walks(street)[walk]
    shown_at = first + index % length
    tall = street.shown(shown_at).people[person].height
    body, mask = cutout(street, person, shown_at).at_scale(TALL_PX / tall, 1.0)
    y, x = AT_PX[0], AT_PX[1] - left_px // 2 * 2
    for half, plane, part in zip((1, 2, 2), split(picture), split(body), strict=True):
        place = np.s_[y // half : y // half + part.shape[0], x // half : x // half + part.shape[1]]
        shows = mask[::half, ::half] > 127
        plane[place][shows] = part[shows]


@pytest.mark.promise(
    "Detection and tracking: A learned light or statue hides nobody who stands there."
)
@pytest.mark.parametrize("walk", [3, 14], ids=["in its colours", "in other colours"])
def test_who_stops_before_a_known_poster_is_reported(stock: Material, walk: int) -> None:
    """He is reported on the way, or where he stands; the poster was hidden before, and is known."""
    poster, seers = Poster(stock.street), sight(MODELS / "manifest.toml")
    pipeline = Pipeline.for_frames(
        PipelineSettings(), seers.common, counted_ids(), fitted=seers.fitted
    )
    height, width = stock.street.size
    alone, hidden = poster.alone(is_hidden=False), poster.alone(is_hidden=True)
    said, known = list[SightingChange](), 0
    for index in range(round(10 * (COMES_S + COMES_PX / PX_PER_S + STANDS_S))):
        at_s = index / 10
        picture = (hidden if 5.0 <= at_s < 9.0 else alone).copy()
        if at_s >= COMES_S:
            left_px = max(0.0, COMES_PX - PX_PER_S * (at_s - COMES_S))
            with_body(stock.street, picture, walk, index if left_px else 0, round(left_px))
            known = known or len(pipeline.things)
        said += pipeline.step(Frame(index + 1, after(at_s), picture, width, height)).changes
    told = [one.at for one in said if isinstance(one, Opened)]
    assert known == 1
    assert len(told) == 2
    assert told[0] < after(COMES_S) < told[1]
