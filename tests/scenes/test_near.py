"""People who fill most of the picture: reported within two seconds, once, and never falsely."""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.replay.sight import sight
from agent.vision.geometry import Box
from tests.bench.agent.scenes import near_bench
from tests.bench.agent.scenes.command import SCENES
from tests.bench.agent.scenes.near import BEFORE, FILLS, Manner, Near, family
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.programme import Material

MODELS = Path(__file__).parents[2] / "models"
EVERY = 5
"""Of the family's scenes; so all manners, heights, shapes and lights occur."""
MAY_MISS = 2
"""Of the 12: who stands right under the lens, and who is cut in half at night."""


@pytest.fixture(scope="module")
def scenes(stock: Material) -> list[Scene]:
    return list(family(stock.street))


def footage(scenes: list[Scene], manner: Manner) -> Iterator[Near]:
    for scene in scenes:
        assert isinstance(scene.footage, Near)
        if scene.footage.manner is manner:
            yield scene.footage


@pytest.mark.promise(
    "Agent: Seven of eight people who fill most of the picture are reported within two seconds."
)
def test_whoever_is_near_is_told_of_within_two_seconds_and_nobody_else(
    scenes: list[Scene],
) -> None:
    chosen = list(islice(scenes, 0, None, EVERY))
    *_, total = near_bench.measure(chosen, sight(MODELS / "manifest.toml"))
    assert total.people == len(chosen)
    assert total.in_time >= len(chosen) - MAY_MISS
    assert total.false == 0
    assert total.twice <= 1


def test_every_manner_height_shape_and_light_occurs(scenes: list[Scene]) -> None:
    assert len(scenes) == len({scene.name for scene in scenes}) == len(Manner) * 2 * len(FILLS)
    for manner in Manner:
        near = list(footage(scenes, manner))
        assert {one.size for one in near} == {(480, 640), (360, 640)}
        assert {one.fill for one in near} == set(FILLS)
        assert {one.is_above for one in near} == {False, True}


def test_the_truth_is_what_is_shown_of_them(scenes: list[Scene]) -> None:
    for manner in Manner:
        near = next(footage(scenes, manner))
        height, width = near.size
        (box,) = near.shown(near.ready).people.values()
        assert box.height == pytest.approx(near.fill * height, abs=1)
        picture = Box(0, 0, width, height)
        assert box.overlap(picture) == pytest.approx(box.area)
        before, there = near.picture(0), near.picture(near.ready)
        rows = slice(int(box.y0), int(box.y1)), slice(int(box.x0), int(box.x1))
        if near.ready:
            assert near.shown(BEFORE - 1).people == {}
            assert np.mean(np.abs(there[rows].astype(int) - before[rows])) > 5


def test_the_same_scene_is_the_same_picture_every_time(scenes: list[Scene]) -> None:
    first, again = (next(footage(scenes, Manner.GATE)).picture(30) for _ in range(2))
    assert (first == again).all()


def test_a_sighting_elsewhere_is_false_and_a_second_one_is_counted(scenes: list[Scene]) -> None:
    first = near_bench.Told("enters", 1, 1, 0, 0, 0, 40)
    other = near_bench.Told("enters", 1, 0, 1, 1, 1, 50)
    assert first + other == near_bench.Told("enters", 2, 1, 1, 1, 1, 90)
    assert near_bench.table([first + other]).endswith("| enters | 1 of 2 | 1 | 1 | 1 | 90 |")


def test_bodies_are_cut_out_of_labelled_pictures(tmp_path: Path, stock: Material) -> None:
    picture = np.full((480, 360, 3), (60, 160, 60), np.uint8)
    picture[::2] = (70, 150, 70)
    cv2.ellipse(picture, (150, 240), (50, 150), 0, 0, 360, (30, 30, 200), cv2.FILLED)
    cv2.imwrite(str(tmp_path / "one.png"), picture)
    rows = ["file,x,y,w,h", "one.png,90,80,120,320", "one.png,300,80,40,100"]
    (tmp_path / "boxes.csv").write_text("\n".join(rows) + "\n")
    ((body,),) = near_bench.bodies_of(tmp_path)
    assert body.mask.shape == pytest.approx((301, 101), abs=6)
    assert body.yuv.shape == (*body.mask.shape, 3)
    scene = next(family(stock.street, [(body,)]))
    assert isinstance(scene.footage, Near)
    assert scene.footage.steps == (body,)


def test_a_folder_without_labels_is_refused(
    tmp_path: Path, stock: Material, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    near_bench.add_to(parser)
    args = parser.parse_args(
        [
            *("--recordings", str(stock.street_file.parent), "--models", str(MODELS)),
            *("--truth", str(SCENES / "vtest.truth.toml"), "--bodies", str(tmp_path)),
        ]
    )
    assert args.command(args) == 78
    assert "boxes.csv" in capsys.readouterr().err
