"""Zones and masks drawn on the present picture with a finger, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.clips.test_live_page import running
from tests.browser.conftest import Hub, Meet
from tests.browser.whole.test_pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.nodes.test_aim import wanted
from tests.hub.rigs.web_town import NODE
from tests.waiting import until

pytestmark = pytest.mark.promise("Installing: A technician can aim a camera and send a test alert.")

PATIENCE_MS = 30_000


def tap(page: Any, *corners: tuple[float, float]) -> None:
    """Taps at these shares of the picture."""
    page.locator(".outlines").scroll_into_view_if_needed()
    box = page.locator(".outlines").bounding_box()
    for x, y in corners:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


@in_two_looks
def test_a_mask_and_a_zone_are_drawn_moved_saved_and_wanted_of_the_node(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    set_language(hub, "kim", language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    page = keeper.page
    with running(hub):
        keeper.open("/nodes")
        page.click(f"[data-node={NODE}] a")
        page.click("a[href$='/aim']")
        expect(page.locator(".live canvas")).to_be_visible()
        page.click("[data-draw=private]")
        tap(page, (0.6, 0.2), (0.9, 0.2), (0.9, 0.5))
        page.click("[data-draw=done]")
        page.click("[data-draw=zone]")
        tap(page, (0.1, 0.6), (0.4, 0.6), (0.4, 0.9), (0.1, 0.9))
        page.click("[data-draw=undo]")
        tap(page, (0.1, 0.8), (0.1, 0.6))  # back at the first corner
        expect(page.locator("#aim-shapes li")).to_have_count(2)
        expect(page.locator(".outlines polygon")).to_have_count(2)
        page.locator("#aim-shapes input").fill('Cổng "sau": chợ')
        page.locator("#aim-shapes input").blur()
        keeper.shot(f"{size}-{language}-{theme}-aim", full=True)
        assert fits(page)
        page.fill("[name=reason]", "cửa sổ nhà bên")
        page.click("main form button.is-main")
        expect(page.locator("main [role=status]")).to_be_visible()
        until(lambda: wanted(hub.town))
        keeper.shot(f"{size}-{language}-{theme}-aim-saved", full=True)
    found = wanted(hub.town)
    (mask,) = found["private"]
    assert [[round(x, 1), round(y, 1)] for x, y in mask] == [[0.6, 0.2], [0.9, 0.2], [0.9, 0.5]]
    (zone,) = found["zone"]
    assert (zone["name"], zone["entry"], len(zone["outline"])) == ("vung-1", True, 4)
    assert zone["label"] == "Cổng sau: chợ"
    assert keeper.complaints == []
