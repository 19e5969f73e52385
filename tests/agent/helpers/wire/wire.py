"""Helpers of the tests of wire, used by more than one module."""

from pathlib import Path

GOLDEN = sorted((Path(__file__).parents[2] / "golden").glob("*.json"))
