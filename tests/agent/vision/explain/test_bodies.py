"""Tracks of one body are told as one, and who was taken for somebody else is told apart."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agent.cameras.codec.jpeg import jpeg
from agent.media.frame import Frame
from agent.vision.detect.clothes import Clothes
from agent.vision.detect.person import Detection
from agent.vision.explain.reasons import Reason
from agent.vision.explain.record import Explanation, MissedRecord
from agent.vision.geometry import Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.same_body import Difference
from agent.vision.track.track import Track
from tests.agent.helpers.vision.explain.explanation_page import Seen, page
from tests.agent.helpers.vision.explain.record import STREET, Street, reasons, unsure
from tests.agent.rigs.vision import Seer, after, counted_ids, luma_frame, person, tracked

RED: Clothes = (90.0, 90.0, 200.0, 60.0, 120.0, 140.0)
BLUE: Clothes = (90.0, 200.0, 90.0, 60.0, 140.0, 120.0)


def walker(track_id: int, x: float, **others: Any) -> Track:
    return tracked(person(x).box, track_id=track_id, **others)


def names(found: Explanation) -> list[tuple[str, ...]]:
    return [one.names for one in (*found.missed, *found.told)]


def test_a_track_that_ends_is_the_one_that_goes_on_near_it() -> None:
    street = Street()
    street.shows(unsure(1, 0.4), for_s=1)
    street.shows(for_s=1)
    street.shows(walker(2, 0.42), for_s=1)
    found = street.explained()
    (late,) = found.missed
    assert (late.names, late.told_at) == (("1", "2"), after(2.3))
    assert (late.seen, late.frames, late.first, late.last) == (13, 13, after(0), after(2.9))
    assert (len(list(late.rows())), late.rows_left_out) == (10, 3)


def test_frames_of_both_tracks_are_in_order_of_time() -> None:
    street = Street()
    street.shows(unsure(1, 0.4), for_s=0.3)
    street.shows(for_s=1)
    street.shows(unsure(2, 0.42), for_s=0.2)
    (one,) = street.explained().missed
    assert [row.at for row in one.rows()] == [after(at) for at in (0, 0.1, 0.2, 1.3, 1.4)]
    assert (reasons(one), len(one.crops)) == ({Reason.UNSURE: 5}, 2)


def test_a_short_track_on_a_body_that_is_then_reported_is_in_time() -> None:
    street = Street()
    street.shows(unsure(1, 0.4), for_s=0.2)
    street.shows(walker(2, 0.42), for_s=1)
    street.shows(unsure(3, 0.44), for_s=0.2)
    found = street.explained()
    assert (found.missed, names(found), found.in_time) == ((), [("1", "2", "3")], 1)


@pytest.mark.parametrize(
    "later",
    [
        walker(2, 0.8),
        walker(2, 0.42, clothes=BLUE),
        replace(walker(2, 0.42), box=person(0.42, height=0.4).box),
        walker(2, 0.42, speed=(-0.2, 0.0)),
    ],
    ids=["far away", "in other clothes", "twice as high", "the other way"],
)
def test_somebody_else_is_another_body(later: Track) -> None:
    street = Street()
    first = unsure(1, 0.4, clothes=RED, travelled=0.5, score=0.3, speed=(0.2, 0.0))
    street.shows(first, for_s=1)
    street.shows(for_s=0.5)
    street.shows(later, for_s=1)
    assert names(street.explained()) == [("1",), ("2",)]


def test_a_track_is_the_one_of_two_seconds_before_and_of_no_earlier_one() -> None:
    for gap_s, bodies in ((1.8, 1), (2.2, 2)):
        street = Street()
        street.shows(unsure(1), for_s=1)
        street.shows(for_s=gap_s)
        street.shows(unsure(2), for_s=1)
        assert len(street.explained().missed) == bodies


def test_a_walker_is_expected_where_they_would_be_by_then() -> None:
    street = Street()
    street.shows(unsure(1, 0.3, speed=(0.2, 0.0)), for_s=0.5)
    street.shows(for_s=1)
    street.shows(unsure(2, 0.55), for_s=0.5)
    assert names(street.explained()) == [("1", "2")]


def taken(later: Track, *, at_once: bool = False) -> Explanation:
    """Somebody was reported and is lost; the sighting goes on with `later`."""
    street = Street()
    first = walker(1, 0.5, clothes=RED, speed=(0.2, 0.0))
    street.shows(first, for_s=1)
    other = (replace(unsure(2, 0.55), clothes=later.clothes),) if at_once else ()
    street.shows(first, *other, for_s=1)
    street.shows(*other, for_s=1.5)
    street.shows(later, for_s=1)
    (sighting,) = set(street.sightings.open_ids.values())
    assert sighting.int == 1
    return street.explained()


@pytest.mark.promise("Agent: An explanation tells who was taken for somebody else.")
@pytest.mark.parametrize(
    ("later", "at_once", "why"),
    [
        (walker(2, 0.55, clothes=RED, speed=(-0.2, 0.0)), False, Difference.DIRECTION),
        (walker(2, 0.55, clothes=RED), True, Difference.AT_ONCE),
    ],
)
def test_whoever_only_goes_on_with_the_sighting_of_somebody_else_is_told_with_pictures(
    later: Track, at_once: bool, why: Difference
) -> None:
    found = taken(later, at_once=at_once)
    (one,) = found.missed
    assert (one.names, one.taken_for, one.difference) == (("2",), "1", why)
    assert one.sighting is not None
    assert one.sighting.at == after(0.3)
    assert one.crops
    assert names(found) == [("2",), ("1",)]


@pytest.mark.promise("Agent: An explanation tells who was taken for somebody else.")
def test_whoever_comes_in_at_the_border_is_not_the_one_who_stood_beside_it() -> None:
    street = Street()
    street.shows(walker(1, 0.06), for_s=1)
    street.shows(for_s=1.5)
    street.shows(walker(2, 0.03), for_s=1)
    assert names(street.explained()) == [("1",), ("2",)]


def test_whoever_was_hidden_longer_and_nothing_shows_to_be_another_goes_on_as_the_same() -> None:
    found = taken(walker(2, 0.55, clothes=RED, speed=(0.2, 0.0)))
    assert (found.missed, names(found)) == ((), [("1", "2")])


def test_the_page_says_as_whom_somebody_was_reported_and_why_they_are_another() -> None:
    found = taken(walker(2, 0.55, clothes=RED, speed=(-0.2, 0.0)))
    text = " ".join(Seen(page(found, "en")).words)
    assert "Reported only under the sighting of somebody else: 1." in text
    assert "Person 2: reported only as person 1" in text
    assert "At 3.8 the sighting of person 1, open since 0.3, went on with it." in text
    assert "They walked in opposite directions." in text
    vi = " ".join(Seen(page(found)).words)
    assert "Người số 2: chỉ được báo như người số 1" in vi


def test_the_page_lists_all_bodies_with_their_reports() -> None:
    street = Street()
    street.shows(walker(1, 0.2), unsure(2, 0.8), for_s=1)
    words = Seen(page(street.explained(), "en")).words
    start = words.index("2")
    assert [word for word in words[start:] if word.strip()][:8] == [
        *("2", "0.0 – 0.9", "–", "–"),
        *("1", "0.0 – 0.9", "0.3", "0.3"),
    ]


def test_a_track_that_hung_on_a_thing_and_follows_a_passer_is_two_bodies() -> None:
    """Somebody walks off, the track stays on a post, and somebody else passes the post."""
    post = Box(0.46, 0.4, 0.54, 0.6)

    def look(clothes: Clothes, score: float, **others: Any) -> Track:
        found = replace(person(0.5, score=score), clothes=clothes)
        return walker(1, 0.5, found=found, score=score, clothes=clothes, **others)

    street = Street()
    street.shows(look(RED, 0.7), for_s=1)
    street.shows(replace(look(RED, 0.3), box=post), for_s=3)
    street.shows(look(BLUE, 0.7), for_s=2)
    found = street.explained()
    (one,) = found.missed
    assert (one.names, one.taken_for, one.difference) == (("1b",), "1", Difference.CLOTHES)
    assert [crop.at for crop in one.crops] == [after(4.0), after(5.0)]
    assert street.sightings.open_tracks == {1}


def test_whoever_is_seen_unsurely_for_long_and_then_again_in_the_same_clothes_is_one() -> None:
    street = Street()
    seen = walker(1, 0.5, found=replace(person(0.5), clothes=RED))
    for score, span_s in ((0.7, 1), (0.3, 3), (0.7, 1)):
        street.shows(replace(seen, score=score), for_s=span_s)
    assert names(street.explained()) == [("1",)]


@pytest.mark.promise("Agent: An explanation tells who was taken for somebody else.")
def test_through_the_whole_pipeline_one_who_comes_where_another_left_is_told_apart() -> None:
    """A walker vanishes behind a truck in the middle, and another walks the other way from there
    on."""

    def at(frame: Frame) -> float:
        return frame.at.seconds_since(after(0))

    def people(frame: Frame) -> Sequence[Detection]:
        if (span_s := at(frame)) < 3:
            return [person(0.2 + 0.1 * span_s, score=0.9)]
        return [person(0.55 - 0.1 * (span_s - 5), score=0.9)] if span_s >= 5 else []

    pipeline = Pipeline.for_frames(PipelineSettings(), Seer(people), counted_ids())
    record = MissedRecord(jpeg)
    opened = set()
    for index in range(1, 81):
        picture = STREET.copy()
        for found in people(luma_frame(picture, index)):
            x0, x1 = round(320 * found.box.x0), round(320 * found.box.x1)
            picture[96:144, x0:x1] = 20
        frame = luma_frame(np.ascontiguousarray(picture), index)
        record.note(frame, pipeline.step(frame), pipeline.sightings)
        opened |= set(pipeline.sightings.open_ids.values())
    assert len(opened) == 1
    (one,) = [it for it in record.explanation(after(8)).missed if not it.is_place]
    assert (one.taken_for, one.difference) == ("1", Difference.DIRECTION)
    assert one.crops
