"""Things that look like people: recognised after a restart, bounded, and never hiding a person."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.app.view import recall
from agent.media.frame import Instant
from agent.runtime.camera_loop import lookalikes_key
from agent.vision.detect.clothes import Clothes
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.changes import Opened
from agent.vision.sightings.sightings import Sightings, SightingSettings
from agent.vision.track.lookalikes import LookAlikes, LookAlikeSettings
from agent.vision.track.track import Track
from tests.agent.helpers.vision.sightings import RED, STONE, statue, track
from tests.agent.rigs.hubside import open_journal
from tests.agent.rigs.vision import Seer, after, counted_ids, luma_frame

DAY_S = 86_400.0


def booted(span_s: float) -> Instant:
    """So long after the start, on a node that was booted anew: its monotonic clock began again."""
    return replace(after(span_s), mono_ns=7)


def kept(*things: Track, at_s: float = 0) -> str:
    """The memory of a view in which these were found out."""
    before = LookAlikes()
    for thing in things:
        before.learn(thing, after(at_s))
    memory = before.to_be_kept(after(at_s))
    assert memory is not None
    return memory


def after_restart(memory: str, *, later_s: float = 60) -> LookAlikes:
    things = LookAlikes()
    things.recall(memory, booted(later_s))
    return things


def pipeline() -> Pipeline:
    return Pipeline.for_frames(PipelineSettings(), Seer(lambda _: []), counted_ids())


def told(things: LookAlikes, someone: Track) -> bool:
    """Whether anybody is told of who shows for ten seconds."""
    sightings = Sightings(counted_ids(), SightingSettings(), things)
    said: list[Any] = []
    for number in range(100):
        now = replace(booted(60 + number / 10), mono_ns=7 + number * 100_000_000)
        said += sightings.advance(now, [replace(someone, looks=number, stirred_at=now)])
    return any(isinstance(change, Opened) for change in said)


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_statue_that_was_found_out_before_a_restart_is_not_told_of_after_it() -> None:
    assert told(LookAlikes(), statue(1))
    assert not told(after_restart(kept(statue(1))), statue(1))


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_who_walks_up_before_it_or_stands_there_in_other_clothes_is_told_of_after_a_restart() -> (
    None
):
    memory = kept(statue(1))
    assert told(after_restart(memory), track(1, travelled=3.0, clothes=STONE))
    assert told(after_restart(memory), track(1, score=0.8, travelled=0.1, clothes=RED))
    assert told(after_restart(memory), track(1, x=0.7, travelled=0.1, clothes=STONE))


POSTER: Clothes = (120, 110, 190, 120, 110, 190)
DARK_POSTER: Clothes = (30, 128, 128, 30, 128, 128)


def in_light(things: LookAlikes, brightness: int, *, tint: int = 128) -> LookAlikes:
    """The memory before a picture of this light."""
    frame = luma_frame(np.full((96, 128), brightness, np.uint8))
    frame.yuv[96:] = tint
    things.see(frame)
    return things


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_poster_that_was_found_out_by_day_is_not_told_of_in_infrared_nor_the_day_after() -> None:
    by_day = track(1, score=0.8, travelled=0.1, clothes=POSTER)
    by_night = replace(by_day, clothes=DARK_POSTER)
    things = in_light(LookAlikes(), 120, tint=140)
    things.learn(by_day, after(0), things.light)
    for _ in range(3):
        assert not told(in_light(things, 60), by_night)
        assert not told(in_light(things, 120, tint=140), by_day)
    assert len(things) == 1


def test_who_passes_a_thing_in_a_new_light_leaves_its_colours_as_they_are() -> None:
    by_day = replace(statue(1), clothes=POSTER)
    things = in_light(LookAlikes(), 120, tint=140)
    things.learn(by_day, after(0), things.light)
    in_light(things, 60)
    passer = replace(by_day, clothes=RED, first_seen=after(100))
    assert things.is_thing(passer, after(102))
    by_night = replace(by_day, clothes=DARK_POSTER, first_seen=after(110))
    assert all(things.is_thing(by_night, after(second)) for second in range(110, 125))
    assert not things.is_thing(passer, after(130))


def test_a_thing_is_known_in_the_light_in_which_it_was_seen_last() -> None:
    things = in_light(LookAlikes(), 120)
    sightings = Sightings(counted_ids(), SightingSettings(), things)
    for number in range(60):
        sightings.advance(after(number / 10), [replace(statue(1), clothes=POSTER, looks=number)])
    in_light(things, 60)
    for number in range(60, 120):
        sightings.advance(after(number / 10), [])
    dark = replace(statue(2), clothes=DARK_POSTER, first_seen=after(12))
    assert len(things) == 1
    assert things.is_thing(dark, after(12))


def test_a_light_that_is_known_hides_nobody_in_other_clothes() -> None:
    things = in_light(LookAlikes(), 120, tint=140)
    things.learn(replace(statue(1), clothes=POSTER), after(0), things.light)
    someone = track(1, score=0.8, travelled=0.1, clothes=DARK_POSTER)
    assert told(in_light(things, 110, tint=140), someone)
    assert things.is_thing(replace(someone, clothes=POSTER), after(1))


def test_the_lights_of_a_thing_survive_a_restart() -> None:
    by_day = track(1, score=0.8, travelled=0.1, clothes=POSTER)
    things = in_light(LookAlikes(), 120, tint=140)
    things.learn(by_day, after(0), things.light)
    assert in_light(things, 60).is_thing(replace(by_day, clothes=DARK_POSTER), after(10))
    memory = things.to_be_kept(after(11))
    assert memory is not None
    known = in_light(after_restart(memory), 60)
    assert known.is_thing(replace(by_day, clothes=DARK_POSTER), booted(60))
    assert not known.is_thing(by_day, booted(60))


def doubtful(things: LookAlikes, at_s: float = 0) -> LookAlikes:
    """A body in the poster's colours was hidden while it stood there."""
    stood = replace(statue(1), clothes=POSTER)
    in_light(things, 120, tint=140).learn(stood, after(at_s), things.light, is_sure=False)
    return things


