"""A crowd is one sighting with an estimated number; nobody in it is reported alone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.uplink.events import sighting_event
from agent.vision.geometry import WHOLE, Box
from agent.vision.sightings.changes import Closed, Opened, SightingChange, Updated
from agent.vision.sightings.crowd import CrowdGauge, about, around
from agent.vision.sightings.sightings import Sightings
from agent.vision.track.track import Track
from agent.wire.messages import SightingOpened, SightingUpdated
from tests.agent.rigs.vision import after, counted_ids, person, tracked
from tests.schedules import tries

pytestmark = pytest.mark.promise(
    "Detection and tracking: Above a stated density, a crowd is one alert with a number."
)


def body(track_id: int, looks: int = 0) -> Track:
    """Somebody found weakly, as most in a crowd: it is known as one before they are reported."""
    box = person(0.05 + 0.03 * (track_id % 30), 0.5, height=0.1).box
    return tracked(box, track_id=track_id, looks=looks, score=0.45, moved=0.5)


class Square:
    """Plays frames, ten a second."""

    def __init__(self) -> None:
        self.sightings = Sightings(counted_ids())
        self.gauge = CrowdGauge()
        self.frame = 0
        self.said: list[SightingChange] = []

    def holds(self, *numbers: int, for_s: float) -> list[SightingChange]:
        said: list[SightingChange] = []
        for _ in range(round(for_s * 10)):
            now = after(self.frame / 10)
            tracks = [body(number, self.frame) for number in numbers]
            people = self.gauge.step(now, len(tracks))
            said += self.sightings.advance(now, tracks, crowd_of=people)
            self.frame += 1
        self.said += said
        return said


def crowded() -> Square:
    """Three are told of; then forty more come at once."""
    square = Square()
    square.holds(1, 2, 3, for_s=1)
    square.holds(*range(1, 44), for_s=0.3)
    return square


@pytest.mark.parametrize(
    ("people", "said"), [(1, 1), (4, 4), (5, 5), (7, 5), (23, 25), (48, 50), (54, 50), (87, 90)]
)
def test_a_count_of_a_crowd_is_rounded_to_what_it_is_worth(people: int, said: int) -> None:
    assert about(people) == said


def test_twenty_in_view_are_a_crowd_until_fewer_than_twelve_are_left() -> None:
    gauge = CrowdGauge()
    assert not any(gauge.step(after(n / 10), 18) for n in range(300))
    assert any(gauge.step(after(30 + n / 10), 25) for n in range(60))
    assert all(gauge.step(after(36 + n / 10), 14) for n in range(300))
    assert not all(gauge.step(after(66 + n / 10), 3) for n in range(90))


def test_a_crowd_is_one_sighting_of_about_so_many() -> None:
    square = Square()
    said = square.holds(*range(1, 44), for_s=8)
    crowd = [c for c in said if isinstance(c, Opened) and c.is_crowd]
    assert len(crowd) == 1
    last = [c for c in said if isinstance(c, Opened | Updated) and c.is_crowd][-1]
    assert last.people == 45


def test_who_comes_while_there_is_a_crowd_is_counted_and_not_told_of_alone() -> None:
    square = crowded()
    square.holds(*range(1, 44), for_s=5)
    said = square.holds(*range(1, 60), for_s=5)
    assert not [c for c in said if isinstance(c, Opened)]
    assert [c.people for c in said if isinstance(c, Updated) and c.is_crowd] == [60]
    assert len(square.sightings.open_tracks) == 59


def test_it_grows_by_a_quarter_before_that_is_news() -> None:
    square = crowded()
    square.holds(*range(1, 44), for_s=6)
    assert square.holds(*range(1, 48), for_s=5) == []


def test_it_ends_once_with_the_crowd_and_who_stays_is_told_of_again() -> None:
    square = crowded()
    square.holds(*range(1, 44), for_s=6)
    (crowd,) = (c for c in square.said if isinstance(c, Opened) and c.is_crowd)
    said = square.holds(1, 2, 40, 41, for_s=12)
    assert [c.sighting_id for c in said if isinstance(c, Closed)].count(crowd.sighting_id) == 1
    assert {c.track_id for c in said if isinstance(c, Opened)} == {40, 41}


def test_what_a_rule_says_of_somebody_in_it_is_said_of_the_crowd() -> None:
    square = crowded()
    square.holds(*range(1, 44), for_s=6)
    crowd_id = square.sightings.open_ids[43]
    news = square.sightings.say(body(43), after(8))
    assert (news.sighting_id, news.is_crowd) == (crowd_id, True)


def test_the_end_of_the_stream_ends_it() -> None:
    square = crowded()
    square.holds(*range(1, 44), for_s=6)
    closed = square.sightings.finish(after(9))
    opened = {c.sighting_id for c in square.said if isinstance(c, Opened)}
    assert {c.sighting_id for c in (*closed, *square.said) if isinstance(c, Closed)} == opened


def test_the_wire_says_that_it_is_one() -> None:
    square = crowded()
    square.holds(*range(1, 44), for_s=6)
    crowd = next(c for c in square.said if isinstance(c, Opened) and c.is_crowd)
    opened = sighting_event(crowd, camera="cong-bac", picture=None)
    assert isinstance(opened, SightingOpened)
    assert opened.is_crowd is True
    alone = sighting_event(replace(crowd, is_crowd=False), camera="cong-bac", picture=None)
    assert "is_crowd" not in alone.model_dump()
    more = sighting_event(
        Updated(crowd.sighting_id, 60, 0.7, crowd.box, after(9), is_crowd=True),
        camera="cong-bac",
        picture=None,
    )
    assert isinstance(more, SightingUpdated)
    assert more.is_crowd is True


def test_its_box_holds_all_of_them_inside_the_picture() -> None:
    assert around([Box(-0.1, 0.2, 0.1, 0.4), Box(0.5, 0.3, 0.7, 0.9)]) == Box(0.0, 0.2, 0.7, 0.9)
    assert around([]) == WHOLE


@given(counts=st.lists(st.tuples(st.integers(0, 45), st.floats(0.1, 4.0)), min_size=1, max_size=12))
@settings(max_examples=tries(40))
def test_whatever_comes_and_goes_every_sighting_is_opened_once_and_closed_once(
    counts: list[tuple[int, float]],
) -> None:
    square = Square()
    for people, seconds in counts:
        square.holds(*range(1, people + 1), for_s=min(seconds, 2.0))
    said = [*square.said, *square.sightings.finish(after(square.frame / 10))]
    for sighting_id in {c.sighting_id for c in said}:
        life = [type(c) for c in said if c.sighting_id == sighting_id]
        assert life[0] is Opened
        assert life[-1] is Closed
        assert life.count(Opened) == life.count(Closed) == 1
