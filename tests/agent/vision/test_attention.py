"""Which tracks are looked at again: new and missed ones at once, the others when they are due."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.geometry import Box
from agent.vision.motion.moved import NOTHING
from agent.vision.track.attention import Attention, AttentionSettings
from agent.vision.track.track import Track
from tests.agent.rigs.vision import after, moved_in, person

pytestmark = pytest.mark.promise(
    "Detection and tracking: The model runs only where something moved or was tracked."
)

HERE = person(0.5).box
OTHER = person(0.2).box


def seen(at_s: float, box: Box = HERE, track_id: int = 1, looks: int = 30) -> Track:
    """A track that was looked at last, and stirred, at this time."""
    return Track(
        track_id=track_id,
        kind=person(0.5).kind,
        box=box,
        score=0.7,
        first_seen=after(0),
        last_seen=after(at_s),
        hits=looks,
        is_confirmed=True,
        is_seen=False,
        began_at=box.center,
        looks=looks,
        stirred_at=after(at_s),
        last_look=after(at_s),
    )


def due(track: Track, at_s: float, *, moved: tuple[Box, ...] = (HERE,)) -> bool:
    return bool(Attention().due(after(at_s), [track], moved=moved_in(moved)))


def test_a_walker_who_was_told_of_is_due_a_tenth_of_a_second_after_the_last_look() -> None:
    assert not due(seen(5.0), 5.067)
    assert due(seen(5.0), 5.1)


def test_no_frame_is_looked_at_sooner_than_a_tenth_of_a_second_after_the_last() -> None:
    attention = Attention()
    assert attention.is_time(after(0.0))
    attention.looked(after(5.0))
    assert not attention.is_time(after(5.067))
    assert attention.is_time(after(5.1))


def test_a_camera_opened_anew_is_looked_at_though_its_time_begins_a_little_earlier() -> None:
    attention = Attention()
    attention.looked(after(5.0))
    assert attention.is_time(after(3.5))


def test_who_stands_still_is_due_a_second_after_the_last_look_and_at_once_when_they_stir() -> None:
    still = replace(seen(10.0), stirred_at=after(5.0))
    assert not due(still, 10.9, moved=())
    assert due(still, 11.0, moved=())
    assert due(still, 10.3, moved=(HERE,))


def test_who_walks_where_motion_sees_nothing_for_the_weather_is_no_less_due() -> None:
    still = replace(seen(10.0), stirred_at=after(5.0))
    walker = replace(still, speed=(0.4 * HERE.width, 0.0))
    down = replace(still, speed=(0.0, -0.4 * HERE.height))
    assert due(walker, 10.1, moved=()) and due(down, 10.1, moved=())
    assert not due(replace(still, speed=(0.2 * HERE.width, 0.0)), 10.1, moved=())


def test_who_was_missed_is_due_in_the_next_frames() -> None:
    assert due(replace(seen(5.0), misses=1), 5.03)
    assert not due(replace(seen(5.0), misses=4), 5.03)


def test_a_stranger_who_moves_is_looked_at_in_each_frame_for_twelve_looks() -> None:
    new = [seen(5.0, looks=11), seen(5.0, OTHER, looks=12)]
    assert Attention().strangers(new, moved=moved_in([HERE, OTHER])) == (HERE,)
    assert Attention().strangers(new, moved=NOTHING) == ()


def test_a_near_stranger_is_looked_at_without_motion_too_but_not_for_ever() -> None:
    near = person(0.5, height=0.6).box
    settings = AttentionSettings()
    new = [seen(5.0, near, looks=settings.new_looks - 1)]
    assert Attention().strangers(new, moved=NOTHING) == (near,)
    old = [seen(5.0, near, looks=settings.new_looks)]
    assert Attention().strangers(old, moved=NOTHING) == ()


def test_of_many_strangers_none_is_looked_at_for_themselves() -> None:
    many = [seen(5.0, track_id=number, looks=3) for number in range(11)]
    assert len(Attention().strangers(many[:10], moved=moved_in([HERE]))) == 10
    assert Attention().strangers(many, moved=moved_in([HERE])) == ()


def test_many_near_strangers_who_stand_still_are_looked_at() -> None:
    near = person(0.5, height=0.6).box
    group = [seen(5.0, near, track_id=number, looks=3) for number in range(11)]
    assert len(Attention().strangers(group, moved=NOTHING)) == 11
    assert Attention().strangers(group, moved=moved_in([near])) == ()


def test_whoever_would_be_due_soon_is_looked_at_along_with_the_others() -> None:
    late, soon, fresh = (
        seen(5.0),
        seen(5.05, OTHER, track_id=2),
        seen(5.09, person(0.8).box, track_id=3),
    )
    everywhere = moved_in([one.box for one in (late, soon, fresh)])
    found = Attention().due(after(5.1), [late, soon, fresh], moved=everywhere)
    assert found == (late.box, soon.box)
    assert Attention().due(after(5.08), [late, soon], moved=everywhere) == ()


spans = st.floats(0, 20)


@given(waited_s=spans, stirred_s=spans, misses=st.integers(0, 9), moves=st.booleans())
def test_nobody_told_of_waits_for_longer_than_a_second(
    waited_s: float, stirred_s: float, misses: int, moves: bool
) -> None:
    track = replace(seen(20.0), stirred_at=after(20.0 - stirred_s), misses=misses)
    settings = AttentionSettings()
    if waited_s >= settings.standing_every_s:
        assert due(track, 20.0 + waited_s, moved=(HERE,) if moves else ())


@given(waited_s=spans, misses=st.integers(0, 9), looks=st.integers(0, 40))
def test_with_all_spans_at_nought_everybody_told_of_is_due_always(
    waited_s: float, misses: int, looks: int
) -> None:
    spans = AttentionSettings(walking_every_s=0.0, standing_every_s=0.0)
    at_once = Attention(spans)
    track = replace(seen(5.0, looks=looks), misses=misses)
    assert at_once.due(after(5.0 + waited_s), [track], moved=NOTHING) == (track.box,)
