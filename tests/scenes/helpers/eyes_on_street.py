"""Helpers of the tests of eyes on street, used by more than one module."""

from pathlib import Path

from tests.bench.agent.scenes.truth import load

TRUTH = load(Path(__file__).parents[1] / "vtest.truth.toml")
BODY_WIDTH = 0.38
"""Of its height; the truth states heights only."""
