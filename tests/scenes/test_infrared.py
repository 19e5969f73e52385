"""People in the light of the camera's lamp: reported in time, and nobody else for minutes."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from agent.replay.sight import sight
from agent.vision.geometry import Box
from tests.bench.agent.scenes.infrared import bench
from tests.bench.agent.scenes.infrared.family import (
    LONG_SEED,
    NIGHTS,
    SHORT_SEED,
    Infrared,
    Manner,
    family,
    nobody,
)
from tests.bench.agent.scenes.infrared.lamp import BLACK, lamp
from tests.bench.agent.scenes.play import Scene, shown_to
from tests.bench.agent.scenes.programme import Material

MODELS = Path(__file__).parents[2] / "models"
EVERY = 7
"""Of the family's scenes: twelve, of all manners and nights."""
IN_TIME = 9
"""Least of the twelve that are told of in time."""
EMPTY_FRAMES = 600
"""A minute of each night."""


@pytest.fixture(scope="module")
def scenes(stock: Material) -> list[Scene]:
    return list(family(stock.street, SHORT_SEED))


def infrared(scene: Scene) -> Infrared:
    assert isinstance(scene.footage, Infrared)
    return scene.footage


def test_people_under_the_lamp_are_told_of_as_often_as_before(scenes: list[Scene]) -> None:
    chosen = list(islice(scenes, 0, None, EVERY))
    *_, total = bench.measure(chosen, sight(MODELS / "manifest.toml"))
    assert total.people == len(chosen) == 12
    assert total.in_time >= IN_TIME
    assert total.false == 0
    assert total.twice == 0


def test_insects_and_noise_under_the_lamp_are_nobody(stock: Material) -> None:
    seers = sight(MODELS / "manifest.toml")
    for scene in nobody(stock.street, len(NIGHTS) / 12, SHORT_SEED):
        played = shown_to(seers, Scene("nobody", scene.footage, scene.condition, EMPTY_FRAMES))
        assert (played.opened, played.crowds, played.counted) == ([], [], [])


def test_every_manner_night_and_height_occurs_and_the_long_form_has_other_places(
    stock: Material, scenes: list[Scene]
) -> None:
    assert len(scenes) == len({scene.name for scene in scenes}) == len(Manner) * len(NIGHTS) * 4
    assert {infrared(one).size for one in scenes} == {(480, 640), (360, 640)}
    long = list(family(stock.street, LONG_SEED))
    assert [one.name for one in long] == [one.name for one in scenes]
    pairs = [(infrared(a), infrared(b)) for a, b in zip(long, scenes, strict=True)]
    assert not any(np.array_equal(a.steps[0].yuv, b.steps[0].yuv) for a, b in pairs)


@pytest.mark.parametrize("manner", Manner)
def test_the_truth_is_what_is_shown_and_all_is_grey(scenes: list[Scene], manner: Manner) -> None:
    for scene in [one for one in scenes if infrared(one).manner is manner][::5]:
        footage = infrared(scene)
        height, width = footage.size
        (box,) = footage.shown(footage.ready).people.values()
        assert box.overlap(Box(0, 0, width, height)) == pytest.approx(box.area)
        assert box.height == pytest.approx(footage.part * footage.tall, abs=1)
        there = footage.picture(footage.ready)
        rows, columns = slice(int(box.y0), int(box.y1)), slice(int(box.x0), int(box.x1))
        if footage.ready:
            before = footage.picture(0)
            assert footage.shown(0).people == {}
            assert np.abs(there[rows, columns].astype(int) - before[rows, columns]).mean() > 5
        assert (scene.frame(footage.ready).yuv[height:] == 128).all()


def test_the_ground_is_bright_before_the_camera_and_dark_at_the_borders(stock: Material) -> None:
    scene = next(nobody(stock.street, 0.01, SHORT_SEED))
    height, width = scene.footage.size
    luma = scene.footage.picture(0)[:height].astype(float)
    near = luma[height * 2 // 3 :, width * 3 // 8 : width * 5 // 8].mean()
    far, side = luma[: height // 8].mean(), luma[:, : width // 16].mean()
    assert near - BLACK > 8 * (far - BLACK)
    assert near - BLACK > 3 * (side - BLACK)
    assert (lamp(height, width) <= 1).all()


def test_the_same_scene_is_the_same_picture_every_time(stock: Material) -> None:
    first, again = (list(family(stock.street, SHORT_SEED))[30].frame(25).yuv for _ in range(2))
    assert (first == again).all()
