"""Regions for looks: enough of them, large enough, and no more than needed."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.detect.regions import Regions, RegionSettings
from agent.vision.detect.sheet import Sheet
from agent.vision.geometry import SMALLER, WHOLE, Box
from tests.agent.helpers.vision.detect.regions import HD, SMALL, body
from tests.agent.rigs.vision import after, person

pytestmark = pytest.mark.promise(
    "Detection and tracking: The model runs only where something moved or was tracked."
)

INPUT = (320, 320)


shares = st.floats(0.05, 0.95)
bodies = st.lists(st.builds(person, shares, shares, height=st.floats(0.04, 0.5)), max_size=8).map(
    lambda people: [one.box.clipped() for one in people]
)


def choose(
    regions: Regions,
    size_px: tuple[int, int],
    *,
    moved: Sequence[Box],
    people: Sequence[Box],
    at_s: float = 0.0,
) -> tuple[Box, ...]:
    """With everybody due."""
    return boxes(
        regions.choose(after(at_s), size_px, input_px=INPUT, moved=moved, people=people, due=people)
    )


def boxes(looks: Sequence[Box | Sheet]) -> tuple[Box, ...]:
    """Without sheets, which only a network that takes them gets (see `test_sheet`)."""
    shown = tuple(one for one in looks if isinstance(one, Box))
    assert len(shown) == len(looks)
    return shown


def test_nothing_moved_and_nobody_tracked_is_nowhere() -> None:
    assert choose(Regions(), HD, moved=(), people=()) == ()


def test_a_small_picture_with_people_large_enough_is_looked_at_once_as_a_whole() -> None:
    people = [body(x / 10, 0.4, 80, SMALL) for x in range(1, 10)]
    assert choose(Regions(), SMALL, moved=(), people=people) == (WHOLE,)


def test_one_person_far_away_in_a_large_picture_gets_a_crop() -> None:
    far = body(0.3, 0.4, 60, HD)
    (crop,) = choose(Regions(), HD, moved=(far,), people=())
    assert crop.overlap(far) >= 0.999 * far.area
    assert 0.1 <= far.height / crop.height <= 0.45
    assert round(crop.width * HD[1]) == round(crop.height * HD[0])


def test_two_people_side_by_side_share_a_crop() -> None:
    people = [body(0.30, 0.4, 60, HD), body(0.34, 0.4, 62, HD)]
    assert len(choose(Regions(), HD, moved=(), people=people)) == 1


def test_a_far_one_gets_a_crop_beside_the_look_at_the_whole() -> None:
    near, far = body(0.2, 0.6, 300, HD), body(0.8, 0.2, 50, HD)
    looks = choose(Regions(), HD, moved=(), people=[near, far])
    assert looks[0] == WHOLE
    assert len(looks) == 2


def test_who_is_near_is_looked_at_at_half_the_size_too_until_told_of_for_sure() -> None:
    near = body(0.5, 0.5, 400, SMALL)
    regions = Regions()

    def looks(sure: Sequence[Box]) -> tuple[Box, ...]:
        return boxes(
            regions.choose(
                after(0), SMALL, input_px=INPUT, moved=[near], people=[near], due=[near], sure=sure
            )
        )

    assert set(looks(sure=())) == {WHOLE, SMALLER}
    assert looks(sure=[near]) == (WHOLE,)


def test_a_camera_opened_anew_is_looked_at_at_half_the_size_though_its_time_begins_earlier() -> (
    None
):
    regions, moved = Regions(), body(0.3, 0.5, 400, SMALL)
    for at_s in (10.0, 8.5):
        looks = choose(regions, SMALL, moved=[moved], people=(), at_s=at_s)
        assert SMALLER in looks
        regions.looked(after(at_s), looks)


def test_near_motion_is_looked_at_at_half_the_size_too_twice_a_second() -> None:
    regions, moved = Regions(), body(0.3, 0.5, 400, SMALL)
    shown = []
    for index in range(20):
        looks = choose(regions, SMALL, moved=[moved], people=(), at_s=index / 10)
        assert WHOLE in looks
        regions.looked(after(index / 10), looks)
        shown.append(SMALLER in looks)
    assert [index for index, is_shown in enumerate(shown) if is_shown] == [0, 5, 10, 15]


def test_whom_the_whole_shows_poorly_a_crop_shows_better_for_no_look_more() -> None:
    """Between 16 and 24 pixels of the network's input; 60 of them high in a crop, or nearly."""
    one = body(0.3, 0.4, 100, HD)
    (crop,) = choose(Regions(), HD, moved=(), people=[one])
    assert crop.height < 0.5
    assert crop.overlap(one) >= 0.999 * one.area


def test_whom_the_whole_shows_poorly_it_shows_all_the_same_where_crops_were_more_looks() -> None:
    corners = [body(x, y, 100, HD) for x in (0.05, 0.95) for y in (0.1, 0.9)]
    assert choose(Regions(), HD, moved=(), people=corners) == (WHOLE,)


