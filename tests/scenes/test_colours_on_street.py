"""Names of colours in the demo recording, compared with a person's notes."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from agent.vision.describe.colours import named, shares
from agent.vision.describe.describer import BODY_COLUMNS, LOWER_ROWS, UPPER_ROWS
from agent.vision.describe.light import shows_colours
from agent.vision.geometry import Box, is_whole
from tests.bench.agent.scenes.conditions import CLEAR, CONDITIONS, Condition
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.programme import Material
from tests.scenes.helpers.eyes_on_street import BODY_WIDTH, TRUTH

CLOTHES: Final = tomllib.loads(
    Path(__file__).with_name("vtest.colours.toml").read_text(encoding="utf-8")
)
EVERY_FRAMES: Final = 10
LEAST_RIGHT: Final = 0.85
LEAST_TOLD: Final = 0.8


def bodies(frame: int) -> Iterator[tuple[Box, dict[str, list[str]]]]:
    """Whole bodies in this frame, hidden by less than a third, with their clothes' colours."""
    for person in TRUTH.persons:
        place = person.place_at(frame)
        if place is None or person.id not in CLOTHES or person.is_covered(frame):
            continue
        half, x = BODY_WIDTH * place.height_px / 2, place.x_center_px
        feet, width, height = place.y_feet_px, TRUTH.width_px, TRUTH.height_px
        head = feet - place.height_px
        box = Box((x - half) / width, head / height, (x + half) / width, feet / height)
        if is_whole(box):
            yield box, CLOTHES[person.id]


@dataclass
class Judged:
    """Parts of bodies: upper and lower clothing are one each."""

    asked: int = 0
    told: int = 0
    right: int = 0
    """Told with the right colour among the two."""


def judged(stock: Material, condition: Condition = CLEAR) -> Judged:
    """Every tenth labelled frame under a condition."""
    scene, judged = Scene("street", stock.street, condition), Judged()
    for index in range(0, scene.length, EVERY_FRAMES):
        frame = scene.frame(index)
        for box, clothes in bodies(frame.index):
            views = shares(frame, box, [UPPER_ROWS, LOWER_ROWS], BODY_COLUMNS)
            for view, part in zip(views, ("upper", "lower"), strict=True):
                is_told = view is not None and shows_colours(frame)
                told = {one.name.value for one in named([(1.0, view)] if is_told else [])}
                judged.asked += 1
                judged.told += bool(told)
                judged.right += bool(told & set(clothes[part]))
    return judged


@pytest.mark.promise("Detection and tracking: Clothing is named by colour, or not at all.")
def test_clothes_on_the_street_are_called_by_their_colour(stock: Material) -> None:
    seen = judged(stock)
    assert seen.asked >= 300
    assert seen.right >= LEAST_RIGHT * seen.told
    assert seen.told >= LEAST_TOLD * seen.asked


@pytest.mark.promise("Detection and tracking: Clothing is named by colour, or not at all.")
@pytest.mark.parametrize("name", ["night", "wet night", "fog"])
def test_by_night_and_in_fog_no_colour_is_named_rather_than_a_wrong_one(
    stock: Material, name: str
) -> None:
    (condition,) = (one for one in CONDITIONS if one.name == name)
    assert judged(stock, condition).told == 0


def test_no_colour_is_named_while_the_camera_sees_infrared(stock: Material) -> None:
    (condition,) = (one for one in CONDITIONS if one.name == "infrared")
    scene = Scene("street", stock.street, condition)
    shown = [shows_colours(scene.frame(second * 10)) for second in range(39)]
    assert shown[:4] == [True] * 4
    assert shown[6:19] == [False] * 13
