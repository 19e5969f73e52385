"""The order in which a person may have passed nearby cameras, from the way they left the
picture."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.registry.neighbours import CameraSpot, neighbours
from hub.registry.passing import (
    POINTS,
    SIDES,
    Departure,
    RelativeDirection,
    apart,
    bearing_to,
    compass_point,
    heading,
    in_order_of_passing,
)

pytestmark = pytest.mark.promise(
    "Search: Neighbouring cameras come in the likely order of passing."
)

AREA = uuid4()
HERE = CameraSpot(uuid4(), AREA, 11.53, 106.62)
M = 1 / 111_195
"""Degrees of latitude."""


def spot(north_m: float, east_m: float, bearing_deg: float | None = None) -> CameraSpot:
    return CameraSpot(uuid4(), AREA, 11.53 + north_m * M, 106.62 + east_m * M / 0.98, bearing_deg)


def leaving(
    heading_deg: float | None, *, rode: bool | None = None, error_ms: int | None = 0
) -> Departure:
    return Departure(1_000_000_000, error_ms, "right", heading_deg, rode)


def order(heading_deg: float | None, *spots: CameraSpot) -> list[int]:
    ids = [one.camera_id for one in spots]
    return [
        ids.index(one.near.camera_id)
        for one in in_order_of_passing(HERE, spots, leaving(heading_deg))
    ]


@pytest.mark.parametrize(
    ("side", "bearing", "point"),
    [
        ("away", 0, "n"),
        ("right", 0, "e"),
        ("left", 0, "w"),
        ("towards", 0, "s"),
        ("right", 45, "se"),
        ("left", 90, "n"),
        ("away", 350, "n"),
        ("towards", 200, "n"),
    ],
)
def test_a_side_of_the_picture_is_a_point_of_the_compass(
    side: str, bearing: float, point: str
) -> None:
    found = next(one for one in SIDES if one == side)
    degrees = heading(found, bearing)
    assert degrees is not None and compass_point(degrees) == point


def test_without_side_or_bearing_nobody_knows_where_to() -> None:
    assert heading(None, 90) is heading("left", None) is None


def test_who_goes_east_passes_the_cameras_in_the_east_first_then_those_aside() -> None:
    east, far_east, north, west = spot(0, 200), spot(0, 600), spot(150, 0), spot(0, -100)
    assert order(90, west, north, far_east, east) == [3, 2, 1, 0]
    assert order(0, west, north, far_east, east)[0] == 1
    assert order(None, west, north, far_east, east) == [0, 1, 3, 2], "the nearest first"


def test_who_goes_due_north_is_as_well_ordered_as_anybody() -> None:
    assert order(0.0, spot(-50, 0), spot(300, 0)) == [1, 0]


def test_cameras_on_the_same_pole_are_ordered_by_where_they_look() -> None:
    assert order(90, spot(2, 0, 270), spot(0, 2, 90), spot(0, 2)) == [1, 2, 0]


def test_a_camera_of_the_area_without_a_place_comes_last_and_says_no_time() -> None:
    lost = CameraSpot(uuid4(), AREA)
    found = in_order_of_passing(HERE, [lost, spot(0, -300)], leaving(90))
    assert [one.near.camera_id == lost.camera_id for one in found] == [False, True]
    assert (found[1].turn, found[1].from_utc_us) == (None, None)


def test_the_time_to_look_there_is_wider_where_nobody_knows_how_they_went() -> None:
    there = [spot(0, 140)]

    def window(rode: bool | None, error_ms: int | None = 0) -> tuple[float, float]:
        [one] = in_order_of_passing(HERE, there, leaving(90, rode=rode, error_ms=error_ms))
        assert one.from_utc_us is not None and one.until_utc_us is not None
        return one.from_utc_us / 1e6 - 1000, one.until_utc_us / 1e6 - 1000

    assert window(False) == pytest.approx((70, 196), rel=0.02)
    assert window(True) == pytest.approx((10, 65), rel=0.02)
    assert window(None) == pytest.approx((10, 196), rel=0.02)
    assert window(True, 5000) == pytest.approx((5, 70), rel=0.03), "and by the clock's doubt"


@given(
    st.floats(0, 360),
    st.lists(st.tuples(st.floats(-900, 900), st.floats(-900, 900)), max_size=8),
)
def test_the_same_cameras_are_offered_whichever_way_and_none_ahead_after_one_behind(
    heading_deg: float, places: list[tuple[float, float]]
) -> None:
    spots = [spot(*one) for one in places]
    found = in_order_of_passing(HERE, spots, leaving(heading_deg), most=8)
    near: set[UUID] = {one.camera_id for one in neighbours(HERE, spots, most=8)}
    assert {one.near.camera_id for one in found} == near
    is_ahead = [one.turn is RelativeDirection.AHEAD for one in found]
    assert is_ahead == sorted(is_ahead, reverse=True)


@given(st.floats(0, 360), st.floats(0, 360))
def test_two_directions_are_never_farther_apart_than_half_a_circle(
    one: float, other: float
) -> None:
    assert 0 <= apart(one, other) <= 180
    assert apart(one, other) == pytest.approx(apart(other, one))
    assert compass_point(one) in POINTS


def test_where_another_camera_lies_is_told_by_the_compass() -> None:
    assert bearing_to(HERE, spot(100, 0)) == pytest.approx(0, abs=0.1)
    assert bearing_to(HERE, spot(100, 100)) == pytest.approx(45, abs=1)
    assert bearing_to(HERE, spot(0, -100)) == pytest.approx(270, abs=0.1)
    assert bearing_to(HERE, CameraSpot(uuid4(), AREA)) is None
