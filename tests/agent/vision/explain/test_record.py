"""The record of missed people: what enters it, with which reason, and what its bounds drop."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from agent.cameras.codec.jpeg import jpeg
from agent.media.frame import Frame
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.explain.reasons import Reason
from agent.vision.explain.record import (
    PLACE_S,
    PLACES,
    Explanation,
    MissedRecord,
    RecordLimits,
)
from agent.vision.explain.track_record import MOST_CROPS, ROWS_KEPT
from agent.vision.geometry import Box, Polygon
from agent.vision.motion.daylight import Sensitivity
from agent.vision.pipeline import Pipeline, PipelineSettings
from tests.agent.helpers.vision.explain.record import (
    AT_BORDER,
    STREET,
    Street,
    apart,
    crowd,
    reasons,
    unsure,
)
from tests.agent.rigs.vision import Seer, after, counted_ids, luma_frame, person, tracked

STANDING = person(0.5).box
CLOSE = Box(0.4, 0.2, 0.6, 0.8)
"""Of somebody near."""


@pytest.mark.promise("Agent: A missed person is explained frame by frame.")
def test_whoever_is_reported_in_time_is_not_in_the_record() -> None:
    street = Street()
    street.shows(tracked(STANDING), for_s=3)
    found = street.explained()
    assert (found.missed, found.in_time) == ((), 1)


@pytest.mark.promise("Agent: A missed person is explained frame by frame.")
def test_whoever_is_never_reported_is_there_with_every_frame_and_its_numbers() -> None:
    street = Street()
    street.shows(unsure(moved=0.25), for_s=1)
    street.shows(for_s=1)
    (one,) = street.explained().missed
    assert reasons(one) == {Reason.UNSURE: 10}
    assert (one.seen, one.best_score, one.tallest) == (10, 0.6, pytest.approx(0.2))
    rows = list(one.rows())
    assert [row.at for row in rows] == [after(frame / 10) for frame in range(10)]
    assert (rows[0].score, rows[0].moved, rows[0].weight) == (0.6, 0.25, 0.0)
    assert one.told_at is None


@pytest.mark.promise("Agent: A missed person is explained frame by frame.")
def test_whoever_is_reported_late_is_there_and_whoever_is_cut_so_long_is_not() -> None:
    street = Street()
    street.shows(unsure(), for_s=3)
    street.shows(replace(unsure(), score=0.8), for_s=0.5)
    (one,) = street.explained().missed
    assert one.told_at is not None
    assert one.whole_at == after(0)
    assert one.told_at.seconds_since(one.whole_at) == pytest.approx(3.3, abs=0.11)
    assert reasons(one) == {Reason.UNSURE: 30, Reason.GATHERING: 3}

    cut = Street()
    cut.shows(tracked(AT_BORDER, score=0.3, travelled=2.0), for_s=3)
    cut.shows(tracked(STANDING), for_s=1)
    assert cut.explained().missed == ()


@pytest.mark.promise("Agent: A missed person is explained frame by frame.")
def test_whoever_the_border_always_cuts_is_late_two_seconds_after_the_first_find() -> None:
    street = Street()
    street.shows(tracked(AT_BORDER, score=0.3, travelled=2.0), for_s=3)
    street.shows(tracked(AT_BORDER, score=0.9), for_s=1)
    (one,) = street.explained().missed
    assert (one.whole_at, one.told_at) == (None, after(3.2))
    assert street.explained().in_time == 0

    soon = Street()
    soon.shows(tracked(AT_BORDER, score=0.9), for_s=1)
    assert (soon.explained().missed, soon.explained().in_time) == ((), 1)


def test_whoever_is_recorded_outside_the_alert_hours_is_not_among_those_reported() -> None:
    street = Street()
    street.shows(tracked(STANDING), for_s=1, wakes=False)
    street.shows(tracked(STANDING), unsure(2, 0.8), for_s=3)
    street.shows(tracked(STANDING), unsure(2, 0.8, score=0.9), for_s=1, wakes=False)
    found = street.explained()
    assert (found.in_time, found.without_alert) == (0, 1)
    (late,) = found.missed
    assert late.told_at is not None
    assert late.is_without_alert
    street.shows(for_s=5)
    street.shows(tracked(STANDING, track_id=3), for_s=1)
    assert (street.explained().in_time, street.explained().without_alert) == (1, 1)


@pytest.mark.parametrize(
    ("track", "put_off", "reason"),
    [
        ({"score": 0.5, "travelled": 2.0}, 0, Reason.GATHERING),
        ({"score": 0.3, "travelled": 2.0}, 0, Reason.FAINT),
        ({"score": 0.5, "travelled": 2.0, "box": AT_BORDER}, 0, Reason.CUT),
        ({"score": 0.6, "travelled": 0.0}, 0, Reason.UNSURE),
        ({"score": 0.35, "travelled": 2.0, "moved": 0.2, "box": CLOSE}, 0, Reason.FAINT),
        ({"score": 0.35, "travelled": 0.0, "moved": 0.2, "box": CLOSE}, 0, Reason.UNSURE),
        ({"score": 0.35, "travelled": 0.0, "moved": 0.6, "box": CLOSE}, 0, Reason.GATHERING),
        ({"score": 0.28, "travelled": 0.0, "moved": 0.6, "box": CLOSE}, 0, Reason.UNSURE),
        ({"kind": ObjectKind.MOTORCYCLE, "travelled": 0.0}, 0, Reason.PARKED),
        ({"kind": ObjectKind.BICYCLE, "travelled": 2.0, "moved": 0.1}, 0, Reason.WHEELS_STILL),
        ({"is_seen": False}, 0, Reason.NOT_LOOKED),
        ({"is_seen": False}, 3, Reason.PUT_OFF),
        ({"is_seen": False, "last_look": after(0.1)}, 3, Reason.MISSED),
    ],
)
def test_each_rule_shows_as_the_reason_of_a_frame(
    track: dict[str, Any], put_off: int, reason: Reason
) -> None:
    street = Street()
    street.shows(unsure())
    street.shows(replace(unsure(), **track), put_off=put_off)
    (one,) = street.explained().missed
    assert list(one.rows())[-1].reason is reason
    assert reasons(one) == Counter([Reason.UNSURE, reason])


def test_a_part_of_a_near_person_who_was_reported_shows_as_one() -> None:
    street = Street()
    rider = tracked(Box(0.2, 0.1, 0.6, 0.9), track_id=1)
    trunk = tracked(Box(0.3, 0.15, 0.5, 0.45), track_id=2)
    street.shows(rider, unsure(2, 0.8), for_s=2)
    street.shows(rider, trunk, for_s=1)
    (one,) = street.explained().missed
    assert one.track_id == 2
    assert reasons(one) == {Reason.UNSURE: 20, Reason.GATHERING: 3, Reason.PART: 7}


def test_what_lies_within_a_reported_person_nearly_all_the_time_is_that_person() -> None:
    street = Street()
    rider = tracked(Box(0.2, 0.1, 0.6, 0.9), track_id=1)
    trunk = tracked(Box(0.3, 0.15, 0.5, 0.45), track_id=2)
    street.shows(rider, for_s=1)
    street.shows(rider, trunk, for_s=1)
    found = street.explained()
    assert (found.missed, [one.names for one in found.told]) == ((), [("1", "2")])


def test_a_known_thing_with_earlier_evidence_is_no_part_of_somebody() -> None:
    street = Street()
    street.shows(unsure(score=0.9), for_s=0.2)
    street.sightings._lookalikes.learn(unsure(), after(0))
    street.sightings._settings = replace(street.sightings._settings, evidence=1.0)
    street.record._needed = 1.0
    street.shows(unsure())
    (one,) = street.explained().missed
    assert reasons(one) == {Reason.GATHERING: 2, Reason.THING: 1}


def test_a_known_thing_shows_as_the_reason() -> None:
    street = Street()
    street.sightings._lookalikes.learn(unsure(), after(0))
    street.shows(unsure())
    (one,) = street.explained().missed
    assert reasons(one) == {Reason.THING: 1}


def test_through_the_whole_pipeline_a_missed_person_has_pictures_of_the_place() -> None:
    """A body that moves a little, of which the network is never sure."""

    def people(frame: Frame) -> Sequence[Detection]:
        return [person(0.5, score=0.55)]

    pipeline = Pipeline.for_frames(PipelineSettings(), Seer(people), counted_ids())
    record = MissedRecord(jpeg)
    for index in range(1, 31):
        picture = STREET.copy()
        picture[100 : 140 + index % 3, 150:170] = 20
        frame = luma_frame(picture, index)
        record.note(frame, pipeline.step(frame), pipeline.sightings)
    (one,) = record.explanation(after(3)).missed
    assert one.counts[Reason.UNSURE] >= 5
    assert one.crops[0].at == one.began
    for crop in one.crops:
        assert crop.jpeg.startswith(b"\xff\xd8")
        assert (crop.width, crop.height) == (160, 160)


def explained(settings: PipelineSettings, *shown: Detection, frames: int = 20) -> Explanation:
    """Of a street in which these people are found in every look."""
    pipeline = Pipeline.for_frames(settings, Seer(lambda _: shown), counted_ids())
    record = MissedRecord(jpeg)
    for index in range(1, frames + 1):
        picture = STREET.copy()
        picture[100 : 140 + index % 3, 150:170] = 20
        frame = luma_frame(picture, index)
        record.note(frame, pipeline.step(frame), pipeline.sightings)
    return record.explanation(after(frames / 10))


def test_the_first_frame_in_which_no_sighting_begins_explains_nothing() -> None:
    (one,) = explained(PipelineSettings(), person(0.5, score=0.5), frames=7).missed
    assert reasons(one) == {Reason.UNSURE: 6}


@pytest.mark.promise("Agent: A missed person is explained frame by frame.")
def test_whoever_is_too_weak_to_begin_a_track_shows_at_their_place_with_a_picture() -> None:
    (one,) = explained(PipelineSettings(), person(0.5, score=0.34)).missed
    assert one.is_place
    assert (one.best_score, one.begins_from) == (0.34, 0.4)
    assert set(one.counts) == {Reason.WEAK}
    assert one.seen >= 5
    assert len(one.crops) == 1
    assert {row.score for row in one.rows()} == {0.34}


def test_whoever_is_below_the_least_score_of_the_hour_shows_with_that_score() -> None:
    strict = PipelineSettings(by_day=Sensitivity(least_score=0.55))
    (one,) = explained(strict, person(0.5, score=0.5)).missed
    assert (one.is_place, one.begins_from) == (True, 0.55)
    assert set(one.counts) == {Reason.WEAK}


def test_whoever_is_in_an_ignored_part_shows_without_a_picture() -> None:
    right = Polygon(((0.6, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0)))
    (one,) = explained(PipelineSettings(ignored=(right,)), person(0.8, score=0.9)).missed
    assert (one.is_place, one.crops) == (True, [])
    assert set(one.counts) == {Reason.IGNORED}
    strict = PipelineSettings(ignored=(right,), by_day=Sensitivity(least_score=0.55))
    assert explained(strict, person(0.8, score=0.5)).missed == ()


def test_a_second_weak_box_on_a_body_is_nobody_else() -> None:
    arm = Detection(ObjectKind.PERSON, 0.3, Box(0.47, 0.45, 0.5, 0.55))
    found = explained(PipelineSettings(), person(0.5, score=0.9), arm)
    assert (found.missed, found.in_time) == ((), 1)


def test_weak_finds_everywhere_take_one_record_and_one_picture_a_place() -> None:
    street = Street()
    for number in range(400):
        found = person(number % 20 / 20, number // 20 / 20, height=0.04, score=0.3 + number / 5000)
        street.finds(found)
    places = street.explained().missed
    assert len(places) == PLACES[0] * PLACES[1]
    assert sum(one.seen for one in places) == 400
    assert [len(one.crops) for one in places] == [1] * len(places)
    assert street.explained().crops_dropped == 0


def test_a_place_gets_a_clearer_picture_and_a_new_record_after_half_an_hour() -> None:
    street = Street(span_s=3600.0)
    for score in (0.3, 0.31, 0.36):
        street.finds(person(0.5, score=score))
    (one,) = street.explained().missed
    assert [crop.at for crop in one.crops] == [after(0.2)]
    street.frames += round(PLACE_S * 10)
    street.finds(person(0.5, score=0.3))
    assert sorted(one.seen for one in street.explained().missed) == [1, 3]
    street.frames += 36_000
    street.shows()
    assert street.explained().missed == ()


def test_a_place_without_room_for_its_picture_is_counted_once() -> None:
    street = Street(most_crops=1)
    for _ in range(10):
        street.finds(person(0.2, score=0.3), person(0.8, score=0.3))
    assert street.explained().crops_dropped == 1


def everywhere(score: float = 0.3) -> list[Detection]:
    """Weak finds, one in each place."""
    rows, columns = PLACES
    middles = ((x, y) for x in range(columns) for y in range(rows))
    return [
        person((x + 0.5) / columns, (y + 0.5) / rows, height=0.1, score=score) for x, y in middles
    ]


def test_a_place_without_room_is_counted_once_in_its_half_hour() -> None:
    street = Street(most_bytes=25_000)
    for _ in range(40):
        street.finds(*everywhere())
        assert street.record.size_bytes <= 25_000
    found = street.explained()
    assert len(found.missed) >= 1
    assert found.tracks_dropped == PLACES[0] * PLACES[1] - len(found.missed)


def test_a_person_comes_before_a_place_with_many_weak_finds() -> None:
    street = Street(most_crops=1)
    street.shows(unsure(), for_s=0.3)
    for number in range(100):
        street.finds(person(0.2, score=0.3 + number / 2000))
    one, place = street.explained().missed
    assert (one.track_id, one.seen, len(one.crops)) == (1, 3, 1)
    assert (place.is_place, place.seen, place.crops) == (True, 100, [])


def test_people_get_the_memory_before_places() -> None:
    street = Street(most_bytes=70_000)
    for score in (0.3, 0.35):
        street.finds(*everywhere(score))
    street.shows(*crowd(4), for_s=0.5)
    for _ in range(20):
        street.finds(*everywhere())
        assert street.record.size_bytes <= 70_000
    street.shows(*(apart(number) for number in range(11, 13)), for_s=0.3)
    found = street.explained()
    people = {one.track_id for one in found.missed if not one.is_place}
    assert people == {1, 2, 3, 4, 11, 12}
    places = sum(one.is_place for one in found.missed)
    assert found.tracks_dropped == PLACES[0] * PLACES[1] - places


def test_long_tracks_keep_their_beginning_and_their_end() -> None:
    street = Street()
    street.shows(unsure(), for_s=30)
    (one,) = street.explained().missed
    rows = list(one.rows())
    assert len(rows) == 2 * ROWS_KEPT
    assert rows[0].at == after(0)
    assert rows[-1].at == after(29.9)
    assert one.rows_left_out == 300 - 2 * ROWS_KEPT
    assert one.frames == 300
    assert 4 <= len(one.crops) <= MOST_CROPS


def test_frames_without_a_look_take_one_row_and_are_all_counted() -> None:
    street = Street()
    street.shows(unsure())
    street.shows(unsure(is_seen=False), for_s=1)
    street.shows(unsure())
    (one,) = street.explained().missed
    assert [row.reason for row in one.rows()] == [Reason.UNSURE, Reason.NOT_LOOKED, Reason.UNSURE]
    assert one.counts[Reason.NOT_LOOKED] == 10


@pytest.mark.promise("Agent: An explanation holds at most 50 pictures, and counts those dropped.")
def test_of_many_tracks_at_most_fifty_pictures_are_kept_and_the_others_counted() -> None:
    street = Street()
    street.shows(*crowd(60), for_s=5)
    found = street.explained()
    assert len(found.missed) == 60
    assert sum(len(one.crops) for one in found.missed) == 50
    assert found.crops_dropped >= 10
    assert max(len(one.crops) for one in found.missed) == 1


def test_pictures_of_tracks_that_are_left_out_count_as_dropped() -> None:
    street = Street()
    street.shows(*crowd(6), for_s=0.5)
    cut = street.explained().of_most(4)
    assert (len(cut.missed), cut.tracks_dropped, cut.crops_dropped) == (4, 2, 2)


def test_a_picture_without_room_is_counted_once_and_not_in_every_frame() -> None:
    street = Street(most_crops=2)
    street.shows(*crowd(3), for_s=8)
    assert street.record.crops == 2
    assert street.explained().crops_dropped == 3 * 4 - 2  # of pictures at 0, 1, 2 and 4 s


@pytest.mark.promise("Agent: An explanation holds at most 50 pictures, and counts those dropped.")
def test_a_person_gets_a_picture_before_the_fifth_of_another_and_before_a_parked_motorbike() -> (
    None
):
    street = Street(most_crops=6)
    street.shows(*crowd(6, kind=ObjectKind.MOTORCYCLE), for_s=4)
    street.shows(*crowd(6, kind=ObjectKind.MOTORCYCLE), unsure(9), for_s=2)
    found = street.explained()
    assert found.missed[0].track_id == 9
    assert len(found.missed[0].crops) == 1
    assert sum(len(one.crops) for one in found.missed) == 6


@pytest.mark.promise("Agent: The last hour of missed people takes at most 8 MiB of memory.")
def test_memory_is_bounded_and_what_matters_least_goes_first() -> None:
    room = 40_000
    street = Street(most_bytes=room)
    for number in range(1, 41):
        street.shows(apart(number), for_s=0.1 * number)
        assert street.record.size_bytes <= room
    found = street.explained()
    assert found.tracks_dropped == 40 - len(found.missed) > 0
    assert [one.track_id for one in found.missed][:2] == [40, 39]


def test_what_is_older_than_the_span_is_forgotten() -> None:
    street = Street(span_s=60.0)
    street.shows(unsure(1), for_s=1)
    street.shows(unsure(2, x=0.7), for_s=65)
    (one,) = street.explained().missed
    assert one.track_id == 2
    assert min(row.at for row in one.rows()) >= after(6)
    assert all(crop.at >= after(6) for crop in one.crops)


def test_numbers_are_those_of_the_span_and_not_of_all_time() -> None:
    street = Street(span_s=60.0, most_crops=1, most_bytes=20_000)
    street.shows(tracked(STANDING), for_s=1)
    street.shows(*crowd(5)[1:], for_s=1)
    early = street.explained()
    assert early.in_time == 1
    assert early.tracks_dropped > 0 < early.crops_dropped
    street.shows(for_s=130)
    late = street.explained()
    assert (late.in_time, late.tracks_dropped, late.crops_dropped) == (0, 0, 0)


def test_numbers_of_a_place_are_those_of_the_span_that_is_asked() -> None:
    street = Street(span_s=3600.0)
    for _ in range(400):
        street.finds(person(0.5, score=0.38, height=0.4))
    for _ in range(4000):
        street.finds(person(0.5, score=0.3))
    now = after(street.frames / 10)
    (one,) = street.record.explanation(now, span_s=5.0).missed
    assert (one.first, one.seen, one.frames) == (after(435), 50, 50)
    assert (one.best_score, one.tallest) == (0.3, pytest.approx(0.2, abs=0.001))
    assert (reasons(one), one.rows_left_out) == ({Reason.WEAK: 50}, 0)
    (one,) = street.record.explanation(now, span_s=200.0).missed
    assert (one.first, one.seen, one.best_score) == (after(240), 2000, 0.3)
    (one,) = street.explained().missed
    assert (one.first, one.seen, one.best_score) == (after(0), 4400, 0.38)


def test_numbers_of_a_track_longer_than_the_span_are_those_of_the_span() -> None:
    street = Street(span_s=600.0)
    street.shows(unsure(score=0.64, moved=0.5), for_s=10)
    street.shows(unsure(moved=0.25), for_s=900)
    (one,) = street.explained().missed
    assert one.first == after(310)
    assert (one.best_score, one.most_moved) == (0.6, 0.25)
    assert one.seen == one.frames == one.counts.total()
    assert 4800 <= one.seen <= 6000


def test_a_place_not_looked_at_any_more_loses_its_old_pictures_too() -> None:
    street = Street(span_s=60.0)
    street.shows(unsure(), for_s=1)
    street.shows(unsure(is_seen=False), for_s=130)
    assert street.record.crops == 0


def test_an_empty_street_forgets_too() -> None:
    street = Street(span_s=60.0)
    street.shows(unsure(), for_s=1)
    street.shows(for_s=130)
    assert street.record.size_bytes == 0


@pytest.mark.parametrize("gap_s", [0.0, 1.0])
def test_a_running_camera_makes_few_pictures_and_says_whom_it_has_none_of(gap_s: float) -> None:
    street = Street(first_crop_s=1.0, crop_gap_s=gap_s)
    street.shows(unsure(1), unsure(2, x=0.8), for_s=1.5)
    street.shows()
    found = street.explained()
    assert sum(len(one.crops) for one in found.missed) == (2 if gap_s == 0 else 1)
    assert found.crops_dropped == (0 if gap_s == 0 else 1)
    assert RecordLimits().span_s == inf


def test_an_explanation_is_not_changed_by_later_frames() -> None:
    street = Street()
    street.shows(unsure(), for_s=1)
    found = street.explained()
    street.shows(unsure(), for_s=1)
    assert found.missed[0].frames == 10
    assert len(list(found.missed[0].rows())) == 10
