"""The page of holds and retention rules, in a real browser, with script and without."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, set_language
from tests.hub.rigs.web_town import Seen

pytestmark = pytest.mark.promise(
    "Seal and footage store: The hub keeps footage by class, area and hold."
)


@pytest.mark.parametrize(
    ("size", "language", "theme", "has_script"),
    [
        ("phone", "vi", "dark", True),
        ("phone", "en", "light", False),
        ("desk", "vi", "light", True),
    ],
)
def test_footage_is_held_from_its_alert_and_a_rule_is_set(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str, has_script: bool
) -> None:
    set_language(hub, "kim", language)
    officer = meet(
        None,
        size=SIZES[size],
        locale=LANGUAGES[language],
        color_scheme=theme,
        java_script_enabled=has_script,
    )
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("kim")
    officer.open(f"/alerts/{whole.alert_id}")
    open_link(officer.page, "a[href*='/keeping?alert=']")
    officer.page.fill("#hold [name=case]", "12/2026/HS")
    officer.page.fill("#hold [name=reason]", "trộm xe ở chợ")
    officer.page.click("#hold button")
    expect(officer.page.locator("[data-hold]")).to_have_count(1)
    officer.page.fill("#rule [name=days]", "30")
    officer.page.fill("#rule [name=reason]", "quy định của xã")
    officer.page.click("#rule button")
    expect(officer.page.locator("[data-rule]")).to_have_count(1)
    assert fits(officer.page)
    officer.shot(f"{size}-{language}-{theme}-keeping", full=True)
    officer.page.click("[data-hold] summary")
    officer.page.fill("[data-hold] [name=reason]", "xử xong")
    officer.page.click("[data-hold] button")
    expect(officer.page.locator("[data-hold]")).to_have_count(0)
    assert officer.complaints == []