def stirring(now_s: float) -> Track:
    """Somebody there in the poster's colours who stirs."""
    return replace(statue(1), clothes=POSTER, moved=0.3, stirred_at=after(now_s))


def test_who_stirs_in_a_place_becomes_no_thing_however_long_they_stay() -> None:
    things = doubtful(LookAlikes())
    assert all(things.is_thing(stirring(at_s), after(at_s)) for at_s in range(0, 600, 10))
    assert not things.is_thing(stirring(700), after(700))


def test_what_was_hidden_is_a_thing_after_a_minute_without_motion() -> None:
    things = doubtful(LookAlikes(), at_s=600)
    unmoved = replace(statue(1), clothes=POSTER)
    assert things.is_thing(unmoved, after(610))
    assert things.is_thing(unmoved, after(2 * DAY_S))


def test_what_was_hidden_is_known_in_another_light_by_its_colours_alone() -> None:
    things = in_light(doubtful(LookAlikes()), 60, tint=140)
    y0, u0, v0, y1, u1, v1 = POSTER
    darker = (y0 / 2, 64 + u0 / 2, 64 + v0 / 2, y1 / 2, 64 + u1 / 2, 64 + v1 / 2)
    assert things.is_thing(replace(stirring(1), clothes=darker), after(1))
    assert not things.is_thing(stirring(2), after(2))


def test_in_infrared_nobody_who_stirs_is_taken_for_what_was_hidden() -> None:
    things = in_light(LookAlikes(), 120)
    things.learn(stirring(0), after(0), things.light, is_sure=False)
    assert not things.is_thing(stirring(1), after(1))
    assert things.is_thing(replace(stirring(1), moved=0.0), after(1))


@pytest.mark.parametrize(("tint", "is_it"), [(140, True), (128, False)])
def test_who_passes_a_thing_in_infrared_is_not_taken_for_it(tint: int, *, is_it: bool) -> None:
    things = in_light(LookAlikes(), 120, tint=tint)
    thing = replace(statue(1), clothes=POSTER)
    things.learn(thing, after(0), things.light)
    found = Detection(ObjectKind.PERSON, 0.8, thing.box, POSTER)
    passer = track(2, x=0.52, travelled=2.0, clothes=RED, moved=0.3)
    assert things.shows(replace(passer, found=found), after(1)) == is_it
    assert not things.shows(passer, after(1))


def test_many_who_were_hidden_push_no_thing_out() -> None:
    things = in_light(LookAlikes(), 120, tint=140)
    things.learn(replace(statue(1), clothes=POSTER), after(0), things.light)
    for number in range(100):
        y, u, v = (number * step % 256.0 for step in (37, 59, 83))
        hidden = track(2, x=number / 100, clothes=(y, u, v, v, y, u))
        things.learn(hidden, after(1 + number), things.light, is_sure=False)
    assert len(things) == 64
    assert things.is_thing(replace(statue(1), clothes=POSTER), after(200))


