"""Silences on a phone: shown above the alerts, ended by a tap; offered by three false alarms."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.alerting.silence_pages import call_false
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language

pytestmark = [
    pytest.mark.promise("Rules and duty: A silence has an end and a reason."),
    pytest.mark.promise("Pages: Rules, rosters, grants and silences have pages."),
]


@pytest.mark.promise(
    "Rules and duty: Three false alarms offer to mute a spot, and nothing is muted by itself."
)
@pytest.mark.parametrize(
    ("size", "is_scripted"), [("phone", False), ("phone", True), ("desk", True)]
)
def test_the_third_false_alarm_offers_a_mute_and_a_tap_takes_it_back(
    hub: Hub, meet: Meet, size: str, is_scripted: bool
) -> None:
    call_false(hub, 2)
    seen = hub.town.somebody()
    width = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1440, "height": 900}}[size]
    officer = meet(None, size=width, java_script_enabled=is_scripted)
    officer.sign_in("an")
    officer.open_alert(seen.alert_id)
    closing = officer.page.locator("details.more")
    closing.locator("> summary").click()
    closing.locator("[data-act=false]").click()
    offer = officer.page.locator("[data-mute=offer]")
    expect(offer).to_contain_text("Báo nhầm lần thứ ba liên tiếp ở chỗ này.")
    name = f"{size}-{'script' if is_scripted else 'plain'}-mute"
    officer.shot(f"{name}-offer")
    assert fits(officer.page)
    offer.locator("button").click()
    muted = officer.page.locator("[data-mute=set]")
    expect(muted).to_contain_text("Chỗ này tạm ngừng báo đến")
    expect(officer.page.locator(".history")).to_contain_text("Tạm ngừng báo ở chỗ này hai tuần")
    officer.shot(f"{name}-set")
    assert fits(officer.page)
    muted.locator("button").click()
    expect(officer.page.locator("[data-mute]")).to_have_count(0)
    officer.open("/")
    expect(officer.page.locator("#silences")).to_have_count(0)
    assert officer.complaints == []


def test_a_mute_is_shown_above_the_alerts_with_who_set_it_and_a_tap_ends_it(
    hub: Hub, meet: Meet
) -> None:
    call_false(hub, 3, is_muted=True)
    officer = meet(None, java_script_enabled=False)
    officer.sign_in("an")
    officer.open("/")
    muted = officer.page.locator("#silences")
    expect(muted).to_contain_text("1 nơi đang tạm ngừng báo")
    muted.locator("summary").click()
    expect(muted).to_contain_text("ba lần báo nhầm liên tiếp (Trần Thị Bình)")
    officer.shot("phone-muted-inbox", full=True)
    muted.locator("button").click()
    expect(officer.page.locator("#silences")).to_have_count(0)


@in_two_looks
def test_the_page_of_silences_fits_and_takes_one(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    call_false(hub, 3, is_muted=True)
    set_language(hub, "kim", language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    keeper.open("/silences")
    keeper.page.fill("[name=reason]", "Sơn lại vỉa hè")
    keeper.page.select_option("[name=span_s]", "86400")
    keeper.page.locator("form[action='/silences'] button").click()
    expect(keeper.page.locator(".silence")).to_have_count(2)
    expect(keeper.page.locator("main")).to_contain_text("Sơn lại vỉa hè (Phạm Kim)")
    keeper.shot(f"{size}-{language}-{theme}-silences", full=True)
    assert fits(keeper.page)
    keeper.open("/")
    keeper.page.locator("#silences summary").click()
    keeper.shot(f"{size}-{language}-{theme}-muted-inbox")
    assert fits(keeper.page)
    assert keeper.complaints == []
