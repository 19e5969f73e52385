"""The state machine of sightings: opened on evidence, held through gaps, updated rarely, closed
once."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Instant
from agent.vision.detect.clothes import Clothes
from agent.vision.geometry import Box
from agent.vision.sightings.changes import Closed, Opened, SightingChange, Updated
from agent.vision.sightings.sightings import Sightings
from agent.vision.track.lookalikes import LookAlikes, LookAlikeSettings
from agent.vision.track.track import Track
from tests.agent.helpers.vision.sightings import RED, SETTINGS, STONE, Street, statue, track
from tests.agent.rigs.vision import after, counted_ids, person


def kinds(said: list[SightingChange]) -> list[type]:
    return [type(change) for change in said]


@pytest.mark.promise("Agent: A person in clear view is reported at the fourth frame.")
def test_a_person_in_clear_view_is_told_of_at_the_fourth_frame() -> None:
    street = Street()
    assert street.shows(track(), for_s=0.3) == []
    (opened,) = street.shows(track())
    assert isinstance(opened, Opened)
    assert (opened.at, opened.first_seen) == (after(0.3), after(0))
    assert (opened.track_id, opened.people, opened.score) == (1, 1, 0.7)


@pytest.mark.promise("Search: A search goes by number, direction, rider and clip.")
def test_the_end_says_which_way_they_went_and_whether_they_rode() -> None:
    street = Street()
    street.shows(track(x=0.2), for_s=0.4)
    street.shows(replace(track(x=0.6), on_wheels=2), for_s=0.3)
    (closed,) = street.shows(for_s=SETTINGS.gap_s + 0.3)
    assert isinstance(closed, Closed)
    assert closed.came == track(x=0.2).box
    assert closed.went == track(x=0.6).box
    assert closed.rode is True


def test_a_poor_view_needs_more_frames() -> None:
    street = Street()
    assert street.shows(track(score=0.4), for_s=0.6) == []
    assert kinds(street.shows(track(score=0.4))) == [Opened]


def test_what_is_only_found_weakly_is_never_told_of_however_far_it_goes() -> None:
    street = Street()
    street.shows(track(score=0.44))
    assert street.shows(track(score=0.36), for_s=60) == []


def test_one_who_is_found_weakly_is_told_of_at_the_third_clear_find() -> None:
    street = Street()
    assert street.shows(track(score=0.36), for_s=2) == []
    assert street.shows(track(score=0.42), for_s=0.2) == []
    assert kinds(street.shows(track(score=0.42))) == [Opened]


@pytest.mark.promise("Detection and tracking: A sighting opens on evidence over several frames.")
def test_a_false_answer_now_and_then_never_adds_up() -> None:
    street = Street()
    for _ in range(20):
        street.shows(track(score=0.6))
        street.shows(for_s=0.9)
    assert street.said == []


def test_where_the_model_is_seldom_asked_evidence_takes_longer_and_is_no_better() -> None:
    sightings = Sightings(counted_ids())
    said: list[SightingChange] = []
    for look in range(8):  # at three looks a second
        said += sightings.advance(after(look / 3), [replace(track(score=0.6), looks=look)])
    (opened,) = said
    assert isinstance(opened, Opened)
    assert opened.at.seconds_since(opened.first_seen) > 1.0


def test_a_post_that_looks_a_little_like_a_person_is_never_told_of() -> None:
    street = Street()
    assert street.shows(track(score=0.55, travelled=0.1), for_s=60) == []


@pytest.mark.parametrize(("is_dense", "told"), [(True, [Opened]), (False, [])])
def test_in_a_crowd_what_was_found_of_somebody_before_counts_once_they_walk(
    is_dense: bool, told: list[type]
) -> None:
    sightings = Sightings(counted_ids(), SETTINGS)

    def look(number: int, travelled: float) -> list[type]:
        seen = replace(track(score=0.45, travelled=travelled), looks=number)
        return kinds(list(sightings.advance(after(number / 4), [seen], is_dense=is_dense)))

    assert [look(number, number / 10) for number in range(6)] == [[]] * 6
    assert look(6, 0.7) == told


@pytest.mark.parametrize("score", [0.42, 0.55])
def test_who_is_near_and_stands_still_is_told_of_though_the_network_is_unsure(
    score: float,
) -> None:
    near = track(score=score, travelled=0.0, height=0.8)
    assert kinds(Street().shows(near, for_s=0.7)) == [Opened]


def test_half_a_poster_at_the_border_is_never_told_of_and_half_a_person_is() -> None:
    poster = track(x=0.02, score=0.48, travelled=0.0, height=0.5, moved=0.0)
    assert Street().shows(poster, for_s=60) == []
    half = track(x=0.02, score=0.6, travelled=0.0, height=0.5, moved=0.0)
    assert kinds(Street().shows(half, for_s=1.5)) == [Opened]


def test_a_near_thing_that_the_network_hardly_takes_for_a_person_is_never_told_of() -> None:
    thing = track(score=0.38, travelled=0.0, height=0.8, moved=0.0)
    assert Street().shows(thing, for_s=60) == []


@pytest.mark.parametrize("x", [0.02, 0.5])
def test_who_came_near_is_told_of_though_the_network_hardly_knows_them(x: float) -> None:
    came = track(x=x, score=0.34, travelled=0.2, height=0.8, moved=0.6)
    assert kinds(Street().shows(came, for_s=0.9)) == [Opened]
    far = track(x=x, score=0.34, travelled=0.2, height=0.2, moved=0.6)
    assert Street().shows(far, for_s=60) == []


def test_a_near_poster_is_told_of_once_and_not_again_in_the_week_after() -> None:
    street = Street()
    poster = track(score=0.5, travelled=0.0, height=0.8, clothes=STONE)
    street.shows(poster, for_s=70)
    assert kinds(street.said) == [Opened, Closed]
    for day in range(1, 8):
        street.frame = day * 864_000
        street.shows(for_s=1)
        again = replace(poster, track_id=1 + day, stirred_at=after(day * 86_400))
        street.shows(again, for_s=10)
    assert kinds(street.said) == [Opened, Closed]


def test_in_a_crowd_a_post_is_told_of_no_sooner() -> None:
    sightings = Sightings(counted_ids(), SETTINGS)
    for number in range(40):
        seen = replace(track(score=0.6, travelled=0.1), looks=number)
        assert sightings.advance(after(number / 4), [seen], is_dense=True) == ()


def test_a_body_cut_by_the_border_needs_twice_the_frames() -> None:
    street = Street()
    assert street.shows(track(x=0.99), for_s=0.7) == []
    assert kinds(street.shows(track(x=0.99))) == [Opened]


def test_a_person_standing_in_clear_view_is_told_of() -> None:
    assert kinds(Street().shows(track(travelled=0.0), for_s=1)) == [Opened]


@pytest.mark.promise("Detection and tracking: A sighting survives a short occlusion.")
def test_a_person_leaving_for_less_than_the_gap_keeps_one_sighting() -> None:
    street = Street()
    street.shows(track(), for_s=1)
    street.shows(for_s=SETTINGS.gap_s - 0.1)
    street.shows(track(), for_s=1)
    assert kinds(street.said) == [Opened]


def test_a_person_leaving_for_longer_than_the_gap_closes_and_opens_another() -> None:
    street = Street()
    street.shows(track(), for_s=1)
    street.shows(for_s=SETTINGS.gap_s + 0.2)
    street.shows(track(), for_s=1)
    assert kinds(street.said) == [Opened, Closed, Opened]
    first, closed, second = street.said
    assert closed.sighting_id == first.sighting_id != second.sighting_id
    assert isinstance(closed, Closed)
    assert (closed.first_seen, closed.last_seen) == (after(0), after(0.9))


def test_back_after_the_gap_in_one_leap_of_time_still_closes_first() -> None:
    street = Street()
    street.shows(track(), for_s=1)
    street.frame += 100
    street.shows(track(), for_s=1)
    assert kinds(street.said) == [Opened, Closed, Opened]


def test_who_comes_out_where_somebody_was_lost_is_the_same_one() -> None:
    street = Street()
    street.shows(track(1, x=0.5), for_s=1)
    street.shows(for_s=1.5)
    street.shows(track(2, x=0.53), for_s=1)
    assert kinds(street.said) == [Opened]
    street.shows(for_s=4)
    assert kinds(street.said) == [Opened, Closed]


def test_who_appears_elsewhere_is_another_one() -> None:
    street = Street()
    street.shows(track(1, x=0.3), for_s=1)
    street.shows(for_s=1.5)
    assert kinds(street.shows(track(2, x=0.6), for_s=1)) == [Opened]


def test_who_appears_beside_a_body_only_unseen_for_a_moment_is_another_one() -> None:
    street = Street()
    street.shows(track(1), for_s=1)
    hidden = track(1, is_seen=False)
    assert kinds(street.shows(hidden, track(2, x=0.53), for_s=1)) == [Opened]


def test_who_comes_in_where_somebody_left_the_picture_is_another_one() -> None:
    street = Street()
    street.shows(track(1, x=0.97), for_s=1)
    street.shows(for_s=1.5)
    assert kinds(street.shows(track(2, x=0.97), for_s=1)) == [Opened]


def test_people_counts_all_who_are_in_view() -> None:
    street = Street()
    street.shows(track(1, x=0.2), for_s=1)
    opened = street.shows(track(1, x=0.2), track(2, x=0.5), track(3, x=0.8), for_s=0.4)
    assert [c.people for c in opened if isinstance(c, Opened)] == [2, 3]


def test_those_lost_a_while_ago_are_not_in_view() -> None:
    street = Street()
    street.shows(track(1, x=0.2), for_s=1)
    street.shows(for_s=1.5)
    (opened,) = street.shows(track(2, x=0.8), for_s=0.4)
    assert isinstance(opened, Opened)
    assert opened.people == 1


def test_a_second_person_is_news_to_the_first_sighting_once() -> None:
    street = Street()
    street.shows(track(1, x=0.2), for_s=3)
    said = street.shows(track(1, x=0.2), track(2, x=0.8), for_s=10)
    assert kinds(said) == [Opened, Updated]
    assert isinstance(said[1], Updated)
    assert said[1].people == 2
    assert said[1].sighting_id == UUID(int=1)


def test_a_much_better_view_is_news_and_a_little_better_one_is_not() -> None:
    street = Street()
    street.shows(track(height=0.1), for_s=3)
    assert street.shows(track(height=0.12), for_s=3) == []
    assert kinds(street.shows(track(height=0.2), for_s=3)) == [Updated]


def with_statue(seconds: float = 70) -> Street:
    """A street whose statue was told of once and found out."""
    street = Street()
    street.shows(statue(1), for_s=seconds)
    return street


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_statue_is_told_of_once_and_closed_when_nothing_stirs_for_a_minute() -> None:
    assert kinds(with_statue().said) == [Opened, Closed]


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_statue_that_was_found_out_is_not_told_of_again_whatever_passes_before_it() -> None:
    street = with_statue()
    for number in range(2, 12):
        street.shows(for_s=6)
        street.shows(statue(number), for_s=20)
    assert kinds(street.said) == [Opened, Closed]


@pytest.mark.promise(
    "Detection and tracking: A learned light or statue hides nobody who stands there."
)
def test_who_walks_up_and_stands_before_the_statue_is_told_of() -> None:
    street = with_statue()
    assert kinds(street.shows(track(2, score=0.7, travelled=3.0, clothes=STONE), for_s=1)) == [
        Opened
    ]


@pytest.mark.promise(
    "Detection and tracking: A learned light or statue hides nobody who stands there."
)
def test_who_stands_there_in_other_clothes_is_told_of() -> None:
    street = with_statue()
    other = track(2, score=0.7, travelled=0.1, clothes=RED, stirred_at=after(70))
    assert kinds(street.shows(other, for_s=1)) == [Opened]


def test_who_stands_elsewhere_in_the_statues_colours_is_told_of() -> None:
    street = with_statue()
    elsewhere = track(2, x=0.7, travelled=0.1, clothes=STONE, stirred_at=after(70))
    assert kinds(street.shows(elsewhere, for_s=1)) == [Opened]


def test_who_stands_still_and_stirs_now_and_then_is_no_statue() -> None:
    street = Street()
    for second in range(0, 300, 20):
        alive = track(1, score=0.8, travelled=0.1, clothes=STONE, stirred_at=after(second))
        street.shows(alive, for_s=20)
    assert kinds(street.said) == [Opened]


def test_a_thing_that_the_network_knows_only_at_times_is_told_of_once() -> None:
    street = Street()
    for number in range(1, 30):
        street.shows(replace(statue(number), moved=0.0), for_s=5)
        street.shows(for_s=60)
    assert kinds(street.said) == [Opened, Closed]


@pytest.mark.parametrize(("stirs", "told"), [((), 0), ((statue(1).box,), 1)])
def test_a_thing_is_not_told_of_again_after_the_camera_was_lost(
    stirs: tuple[Box, ...], told: int
) -> None:
    street = Street()
    street.shows(statue(1), for_s=4, moved=stirs)
    street.sightings.finish(after(4))
    assert kinds(street.shows(statue(2), for_s=5)) == [Opened] * told


def test_who_was_in_view_for_a_moment_when_the_camera_was_lost_is_no_thing() -> None:
    street = Street()
    street.shows(statue(1), for_s=1)
    street.sightings.finish(after(15))  # the camera was waited for
    assert kinds(street.shows(statue(2), for_s=5)) == [Opened]


def test_the_still_minute_begins_with_the_report() -> None:
    street = Street()
    street.shows(replace(statue(1), score=0.6), for_s=90)
    street.shows(statue(1), for_s=59)
    assert kinds(street.said) == [Opened]
    assert kinds(street.shows(statue(1), for_s=3)) == [Closed]


def test_who_stirs_between_two_looks_is_no_thing() -> None:
    street = Street()
    for _ in range(10):
        street.shows(statue(1), for_s=5)
        street.shows(replace(statue(1), is_seen=False), for_s=1, moved=(statue(1).box,))
    street.shows(statue(1), for_s=59)
    assert kinds(street.said) == [Opened]


@pytest.mark.parametrize("number", [1, 2])
def test_a_gap_between_two_frames_is_no_time_without_motion(number: int) -> None:
    street = Street()
    street.shows(statue(1), for_s=2)
    street.frame += 700
    assert Opened in kinds(street.shows(statue(number), for_s=5))


def hidden(street: Street, thing: Track, for_s: float) -> None:
    """A bus stops before it."""
    street.shows(for_s=for_s, moved=(thing.box,))


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_poster_at_a_bus_stop_is_told_of_once() -> None:
    street = Street()
    for number in range(1, 30):
        street.shows(statue(number), for_s=20, moved=(statue(1).box,))
        hidden(street, statue(1), for_s=20)
    assert kinds(street.said) == [Opened, Closed]


@pytest.mark.parametrize(("away_s", "told"), [(500, 0), (700, 1)])
def test_who_may_have_stood_there_when_a_bus_came_is_remembered_for_ten_minutes(
    away_s: int, told: int
) -> None:
    street = Street()
    street.shows(statue(1), for_s=20)
    hidden(street, statue(1), for_s=10)
    street.frame += 10 * away_s
    assert kinds(street.shows(statue(2), for_s=2)) == [Opened] * told


def test_what_was_seen_there_for_ten_minutes_is_a_thing_for_days() -> None:
    street = Street()
    for number in range(1, 15):
        street.shows(statue(number), for_s=20)
        hidden(street, statue(1), for_s=30)
    street.frame += 10 * 5 * 86_400
    assert street.shows(statue(15), for_s=5) == []


def test_who_stands_there_after_the_bus_in_other_clothes_is_told_of() -> None:
    street = Street()
    street.shows(statue(1), for_s=20)
    hidden(street, statue(1), for_s=10)
    other = track(2, score=0.8, travelled=0.1, clothes=RED)
    assert kinds(street.shows(other, for_s=1)) == [Opened]
    hidden(street, other, for_s=10)
    assert kinds(street.said) == [Opened, Closed, Opened, Closed]
    assert street.shows(statue(3), for_s=5) == []


def test_who_stands_where_people_pass_is_told_of_once_and_when_they_walk_not_again() -> None:
    street = Street()
    for number in range(1, 6):
        street.shows(statue(number), for_s=5)
        hidden(street, statue(1), for_s=2)
    street.shows(track(6, clothes=STONE), for_s=5)
    assert kinds(street.said) == [Opened]


def test_a_passer_who_goes_on_with_the_sighting_of_a_poster_does_not_hide_it() -> None:
    street = Street()
    street.shows(statue(1), for_s=5)
    passer = track(2, x=0.57)
    street.shows(passer, for_s=2, moved=(statue(1).box,))
    street.shows(statue(3), for_s=5)
    assert kinds(street.said) == [Opened, Closed]


def test_who_came_in_motion_and_stands_still_behind_another_track_is_no_thing_for_sure() -> None:
    street = Street()
    street.shows(statue(1), for_s=3, moved=(statue(1).box,))
    street.shows(statue(2), for_s=5)
    street.shows(for_s=5)
    assert kinds(street.said) == [Opened, Closed]
    assert street.sightings._lookalikes.to_be_kept(after(20)) is None


@pytest.mark.parametrize("moved", [0.5, 0.0])
def test_a_poster_keeps_its_colours_though_a_passer_changed_those_of_its_track(
    moved: float,
) -> None:
    """At rest its colours are those of the last find, as they change with the light."""
    street = Street()
    street.shows(statue(1), for_s=5)
    street.shows(replace(statue(1), clothes=RED, moved=moved), for_s=1, moved=(statue(1).box,))
    hidden(street, statue(1), for_s=5)
    again = replace(statue(2), clothes=STONE if moved else RED)
    assert street.shows(again, for_s=5) == []


def finding(one: Track, thing: Track) -> Track:
    """A track whose find in this frame is the thing."""
    return replace(one, found=replace(person(0.5), box=thing.box, clothes=thing.clothes))


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_poster_whose_track_follows_a_passer_is_known_by_the_next_find_in_its_place() -> None:
    street = Street()
    street.shows(statue(1), for_s=5)
    carried_off = track(1, x=0.9, clothes=STONE)
    passer = finding(track(2, x=0.52, clothes=RED), statue(1))
    street.shows(carried_off, passer, for_s=2)
    hidden(street, statue(1), for_s=10)
    assert kinds(street.said) == [Opened, Closed]
    assert street.shows(statue(3), for_s=5) == []


def test_where_who_stood_there_walked_away_the_next_one_is_told_of() -> None:
    street = Street()
    street.shows(statue(1), for_s=5)
    street.shows(track(1, x=0.9, clothes=STONE), track(2, x=0.2), for_s=10)
    street.shows(for_s=5)
    assert Opened in kinds(street.shows(statue(3), for_s=5))


def test_who_stops_in_like_clothes_where_another_one_stood_is_told_of() -> None:
    """The first one walks off in those clothes: nothing was left behind."""
    street, gone, other = Street(), track(1, x=0.9, clothes=STONE), track(2, clothes=STONE)
    street.shows(statue(1), for_s=5)
    street.shows(finding(gone, gone), for_s=1)
    assert Opened in kinds(street.shows(finding(gone, gone), finding(other, other), for_s=3))


def test_who_comes_in_at_the_border_is_no_thing_that_was_left_behind() -> None:
    street = Street()
    first = track(1, x=0.03, travelled=0.1, score=0.8, clothes=STONE)
    street.shows(first, for_s=1)
    street.shows(track(1, clothes=STONE), finding(track(2, x=0.03), first), for_s=2)
    street.shows(for_s=5)
    assert Opened in kinds(street.shows(replace(first, track_id=3), for_s=3))


@pytest.mark.promise(
    "Detection and tracking: A statue, a poster or a parked bike does not alert again and again."
)
def test_a_passer_is_told_of_by_his_own_finds_not_by_those_of_the_poster() -> None:
    street = with_statue()
    passer = track(2, x=0.52, score=0.8, clothes=RED)
    assert street.shows(finding(passer, statue(1)), for_s=3) == []
    own = replace(passer, found=replace(person(0.52), clothes=RED))
    assert street.shows(own, for_s=0.3) == []
    assert street.shows(finding(passer, statue(1)), for_s=0.2) == []
    assert kinds(street.shows(own, for_s=0.1)) == [Opened]


@pytest.mark.promise(
    "Detection and tracking: A learned light or statue hides nobody who stands there."
)
@pytest.mark.parametrize("clothes", [RED, STONE])
def test_who_walks_up_to_a_known_poster_and_stops_before_it_is_told_of(clothes: Clothes) -> None:
    """In other colours also while standing there; in the poster's own on the way."""
    street = with_statue()
    for step in range(10):
        x = 0.3 + 0.02 * step
        walker = track(2, x=x, travelled=0.1 * step, clothes=clothes)
        found = replace(person(x), clothes=clothes)
        street.shows(replace(walker, found=found))
    stands = finding(track(2, clothes=clothes), replace(statue(1), clothes=clothes))
    street.shows(stands, for_s=10)
    assert kinds(street.said).count(Opened) == 2


