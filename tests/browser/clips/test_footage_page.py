"""The page that finds footage by camera and time, in a real browser."""

import pytest
from playwright.sync_api import expect

from hub.access.rules.grants import Right
from tests.browser import footage
from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_three_looks, set_language
from tests.hub.helpers.search.web_search import address, let_search
from tests.hub.rigs.web_town import some_bytes

pytestmark = [
    pytest.mark.promise("Clips: Any span of continuous recording can be fetched by time."),
    pytest.mark.promise("Search: A search can ask a node for its footage."),
]


@in_three_looks
def test_footage_is_found_played_and_more_is_asked_for(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    let_search(hub.town, "an", Right.SEARCH | Right.CLIPS)
    whole = footage.clip(seconds=8)
    hub.town.clip(hub.town.somebody(), whole, duration_ms=8_000)
    hub.town.bring(whole)
    hub.town.clip(hub.town.somebody(), some_bytes())
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    officer.open("/more")
    open_link(officer.page, "a[href='/footage']")
    expect(officer.page.locator("h1")).to_be_visible()
    officer.page.click("form[action='/footage'] button")
    expect(officer.page.locator("#reason")).to_be_visible()
    officer.open(address(hub.town))
    expect(officer.page.locator("[data-clip]")).to_have_count(2)
    officer.page.locator("video").evaluate("video => { video.play() }")
    officer.page.wait_for_function("() => document.querySelector('video').currentTime > 1")
    assert fits(officer.page)
    officer.shot(f"{size}-{language}-{theme}-footage-full", full=True)
    officer.page.click("[data-clip] button")
    expect(officer.page.locator("[data-clip]").last.locator("button")).to_have_count(0)
    officer.page.fill("#reason", "vụ 12/2026")
    officer.page.click("form[action='/footage/ask'] button")
    expect(officer.page.locator("main")).to_contain_text("vụ 12/2026")
    assert officer.complaints == []
