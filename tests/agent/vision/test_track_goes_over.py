"""A track stays on its body: one that never walked does not take a person who passes, and in a
crowd a person who turns is found again."""

import pytest

from agent.vision.detect.clothes import Clothes
from agent.vision.detect.person import Detection
from agent.vision.track.track import Track
from agent.vision.track.tracker import Tracker
from tests.agent.rigs.vision import after, person

pytestmark = pytest.mark.promise("Detection and tracking: Detections of one body are one track.")

RED: Clothes = (90, 110, 190, 60, 128, 128)
BLUE: Clothes = (70, 180, 110, 120, 128, 128)


def dressed(one: Detection, clothes: Clothes) -> Detection:
    return Detection(one.kind, one.score, one.box, clothes)


def shown(
    tracker: Tracker, frames: list[list[Detection]], *, first: int = 0, is_crowd: bool = False
) -> tuple[Track, ...]:
    """Ten frames a second; one without a find was not looked at."""
    for i, found in enumerate(frames):
        at = after((first + i) / 10)
        if found:
            tracks = tracker.step(at, found, aspect=4 / 3, is_crowd=is_crowd)
        else:
            tracks = tracker.step(at, [], aspect=4 / 3, looked=(), is_crowd=is_crowd)
    return tracks


def ids_after_a_pause(begins: list[Detection], later: Detection) -> dict[int, bool]:
    """Whether each track is seen, once `later` is found a second after what it began with."""
    tracker = Tracker()
    tracks = shown(tracker, [*([one] for one in begins), *[[]] * 9, [later]])
    return {track.track_id: track.is_seen for track in tracks}


def test_what_stood_does_not_reach_for_who_comes_by_while_it_was_not_seen() -> None:
    post = [person(0.5)] * 10
    assert ids_after_a_pause(post, person(0.58)) == {1: False, 2: True}


def test_who_walked_is_waited_for_as_far_away() -> None:
    walker = [person(0.41 + i / 100) for i in range(10)]
    where_it_stops = 0.5 + 0.1 * 0.78
    assert ids_after_a_pause(walker, person(where_it_stops - 0.08)) == {1: True}


def test_what_was_found_once_is_not_somebody_half_a_body_away() -> None:
    assert ids_after_a_pause([person(0.5)], person(0.58)) == {1: False, 2: True}


def test_what_stood_does_not_become_who_stands_beside_it_in_other_clothes() -> None:
    tracker = Tracker()
    shown(tracker, [[dressed(person(0.5), RED)]] * 10)
    beside = person(0.545)
    tracks = shown(tracker, [[dressed(beside, BLUE)]], first=10)
    assert {track.track_id: track.is_seen for track in tracks} == {1: False, 2: True}
    assert tracks[0].clothes == RED


def test_who_walked_and_looks_otherwise_in_the_shade_is_the_same() -> None:
    tracker = Tracker()
    shown(tracker, [[dressed(person(0.41 + i / 100), RED)] for i in range(10)])
    (track,) = shown(tracker, [[dressed(person(0.545), BLUE)]], first=10)
    assert (track.track_id, track.is_seen) == (1, True)


@pytest.mark.parametrize("height", [0.13, 0.28])
def test_what_stood_does_not_become_a_body_of_another_size(height: float) -> None:
    tracker = Tracker()
    shown(tracker, [[person(0.5)]] * 10)
    tracks = shown(tracker, [[person(0.54, height=height)]], first=10)
    assert tracks[0].track_id == 1
    assert not tracks[0].is_seen


@pytest.mark.parametrize(("is_crowd", "ids"), [(True, {1}), (False, {1, 2})])
def test_in_a_crowd_who_turned_between_two_looks_is_the_same(is_crowd: bool, ids: set[int]) -> None:
    """Elsewhere each frame has a look, and who is not where they should be is behind something."""
    tracker = Tracker()
    shown(tracker, [[person(0.41 + i / 100)] for i in range(10)], is_crowd=is_crowd)
    back = person(0.5 - 0.06)
    tracks = shown(tracker, [*[[]] * 5, [back]], first=10, is_crowd=is_crowd)
    assert {track.track_id for track in tracks} == ids


def test_after_a_pause_in_a_crowd_somebody_is_where_they_were_found() -> None:
    tracker = Tracker()
    shown(tracker, [[person(0.41 + i / 100)] for i in range(10)], is_crowd=True)
    (track,) = shown(tracker, [[], [], [person(0.50)]], first=10, is_crowd=True)
    assert track.box.center[0] == pytest.approx(0.50, abs=0.003)
    (track,) = shown(tracker, [[person(0.51)]], first=13, is_crowd=True)
    assert track.box.center[0] == pytest.approx(0.504, abs=0.006)