def test_what_a_bus_uncovers_is_known_as_it_was_when_it_hardly_moved() -> None:
    """Its place counts as motion for a while; a passer had widened its box."""
    street = Street()
    wide = Box(0.455, 0.39, 0.585, 0.61)
    street.shows(replace(statue(1), box=wide, moved=1.0), for_s=4)
    street.shows(replace(statue(1), moved=1.0), for_s=5)
    hidden(street, statue(1), for_s=10)
    assert kinds(street.said) == [Opened, Closed]
    assert street.shows(track(2, x=0.48, travelled=0.1, score=0.8, clothes=STONE), for_s=5) == []


def test_what_stood_there_for_a_minute_is_not_told_of_again_after_the_camera_was_lost() -> None:
    street = Street()
    street.shows(statue(1), for_s=65, moved=(statue(1).box,))
    street.sightings.finish(after(80))
    assert street.shows(statue(2), for_s=5) == []


def test_who_stood_still_and_left_is_told_of_again() -> None:
    street = Street()
    street.shows(statue(1), for_s=5)
    street.shows(for_s=1, moved=(statue(1).box,))
    street.shows(for_s=60)
    street.shows(replace(statue(2), stirred_at=after(65)), for_s=5)
    assert kinds(street.said) == [Opened, Closed, Opened]


