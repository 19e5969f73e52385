"""A case in a browser: opened, filled from an alert's page, with notes, on both screens."""

import pytest
from playwright.sync_api import expect

from hub.cases.seal_checks import SealChecks
from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.cases.altered_clips import FREE, alter
from tests.hub.helpers.cases.cases import ALL, let
from tests.hub.rigs.web_town import Seen

pytestmark = pytest.mark.promise(
    "Cases and evidence: A case collects footage, and can be closed and opened again."
)


@in_two_looks
def test_a_case_is_opened_filled_and_noted(
    hub: Hub,
    meet: Meet,
    whole: Seen,
    size: str,
    language: str,
    theme: str,
) -> None:
    let(hub.town, "an", ALL)
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    officer.open("/cases")
    page = officer.page
    page.fill("[name=number]", "VA-12/2026")
    page.fill("[name=purpose]", "Trộm xe máy ở chợ cũ, đêm 24/11")
    page.locator("form[action='/cases'] button").click()
    expect(page.locator("h1")).to_contain_text("VA-12/2026")
    officer.open("/cases")
    officer.shot(f"{size}-{language}-{theme}-cases", full=True)
    assert fits(page)

    officer.open_alert(whole.alert_id)
    form = page.locator("details:has(form[action='/cases/add'])")
    form.locator("summary").click()
    form.locator("[name=note]").fill("rẽ vào đường 3/2")
    officer.shot(f"{size}-{language}-{theme}-add-to-case")
    form.locator("button").click()
    expect(page.locator("[data-item]")).to_have_count(2)
    page.locator("[data-item] [name=marked]").first.check()
    page.locator("[data-item] form button").first.click()
    expect(page.locator("[data-item] [name=marked]").first).to_be_checked()
    officer.shot(f"{size}-{language}-{theme}-case", full=True)
    assert fits(page)
    assert officer.complaints == []


@pytest.mark.promise(
    "Cases and evidence: A clip that differs from what its box sealed is named, first of all."
)
@in_two_looks
def test_a_case_with_an_altered_clip_says_so_before_everything_else(
    hub: Hub,
    meet: Meet,
    whole: Seen,
    clip: bytes,
    size: str,
    language: str,
    theme: str,
) -> None:
    let(hub.town, "an", ALL)
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    officer.open("/cases")
    page = officer.page
    page.fill("[name=number]", "VA-12/2026")
    page.fill("[name=purpose]", "Trộm xe máy ở chợ cũ, đêm 24/11")
    page.locator("form[action='/cases'] button").click()
    officer.open_alert(whole.alert_id)
    form = page.locator("details:has(form[action='/cases/add'])")
    form.locator("summary").click()
    form.locator("button").click()
    expect(page.locator("#seals")).to_contain_text({"vi": "Đang", "en": "being"}[language])
    town = hub.town
    checks = SealChecks(town.db, blobs=town.blobs, clock=town.clock, authority=lambda: None)
    checks.run()
    page.reload()
    expect(page.locator("[data-seal=without]")).to_have_count(1)
    officer.shot(f"{size}-{language}-{theme}-case-unsealed", full=True)
    alter(town, clip, clip + FREE)
    checks.run()
    page.reload()
    expect(page.locator("[role=alert]#seals a")).to_have_count(1)
    expect(page.locator("[data-seal=differs]")).to_have_count(1)
    officer.shot(f"{size}-{language}-{theme}-case-altered", full=True)
    assert fits(page)
    page.locator("#seals a").click()
    expect(page.locator("[data-seal=differs]")).to_be_in_viewport()
    assert officer.complaints == []
