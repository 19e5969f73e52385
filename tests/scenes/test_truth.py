"""The truth file of the demo recording is consistent, and its loader reads it rightly."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.bench.agent.scenes.truth import Person, TruthError, load

pytestmark = pytest.mark.promise(
    "Recording of the street: Labels made by a person say who is in frames 1 to 395."
)

FILE = Path(__file__).with_name("vtest.truth.toml")
TRUTH = load(FILE)
PERSONS = pytest.mark.parametrize("person", TRUTH.persons, ids=lambda person: person.id)

ONE = """
recording = "street.avi"
recording_sha256 = "00"
width_px = 100
height_px = 80
frames_per_s = 10
first_frame = 1
last_frame = 40

[[person]]
id = "A"
looks = "red coat"
enters = { frame = 3, side = "left", within = 2 }
leaves = { frame = 30, side = "right", within = 1 }
at = [[10, 20, 60, 30], [20, 40, 70, 40]]
covered = [[12, 14]]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "street.truth.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_person_has_an_id_of_its_own() -> None:
    ids = [person.id for person in TRUTH.persons]
    assert len(ids) == len(set(ids))


@pytest.mark.promise("Recording of the street: Frames 396 to 795 stay unlabelled.")
def test_only_frames_1_to_395_are_labelled() -> None:
    assert (TRUTH.first_frame, TRUTH.last_frame) == (1, 395)


@PERSONS
def test_a_person_enters_before_leaving_and_within_the_labelled_frames(person: Person) -> None:
    assert TRUTH.first_frame <= person.enters.frame < person.leaves.frame <= TRUTH.last_frame


@PERSONS
def test_present_at_start_and_end_mean_the_first_and_last_labelled_frame(person: Person) -> None:
    assert (person.enters.side == "present at start") == (person.enters.frame == 1)
    assert (person.leaves.side == "present at end") == (person.leaves.frame == 395)
    assert person.enters.side != "present at end"
    assert person.leaves.side != "present at start"


@PERSONS
def test_places_stand_in_order_and_while_the_person_is_present(person: Person) -> None:
    assert all(one.frame < other.frame for one, other in pairwise(person.places))
    assert all(person.is_present(place.frame) for place in person.places)


@PERSONS
def test_places_lie_inside_the_picture(person: Person) -> None:
    for place in person.places:
        assert 0 <= place.x_center_px < TRUTH.width_px
        assert 0 < place.y_feet_px <= TRUTH.height_px
        assert place.y_feet_px - place.height_px >= 0


@PERSONS
def test_nobody_moves_faster_than_fifteen_pixels_a_frame(person: Person) -> None:
    for one, other in pairwise(person.places):
        assert abs(other.x_center_px - one.x_center_px) <= 15 * (other.frame - one.frame)


@PERSONS
def test_whoever_crosses_a_side_is_first_and_last_placed_near_it(person: Person) -> None:
    near_px = 80
    for crossing, place in ((person.enters, person.places[0]), (person.leaves, person.places[-1])):
        if crossing.side == "left":
            assert place.x_center_px < near_px
        elif crossing.side == "right":
            assert place.x_center_px > TRUTH.width_px - near_px


@PERSONS
def test_only_the_far_ones_are_lower_than_50_pixels(person: Person) -> None:
    assert person.far == all(place.height_px < 50 for place in person.places)
    assert person.far == any(place.height_px < 50 for place in person.places)


@PERSONS
def test_covered_spans_lie_within_presence(person: Person) -> None:
    for first, last in person.covered:
        assert person.enters.frame <= first <= last <= person.leaves.frame


@PERSONS
def test_a_second_stay_names_a_first_one_that_had_ended(person: Person) -> None:
    if person.same_as is not None:
        assert TRUTH.person(person.same_as).leaves.frame < person.enters.frame


def test_somebody_is_present_in_every_labelled_frame() -> None:
    for frame in range(1, 396):
        assert any(person.is_present(frame) for person in TRUTH.persons)


def test_nine_bodies_make_eleven_stays() -> None:
    assert len(TRUTH.persons) == 11
    assert sum(person.same_as is None for person in TRUTH.persons) == 9


def test_a_place_between_two_stated_frames_is_on_the_straight_line(tmp_path: Path) -> None:
    place = load(written(tmp_path, ONE)).person("A").place_at(15)
    assert place is not None
    assert (place.x_center_px, place.y_feet_px, place.height_px) == (30, 65, 35)


def test_a_stated_place_is_given_back_as_it_stands(tmp_path: Path) -> None:
    person = load(written(tmp_path, ONE)).person("A")
    assert [person.place_at(place.frame) for place in person.places] == list(person.places)


def test_no_place_is_claimed_where_the_edge_cuts_the_body(tmp_path: Path) -> None:
    person = load(written(tmp_path, ONE)).person("A")
    assert person.is_present(9)
    assert person.place_at(9) is None
    assert person.place_at(21) is None


def test_a_person_is_present_from_entering_to_leaving(tmp_path: Path) -> None:
    person = load(written(tmp_path, ONE)).person("A")
    assert [f for f in range(1, 41) if person.is_present(f)] == list(range(3, 31))


def test_a_covered_span_includes_both_its_ends(tmp_path: Path) -> None:
    person = load(written(tmp_path, ONE)).person("A")
    assert [f for f in range(1, 41) if person.is_covered(f)] == [12, 13, 14]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('looks = "red coat"\n', "", "person 1: 'looks' is missing"),
        ('side = "left"', 'side = "lft"', "'lft' is no side"),
        ("covered =", "coverd =", "unknown coverd"),
        ("[[10, 20, 60, 30], [20, 40, 70, 40]]", "[]", "no place is stated"),
        ("[10, 20, 60, 30]", "[10, 20, 60]", "person 1"),
        ("width_px = 100\n", "", "width_px"),
        ("[[person]]", "[[person]", "street.truth.toml"),
    ],
)
def test_a_broken_file_is_refused_by_the_name_of_what_is_wrong(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(TruthError, match=said):
        load(written(tmp_path, ONE.replace(old, new)))
