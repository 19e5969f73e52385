"""Search shapes on the map, compared with plain calculations."""

from math import cos, radians
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.registry.shapes import METRES_A_DEGREE, Circle, Point, Ring, Street, beyond_m, crossing

pytestmark = pytest.mark.promise("Search: A search goes by area, point, street or shape.")

ORIGIN = Point(11.53, 106.62)


def at(east_m: float, north_m: float) -> Point:
    """So many metres from the origin."""
    shrunk = cos(radians(ORIGIN.latitude_deg))
    return Point(
        ORIGIN.latitude_deg + north_m / METRES_A_DEGREE,
        ORIGIN.longitude_deg + east_m / METRES_A_DEGREE / shrunk,
    )


def test_round_a_point() -> None:
    circle = Circle(ORIGIN.latitude_deg, ORIGIN.longitude_deg, radius_m=500)
    assert beyond_m(circle, at(300, 390)) == 0
    assert beyond_m(circle, at(300, 400)) == pytest.approx(0, abs=0.5)
    assert beyond_m(circle, at(0, -800)) == pytest.approx(300, abs=0.5)


def test_along_a_street_with_a_bend_and_past_its_ends() -> None:
    street = Street((at(0, 0), at(1000, 0), at(1000, 1000)), reach_m=50)
    for inside in (at(500, 49), at(500, -49), at(1049, 700), at(-30, 30), at(1000, 1040)):
        assert beyond_m(street, inside) == 0
    assert beyond_m(street, at(500, 150)) == pytest.approx(100, abs=0.5)
    assert beyond_m(street, at(500, 500)) == pytest.approx(450, abs=0.5)
    assert beyond_m(street, at(1000, 1300)) == pytest.approx(250, abs=0.5)


def test_a_street_whose_points_are_one_is_a_circle() -> None:
    assert beyond_m(Street((ORIGIN, ORIGIN), reach_m=50), at(0, 80)) == pytest.approx(30, abs=0.5)


def test_inside_a_ring_that_is_not_convex() -> None:
    ring = Ring((at(0, 0), at(1000, 0), at(1000, 1000), at(500, 200), at(0, 1000)))
    assert beyond_m(ring, at(100, 500)) == beyond_m(ring, at(900, 500)) == 0
    assert beyond_m(ring, at(500, 600)) > 100  # in the bay
    assert beyond_m(ring, at(500, -70)) == pytest.approx(70, abs=0.5)


@pytest.mark.promise("Search: An impossible search is answered with the cure.")
def test_a_ring_that_crosses_itself_is_told_with_its_sides() -> None:
    bow_tie = [at(0, 0), at(1000, 1000), at(1000, 0), at(0, 1000)]
    assert crossing(bow_tie) == (1, 3)
    assert crossing([at(0, 0), at(1000, 0), at(1000, 1000), at(0, 1000)]) is None
    assert crossing([at(0, 0), at(1000, 0), at(500, 800)]) is None
    touching = [at(0, 0), at(1000, 0), at(1000, 1000), at(500, 0), at(0, 1000)]
    assert crossing(touching) is not None
    assert crossing([]) is crossing([ORIGIN]) is None


@given(st.integers(0, 10_000))
def test_a_ring_holds_what_its_stars_shape_holds(seed: int) -> None:
    """Points of a star by angle, whose rim is known in every direction."""
    chance = Random(seed)  # noqa: S311 - no secret
    ring = Ring(tuple(at(*one) for one in ((100, 0), (0, 100), (-100, 0), (0, -100))))
    east, north = chance.uniform(-150, 150), chance.uniform(-150, 150)
    outside = abs(east) + abs(north) - 100
    if abs(outside) > 1:
        assert (beyond_m(ring, at(east, north)) > 0) == (outside > 0)
    assert crossing(ring.points) is None
