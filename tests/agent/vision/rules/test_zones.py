"""Outlines drawn in the picture: what they enclose, and which are refused."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agent.vision.geometry import Area, Box, Polygon, crosses, inside, side_of

pytestmark = [
    pytest.mark.promise("Zones and rules: Zones, hours and night values of a camera apply."),
    pytest.mark.promise("Zones and rules: Any zone that encloses an area works."),
]

TRIANGLE = Polygon(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
part = st.floats(0, 1)


@pytest.mark.promise("Zones and rules: A zone that encloses nothing is refused.")
@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ((), "0 points"),
        (((0.1, 0.1), (0.9, 0.9)), "2 points encloses nothing: give three"),
        (((0.1, 0.1), (0.5, 0.1), (1.2, 0.9)), r"\(1.2, 0.9\) is outside the picture"),
        (((0.1, 0.1), (0.5, 0.1), (0.2, float("nan"))), "outside the picture"),
        (((0.1, 0.1), (0.5, 0.5), (0.9, 0.9)), "on one line"),
        (((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)), "its edges cross each other"),
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
    corners=st.lists(st.tuples(part, part), min_size=3, max_size=6),
    rows=st.integers(1, 12),
    columns=st.integers(1, 12),
)
def test_a_cell_is_marked_when_its_middle_is_in_the_outline(
    corners: list[tuple[float, float]], rows: int, columns: int
) -> None:
    try:
        outline = Polygon(tuple(corners))
    except ValueError:
        return
    mask = inside((outline,), (rows, columns))
    assert mask.shape == (rows, columns)
    for row in range(rows):
        for column in range(columns):
            middle = ((column + 0.5) / columns, (row + 0.5) / rows)
            assert bool(mask[row, column]) == outline.contains(middle)


boxes = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height),
    st.floats(-0.5, 1.2), st.floats(-0.5, 1.2), st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip


@given(box=boxes)
def test_the_covered_share_of_a_box_is_a_share(box: Box) -> None:
    assert 0 <= Area((TRIANGLE,)).share_of(box) <= 1
    assert Area(()).share_of(box) == 0


@given(box=boxes)
def test_all_of_the_picture_covers_every_box_in_it(box: Box) -> None:
    whole = Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    assume(box.clipped().area > 0)
    assert Area((whole,)).share_of(box) == 1


def test_a_box_half_in_an_area_is_covered_by_half() -> None:
    left = Area((Polygon(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))),))
    assert left.share_of(Box(0.4, 0.2, 0.6, 0.4)) == pytest.approx(0.5, abs=0.02)
    assert left.share_of(Box(0.6, 0.2, 0.8, 0.4)) == 0


points = st.tuples(part, part)


@given(start=points, end=points, before=points, after=points)
@example(start=(0.0, 1.2e-38), end=(1.0, 0.0), before=(1.0, 1.0), after=(0.0, 0.0))
def test_a_crossing_is_one_both_ways_and_changes_sides(
    start: tuple[float, float],
    end: tuple[float, float],
    before: tuple[float, float],
    after: tuple[float, float],
) -> None:
    is_crossed = crosses(start, end, before, after)
    assert crosses(start, end, after, before) == is_crossed
    assert crosses(before, after, start, end) == is_crossed
    if is_crossed:
        assert side_of(start, end, before) * side_of(start, end, after) < 0


def test_right_is_right_for_who_goes_up_the_picture() -> None:
    assert side_of((0.5, 1.0), (0.5, 0.0), (0.8, 0.5)) > 0
    assert side_of((0.5, 1.0), (0.5, 0.0), (0.2, 0.5)) < 0