def test_eight_days_after_a_thing_was_seen_last_its_place_is_free() -> None:
    things = LookAlikes()
    things.learn(statue(1), after(0))
    week_s = 7 * 86_400
    assert things.is_thing(statue(2), after(week_s))
    things.learn(track(3, x=0.1), after(2 * week_s + 90_000))
    assert len(things) == 1
    assert not things.is_thing(statue(2), after(2 * week_s + 90_000))


def test_only_so_many_things_are_remembered() -> None:
    things = LookAlikes(LookAlikeSettings(most=3))
    for number in range(10):
        things.learn(track(number, x=number / 10), after(number))
    assert len(things) == 3


def test_news_waits_for_its_turn() -> None:
    street = Street()
    street.shows(track(height=0.05), for_s=0.4)
    said = []
    for height in (0.1, 0.2, 0.4, 0.8):
        said += street.shows(track(height=height), for_s=0.5)
    assert kinds(said) == [Updated]
    assert said[0].at.seconds_since(street.said[0].at) >= SETTINGS.update_every_s


def test_the_end_of_the_stream_closes_all_that_is_open() -> None:
    street = Street()
    street.shows(track(1, x=0.2), track(2, x=0.8), for_s=1)
    closed = street.sightings.finish(after(5))
    assert kinds(list(closed)) == [Closed, Closed]
    assert street.sightings.finish(after(6)) == ()


