"""Zones and masks drawn on the present picture with a finger, in a real browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.clips.live_page import running
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.nodes.aim import place_of, wanted
from tests.hub.rigs.web_town import NODE
from tests.waiting import until

pytestmark = pytest.mark.promise("Installing: A technician can aim a camera and send a test alert.")


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
        open_link(page, "a[href$='/aim']")
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
        outlines = page.locator("form", has=page.locator("[name=outlines]"))
        outlines.locator("[name=reason]").fill("cửa sổ nhà bên")
        outlines.locator("button.is-main").click()
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


def test_what_is_drawn_and_not_called_done_is_saved_too(hub: Hub, meet: Meet) -> None:
    page = meet("kim", size=SIZES["desk"]).page
    with running(hub):
        page.goto(f"{hub.url}{place_of(hub.town)}")
        expect(page.locator(".live canvas")).to_be_visible()
        page.click("[data-draw=private]")
        tap(page, (0.6, 0.2), (0.9, 0.2), (0.9, 0.5))
        outlines = page.locator("form", has=page.locator("[name=outlines]"))
        outlines.locator("[name=reason]").fill("cửa sổ nhà bên")
        outlines.locator("button.is-main").click()
        expect(page.locator("main [role=status]")).to_be_visible()
    (mask,) = wanted(hub.town)["private"]
    assert len(mask) == 3


def test_a_name_is_typed_and_the_next_tap_counts(hub: Hub, meet: Meet) -> None:
    page = meet("kim", size=SIZES["desk"]).page
    with running(hub):
        page.goto(f"{hub.url}{place_of(hub.town)}")
        expect(page.locator(".live canvas")).to_be_visible()
        for left in (0.1, 0.5):
            page.click("[data-draw=zone]")
            tap(page, (left, 0.2), (left + 0.3, 0.2), (left + 0.3, 0.5))
            page.click("[data-draw=done]")
        names = page.locator("#aim-shapes input")
        names.nth(0).fill("Sân sau")
        names.nth(0).press("Tab")
        expect(page.locator("#aim-shapes button").nth(0)).to_be_focused()
        names.nth(0).fill("Sân")
        page.locator("#aim-shapes button").nth(1).click()
        expect(names).to_have_count(1)
        expect(page.locator("[name=outlines]")).to_have_value(re.compile('^zone vung-1 "Sân" '))


def middle(page: Page, selector: str) -> tuple[float, float, float, float]:
    """Middle of an element, and its size, in pixels."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box is not None
    wide, high = box["width"], box["height"]
    return box["x"] + wide / 2, box["y"] + high / 2, wide, high


@in_two_looks
def test_bearing_height_and_horizon_are_dragged_or_moved_by_keys(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    set_language(hub, "kim", language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    page = keeper.page
    with running(hub):
        keeper.open(place_of(hub.town))
        expect(page.locator(".live canvas")).to_be_visible()
        x, y, wide, _ = middle(page, "#dial")
        page.mouse.move(x, y - wide / 3)
        page.mouse.down()
        page.mouse.move(x + wide / 3, y, steps=4)
        page.mouse.up()
        expect(page.locator("[name=bearing]")).to_have_value("90")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("PageUp")
        expect(page.locator("[name=bearing]")).to_have_value("99")
        expect(page.locator("#dial")).to_have_attribute("aria-valuenow", "99")
        page.locator("#mast").focus()
        page.keyboard.press("ArrowUp")
        expect(page.locator("[name=mast_height_m]")).to_have_value("6.5")
        x, y, _, high = middle(page, "#mast")
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y - high, steps=3)
        page.mouse.up()
        expect(page.locator("[name=mast_height_m]")).to_have_value("30")
        page.click("#horizon-show")
        expect(page.locator("#horizon")).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(page.locator("[name=horizon]")).to_have_value("19.5")
        x, y, _, _ = middle(page, "#horizon")
        picture = page.locator("#aim").bounding_box()
        assert picture is not None
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, picture["y"] + picture["height"] / 2, steps=3)
        page.mouse.up()
        assert abs(float(page.locator("[name=horizon]").input_value()) - 50) <= 1
        keeper.shot(f"{size}-{language}-{theme}-measures", full=True)
        assert fits(page)
        page.locator("#measures [name=reason]").fill("đo bằng thước")
        page.locator("#measures form button:not([type])").click()
        expect(page.locator("main [role=status]").first).to_be_visible()
        until(lambda: "horizon" in wanted(hub.town))
    assert wanted(hub.town)["mast_height_m"] == 30
    assert abs(wanted(hub.town)["horizon"] - 0.5) <= 0.01
    assert keeper.complaints == []
