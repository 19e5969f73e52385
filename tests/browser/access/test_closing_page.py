"""Closing an account on its page, on a phone and a desk, in both languages; without script too."""

from typing import Any

from playwright.sync_api import Page, expect

from hub.access.rules.grants import Right
from hub.access.signin.accounts import SignedIn
from hub.cases.service import CaseService
from tests.browser.conftest import DESK, Hub, Meet, open_link
from tests.browser.helpers.access.grant_pages import people
from tests.browser.helpers.clips.live_page import camera_of, running
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_four_looks, in_two_looks
from tests.hub.rigs.web_town import PASSWORD, Seen
from tests.waiting import until

REASON = {"vi": "Nghỉ việc từ hôm nay", "en": "Left the service today"}


@in_four_looks
def test_the_page_of_an_account_fits_its_screen_open_closed_and_reopened(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str
) -> None:
    people(hub, language)
    town = hub.town
    town.allow("an", Right.EXPORT)
    signed = town.accounts.sign_in("an", PASSWORD, came_from="")
    assert isinstance(signed, SignedIn)
    case: dict[str, Any] = {"number": "VA-12/2026", "purpose": "trộm xe máy", "ends_utc_us": None}
    assert town.services.use(CaseService).open_case(signed.asker, **case)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("chu")
    page, name = keeper.page, f"{size}-{language}-{theme}-account"
    keeper.open("/grants")
    open_person(page)
    expect(page.locator("#close")).to_be_visible()
    keeper.shot(f"{name}-open", full=True)
    assert fits(page)
    page.fill("#close [name=reason]", REASON[language])
    page.click("#close button")
    expect(page.locator(".banner")).to_be_visible()
    expect(page.locator("#state")).to_contain_text(REASON[language])
    keeper.shot(f"{name}-closed", full=True)
    assert fits(page)
    page.fill("[data-case] [name=login]", "binh")
    page.click("[data-case] button")
    expect(page.locator("[data-case]")).to_have_count(0)
    page.click("form[action$='/reopen'] button")
    expect(page.locator("#invitation-link")).to_be_visible()
    keeper.shot(f"{name}-reopened", full=True)
    assert keeper.complaints == []


def test_an_account_is_closed_without_script(hub: Hub, meet: Meet) -> None:
    people(hub, "vi")
    keeper = meet(None, java_script_enabled=False)
    keeper.sign_in("chu")
    keeper.open("/grants")
    open_person(keeper.page)
    keeper.page.fill("#close [name=reason]", "Nghỉ việc")
    keeper.page.click("#close button")
    expect(keeper.page.locator("#state")).to_contain_text("Tài khoản này đã đóng")


def close_from_a_phone(hub: Hub, meet: Meet) -> None:
    keeper = meet("chu")
    keeper.open("/grants")
    open_person(keeper.page)
    keeper.page.fill("#close [name=reason]", "Nghỉ việc")
    keeper.page.click("#close button")
    expect(keeper.page.locator("#state")).to_contain_text("Tài khoản này đã đóng")


def test_who_watches_live_sees_nothing_more_once_a_phone_closes_the_account(
    hub: Hub, meet: Meet
) -> None:
    people(hub, "vi")
    hub.town.allow("an", Right.LIVE)
    with running(hub):
        officer = meet("an", size=DESK)
        officer.open(f"/cameras/{camera_of(hub.town)}/live")
        expect(officer.page.locator(".live canvas")).to_be_visible()
        close_from_a_phone(hub, meet)
        expect(officer.page.locator(".live canvas")).to_have_count(0)
        until(lambda: hub.town.live_leases.views.watches() == [])
    officer.open("/")
    expect(officer.page.locator("form[action='/login']")).to_be_visible()


def test_an_open_inbox_leads_to_the_sign_in_once_a_phone_closes_the_account(
    hub: Hub, meet: Meet
) -> None:
    people(hub, "vi")
    officer = meet("an")
    expect(officer.page.locator("#line-state")).to_have_text("Trực tiếp")
    close_from_a_phone(hub, meet)
    officer.page.wait_for_url(f"{hub.url}/login**")


def open_person(page: Page) -> None:
    """From the table of people to An's page; on a desk past what stands beside the table."""
    page.locator("[data-person='Nguyễn Văn An'] a:visible").click()
    if page.evaluate("innerWidth") >= 1200:
        open_link(page, "#one a[href^='/grants/people/']")


@in_two_looks
def test_an_account_is_suspended_a_lost_phone_signed_out_and_a_typo_corrected(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    people(hub, language)
    lost = meet("an")
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("chu")
    page, name = keeper.page, f"{size}-{language}-{theme}"
    keeper.open("/grants")
    open_person(page)
    expect(page.locator("#sign-out-all")).to_be_visible()
    keeper.shot(f"{name}-person", full=True)
    assert fits(page)
    page.click("#sign-out-all")
    expect(page.locator(".banner")).to_be_visible()
    lost.page.wait_for_url("**/login?next=*")  # its open page goes there by itself
    lost.open("/settings")
    expect(lost.page.locator("[name=password]")).to_be_visible()
    page.fill("#suspend [name=reason]", REASON[language])
    page.click("#suspend button")
    expect(page.locator("#state")).to_contain_text(REASON[language])
    keeper.shot(f"{name}-person-suspended", full=True)
    assert fits(page)
    page.click("form[action$='/resume'] button")
    expect(page.locator("#suspend")).to_be_visible()
    keeper.open("/invitations")
    page.fill("[name=login]", "thahn")
    page.click("form[action='/invitations'] button")
    page.locator("li", has_text="thahn").locator("summary").click()
    page.locator("li [name=login]").fill("thanh")
    page.locator("li [name=name]").fill("Lê Thanh")
    keeper.shot(f"{name}-invitation-corrected", full=True)
    assert fits(page)
    row = page.locator("li > span", has_text="thahn").bounding_box()
    assert row is not None and row["width"] > 150, "its words stand beside its button"
    page.click("form[action$='/correct'] button")
    expect(page.locator("main")).to_contain_text("Lê Thanh (thanh)")
    keeper.open("/log?refreshes=1")
    keeper.shot(f"{name}-log", full=True)
    assert fits(page)
    assert keeper.complaints == []
