"""People who stand still and small from the first frame on: reported soon, and nobody else."""

from pathlib import Path

import pytest

from agent.replay.sight import sight
from tests.bench.agent.scenes.conditions import BY_NAME
from tests.bench.agent.scenes.crowd import CrowdScene
from tests.bench.agent.scenes.judge import judge
from tests.bench.agent.scenes.play import Scene, shown_to
from tests.bench.agent.scenes.programme import Material

MODELS = Path(__file__).parents[2] / "models"
WITHIN_FRAMES = 21
"""Two seconds, after the first frame."""


@pytest.mark.promise("Agent: Who stands there small when a camera starts is looked at closely.")
@pytest.mark.parametrize(
    ("light", "heights_px", "least"),
    [("clear", (24, 40), 7), ("clear", (40, 60), 9), ("night", (60, 90), 5)],
)
def test_who_stands_there_small_is_reported_within_two_seconds(
    stock: Material, light: str, heights_px: tuple[int, int], least: int
) -> None:
    standing = CrowdScene(stock.street, 11, heights_px, frames=24, seed=301, is_still=True)
    scene = Scene("standing", standing, BY_NAME[light])
    seen = shown_to(sight(MODELS / "manifest.toml"), scene)
    verdict = judge(seen)
    assert verdict.persons == 11
    assert verdict.false_sightings == 0
    assert len([frame for frame, _ in seen.opened if frame <= WITHIN_FRAMES]) >= least
