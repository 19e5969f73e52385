"""The scene suite in its short form: no condition may fall below its baseline."""

from functools import cache
from pathlib import Path

import pytest

from agent.replay.sight import Sight, sight
from tests.bench.agent.scenes import baseline
from tests.bench.agent.scenes.judge import Verdict, judge
from tests.bench.agent.scenes.play import shown_to
from tests.bench.agent.scenes.programme import Material, programme

pytestmark = [
    pytest.mark.promise(
        "Detection and tracking: Evidence over frames removes the ghosts of a lower threshold."
    ),
    pytest.mark.promise("Scene suite: The test command runs a short form of the scene suite."),
]

FLOORS = baseline.load(Path(__file__).with_name("baseline.toml"))
MODELS = Path(__file__).parents[2] / "models"


@cache
def seers() -> Sight:
    return sight(MODELS / "manifest.toml")


def verdict_on(stock: Material, name: str) -> Verdict:
    scene = next(one for one in programme(stock, is_short=True) if one.name == name)
    return judge(shown_to(seers(), scene))


@pytest.mark.promise("Core: The suite raises no alert for a person who is not there.")
@pytest.mark.promise("Scene suite: A worse detection result fails the test command.")
@pytest.mark.parametrize("name", FLOORS)
def test_the_eyes_reach_their_baseline_on(stock: Material, name: str) -> None:
    assert list(FLOORS[name].broken_by(verdict_on(stock, name))) == []


def test_a_wet_night_is_followed_to_its_end(stock: Material) -> None:
    """Its short form shows too little: who walks on is lost only where motion sees them no more."""
    [scene] = [one for one in programme(stock, is_short=False) if one.name == "street, wet night"]
    seen = judge(shown_to(seers(), scene))
    assert seen.recall["40-80"] >= 0.9
    assert seen.recall["80-160"] >= 0.98
    assert seen.false_sightings == 0


def test_every_scene_of_the_short_form_has_a_baseline(stock: Material) -> None:
    assert {scene.name for scene in programme(stock, is_short=True)} == FLOORS.keys()


def test_a_scene_played_twice_is_told_alike(stock: Material) -> None:
    one, other = verdict_on(stock, "street, moths"), verdict_on(stock, "street, moths")
    assert one.recall == other.recall
    assert (one.sightings, one.id_switches) == (other.sightings, other.id_switches)
    assert one.inferences_per_s == other.inferences_per_s


def test_whoever_sees_nobody_on_the_street_falls_below_every_floor(stock: Material) -> None:
    scene = next(iter(programme(stock, is_short=True)))
    played = shown_to(seers(), scene)
    played.tracks, played.opened = {}, []
    missed = list(FLOORS[scene.name].broken_by(judge(played)))
    assert any("recall" in line for line in missed)
    assert any("told" in line for line in missed)


def test_a_misspelt_floor_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "baseline.toml"
    file.write_text('[scene."street, clear"]\nrecal = 0.5\n')
    with pytest.raises(baseline.BaselineError, match="unknown recal"):
        baseline.load(file)
