"""Watching a camera live in a real browser: pictures come, are lost, and end with the page."""

import time

import pytest
from playwright.sync_api import Page, expect

from hub.access.grants import rows
from hub.access.rules.grants import Right
from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.clips.live_page import camera_of, running
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_four_looks, set_language
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.rigs.web_town import Town
from tests.waiting import until

pytestmark = pytest.mark.promise("Pages: Live view sends pictures only while somebody watches.")


def ends(town: Town) -> list[str]:
    with town.db.reading() as conn:
        return list(details_of(conn, "live.end"))


def look_of(page: Page) -> str:
    """The picture that is drawn now, as the browser writes it."""
    found: str = page.evaluate("document.querySelector('.live canvas').toDataURL()")
    return found


@in_four_looks
def test_pictures_follow_one_another_and_are_lost_with_their_age(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    hub.town.allow("an", Right.LIVE)
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    name = f"{size}-{language}-{theme}-live"
    live, lost = {"vi": ("Trực tiếp", "Mất hình"), "en": ("Live", "Picture lost")}[language]
    with running(hub) as node:
        node.is_on = False
        officer.open(f"/cameras/{camera_of(hub.town)}")
        officer.shot(f"{name}-camera", full=True)
        open_link(officer.page, "main a[href$='/live']")
        officer.shot(f"{name}-waiting", full=True)
        node.is_on = True
        expect(officer.page.locator("[data-live-state]")).to_contain_text(live)
        first = look_of(officer.page)
        until(lambda: look_of(officer.page) != first)
        officer.shot(name, full=True)
        assert fits(officer.page)
        node.is_on = False
        expect(officer.page.locator("[data-live-state]")).to_contain_text(lost)
        expect(officer.page.locator("#heard")).to_contain_text(lost)
        officer.shot(f"{name}-lost", full=True)
        assert fits(officer.page)
        officer.page.locator("main a[href^='/cameras/']").last.click()
        # A browser may drop the last word of a page that goes: then its lease ends it.
        until(lambda: ends(hub.town))
        until(lambda: hub.town.live_leases.views.watches() == [])
        node.is_on, node.answers = True, []
        until(lambda: node.answers)
        assert node.answers[-1] == 410
    assert officer.complaints == []


def test_a_revoked_grant_ends_the_picture_on_the_open_page(hub: Hub, meet: Meet) -> None:
    grant_id = hub.town.allow("an", Right.LIVE)
    officer = meet("an")
    with running(hub):
        officer.open(f"/cameras/{camera_of(hub.town)}/live")
        expect(officer.page.locator(".live canvas")).to_be_visible()
        with hub.town.db.writing() as conn:
            rows.end_grant(conn, grant_id, now=hub.town.clock.now())
        expect(officer.page.locator(".live canvas")).to_have_count(0)
        expect(officer.page.locator("[data-live-state]")).to_contain_text("không còn được xem")
        officer.shot("phone-vi-live-revoked", full=True)
        until(lambda: any("no longer granted" in said for said in ends(hub.town)))


def test_without_script_the_page_shows_another_picture_each_time_it_loads_itself(
    hub: Hub, meet: Meet
) -> None:
    hub.town.allow("an", Right.LIVE)
    officer = meet("an", java_script_enabled=False)
    with running(hub):
        officer.open(f"/cameras/{camera_of(hub.town)}/live")
        picture = officer.page.locator(".live img")
        expect(picture).to_be_visible()
        first = picture.get_attribute("src")
        expect(picture).not_to_have_attribute("src", first or "")
        officer.shot("phone-vi-live-no-script", full=True)
        assert fits(officer.page)
        until_s = time.monotonic() + 3
        while time.monotonic() < until_s:
            assert len(hub.town.live_leases.views.watches()) == 1
            time.sleep(0.2)