def test_what_moves_and_is_wider_than_a_body_is_left_to_the_whole_which_shows_many() -> None:
    group = Box(0.3, 0.4, 0.4, 0.5)
    assert choose(Regions(), HD, moved=(group,), people=()) == (WHOLE,)


def test_flecks_are_not_worth_a_look() -> None:
    fleck = Box(0.5, 0.5, 0.5 + 8 / 768, 0.5 + 8 / 576)
    assert choose(Regions(), SMALL, moved=(fleck,), people=()) == ()


def test_too_many_are_looked_at_in_turn() -> None:
    regions = Regions(RegionSettings(most_looks=2))
    people = [body(x, y, 40, HD) for x in (0.1, 0.5, 0.9) for y in (0.15, 0.85)]
    looked: set[Box] = set()
    for turn in range(3):
        looks = choose(regions, HD, moved=(), people=people)
        assert len(looks) == 2
        regions.looked(after(turn / 10), looks)
        looked.update(looks)
    assert all(any(look.overlap(p) > 0.99 * p.area for look in looked) for p in people)


@pytest.mark.promise(
    "Detection and tracking: Looks stay within their budget, the longest unseen first."
)
def test_who_may_take_one_look_at_a_time_looks_where_was_not_looked_for_longest() -> None:
    regions = Regions()
    people = [body(x, 0.5, 40, HD) for x in (0.1, 0.5, 0.9)]
    for turn in range(12):
        first, *_ = choose(regions, HD, moved=(), people=people)
        regions.looked(after(turn / 10), (first,))
        unseen = [one for one in people if first.overlap(one) < 0.5 * one.area]
        again, *_ = choose(regions, HD, moved=(), people=people)
        assert any(again.overlap(one) > 0.99 * one.area for one in unseen)


SIDE_BY_SIDE = [(0.30, 0.5, 26), (0.41, 0.5, 26)]
BESIDE_A_NEAR_ONE = [(0.43, 0.69, 680), (0.56, 0.59, 30), (0.32, 0.19, 40), (0.75, 0.21, 30)]


@pytest.mark.promise(
    "Detection and tracking: Looks stay within their budget, the longest unseen first."
)
@pytest.mark.parametrize("places", [SIDE_BY_SIDE, BESIDE_A_NEAR_ONE])
@pytest.mark.parametrize("input_px", [INPUT, (192, 320)])
def test_nobody_beside_others_waits_for_ever_where_one_look_at_a_time_is_all(
    input_px: tuple[int, int], places: list[tuple[float, float, float]]
) -> None:
    regions = Regions(takes_sheets=True)
    people = [body(x, y, height_px, HD) for x, y, height_px in places]
    seen = set[Box]()
    for turn in range(12):
        now = after(turn / 3)
        first, *_ = regions.choose(now, HD, input_px=input_px, moved=(), people=people, due=people)
        regions.looked(now, (first,))
        parts = [part.inner for part in first.parts] if isinstance(first, Sheet) else [first]
        close = [part for part in parts if part.width < 1]
        seen |= {one for one in people for part in close if part.overlap(one) > 0.99 * one.area}
    assert {one for one in people if one.height < 0.1} <= seen


def test_a_look_at_the_whole_does_not_count_for_whom_it_shows_too_small() -> None:
    regions = Regions()
    near, far = body(0.2, 0.6, 300, HD), body(0.8, 0.2, 50, HD)
    assert choose(regions, HD, moved=(), people=[near, far])[0] == WHOLE
    regions.looked(after(0), (WHOLE,))
    assert choose(regions, HD, moved=(), people=[near, far])[0] != WHOLE


@given(moved=bodies, people=bodies)
def test_every_person_lies_in_a_look_and_the_budget_holds(
    moved: list[Box], people: list[Box]
) -> None:
    settings = RegionSettings(most_looks=50)
    looks = choose(Regions(settings), HD, moved=moved, people=people)
    for one in people:
        assert any(look.overlap(one) >= 0.999 * one.area for look in looks)
    for look in looks:
        if look == SMALLER:
            continue
        assert 0 <= look.x0 < look.x1 <= 1
        assert 0 <= look.y0 < look.y1 <= 1
    few = choose(Regions(RegionSettings(most_looks=2)), HD, moved=moved, people=people)
    assert len(few) <= 2
    assert bool(few) == bool(looks)


def test_what_stands_there_for_long_is_looked_at_now_and_then() -> None:
    regions, hole = Regions(), Box(0.4, 0.4, 0.45, 0.48)
    looks = [len(choose(regions, (576, 768), moved=(hole,), people=())) for _ in range(115)]
    assert all(looks[:15])
    assert sum(looks[15:]) == 10
    walked = Box(0.43, 0.4, 0.48, 0.48)
    assert len(choose(regions, (576, 768), moved=(walked,), people=())) == 1


