"""Helpers of the tests of accessible, used by more than one module."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.npm_packages import IS_POSSIBLE, installed

needs_axe = pytest.mark.skipif(not IS_POSSIBLE, reason="no node or npm here")
GRAVE = ("moderate", "serious", "critical")
ASK = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
  (found) => [found.impact, found.id, found.nodes.map((node) => node.html.slice(0, 160))])"""


@pytest.fixture(scope="module")
def axe(needs_system: None) -> str:
    place = installed(Path(__file__).parents[2] / "axe", "axe")
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def faults(page: Page, axe: str) -> list[Any]:
    """Serious faults that axe-core finds on the page."""
    page.evaluate(axe)
    found: list[Any] = page.evaluate(ASK)
    return [one for one in found if one[0] in GRAVE]
