"""One body, one track: through weak detections, gaps and crossings; ids are never used again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.detect.clothes import Clothes
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.geometry import SMALLER, WHOLE, Box
from agent.vision.track.track import Track
from agent.vision.track.tracker import Tracker, TrackSettings
from tests.agent.rigs.vision import after, person

pytestmark = pytest.mark.promise("Detection and tracking: Detections of one body are one track.")

RED: Clothes = (90, 110, 190, 60, 128, 128)
BLUE: Clothes = (70, 180, 110, 120, 128, 128)


def run(tracker: Tracker, frames: list[list[Detection]], first: int = 0) -> list[tuple[Track, ...]]:
    """Ten frames a second."""
    return [
        tracker.step(after((first + i) / 10), found, aspect=4 / 3) for i, found in enumerate(frames)
    ]


def walk(
    frames: int, *, start: float = 0.2, step: float = 0.01, score: float = 0.7
) -> list[Detection]:
    return [person(start + i * step, score=score) for i in range(frames)]


def ids(steps: list[tuple[Track, ...]]) -> set[int]:
    return {track.track_id for tracks in steps for track in tracks}


def at_the_end(walker: list[Detection], stands: Detection, *, is_crowd: bool = False) -> list[int]:
    """The tracks that are left after `stands` is found for ten seconds where somebody walked to."""
    tracker = Tracker()
    for i, one in enumerate([*walker, *[stands] * 100]):
        tracks = tracker.step(after(i / 10), [one], aspect=4 / 3, is_crowd=is_crowd)
    return [track.track_id for track in tracks]


WALKER = [replace(one, clothes=RED) for one in walk(10)]
STANDS = person(0.3, score=0.35)


def test_a_walker_is_one_track() -> None:
    steps = run(Tracker(), [[one] for one in walk(40)])
    assert ids(steps) == {1}
    assert steps[-1][0].hits == 40
    assert abs(steps[-1][0].box.center[0] - 0.59) < 0.005


def test_a_weak_answer_begins_no_track() -> None:
    assert ids(run(Tracker(), [[one] for one in walk(20, score=0.35)])) == set()


def test_weak_finds_are_known_until_the_next_look() -> None:
    tracker, weak = Tracker(), person(0.5, score=0.3)
    for looked, faint in (((WHOLE,), (weak,)), ((), (weak,)), ((WHOLE,), ())):
        found = [weak] if looked and faint else []
        tracker.step(after(0), found, aspect=4 / 3, looked=looked)
        assert tracker.faint == faint
    tracker.step(after(0.1), [weak], aspect=4 / 3)
    tracker.step(after(60), [], aspect=4 / 3, looked=())
    assert tracker.faint == ()


def test_a_weak_answer_carries_a_track_on() -> None:
    strong, weak = walk(10), walk(10, start=0.3, score=0.3)
    steps = run(Tracker(), [[one] for one in strong + weak])
    assert ids(steps) == {1}
    assert steps[-1][0].is_seen


def test_a_sign_that_a_walker_passed_does_not_keep_the_track() -> None:
    assert at_the_end(WALKER, replace(STANDS, clothes=BLUE)) == []


def test_a_walker_who_stops_and_is_found_weakly_keeps_the_track_by_the_clothes() -> None:
    assert at_the_end(WALKER, replace(STANDS, clothes=RED)) == [1]
    assert at_the_end(walk(10), STANDS) == [1]  # not measured


def test_who_stood_from_the_beginning_keeps_the_track_by_weak_answers() -> None:
    stood = replace(person(0.3), clothes=RED)
    assert at_the_end([stood] * 10, replace(STANDS, clothes=BLUE)) == [1]


def test_in_a_crowd_weak_answers_keep_a_track() -> None:
    blue = replace(STANDS, score=0.29, clothes=BLUE)
    assert at_the_end(WALKER, blue, is_crowd=True) == [1]


def test_who_was_found_weakly_in_a_crowd_is_not_left_behind_when_it_ends() -> None:
    tracker = Tracker()
    blue = replace(STANDS, clothes=BLUE)
    for i, one in enumerate([*WALKER, *[blue] * 100]):
        tracker.step(after(i / 10), [one], aspect=4 / 3, is_crowd=True)
    for i in range(110, 140):
        tracks = tracker.step(after(i / 10), [blue], aspect=4 / 3)
    assert [track.track_id for track in tracks] == [1]


@pytest.mark.parametrize(("score", "left"), [(0.5, [1]), (0.45, [2]), (0.39, [])])
def test_a_sure_answer_now_and_then_keeps_the_track(score: float, left: list[int]) -> None:
    """Weak ones alone do not; one from .4 on begins another track."""
    tracker = Tracker()
    weak = replace(STANDS, clothes=BLUE)
    better = replace(weak, score=score)
    for i, one in enumerate([*WALKER, *([*[weak] * 29, better] * 4)]):
        tracks = tracker.step(after(i / 10), [one], aspect=4 / 3)
    assert [track.track_id for track in tracks] == left


def test_who_walks_is_one_track_also_by_weak_answers_alone() -> None:
    weak = [[one] for one in walk(70, start=0.3, score=0.3)]
    steps = run(Tracker(), [*([one] for one in walk(10)), *weak])
    assert [track.track_id for track in steps[-1]] == [1]


@pytest.mark.promise("Detection and tracking: A sighting survives a short occlusion.")
def test_a_body_hidden_for_a_second_keeps_its_id() -> None:
    shown, again = walk(10), walk(10, start=0.4)
    steps = run(Tracker(), [[one] for one in shown] + [[]] * 10 + [[one] for one in again])
    assert ids(steps) == {1}


def test_who_waits_for_a_look_has_not_left() -> None:
    tracker = Tracker()
    run(tracker, [[one] for one in walk(2)])
    elsewhere = (Box(0.6, 0.0, 1.0, 1.0),)
    for frame in range(2, 10):
        tracker.step(after(frame / 10), [], aspect=4 / 3, looked=elsewhere)
    (again,) = tracker.step(after(1.0), [person(0.3)], aspect=4 / 3)
    assert again.track_id == 1
    assert (again.looks, again.misses) == (3, 0)


def test_a_look_at_half_the_size_is_none_at_whom_it_shows_too_small() -> None:
    """With a sheet it is the only look that covers all of the picture."""
    tracker = Tracker()
    run(tracker, [[person(0.3), person(0.7, height=0.6)]] * 3)
    for frame in range(3, 6):
        tracks = tracker.step(after(frame / 10), [], aspect=4 / 3, looked=(SMALLER,))
    assert [(track.looks, track.misses) for track in tracks] == [(3, 0), (6, 3)]


def test_a_small_body_that_the_whole_picture_does_not_show_well_is_not_missed_by_it() -> None:
    tracker = Tracker()
    run(tracker, [[person(0.3, height=0.05), person(0.7, height=0.1)]] * 3)
    for frame in range(3, 6):
        tracks = tracker.step(after(frame / 10), [], aspect=4 / 3, shown_from=0.06)
    assert [(track.looks, track.misses) for track in tracks] == [(3, 0), (6, 3)]
    crop = Box(0.2, 0.4, 0.5, 0.6)
    (small, _) = tracker.step(after(0.6), [], aspect=4 / 3, looked=(crop,), shown_from=0.06)
    assert small.misses == 1


def test_nobody_is_waited_for_for_ever() -> None:
    tracker = Tracker()
    run(tracker, [[one] for one in walk(10)])
    for frame in range(10, 45):
        tracks = tracker.step(after(frame / 10), [], aspect=4 / 3, looked=())
    assert tracks == ()


def test_a_body_gone_for_long_comes_back_as_another() -> None:
    steps = run(Tracker(), [[one] for one in walk(10)] + [[]] * 30 + [[one] for one in walk(10)])
    assert ids(steps) == {1, 2}


def test_who_stands_there_after_an_outage_is_another() -> None:
    there = [[person(0.5)]] * 3
    tracker = Tracker()
    steps = run(tracker, there) + run(tracker, there, first=40)
    assert ids(steps) == {1, 2}


def test_while_unseen_it_is_said_so() -> None:
    steps = run(Tracker(), [[one] for one in walk(10)] + [[]])
    assert [track.is_seen for track in steps[-1]] == [False]
    assert steps[-1][0].last_seen == after(0.9)


def test_a_parked_motorbike_that_is_missed_takes_nobody_from_the_number_of_people() -> None:
    tracker = Tracker()
    bike = replace(person(0.8), kind=ObjectKind.MOTORCYCLE)
    run(tracker, [[person(0.3), bike]] * 10)
    assert len(tracker.bodies(after(1.0))) == 1
    run(tracker, [[person(0.3)]] * 10, first=10)
    assert len(tracker.parked) == 1
    assert len(tracker.bodies(after(2.0))) == 1


def test_a_single_find_is_forgotten_at_once() -> None:
    tracker = Tracker()
    run(tracker, [[person(0.5)]] + [[]] * 5)
    assert tracker.tracks == ()


def test_who_was_lost_behind_a_body_is_not_found_by_a_second_box_on_that_body() -> None:
    tracker = Tracker()
    standing = person(0.5)
    run(tracker, [[standing, person(0.36 + i / 100)] for i in range(10)])
    second = replace(standing, score=0.35, box=standing.box.grown(by_x=-0.008, by_y=-0.02))
    tracks = run(tracker, [[standing, second]] * 4, first=10)[-1]
    assert {track.track_id: track.is_seen for track in tracks} == {1: True, 2: False}


def test_who_is_half_hidden_behind_a_body_is_found_by_a_weak_answer() -> None:
    tracker = Tracker()
    standing = person(0.5)
    run(tracker, [[standing, person(0.36 + i / 100)] for i in range(10)])
    beside = person(0.46, score=0.35)
    tracks = run(tracker, [[standing, beside]], first=10)[-1]
    assert {track.track_id: track.is_seen for track in tracks} == {1: True, 2: True}


def test_two_who_cross_keep_their_ids() -> None:
    frames = [[person(0.2 + i * 0.01), person(0.7 - i * 0.01, 0.53)] for i in range(50)]
    last = run(Tracker(), frames)[-1]
    centers = {track.track_id: track.box.center[0] for track in last}
    assert centers.keys() == {1, 2}
    assert abs(centers[1] - 0.69) < 0.02
    assert abs(centers[2] - 0.21) < 0.02


def test_two_who_meet_and_turn_back_are_told_apart_by_their_clothes() -> None:
    def dressed(one: Detection, clothes: Clothes) -> Detection:
        return Detection(one.kind, one.score, one.box, clothes)

    places = [0.3 + i * 0.01 for i in range(19)] + [0.48 - i * 0.01 for i in range(19)]
    frames = [[dressed(person(x), RED), dressed(person(1 - x), BLUE)] for x in places]
    last = run(Tracker(), frames)[-1]
    assert {track.clothes == RED: track.box.center[0] < 0.5 for track in last} == {
        True: True,
        False: False,
    }
    assert {track.track_id for track in last} == {1, 2}


def test_a_second_box_on_the_same_body_begins_no_track() -> None:
    def doubled(one: Detection) -> list[Detection]:
        x, y = one.box.center
        return [one, person(x, y - 0.05, height=0.12, score=0.5)]

    assert ids(run(Tracker(), [doubled(one) for one in walk(20)])) == {1}


def test_who_walks_out_of_the_picture_is_over_at_once() -> None:
    tracker = Tracker()
    run(tracker, [[one] for one in walk(20, start=0.80, step=0.01)] + [[]] * 8)
    assert tracker.tracks == ()


def test_how_far_a_body_went_is_told_in_its_heights() -> None:
    (track,) = run(Tracker(), [[one] for one in walk(31)])[-1]
    assert abs(track.travelled - 0.3 * (4 / 3) / 0.2) < 0.1
    (still,) = run(Tracker(), [[person(0.5)]] * 31)[-1]
    assert still.travelled < 0.01


@pytest.mark.parametrize(
    ("wheels", "moved", "then", "tracks"),
    [
        (ObjectKind.MOTORCYCLE, 0.9, ObjectKind.MOTORCYCLE, 1),
        (ObjectKind.MOTORCYCLE, 0.1, ObjectKind.MOTORCYCLE, 2),
        (None, 0.9, None, 2),
        (ObjectKind.MOTORCYCLE, 0.9, None, 2),
    ],
    ids=["a rider", "one who waits", "one on foot", "another one on foot"],
)
def test_a_rider_goes_farther_than_their_height_between_two_of_six_frames_a_second(
    wheels: ObjectKind | None, moved: float, then: ObjectKind | None, tracks: int
) -> None:
    finds = ((0.2, wheels), (0.25, then))
    found = [replace(person(x, height=0.07), wheels=on, moved=moved) for x, on in finds]
    tracker = Tracker()
    steps = [tracker.step(after(i / 6), [one], aspect=4 / 3) for i, one in enumerate(found)]
    assert len(steps[-1]) == tracks


def test_a_walker_is_one_track_at_three_frames_a_second() -> None:
    """At ten a second nobody goes so far between two frames."""
    for rate, tracks in ((10, {1, 2}), (3, {1})):
        tracker = Tracker()
        found = walk(2, step=0.08)
        steps = [tracker.step(after(i / rate), [one], aspect=4 / 3) for i, one in enumerate(found)]
        assert ids(steps) == tracks


def test_who_comes_nearer_is_one_track_at_three_frames_a_second() -> None:
    for rate, tracks in ((10, {1, 2}), (3, {1})):
        tracker = Tracker()
        found = [person(0.5, height=height) for height in (0.1, 0.15)]
        steps = [tracker.step(after(i / rate), [one], aspect=4 / 3) for i, one in enumerate(found)]
        assert ids(steps) == tracks


def test_a_prediction_runs_ahead_of_a_walker() -> None:
    tracker = Tracker()
    run(tracker, [[one] for one in walk(30)])
    (track,) = tracker.expected(after(3.0))
    assert abs(track.box.center[0] - 0.5) < 0.01
    (later,) = tracker.expected(after(6.0))
    assert later.box == later.box.clipped()


people = st.builds(
    person,
    st.floats(0, 1),
    st.floats(0, 1),
    height=st.floats(0.01, 1),
    score=st.floats(0, 1),
)
streets = st.lists(
    st.tuples(st.integers(1, 50).map(lambda tenths: tenths / 10), st.lists(people, max_size=5)),
    min_size=1,
    max_size=30,
)


@pytest.mark.promise(
    "Detection and tracking: Tracks and sightings open and close in turn, and ids are new."
)
@given(street=streets, settings=st.sampled_from([TrackSettings(), TrackSettings(confirm_hits=1)]))
def test_whatever_is_found_ids_are_new_and_each_find_is_used_once(
    street: list[tuple[float, list[Detection]]], settings: TrackSettings
) -> None:
    tracker, at_s, born, before = Tracker(settings), 0.0, 0, set[int]()
    for step_s, found in street:
        at_s += step_s
        now = after(at_s)
        tracks = tracker.step(now, found, aspect=4 / 3)
        seen = [track for track in tracks if track.is_seen]
        assert len({track.track_id for track in tracks}) == len(tracks)
        assert len(seen) <= len(found)
        for track in tracks:
            assert track.track_id in before or track.track_id > born
            assert track.first_seen <= track.last_seen <= now
            assert track.is_seen == (track.last_seen == now)
        before = {track.track_id for track in tracks}
        born = max([born, *before])


@given(street=streets)
def test_a_street_left_empty_ends_every_track(street: list[tuple[float, list[Detection]]]) -> None:
    tracker, at_s = Tracker(), 0.0
    for step_s, found in street:
        at_s += step_s
        tracker.step(after(at_s), found, aspect=4 / 3)
    assert tracker.step(after(at_s + 10), [], aspect=4 / 3) == ()
