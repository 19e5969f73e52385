"""People who stand still and small from the first frame on: reported soon, and nobody else."""

from pathlib import Path

import pytest

from agent.bench.scenes.crowd import CrowdScene
from agent.bench.scenes.judge import judge
from agent.bench.scenes.play import Scene, shown_to
from agent.bench.scenes.programme import Material
from agent.bench.sight import sight

MODELS = Path(__file__).parents[2] / "models"
WITHIN_FRAMES = 21
"""Two seconds, after the first frame."""


@pytest.mark.promise("Agent: Who stands there small when a camera starts is looked at closely.")
def test_who_stands_there_from_40_pixels_on_is_reported_within_two_seconds(
    stock: Material,
) -> None:
    standing = CrowdScene(stock.street, 11, (40, 60), frames=24, seed=301, is_still=True)
    seen = shown_to(sight(MODELS / "manifest.toml"), Scene("standing", standing))
    verdict = judge(seen)
    assert verdict.persons == 11
    assert verdict.false_sightings == 0
    assert len([frame for frame, _ in seen.opened if frame <= WITHIN_FRAMES]) >= 6
