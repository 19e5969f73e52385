"""Outlines drawn in the picture: what they enclose, and which are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.zones import Polygon, inside

TRIANGLE = Polygon(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
part = st.floats(0, 1)


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ((), "0 points"),
        (((0.1, 0.1), (0.9, 0.9)), "2 points encloses nothing: give three"),
        (((0.1, 0.1), (0.5, 0.1), (1.2, 0.9)), r"\(1.2, 0.9\) is outside the picture"),
        (((0.1, 0.1), (0.5, 0.1), (0.2, float("nan"))), "outside the picture"),
        (((0.1, 0.1), (0.5, 0.5), (0.9, 0.9)), "on one line"),
    ],
)
def test_an_outline_that_encloses_nothing_is_refused(
    corners: tuple[tuple[float, float], ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Polygon(corners)


def test_a_point_is_in_the_outline_or_not() -> None:
    assert TRIANGLE.contains((0.2, 0.2))
    assert not TRIANGLE.contains((0.8, 0.8))
    assert not TRIANGLE.contains((1.5, 0.2))


def test_a_hollow_is_outside() -> None:
    horseshoe = Polygon(
        (
            (0.0, 0.0),
            (1.0, 0.0),
            (1.0, 1.0),
            (0.7, 1.0),
            (0.7, 0.3),
            (0.3, 0.3),
            (0.3, 1.0),
            (0.0, 1.0),
        )
    )
    assert horseshoe.contains((0.1, 0.8))
    assert not horseshoe.contains((0.5, 0.8))


def test_all_of_the_picture_is_every_cell() -> None:
    whole = Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    assert inside((whole,), (9, 16)).all()
    assert not inside((), (9, 16)).any()


@given(
    corners=st.lists(st.tuples(part, part), min_size=3, max_size=8),
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
)
def test_each_cell_whose_middle_is_in_a_triangle_is_marked(
    corners: list[tuple[float, float]], rows: int, columns: int
) -> None:
    try:
        outline = Polygon(tuple(corners[:3]))
    except ValueError:
        return
    mask = inside((outline,), (rows, columns))
    assert mask.shape == (rows, columns)
    assert set(np.unique(mask)) <= {0, 1}
    for row in range(rows):
        for column in range(columns):
            middle = ((column + 0.5) / columns, (row + 0.5) / rows)
            near = 1 / 200
            around = [
                (middle[0] + dx, middle[1] + dy) for dx in (-near, near) for dy in (-near, near)
            ]
            if all(outline.contains(point) for point in around):
                assert mask[row, column] == 1