def test_of_one_thing_six_lights_are_remembered() -> None:
    things = LookAlikes()
    things.learn(replace(statue(1), clothes=POSTER), after(0), things.light)
    for number in range(50):
        other = replace(statue(1), clothes=(number, 128, 128, 0, 0, 0))
        in_light(things, number * 5).learn(other, after(1), things.light)
    memory = things.to_be_kept(after(1))
    assert memory is not None
    (thing,) = json.loads(memory)["things"]
    assert len(thing["looks"]) == 6


def test_the_memory_of_an_earlier_version_is_read() -> None:
    old = {"box": [0.46, 0.4, 0.54, 0.6], "clothes": list(STONE), "seen_utc_us": after(0).utc_us}
    things = after_restart(json.dumps({"v": 1, "things": [old]}))
    assert in_light(things, 120).is_thing(statue(1), booted(60))
    assert not things.is_thing(replace(statue(1), clothes=RED), booted(60))


def test_eight_days_unseen_are_counted_over_restarts() -> None:
    things = LookAlikes()
    things.learn(statue(1), after(0))
    first = things.to_be_kept(after(5 * DAY_S))
    assert first is not None
    again = after_restart(first)
    assert len(again) == 1
    again.learn(track(2, x=0.1), booted(0))
    second = again.to_be_kept(replace(booted(0), mono_ns=round(4 * DAY_S * 1e9)))
    assert second is not None
    left = after_restart(second)
    assert not left.is_thing(statue(1), booted(60))
    assert len(left) == 1


@pytest.mark.parametrize("days", [-10, 0, 20_000])
def test_whatever_the_clock_says_after_a_restart_nothing_is_older(days: int) -> None:
    things = after_restart(kept(statue(1), at_s=DAY_S), later_s=days * DAY_S)
    assert things.is_thing(statue(1), booted(days * DAY_S))


def test_it_is_handed_out_when_something_was_learned_and_then_once_an_hour() -> None:
    things = LookAlikes()
    assert things.to_be_kept(after(0)) is None
    things.learn(statue(1), after(10))
    assert things.to_be_kept(after(10)) is not None
    assert things.to_be_kept(after(11)) is None
    assert things.is_thing(statue(1), after(3_000))
    assert things.to_be_kept(after(3_609)) is None
    memory = things.to_be_kept(after(3_610))
    assert memory is not None
    (thing,) = json.loads(memory)["things"]
    assert thing["unseen_s"] == 610


def test_no_more_is_kept_than_is_remembered_and_of_a_longer_memory_the_latest_are_taken() -> None:
    many = [track(number, x=number / 100, clothes=STONE) for number in range(100)]
    memory = kept(*many)
    assert len(memory) < 10_000
    things = LookAlikes(LookAlikeSettings(most=3))
    things.recall(memory, booted(0))
    assert len(things) == 3


def test_a_start_recalls_what_the_journal_keeps_for_each_camera(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path / "journal.db")) as journal:
        journal.remember(lookalikes_key("cong"), kept(statue(1)))
        known, other = pipeline(), pipeline()
        recall(known, "cong", journal, booted(60))
        recall(other, "cho", journal, booted(60))
    assert (len(known.things), len(other.things)) == (1, 0)
    assert not told(known.things, statue(1))


@pytest.mark.parametrize(
    "memory",
    [
        "",
        "no JSON",
        "[]",
        "7",
        '{"v": 2, "things": []}',
        '{"v": 1}',
        '{"v": 1, "things": 7}',
        '{"v": 1, "things": [[1]]}',
        '{"v": 1, "things": [{"box": [0, 1], "clothes": null, "unseen_s": 0}]}',
        '{"v": 1, "things": [{"box": [0, 0, NaN, 1], "clothes": null, "unseen_s": 0}]}',
        '{"v": 1, "things": [{"box": [0, 0, 1, 1], "clothes": [1], "unseen_s": 0}]}',
        '{"v": 1, "things": [{"box": [0, 0, 1, 1], "clothes": null, "unseen_s": 1e999}]}',
        '{"v": 1, "things": [{"box": [0, 0, 1, 1], "looks": [7], "unseen_s": 0}]}',
        '{"v": 1, "things": [{"box": [0, 0, 1, 1], "looks": 7, "unseen_s": 0}]}',
        '{"v": 1, "things": [{"box": [0, 0, 1, 1], "looks": [], "unseen_s": 0}]}',
        '{"v": 1, "things": [7]}',
    ],
)
def test_a_memory_that_cannot_be_read_changes_nothing(memory: str) -> None:
    things = after_restart(kept(statue(1)))
    things.recall(memory, booted(60))
    assert things.is_thing(statue(1), booted(60))


@given(st.text() | st.binary().map(lambda some: some.decode("latin-1")))
def test_whatever_was_kept_a_start_goes_on(memory: str) -> None:
    after_restart(memory)
