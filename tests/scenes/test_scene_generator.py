"""The scene suite's pictures and truth: seeded, well-formed, and as described."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from agent.cameras.port import CameraError
from tests.bench.agent.scenes.command import CURE, material
from tests.bench.agent.scenes.conditions import CONDITIONS, Condition
from tests.bench.agent.scenes.footage import (
    LABELLED_FRAMES,
    NOBODY,
    Footage,
    Still,
    Street,
    UnlabelledFrameError,
    empty_picture,
)
from tests.bench.agent.scenes.night import poisson_bound, shifts_of
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.programme import Material, programme
from tests.bench.agent.scenes.shot import Shot

pytestmark = pytest.mark.promise(
    "Scene suite: Scenes are real recordings with generated weather and known truth."
)

TRUTH_FILE = Path(__file__).with_name("vtest.truth.toml")
EACH = pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
SIZES = ((576, 768), (240, 320), (260, 346), (48, 64))
"""One has halves that are odd, one is hardly a picture."""


def street_like(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.integers(20, 230, (height * 3 // 2, width), np.uint8)


@EACH
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_condition_keeps_size_and_type(condition: Condition, size: tuple[int, int]) -> None:
    for index in (0, 35, 75, 310):
        out = condition.over(street_like(*size), Shot(7, index))
        assert out.dtype == np.uint8
        assert out.shape == (size[0] * 3 // 2, size[1])


@EACH
def test_a_condition_makes_the_same_picture_of_the_same_shot(condition: Condition) -> None:
    for index in (0, 36, 75):
        once = condition.over(street_like(240, 320), Shot(7, index))
        again = condition.over(street_like(240, 320), Shot(7, index))
        assert np.array_equal(once, again)


@EACH
def test_a_condition_does_not_write_into_the_picture_it_is_given(condition: Condition) -> None:
    picture = street_like(240, 320)
    before = picture.copy()
    for index in (0, 35, 75):
        condition.over(picture, Shot(7, index))
    assert np.array_equal(picture, before)


@pytest.mark.promise("Scene suite: Each condition changes the picture.")
@EACH
def test_every_condition_but_clear_changes_the_picture_within_twelve_seconds(
    condition: Condition,
) -> None:
    picture = street_like(240, 320)
    changed = any(
        not np.array_equal(condition.over(picture, Shot(7, index)), picture) for index in range(120)
    )
    assert changed == (condition.name != "clear")


@pytest.mark.parametrize("name", ["rain", "snow", "moths", "noise", "night", "wet night"])
def test_another_seed_rolls_other_dice(name: str) -> None:
    condition = next(one for one in CONDITIONS if one.name == name)
    pictures = [
        [condition.over(street_like(240, 320), Shot(seed, index)) for index in range(20)]
        for seed in (7, 8)
    ]
    assert not np.array_equal(pictures[0], pictures[1])


def test_names_of_conditions_are_their_own() -> None:
    names = [condition.name for condition in CONDITIONS]
    assert len(names) == len(set(names))


def test_a_missing_recording_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"vtest\.avi is not there") as refusal:
        material(tmp_path, TRUTH_FILE)
    assert CURE in str(refusal.value)


def test_another_recording_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vtest.avi").write_bytes(b"another street")
    with pytest.raises(CameraError, match="not the recording this suite was built on"):
        material(tmp_path, TRUTH_FILE)


def test_frames_after_the_labelled_ones_are_never_decoded(stock: Material) -> None:
    assert stock.street.frames == LABELLED_FRAMES == 395


@pytest.mark.promise("Scene suite: Frames kept for judging are refused by the generator.")
@pytest.mark.parametrize("index", [395, 400, 794, -1])
def test_a_frame_that_nobody_may_tune_on_is_refused(stock: Material, index: int) -> None:
    with pytest.raises(UnlabelledFrameError, match="only 1 to 395 may be used"):
        stock.street.picture(index)
    with pytest.raises(UnlabelledFrameError):
        stock.street.shown(index)


def test_a_longer_truth_does_not_open_the_unlabelled_frames(stock: Material) -> None:
    longer = Street((*stock.street.pictures, stock.street.pictures[0]), stock.truth)
    with pytest.raises(UnlabelledFrameError):
        longer.picture(395)


@pytest.mark.parametrize("name", ["street", "far", "large", "close", "crowd", "dense"])
def test_truth_lies_inside_the_picture(stock: Material, name: str) -> None:
    footage = stock.people()[name]
    height, width = footage.size
    for index in range(0, footage.frames, 15):
        for box in footage.shown(index).people.values():
            assert 0 <= box.x0 < box.x1 <= width
            assert 0 <= box.y0 < box.y1 <= height


@pytest.mark.parametrize("name", ["street", "far", "large", "close", "crowd", "dense"])
def test_pictures_with_people_are_whole_and_come_again_the_same(stock: Material, name: str) -> None:
    once, again = stock.people()[name], stock.people()[name]
    height, width = once.size
    for index in (0, 40):
        assert once.picture(index).shape == (height * 3 // 2, width)
        assert np.array_equal(once.picture(index), again.picture(index))
        assert once.shown(index) == again.shown(index)


@pytest.mark.promise("Scene suite: Each range of body heights occurs in the suite.")
def test_every_band_of_height_is_asked_for_somewhere(stock: Material) -> None:
    heights = [
        box.height
        for footage in stock.people().values()
        for index in range(0, footage.frames, 20)
        for box in footage.shown(index).people.values()
    ]
    for low, high in ((24, 40), (40, 80), (80, 160), (160, 1000)):
        assert sum(low <= height < high for height in heights) >= 20


@pytest.mark.promise("Scene suite: Dense scenes are made from the recording.")
def test_in_a_crowd_the_pixels_of_a_body_differ_from_the_empty_street(stock: Material) -> None:
    crowd = stock.people()["crowd"]
    picture, empty = crowd.picture(30), empty_picture(stock.street)
    for box in crowd.shown(30).people.values():
        part = slice(int(box.y0), int(box.y1)), slice(int(box.x0), int(box.x1))
        apart = np.abs(picture[part].astype(int) - empty[part].astype(int))
        assert (apart > 15).mean() > 0.15


def test_the_empty_street_and_the_tree_show_nobody(stock: Material) -> None:
    footages: tuple[Footage, ...] = (stock.still, stock.tree)
    for footage in footages:
        assert footage.shown(0) == NOBODY
        assert np.array_equal(footage.picture(5), footage.picture(5))


def test_the_tree_plays_to_and_fro_without_a_jump(stock: Material) -> None:
    luma = [stock.tree.picture(index)[:240].astype(int) for index in range(45, 55)]
    steps = [np.abs(one - other).mean() for one, other in pairwise(luma)]
    assert max(steps) < 8


def test_scenes_have_names_of_their_own(stock: Material) -> None:
    for is_short in (True, False):
        names = [scene.name for scene in programme(stock, is_short=is_short)]
        assert len(names) == len(set(names))


def test_a_scene_plays_at_the_rate_of_its_footage(stock: Material) -> None:
    scene = Scene("nobody", stock.still)
    assert scene.frame(25).at.seconds_since(scene.frame(0).at) == 2.5


@pytest.mark.parametrize("hours", [0.1, 1.0, 10.0])
def test_a_night_is_as_long_as_asked_and_shows_nobody(hours: float) -> None:
    still = Still(street_like(48, 64))
    tree = Still(street_like(48, 64), seed=2)
    scenes = list(shifts_of(hours, still=still, tree=tree))
    frames = sum(scene.length for scene in scenes)
    assert frames / 36_000 == pytest.approx(hours, rel=0.01)
    assert {scene.name for scene in scenes} >= {f"nobody, {one.name}" for one in CONDITIONS}
    assert len({(scene.name, scene.seed) for scene in scenes}) == len(scenes)
    other = list(shifts_of(hours, still=still, tree=tree, seed=1))
    assert [scene.name for scene in other] == [scene.name for scene in scenes]
    assert not {scene.seed for scene in other} & {scene.seed for scene in scenes}


@pytest.mark.parametrize(("events", "mean"), [(0, 2.996), (1, 4.744), (3, 7.754), (10, 16.962)])
def test_the_bound_is_the_one_in_the_tables(events: int, mean: float) -> None:
    assert poisson_bound(events) == pytest.approx(mean, abs=0.001)
