"""Height, speed and companions of a person, from boxes alone."""

from pathlib import Path
from statistics import mean, stdev
from typing import Final

import pytest

from agent.vision.describe.bodies import (
    Calibration,
    driver_of,
    hidden_share,
    people_on,
    people_with,
    speed_of,
)
from agent.vision.describe.description import Speed
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.geometry import Box
from agent.vision.track.track import Track
from tests.agent.rigs.vision import person, tracked
from tests.bench.agent.scenes.truth import load

ASPECT = 4 / 3
STREET: Final = load(Path(__file__).parents[3] / "scenes" / "vtest.truth.toml")
OVER_STREET: Final = Calibration(mast_height_m=7.5, horizon=-0.14)
"""Fitted to the labelled places, people being 1.72 m tall on average."""
WHEELS = Box(0.43, 0.47, 0.57, 0.63)


def walker(
    track_id: int, x: float, *, feet: float = 0.6, speed: tuple[float, float] = (0.1, 0.0)
) -> Track:
    return tracked(Box(x - 0.04, feet - 0.2, x + 0.04, feet), track_id=track_id, speed=speed)


def rider(track_id: int, *, drives: bool) -> Track:
    box = person(0.5 if drives else 0.48, 0.5, height=0.18).box
    mount = WHEELS if drives else None
    kind = ObjectKind.MOTORCYCLE if drives else None
    found = Detection(ObjectKind.PERSON, 0.7, box, wheels=kind, mount=mount)
    return tracked(box, track_id=track_id, found=found)


@pytest.mark.parametrize("tall_m", [1.2, 1.65, 1.9])
@pytest.mark.parametrize("distance_m", [6.0, 15.0, 40.0])
@pytest.mark.parametrize("horizon", [-0.2, 0.0, 0.3])
def test_height_is_that_of_a_body_projected_by_a_level_camera(
    tall_m: float, distance_m: float, horizon: float
) -> None:
    mast_m, focal = 5.0, 0.9
    feet, head = (horizon + focal * (mast_m - up_m) / distance_m for up_m in (0.0, tall_m))
    height_m = Calibration(mast_m, horizon).height_m(Box(0.4, head, 0.5, feet))
    assert height_m == pytest.approx(tall_m, abs=0.01)


@pytest.mark.parametrize(
    "box",
    [Box(0.4, 0.0, 0.5, 0.2), Box(0.4, 0.29, 0.5, 0.3), Box(0.4, 0.31, 0.5, 0.9), Box(0, 0, 0, 0)],
)
def test_a_height_that_no_person_has_is_none(box: Box) -> None:
    assert Calibration(5.0, 0.3).height_m(box) is None


def heights_m(person_id: str) -> list[float]:
    """Heights of a person in the demo recording, at each labelled place where nothing hides
    them."""
    height_px, person = STREET.height_px, STREET.person(person_id)
    found = []
    for place in person.places:
        if not person.is_covered(place.frame):
            feet, head = place.y_feet_px, place.y_feet_px - place.height_px
            box = Box(0.4, head / height_px, 0.5, feet / height_px)
            found.append(OVER_STREET.height_m(box) or 0.0)
    return found


def test_a_person_on_the_street_is_as_tall_near_as_far() -> None:
    spread = {one.id: stdev(heights_m(one.id)) for one in STREET.persons if not one.far}
    assert len(spread) == 10
    assert max(spread.values()) <= 0.1


@pytest.mark.parametrize(("first", "later"), [("A", "A2"), ("C", "C2")])
def test_who_comes_back_is_as_tall_as_before(first: str, later: str) -> None:
    assert mean(heights_m(first)) == pytest.approx(mean(heights_m(later)), abs=0.05)


@pytest.mark.parametrize(
    ("speed", "told"),
    [
        ((0.0, 0.01), Speed.STANDING),
        ((0.12, 0.0), Speed.WALKING),
        ((0.0, 0.15), Speed.WALKING),
        ((0.3, 0.0), Speed.FAST),
    ],
)
def test_speed_is_in_the_bodys_own_heights(speed: tuple[float, float], told: Speed) -> None:
    assert speed_of(walker(1, 0.5, speed=speed), aspect=ASPECT) is told


def test_a_group_walks_beside_one_another_at_one_pace() -> None:
    one, two = walker(1, 0.5), walker(2, 0.56)
    behind = walker(3, 0.52, feet=0.7)
    against = walker(4, 0.48, speed=(-0.1, 0.0))
    far = walker(5, 0.8)
    everybody = [one, two, behind, against, far]
    assert people_with(one, everybody, aspect=ASPECT) == 2
    assert people_with(far, everybody, aspect=ASPECT) == 1
    crowd = [walker(n, 0.5 + n / 1000) for n in range(40)]
    assert people_with(crowd[0], crowd, aspect=ASPECT) == 20


def test_a_pillion_rider_is_on_the_drivers_vehicle() -> None:
    driver, pillion = rider(1, drives=True), rider(2, drives=False)
    passer = walker(3, 0.9)
    seen = [driver, pillion, passer]
    assert driver_of(driver, [driver]) is driver
    assert driver_of(pillion, [driver]) is driver
    assert driver_of(passer, [driver]) is None
    assert people_on(driver, seen) == 2


def test_only_somebody_nearer_hides_a_body() -> None:
    body = Box(0.4, 0.4, 0.5, 0.6)
    assert hidden_share(body, [body, Box(0.45, 0.45, 0.55, 0.7)]) == pytest.approx(0.375)
    assert hidden_share(body, [Box(0.45, 0.3, 0.55, 0.55)]) == 0.0
