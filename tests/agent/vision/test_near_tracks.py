"""Near bodies: the network is less sure of them, and finds a part of one first, then all of it."""

from dataclasses import replace

import pytest

from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.geometry import Box
from agent.vision.track.track import Track
from agent.vision.track.tracker import Tracker
from tests.agent.rigs.vision import after, person

pytestmark = pytest.mark.promise("Detection and tracking: Detections of one body are one track.")

NEAR = replace(person(0.5, height=0.6, score=0.35), moved=0.8)
TRUNK = Detection(ObjectKind.PERSON, 0.5, Box(0.92, 0.12, 1.0, 0.7))
"""Trunk of somebody who enters at the border."""
ALL = Detection(ObjectKind.PERSON, 0.6, Box(0.88, 0.1, 1.0, 0.95))
"""All that is in view of the person of `TRUNK` a moment later."""


def scaled(found: Detection, by: float) -> Detection:
    """As seen from farther away, at the same border."""
    box = found.box
    return replace(found, box=Box(1 - by * (1 - box.x0), by * box.y0, 1.0, by * box.y1))


def run(*frames: list[Detection]) -> tuple[Track, ...]:
    """Ten frames a second; the last tracks."""
    tracker = Tracker()
    for i, found in enumerate(frames):
        tracks = tracker.step(after(i / 10), found, aspect=4 / 3)
    return tracks


def test_a_near_body_that_stands_out_begins_a_track_by_a_weak_answer() -> None:
    assert [one.box for one in run([NEAR])] == [NEAR.box]


@pytest.mark.parametrize(
    "other",
    [
        replace(NEAR, score=0.29),
        replace(NEAR, moved=0.3),
        replace(NEAR, in_vehicle=True),
        replace(NEAR, kind=ObjectKind.MOTORCYCLE),
        replace(person(0.5, height=0.24, score=0.35), moved=0.8),
    ],
    ids=["weaker", "still", "vehicle", "motorbike", "far"],
)
def test_no_other_weak_answer_does(other: Detection) -> None:
    assert run([other]) == ()


def test_a_weak_answer_beside_a_near_body_is_no_second_one() -> None:
    """Nearly half of it is on that body: a wrong box around half of them and the wall."""
    sure = person(0.5, height=0.6)
    beside = replace(person(0.64, height=0.6, score=0.35), moved=0.8)
    assert len(run([sure], [sure, beside])) == 1
    assert len(run([sure], [sure, replace(beside, score=0.7)])) == 2


FRONT = Detection(ObjectKind.PERSON, 0.8, Box(0.4, 0.2, 0.6, 0.9))
"""Somebody near, who walks past the person of `BEHIND`."""
BEHIND = Detection(ObjectKind.PERSON, 0.6, Box(0.58, 0.25, 0.68, 0.6))
"""Somebody farther away than the person of `FRONT`."""


@pytest.mark.parametrize(
    ("left", "score", "tracks"),
    [(0.512, 0.6, 2), (0.512, 0.59, 1), (0.508, 0.6, 1), (0.545, 0.45, 2)],
    ids=["mostly behind", "a lower score", "nearly wholly behind", "half behind"],
)
def test_who_is_mostly_behind_somebody_near_begins_a_track_from_six_tenths_on(
    left: float, score: float, tracks: int
) -> None:
    behind = replace(BEHIND, score=score, box=replace(BEHIND.box, x0=left, x1=left + 0.1))
    assert len(run([FRONT], [FRONT, behind])) == tracks


def test_of_two_who_pass_each_other_the_nearer_one_begins_a_track_too() -> None:
    behind = replace(BEHIND, box=replace(BEHIND.box, x0=0.512, x1=0.612))
    assert len(run([behind], [behind, FRONT])) == 2


def test_a_motorbike_that_another_one_mostly_hides_begins_no_track() -> None:
    front = replace(FRONT, kind=ObjectKind.MOTORCYCLE)
    behind = replace(front, score=0.7, box=Box(0.512, 0.25, 0.612, 0.6))
    assert len(run([front], [front, behind])) == 1


def test_who_enters_at_the_border_is_one_track_when_all_of_them_is_in_view() -> None:
    (track,) = run([TRUNK], [TRUNK], [TRUNK], [ALL], [ALL], [ALL])
    assert (track.track_id, track.hits, track.is_seen) == (1, 6, True)


def test_who_leaves_at_the_border_is_one_track_when_a_part_is_left() -> None:
    (track,) = run([ALL], [ALL], [ALL], [TRUNK])
    assert (track.track_id, track.is_seen) == (1, True)


INSIDE = replace(ALL, box=Box(0.88, 0.1, 0.98, 0.95))
TRUNK_INSIDE = replace(TRUNK, box=Box(0.9, 0.12, 0.98, 0.7))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (TRUNK_INSIDE, INSIDE),
        (TRUNK, replace(ALL, moved=0.3)),
        (scaled(TRUNK, 0.25), scaled(ALL, 0.25)),
        (replace(TRUNK, box=Box(0.92, 0.3, 1.0, 0.7)), ALL),
        (replace(TRUNK, box=Box(0.84, 0.12, 0.92, 0.7)), ALL),
    ],
    ids=["inside the picture", "a still poster", "far", "much smaller", "beside"],
)
def test_others_of_another_height_are_somebody_else(before: Detection, now: Detection) -> None:
    track, *_ = run([before], [before], [before], [now])
    assert not track.is_seen


def test_a_second_box_on_a_near_body_does_not_find_who_is_hidden_behind_it() -> None:
    """Two people pass each other; of the one in front the network finds the trunk too."""
    front = person(0.5, height=0.7)
    behind = [person(x / 100, height=0.6) for x in range(86, 55, -6)]
    trunk = replace(person(0.5, y=0.45, height=0.55, score=0.35), moved=0.8)
    _, hidden = run(*[[front, one] for one in behind], [front, trunk])
    assert (hidden.track_id, hidden.is_seen) == (2, False)


def test_a_near_walker_found_weakly_who_stops_is_one_track() -> None:
    """The prediction goes on for a step, so that the boxes hardly overlap."""
    steps = [0.2, 0.27, 0.34, 0.41, 0.48, 0.48, 0.48]
    boxes = [Box(x - 0.05, 0.3, x + 0.05, 0.7) for x in steps]
    (track,) = run(*[[replace(NEAR, box=box)] for box in boxes])
    assert (track.track_id, track.hits) == (1, len(steps))
