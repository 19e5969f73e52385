"""Silences on a phone: shown above the alerts, ended by a tap; made by three false alarms."""

import pytest
from playwright.sync_api import expect

from hub.alerting.response.service import ResponseService
from tests.browser.conftest import Hub, Meet
from tests.browser.whole.test_pages import LANGUAGES, SIZES, fits, in_two_looks, set_language

pytestmark = [
    pytest.mark.promise("Rules and duty: A silence has an end and a reason."),
    pytest.mark.promise("Pages: Rules, rosters, grants and silences have pages."),
]


def call_false(hub: Hub, times: int) -> None:
    signed_in = hub.town.accounts.sign_in("binh", "đèn đường 756", came_from="")
    assert hasattr(signed_in, "asker")
    for _ in range(times):
        seen = hub.town.somebody()
        hub.town.gone(seen)
        hub.town.services.use(ResponseService).act(
            signed_in.asker, seen.alert_id, act="false_alarm"
        )


@pytest.mark.promise("Rules and duty: Three false alarms mute a spot for two weeks.")
def test_the_third_false_alarm_mutes_visibly_and_a_tap_ends_it(hub: Hub, meet: Meet) -> None:
    call_false(hub, 2)
    seen = hub.town.somebody()
    officer = meet(None, java_script_enabled=False)
    officer.sign_in("an")
    officer.open_alert(seen.alert_id)
    officer.page.locator("details.more > summary").click()
    officer.page.locator("[data-act=false]").click()
    expect(officer.page.locator(".history")).to_contain_text("tạm ngừng báo hai tuần")
    officer.open("/")
    muted = officer.page.locator("#silences")
    expect(muted).to_contain_text("1 nơi đang tạm ngừng báo")
    muted.locator("summary").click()
    expect(muted).to_contain_text("ba lần báo nhầm liên tiếp")
    officer.shot("phone-muted-inbox", full=True)
    muted.locator("button").click()
    expect(officer.page.locator("#silences")).to_have_count(0)


@in_two_looks
def test_the_page_of_silences_fits_and_takes_one(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    call_false(hub, 3)
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