@pytest.mark.promise("Node state and clocks: A wrong wall clock does not change durations.")
def test_spans_do_not_care_for_the_wall_clock() -> None:
    sightings = Sightings(counted_ids())
    said: list[SightingChange] = []
    for frame in range(100):
        utc_us = 0 if frame < 50 else 1_800_000_000_000_000
        now = replace(after(frame / 10), utc_us=utc_us)
        said += sightings.advance(now, [track()])
    assert kinds(said) == [Opened]


frames = st.lists(
    st.tuples(
        st.floats(0, 6),
        st.dictionaries(
            st.integers(1, 4),
            st.builds(
                track,
                x=st.floats(0, 1),
                score=st.floats(0.05, 1),
                height=st.floats(0.05, 1),
                travelled=st.floats(0, 3),
                is_seen=st.booleans(),
            ),
        ),
    ),
    max_size=40,
)


def play(street: list[tuple[float, dict[int, Track]]]) -> tuple[list[SightingChange], Instant]:
    sightings, at_s = Sightings(counted_ids()), 0.0
    said: list[SightingChange] = []
    for step_s, shown in street:
        at_s += step_s
        tracks = [replace(one, track_id=track_id) for track_id, one in shown.items()]
        said += sightings.advance(after(at_s), tracks)
    end = after(at_s + 1)
    return [*said, *sightings.finish(end)], end


