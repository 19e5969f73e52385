"""The bar of a phone and the rail of a desk: their places, and that they cover nothing."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import update

from hub.registry.tables import nodes
from tests.browser.conftest import DESK, PHONE, Hub, Meet, open_link
from tests.browser.everything import KEEPER, with_keeper_of_all
from tests.browser.helpers.whole.pages import box, fits
from tests.hub.rigs.web_town import Seen
from tests.waiting import until

SMALL_DESK = {"width": 1000, "height": 700}


def _end(place: Any) -> float:
    return float(place["y"] + place["height"])


def hit(page: Page, selector: str) -> bool:
    """Whether a finger on the middle of the element reaches it, and nothing that lies above."""
    middle = """(element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }"""
    return bool(page.locator(selector).first.evaluate(middle))


@pytest.mark.promise("Pages: The bar of a phone covers neither content nor a button.")
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_bar_of_a_phone_covers_nothing(hub: Hub, meet: Meet, whole: Seen, script: bool) -> None:
    with_keeper_of_all(hub)
    keeper = meet(KEEPER, java_script_enabled=script)
    for path in (f"/alerts/{whole.alert_id}", "/", "/settings", "/more", "/grants"):
        keeper.open(path)
        bar = box(keeper.page, ".places")
        assert _end(bar) == PHONE["height"], path
        assert bar["height"] < 64, path
        assert hit(keeper.page, ".places a[href='/more']"), path
        keeper.page.mouse.move(100, 300)
        keeper.page.mouse.wheel(0, 100_000)
        until(lambda: _end(box(keeper.page, "main")) < box(keeper.page, ".places")["y"] + 1, path)
    keeper.open(f"/alerts/{whole.alert_id}")
    take, bar = box(keeper.page, "[data-act=take]"), box(keeper.page, ".places")
    assert _end(take) <= bar["y"]
    open_link(keeper.page, ".places a[href='/map']")
    expect(keeper.page.locator(".places a[href='/map']")).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("size", [SMALL_DESK, DESK], ids=["small desk", "desk"])
def test_the_rail_of_a_desk_is_beside_the_page(
    hub: Hub, meet: Meet, whole: Seen, size: dict[str, int]
) -> None:
    with_keeper_of_all(hub)
    keeper = meet(KEEPER, size=size)
    keeper.open(f"/alerts/{whole.alert_id}")
    rail, main = box(keeper.page, ".places"), box(keeper.page, "main")
    assert (rail["x"], rail["height"]) == (0, size["height"])
    assert main["x"] == rail["width"]
    assert main["x"] + main["width"] == size["width"]
    expect(keeper.page.locator(".places a[href='/']")).to_have_attribute("aria-current", "true")
    expect(keeper.page.locator(".places .waiting")).to_have_text("1 đang chờ")
    for place in keeper.page.locator(".places a").all():
        place.scroll_into_view_if_needed()
        expect(place).to_be_in_viewport()


def test_the_keyboard_goes_through_the_places_and_past_them(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    with_keeper_of_all(hub)
    keeper = meet(KEEPER, size=DESK)
    keeper.open("/more")
    keeper.page.keyboard.press("Tab")
    keeper.page.keyboard.press("Enter")  # the link past the places
    keeper.page.keyboard.press("Tab")
    inside = "document.activeElement.closest('main') !== null"
    assert keeper.page.evaluate(inside)
    places = keeper.page.locator(".places a")
    places.first.focus()
    for _ in range(places.count()):
        keeper.page.keyboard.press("Tab")
    assert keeper.page.evaluate(inside)
    places.first.focus()
    keeper.page.keyboard.press("Tab")
    assert keeper.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.promise("Pages: Everything is found by its name with the keyboard alone.")
def test_the_search_of_everything_is_used_by_keys(hub: Hub, meet: Meet, whole: Seen) -> None:
    with_keeper_of_all(hub)
    keeper = meet(KEEPER, size=DESK)
    page = keeper.page
    for path in ("/more", f"/alerts/{whole.alert_id}"):
        keeper.open(path)
        expect(page.locator("#search")).to_have_attribute("aria-keyshortcuts", "/")
        page.keyboard.press("/")
        expect(page.locator("#search")).to_be_focused()
        expect(page.locator("#search")).to_have_value("")
    page.keyboard.type("cho")
    found = page.locator("#search-found a")
    expect(found.filter(has_text="Chợ Cũ").first).to_be_visible()
    expect(page.locator("#heard")).to_contain_text("kết quả")
    keeper.shot("desk-search")
    page.keyboard.press("ArrowDown")
    expect(found.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(found.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#search-found")).to_be_hidden()
    page.locator("#search").fill("nguoi va quyen")
    expect(found.first).to_contain_text("Người và quyền xem")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{hub.url}/grants")
    assert keeper.complaints == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_phone_searches_on_a_page_of_its_own(
    hub: Hub, meet: Meet, whole: Seen, script: bool
) -> None:
    officer = meet("an", java_script_enabled=script)
    open_link(officer.page, ".bar a[href='/search']")
    officer.page.fill("#search", "cho")
    if not script:
        officer.page.click(".search button")
    found = officer.page.locator("#search-found a")
    expect(found.first).to_be_visible()
    officer.shot("phone-search")
    assert fits(officer.page)
    found.first.click()
    officer.page.wait_for_url(f"{hub.url}/cameras/*")


def test_what_was_typed_before_the_script_came_is_searched(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    held: list[Route] = []
    officer = meet("an")

    def hold(route: Route) -> None:
        held.append(route)

    officer.page.route("**/search.js*", hold)
    officer.page.goto(f"{hub.url}/search", wait_until="commit")
    officer.page.fill("#search", "cho")
    until(lambda: held or officer.page.wait_for_timeout(50), "the page asks for its script")
    held[0].continue_()
    expect(officer.page.locator("#search-found a").first).to_be_visible()


def test_the_number_of_waiting_alerts_changes_on_an_open_page(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    an, binh = meet("an"), meet("binh", size=DESK)
    waiting = binh.page.locator(".places .waiting")
    expect(waiting).to_have_text("1 đang chờ")
    expect(binh.page.locator("#line-state")).to_have_text("Trực tiếp")
    hub.town.somebody()
    expect(waiting).to_have_text("2 đang chờ")
    an.open_alert(whole.alert_id)
    an.page.click("[data-act=take]")
    expect(waiting).to_have_text("1 đang chờ")
    assert binh.complaints == []


def test_a_box_that_went_before_the_line_was_there_is_counted(
    hub: Hub, meet: Meet, whole: Seen
) -> None:
    kim = meet("kim", size=DESK)
    lines: list[Route] = []

    def hold_line(route: Route) -> None:
        lines.append(route)

    kim.page.route("**/events*", hold_line)
    kim.page.reload()
    until(lambda: lines or kim.page.wait_for_timeout(20), "the page asks for changes")
    with hub.town.db.writing() as conn:
        conn.execute(update(nodes).values(state="offline"))
    lines[0].continue_()
    boxes = kim.page.locator(".places a[href='/nodes'] .waiting")
    expect(boxes).to_have_text("1 cần xem")


def test_a_box_that_is_gone_is_counted_on_an_open_page(hub: Hub, meet: Meet, whole: Seen) -> None:
    kim = meet("kim", size=DESK)
    boxes = kim.page.locator(".places a[href='/nodes'] .waiting")
    beyond_bar = kim.page.locator(".places a[href='/more'] .waiting:visible")
    expect(kim.page.locator("#line-state")).to_have_text("Trực tiếp")
    expect(boxes).to_have_count(0)
    with hub.town.db.writing() as conn:
        conn.execute(update(nodes).values(state="offline"))
    expect(boxes).to_have_text("1 cần xem")
    expect(beyond_bar).to_have_count(0)
    kim.page.set_viewport_size({"width": 360, "height": 740})  # whose bar has no place for boxes
    expect(beyond_bar).to_have_text("1 đang chờ")
    assert kim.complaints == []
