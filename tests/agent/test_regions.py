"""Where to look: enough, large enough, and no more often than needed."""

from hypothesis import given
from hypothesis import strategies as st

from agent.vision.regions import Regions, RegionSettings
from agent.vision.zones import WHOLE, Box
from tests.agent.eyes import after, person

SMALL = (576, 768)
HD = (1080, 1920)
INPUT = (320, 320)


def body(x: float, y: float, height_px: float, size_px: tuple[int, int]) -> Box:
    height = height_px / size_px[0]
    width = 0.4 * height_px / size_px[1]
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2).clipped()


shares = st.floats(0.05, 0.95)
bodies = st.lists(st.builds(person, shares, shares, height=st.floats(0.04, 0.5)), max_size=8).map(
    lambda people: [one.box.clipped() for one in people]
)


def test_nothing_moved_and_nobody_tracked_is_nowhere() -> None:
    assert Regions(INPUT).choose(HD, moved=(), people=()) == ()


def test_a_small_picture_with_people_large_enough_is_looked_at_once_as_a_whole() -> None:
    people = [body(x / 10, 0.4, 80, SMALL) for x in range(1, 10)]
    assert Regions(INPUT).choose(SMALL, moved=(), people=people) == (WHOLE,)


def test_one_person_far_away_in_a_large_picture_gets_a_crop() -> None:
    far = body(0.3, 0.4, 60, HD)
    (crop,) = Regions(INPUT).choose(HD, moved=(far,), people=())
    assert crop.overlap(far) >= 0.999 * far.area
    assert 0.1 <= far.height / crop.height <= 0.45
    assert round(crop.width * HD[1]) == round(crop.height * HD[0])


def test_two_people_side_by_side_share_a_crop() -> None:
    people = [body(0.30, 0.4, 60, HD), body(0.34, 0.4, 62, HD)]
    assert len(Regions(INPUT).choose(HD, moved=(), people=people)) == 1


def test_a_far_one_gets_a_crop_beside_the_look_at_the_whole() -> None:
    near, far = body(0.2, 0.6, 300, HD), body(0.8, 0.2, 50, HD)
    looks = Regions(INPUT).choose(HD, moved=(), people=[near, far])
    assert looks[0] == WHOLE
    assert len(looks) == 2


def test_flecks_are_not_worth_a_look() -> None:
    fleck = Box(0.5, 0.5, 0.5 + 8 / 768, 0.5 + 8 / 576)
    assert Regions(INPUT).choose(SMALL, moved=(fleck,), people=()) == ()


def test_too_many_are_looked_at_in_turn() -> None:
    regions = Regions(INPUT, RegionSettings(most_looks=2))
    people = [body(x, y, 40, HD) for x in (0.1, 0.5, 0.9) for y in (0.15, 0.85)]
    looked: set[Box] = set()
    for turn in range(3):
        looks = regions.choose(HD, moved=(), people=people)
        assert len(looks) == 2
        regions.looked(after(turn / 10), 2)
        looked.update(looks)
    assert all(any(look.overlap(p) > 0.99 * p.area for look in looked) for p in people)


def test_who_may_take_one_look_at_a_time_looks_where_was_not_looked_for_longest() -> None:
    regions = Regions(INPUT)
    people = [body(x, 0.5, 40, HD) for x in (0.1, 0.5, 0.9)]
    for turn in range(12):
        first, *_ = regions.choose(HD, moved=(), people=people)
        regions.looked(after(turn / 10), 1)
        unseen = [one for one in people if first.overlap(one) < 0.5 * one.area]
        again, *_ = regions.choose(HD, moved=(), people=people)
        assert any(again.overlap(one) > 0.99 * one.area for one in unseen)


def test_a_look_at_the_whole_does_not_count_for_whom_it_shows_too_small() -> None:
    regions = Regions(INPUT)
    near, far = body(0.2, 0.6, 300, HD), body(0.8, 0.2, 50, HD)
    assert regions.choose(HD, moved=(), people=[near, far])[0] == WHOLE
    regions.looked(after(0), 1)
    assert regions.choose(HD, moved=(), people=[near, far])[0] != WHOLE


@given(moved=bodies, people=bodies)
def test_every_person_lies_in_a_look_and_the_budget_holds(
    moved: list[Box], people: list[Box]
) -> None:
    settings = RegionSettings(most_looks=50)
    looks = Regions(INPUT, settings).choose(HD, moved=moved, people=people)
    for one in people:
        assert any(look.overlap(one) >= 0.999 * one.area for look in looks)
    for look in looks:
        assert 0 <= look.x0 < look.x1 <= 1
        assert 0 <= look.y0 < look.y1 <= 1
    few = Regions(INPUT, RegionSettings(most_looks=2)).choose(HD, moved=moved, people=people)
    assert len(few) <= 2
    assert bool(few) == bool(looks)


def test_what_stands_there_for_long_is_looked_at_now_and_then() -> None:
    regions, hole = Regions((320, 320)), Box(0.4, 0.4, 0.45, 0.48)
    looks = [len(regions.choose((576, 768), moved=(hole,), people=())) for _ in range(115)]
    assert all(looks[:15])
    assert sum(looks[15:]) == 10
    walked = Box(0.43, 0.4, 0.48, 0.48)
    assert len(regions.choose((576, 768), moved=(walked,), people=())) == 1


@given(height_px=st.floats(64, 95), x=st.floats(0.1, 0.9), y=st.floats(0.1, 0.9))
def test_in_a_crop_around_somebody_they_fill_a_fifth_to_under_a_half_of_its_side(
    height_px: float, x: float, y: float
) -> None:
    """From 64 pixels on; who is smaller is shown pixel by pixel, who is larger by the whole."""
    one = body(x, y, height_px, HD)
    (crop,) = Regions(INPUT).choose(HD, moved=(), people=[one])
    assert 0.2 <= height_px / (crop.height * HD[0]) <= 0.45