@pytest.mark.promise("Detection and tracking: A crop shows a person large enough for the model.")
@given(height_px=st.floats(64, 95), x=st.floats(0.1, 0.9), y=st.floats(0.1, 0.9))
def test_in_a_crop_around_somebody_they_fill_a_fifth_to_under_a_half_of_its_side(
    height_px: float, x: float, y: float
) -> None:
    """From 64 pixels on; who is smaller is shown pixel by pixel, who is larger by the whole."""
    one = body(x, y, height_px, HD)
    (crop,) = choose(Regions(), HD, moved=(), people=[one])
    assert 0.2 <= height_px / (crop.height * HD[0]) <= 0.45


def test_while_somebody_is_followed_a_place_looked_at_in_vain_waits_a_fifth_of_a_second() -> None:
    regions, far_off = Regions(), body(0.9, 0.8, 100, SMALL)
    looks = []
    for frame in range(60):
        now, x = after(frame / 15), 0.3 + 0.025 * (frame % 2)
        swaying = Box(x, 0.2, x + 0.04, 0.3)
        found = regions.choose(
            now, SMALL, input_px=INPUT, moved=[swaying], people=[far_off], due=()
        )
        looks.append(len(found))
        regions.looked(now, found)
    assert all(looks[:8])
    assert sum(looks[30:]) == 10


def test_while_somebody_is_followed_who_walks_elsewhere_is_looked_at_in_each_frame() -> None:
    regions, far_off = Regions(), body(0.9, 0.8, 100, SMALL)
    for frame in range(30):
        now, x = after(frame / 15), 0.2 + frame / 60
        moved = Box(x, 0.2, x + 0.04, 0.32)
        assert regions.choose(
            now, SMALL, input_px=INPUT, moved=[moved], people=[far_off], due=()
        ) == (WHOLE,)
        regions.looked(now, (WHOLE,))


def test_while_nobody_is_followed_motion_is_looked_at_in_each_frame() -> None:
    regions = Regions()
    for frame in range(30):
        moved = Box(0.3 + frame / 100, 0.4, 0.34 + frame / 100, 0.52)
        assert choose(regions, SMALL, moved=[moved], people=(), at_s=frame / 15) == (WHOLE,)
        regions.looked(after(frame / 15), (WHOLE,))


def test_who_is_not_due_gets_no_look_of_their_own_and_their_motion_none_either() -> None:
    one = body(0.3, 0.4, 60, HD)
    assert Regions().choose(after(0), HD, input_px=INPUT, moved=[one], people=[one], due=()) == ()


@pytest.mark.promise("Detection and tracking: A crop shows a person large enough for the model.")
@pytest.mark.promise(
    "Detection and tracking: Small people far away are found by tiles and by enlarging."
)
@given(height_px=st.floats(6, 31), x=st.floats(0.1, 0.9), y=st.floats(0.1, 0.9))
def test_who_is_tracked_and_small_is_shown_enlarged_and_what_only_moved_is_not(
    height_px: float, x: float, y: float
) -> None:
    one = body(x, y, height_px, HD)
    (crop,) = choose(Regions(), HD, moved=(), people=[one])
    zoom = INPUT[0] / (crop.height * HD[0])
    assert crop.overlap(one) >= 0.999 * one.area
    assert 1 <= zoom <= 2.001
    assert zoom * height_px <= 32.1
    for moved in choose(Regions(), HD, moved=[one], people=()):
        assert round(moved.height * HD[0]) == INPUT[0]


@pytest.mark.promise("Detection and tracking: A crop shows a person large enough for the model.")
@given(height_px=st.floats(33, 95), x=st.floats(0.1, 0.9), y=st.floats(0.1, 0.9))
def test_for_a_wide_network_a_crop_is_wide_and_shows_nobody_smaller(
    height_px: float, x: float, y: float
) -> None:
    one, wide = body(x, y, height_px, HD), (192, 320)
    (crop,) = boxes(
        Regions().choose(after(0), HD, moved=(), people=[one], due=[one], input_px=wide)
    )
    assert crop.overlap(one) >= 0.999 * one.area
    assert round(crop.width * HD[1] / wide[1], 2) == round(crop.height * HD[0] / wide[0], 2) == 1


@pytest.mark.promise(
    "Detection and tracking: Looks stay within their budget, the longest unseen first."
)
@pytest.mark.parametrize("input_px", [INPUT, (192, 320)])
def test_who_is_near_gets_the_half_size_in_turn_where_one_look_a_frame_is_all(
    input_px: tuple[int, int],
) -> None:
    regions, near = Regions(takes_sheets=True), body(0.3, 0.5, 800, HD)
    far = body(0.8, 0.3, 50, HD)
    firsts = []
    for frame in range(12):
        now = after(frame / 10)
        looks = regions.choose(
            now, HD, input_px=input_px, moved=(), people=[near, far], due=[near, far]
        )
        regions.looked(now, looks[:1])
        firsts.append(looks[0])
    assert 4 <= firsts.count(SMALLER) <= 6