@pytest.mark.promise("Detection and tracking: A sighting closes once.")
@pytest.mark.promise(
    "Detection and tracking: Tracks and sightings open and close in turn, and ids are new."
)
@given(street=frames)
def test_every_sighting_is_opened_once_then_updated_then_closed_once(
    street: list[tuple[float, dict[int, Track]]],
) -> None:
    said, _ = play(street)
    for sighting_id in {change.sighting_id for change in said}:
        life = kinds([change for change in said if change.sighting_id == sighting_id])
        assert life[0] is Opened
        assert life[-1] is Closed
        assert all(kind is Updated for kind in life[1:-1])


@pytest.mark.promise("Node state and clocks: No clock error loses or doubles an event.")
@given(street=frames)
def test_times_and_counts_make_sense(street: list[tuple[float, dict[int, Track]]]) -> None:
    said, end = play(street)
    told_at: dict[UUID, Instant] = {}
    for change in said:
        match change:
            case Opened():
                assert change.first_seen <= change.at
                assert change.people >= 1
                told_at[change.sighting_id] = change.at
            case Updated():
                since = change.at.seconds_since(told_at[change.sighting_id])
                assert since >= SETTINGS.update_every_s
                assert change.people >= 1
                told_at[change.sighting_id] = change.at
            case Closed():
                assert change.first_seen <= change.last_seen <= change.at
                gap_s = change.at.seconds_since(change.last_seen)
                assert gap_s > SETTINGS.gap_s or change.at == end
        if not isinstance(change, Closed):
            box: Box = change.box
            assert 0 <= box.x0 <= box.x1 <= 1
            assert 0 <= box.y0 <= box.y1 <= 1
            assert 0 <= change.score <= 1


@given(street=frames)
def test_the_same_frames_say_the_same(street: list[tuple[float, dict[int, Track]]]) -> None:
    assert play(street) == play(street)
