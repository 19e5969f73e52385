"""Alert rules tried and saved in a real browser, without script."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.alerting.duty_pages import rosters
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_four_looks, set_language
from tests.hub.rigs.web_town import Seen

pytestmark = [
    pytest.mark.promise("Rules and duty: Alert rules apply by area, camera, zone, kind and time."),
    pytest.mark.promise("Rules and duty: A rule can be tried on past alerts."),
    pytest.mark.promise("Pages: Rules, rosters, grants and silences have pages."),
]


@in_four_looks
def test_a_keeper_tries_a_rule_on_last_week_and_saves_it(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str
) -> None:
    rosters(hub)
    set_language(hub, "kim", language)
    keeper = meet(
        None,
        size=SIZES[size],
        locale=LANGUAGES[language],
        color_scheme=theme,
        java_script_enabled=size == "desk",
    )
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    keeper.open("/rules")
    page = keeper.page
    page.select_option("#new-rule [name=place]", index=1)
    page.select_option("[name=kind]", "person")
    page.select_option(
        "[name=tells]",
        label="Đội 1, sau đó theo thứ tự gọi"
        if language == "vi"
        else "Đội 1, then as the plan says",
    )
    page.fill("[name=reason]", "Đội 1 ở ngay chợ")
    page.locator("button[value=try]").click()
    expect(page.locator("#trial li a")).to_have_count(1)
    expect(page.locator("#trial .faults li")).to_have_count(1)  # Sunday night
    keeper.shot(f"{size}-{language}-{theme}-rule-tried", full=True)
    assert fits(page)
    page.locator("button[value=save]").click()
    expect(page.locator(".rule")).to_have_count(1)
    expect(page.locator(".rule")).to_contain_text("Đội 1 ở ngay chợ")
    keeper.shot(f"{size}-{language}-{theme}-rules", full=True)
    assert fits(page)
    assert keeper.complaints == []
