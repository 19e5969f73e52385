"""Names of colours in drawn bodies, and nothing from odd, masked or dark pictures."""

from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.media.frame import Frame, Plane
from agent.vision.describe.colours import Shares, named, shares, table
from agent.vision.describe.describer import BODY_COLUMNS, LOWER_ROWS, UPPER_ROWS
from agent.vision.describe.description import Colour, ColourName
from agent.vision.describe.light import shows_colours
from agent.vision.geometry import Box, Polygon
from agent.vision.privacy import PrivacyMask
from tests.agent.rigs.painted import BODY, CLOTHES, HEIGHT, WIDTH, changed, frame_of, street
from tests.schedules import tries

COLOURS: Final = tuple(ColourName)


def both(frame: Frame, body: Box = BODY) -> tuple[Shares | None, ...]:
    return shares(frame, body, [UPPER_ROWS, LOWER_ROWS], BODY_COLUMNS)


def told(frame: Frame, body: Box = BODY) -> tuple[tuple[Colour, ...], ...]:
    return tuple(() if one is None else named([(1.0, one)]) for one in both(frame, body))


def names(colours: tuple[Colour, ...]) -> list[str]:
    return [one.name.value for one in colours]


@pytest.mark.parametrize("upper", CLOTHES)
@pytest.mark.parametrize("lower", ["black", "blue", "white"])
def test_plain_clothes_are_called_by_their_colour(upper: str, lower: str) -> None:
    first, second = told(street((BODY, CLOTHES[upper], CLOTHES[lower])))
    assert (first[0].name, second[0].name) == (upper, lower)
    assert first[0].confidence > 0.5


def test_a_shirt_of_two_colours_has_both_the_larger_first() -> None:
    hem = Box(BODY.x0, BODY.y0 + 0.35 * BODY.height, BODY.x1, BODY.y0 + 0.55 * BODY.height)
    frame = street(
        (BODY, CLOTHES["white"], CLOTHES["black"]), (hem, CLOTHES["red"], CLOTHES["red"])
    )
    upper, _ = told(frame)
    assert names(upper) == ["white", "red"]


def test_background_between_the_legs_does_not_count() -> None:
    frame = street((BODY, CLOTHES["red"], CLOTHES["blue"]))
    x0, x1 = (round((BODY.x0 + share * BODY.width) * WIDTH) for share in (0.4, 0.62))

    def parted(luma: Plane, tints: Plane) -> None:
        luma[HEIGHT // 2 :, x0:x1] = luma[-1, 0]
        tints[:, HEIGHT // 4 :, x0 // 2 : x1 // 2] = tints[:, -1:, :1]

    _, lower = told(changed(frame, parted))
    assert names(lower)[0] == "blue"


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_body_behind_a_privacy_mask_has_no_colours(share: float) -> None:
    frame = street((BODY, CLOTHES["red"], CLOTHES["blue"]))
    assert all(told(frame))
    right = BODY.x0 + share * BODY.width
    outline = Polygon(((BODY.x0, 0.0), (right, 0.0), (right, 1.0), (BODY.x0, 1.0)))
    painted = frame.showing(PrivacyMask([outline]).painted(frame.yuv.copy()))
    assert [one is None for one in both(painted)] == [True, True]


def test_grey_clothes_as_grey_as_the_mask_are_still_told() -> None:
    frame = street((BODY, CLOTHES["grey"], CLOTHES["grey"]))
    random = np.random.default_rng(1)

    def grain(luma: Plane, tints: Plane) -> None:
        luma[:] = np.clip(
            np.where(luma == luma[100, 150], 96, luma) + random.normal(0, 2, luma.shape), 0, 255
        )
        tints[:] = np.clip(tints + random.normal(0, 1, tints.shape), 0, 255)

    upper, _ = told(changed(frame, grain))
    assert names(upper)[0] == "grey"


def test_a_body_of_a_few_pixels_has_no_colours() -> None:
    frame = street((BODY, CLOTHES["red"], CLOTHES["blue"]))
    assert [one is None for one in both(frame, Box(0.45, 0.4, 0.451, 0.42))] == [True, True]


def test_views_that_disagree_are_a_guess_and_none_is_given() -> None:
    apart = [np.zeros(len(COLOURS), np.float32) for _ in range(3)]
    for view, name in zip(apart, ("red", "green", "blue"), strict=True):
        view[COLOURS.index(ColourName(name))] = 1.0
    assert named([(1.0, view) for view in apart]) == ()
    assert names(named([(8.0, apart[0]), (1.5, apart[1]), (1.0, apart[2])])) == ["red", "green"]
    assert named([]) == ()


def test_every_cell_speaks_for_some_colour_and_for_no_more_than_one_in_sum() -> None:
    assert np.isfinite(table()).all()
    assert np.allclose(table().sum(axis=1), 1.0, atol=1e-4)


def test_by_day_the_light_shows_colours() -> None:
    assert shows_colours(street((BODY, CLOTHES["red"], CLOTHES["blue"])))


def infrared(_luma: Plane, tints: Plane) -> None:
    tints[:] = np.random.default_rng(1).normal(130, 1, tints.shape)


def dark(luma: Plane, _tints: Plane) -> None:
    luma[:] = 16 + (luma.astype(float) - 16) * 0.35


def sodium(_luma: Plane, tints: Plane) -> None:
    tints[0] -= 18
    tints[1] += 16


@pytest.mark.parametrize("night", [infrared, dark, sodium])
def test_by_night_the_light_shows_none(night: object) -> None:
    assert callable(night)
    assert not shows_colours(changed(street((BODY, CLOTHES["red"], CLOTHES["blue"])), night))


sides = st.floats(-0.5, 1.5) | st.sampled_from([0.0, 1.0, 0.5])
boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    sides,
    sides,
    st.floats(0, 1.5) | st.just(1 / WIDTH),
    st.floats(0, 1.5) | st.just(1 / HEIGHT),
)


@settings(max_examples=tries(200))
@given(
    body=boxes,
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_whatever_the_box_a_plain_picture_has_one_sum_of_shares_or_none(
    body: Box, colour: tuple[int, int, int], size: tuple[int, int]
) -> None:
    rows, columns = 2 * size[0], 2 * size[1]
    rgb = np.empty((rows, columns, 3), np.uint8)
    rgb[:] = colour
    frame = frame_of(rgb)
    assert not shows_colours(frame)
    for one in both(frame, body):
        if one is not None:
            assert abs(float(one.sum()) - 1.0) < 1e-3
            assert len(named([(1.0, one)])) <= 2
