"""Tampering with a view: how long it must last, what survives a restart, what is not tampering."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Frame, Instant, Plane
from agent.vision.motion.finder import Halver
from agent.vision.tamper.judge import Tampering
from agent.vision.tamper.tamper import Tamper, TamperBegan, TamperChange, TamperEnded, TamperNothing
from tests.agent.rigs.vision import START, after

HEIGHT, WIDTH = 240, 320
SIZES = st.sampled_from([(8, 8), (16, 24), (64, 96), (50, 330)])


def an_id(_: Instant) -> UUID:
    return uuid4()


def frame_of(luma: Plane, at: Instant, colour: int = 110) -> Frame:
    height, width = luma.shape
    yuv = np.full((height * 3 // 2, width), colour, np.uint8)
    yuv[:height] = luma
    return Frame(1, at, yuv, width, height)


def street(index: int) -> Plane:
    """A drawn street, as a sensor with some noise sees it."""
    stones = np.random.default_rng(5).integers(50, 190, (HEIGHT // 6, WIDTH // 6)).astype(np.uint8)
    drawn = cv2.resize(stones, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR).astype(np.int16)
    grain = np.random.default_rng(index).normal(0, 2, (HEIGHT, WIDTH))
    return np.clip(drawn + grain, 0, 255).astype(np.uint8)


def cloth(index: int) -> Plane:
    grain = np.random.default_rng(index).normal(0, 2, (HEIGHT, WIDTH))
    return np.clip(60 + grain, 0, 255).astype(np.uint8)


Shown = Callable[[int], Plane]


class Viewer:
    """Shows pictures to a tamper watch, two a second; remembers what it said and kept."""

    def __init__(self, tamper: Tamper | None = None, first_s: float = 0.0) -> None:
        self.tamper = tamper or Tamper(an_id)
        self.halver = Halver(HEIGHT, WIDTH)
        self.index = round(first_s * 2)
        self.memory = ""
        self.said: list[TamperBegan | TamperEnded] = []

    def show(self, picture: Shown, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            frame = frame_of(picture(self.index), after(self.index / 2))
            self.halver.means(frame.luma)
            self._hear(self.tamper.step(frame, self.halver.last))
            self.index += 1

    def _hear(self, change: TamperChange | None) -> None:
        if change is not None:
            self.memory = change.memory
            if not isinstance(change, TamperNothing):
                self.said.append(change)


@pytest.fixture
def viewer() -> Iterator[Viewer]:
    knowing = Viewer()
    knowing.show(street, 20)
    yield knowing


def test_a_cloth_is_said_once_when_it_has_lasted_and_once_when_it_is_gone(viewer: Viewer) -> None:
    viewer.show(cloth, 12)
    assert viewer.said == []
    viewer.show(cloth, 100)
    (began,) = viewer.said
    assert isinstance(began, TamperBegan)
    assert began.what is Tampering.COVERED
    assert began.at.seconds_since(after(20)) <= 30
    assert 0 <= began.since.seconds_since(after(20)) <= 2
    viewer.show(street, 20)
    _, ended = viewer.said
    assert isinstance(ended, TamperEnded)
    assert (ended.tamper_id, ended.is_back) == (began.tamper_id, True)


def test_a_bus_that_waits_for_ten_seconds_is_let_pass(viewer: Viewer) -> None:
    for _ in range(4):
        viewer.show(cloth, 10)
        viewer.show(street, 10)
    assert viewer.said == []


def test_one_picture_that_is_well_does_not_hide_what_lasts(viewer: Viewer) -> None:
    for _ in range(4):
        viewer.show(cloth, 6)
        viewer.show(street, 2)
    assert [one.what for one in viewer.said] == [Tampering.COVERED]


def test_what_was_before_a_gap_does_not_count(viewer: Viewer) -> None:
    viewer.show(cloth, 10)
    viewer.index += 40
    viewer.show(cloth, 10)
    assert viewer.said == []
    viewer.show(cloth, 10)
    assert len(viewer.said) == 1


@pytest.mark.promise(
    "Tampering: Tampering is one alert, also over a restart, and its end is reported."
)
def test_a_restart_neither_doubles_nor_forgets_what_was_said(viewer: Viewer) -> None:
    viewer.show(cloth, 30)
    (began,) = viewer.said
    again = Tamper(an_id)
    again.recall(viewer.memory, after(60))
    after_it = Viewer(again, first_s=60)
    after_it.show(cloth, 60)
    assert after_it.said == []
    after_it.show(street, 20)
    (ended,) = after_it.said
    assert isinstance(ended, TamperEnded)
    assert (ended.tamper_id, ended.what) == (began.tamper_id, Tampering.COVERED)
    assert abs(ended.since.seconds_since(began.since)) < 0.001


def test_a_camera_turned_while_the_node_was_off_is_noticed(viewer: Viewer) -> None:
    again = Tamper(an_id)
    again.recall(viewer.memory, after(3600))
    after_it = Viewer(again, first_s=3600)
    after_it.show(lambda index: np.ascontiguousarray(street(index)[::-1, ::-1]), 30)
    assert [one.what for one in after_it.said] == [Tampering.TURNED]


def test_a_camera_that_is_covered_from_the_first_picture_on_is_noticed() -> None:
    viewer = Viewer()
    viewer.show(cloth, 30)
    assert [one.what for one in viewer.said] == [Tampering.COVERED]


@pytest.mark.promise("Cameras: A damaged frame does no harm.")
@pytest.mark.parametrize("green", [(0, 0), (149, 43)])
def test_green_pictures_of_a_lost_decoder_are_noticed(green: tuple[int, int]) -> None:
    viewer, said = Viewer(), []
    luma = np.full((HEIGHT, WIDTH), green[0], np.uint8)
    for index in range(30):
        frame = frame_of(luma, after(index * 2), colour=green[1])
        viewer.halver.means(frame.luma)
        said.append(viewer.tamper.step(frame, viewer.halver.last))
    assert sum(isinstance(one, TamperBegan) for one in said) == 1


def test_another_size_of_picture_is_another_view(viewer: Viewer) -> None:
    viewer.halver = Halver(HEIGHT // 2, WIDTH // 2)
    viewer.show(lambda index: np.ascontiguousarray(street(index)[::2, ::2]), 60)
    assert viewer.said == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", '{"v": 2}', '{"v": 1, "views": {"grey": 3}}'),
        '{"v": 1, "views": {}, "said": {"id": 5, "what": "covered", "since_utc_us": 1}}',
        '{"v": 1, "views": {}, "said": {"id": "", "what": "", "since_utc_us": 1e999}}',
    ],
)
def test_a_memory_that_is_none_changes_nothing(viewer: Viewer, text: str) -> None:
    viewer.tamper.recall(text, START)
    viewer.show(cloth, 30)
    assert [one.what for one in viewer.said] == [Tampering.COVERED]


@given(
    pictures=st.lists(st.tuples(SIZES, st.integers(0, 255), st.integers(0, 9)), max_size=30),
    steps_s=st.lists(st.integers(-5, 20), min_size=30, max_size=30),
)
def test_whatever_comes_beginnings_and_ends_alternate_and_no_id_is_used_twice(
    pictures: list[tuple[tuple[int, int], int, int]], steps_s: list[int]
) -> None:
    tamper, said, now_s = Tamper(an_id), [], 0
    for (size, level, seed), step_s in zip(pictures, steps_s, strict=False):
        now_s += step_s
        noise = np.random.default_rng(seed).integers(0, 1 + seed * 10, size)
        luma = np.clip(level + noise, 0, 255).astype(np.uint8)
        halver = Halver(*size)
        halver.means(luma)
        yuv = np.full((size[0] * 3 // 2, size[1]), 128, np.uint8)
        yuv[: size[0]] = luma
        change = tamper.step(Frame(1, after(now_s), yuv, size[1], size[0]), halver.last)
        if change is not None and not isinstance(change, TamperNothing):
            said.append(change)
    assert [isinstance(one, TamperBegan) for one in said] == [i % 2 == 0 for i in range(len(said))]
    for began, ended in zip(said[::2], said[1::2], strict=False):
        assert began.tamper_id == ended.tamper_id
    assert len({one.tamper_id for one in said}) == (len(said) + 1) // 2
