"""A tip from a phone without script to the case it starts, at both sizes and in both languages."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hub.access.rules.grants import ALL
from hub.alerting.alerts.tables import alerts
from tests.browser.conftest import Hub, Meet, Officer
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.cases.cases import let
from tests.hub.helpers.public.tips import photo
from tests.hub.rigs.web_town import Seen

pytestmark = [
    pytest.mark.promise("Tips and households: A tip comes by a web form, also anonymously."),
    pytest.mark.promise("Tips and households: A tip becomes an alert and can start a case."),
]


@in_two_looks
@pytest.mark.usefixtures("quick_hand")
def test_somebody_reports_without_script_and_follows_and_an_officer_starts_a_case(
    hub: Hub, meet: Meet, whole: Seen, tmp_path: Path, size: str, language: str, theme: str
) -> None:
    look = {"size": SIZES[size], "locale": LANGUAGES[language], "color_scheme": theme}
    name = f"{size}-{language}-{theme}"
    anybody = meet(None, java_script_enabled=False, **look)
    anybody.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    code = _report(hub, anybody, tmp_path, name)
    alert_id = _answered_and_in_a_case(hub, meet, whole, look, name)
    assert alert_id is not None
    page = anybody.page
    page.goto(f"{hub.url}/tips/follow")
    page.fill("[name=code]", code.lower())
    page.click("form button")
    expect(page.locator("main")).to_contain_text("Đã cử người đến")
    anybody.shot(f"{name}-tip-follow", full=True)
    assert fits(page)


def _report(hub: Hub, anybody: Officer, folder: Path, name: str) -> str:
    page = anybody.page
    page.goto(f"{hub.url}/tips")
    anybody.shot(f"{name}-tip-form", full=True)
    assert fits(page)
    picture = folder / "xe.jpg"
    picture.write_bytes(photo())
    page.fill("[name=what]", "Hai người bẻ khóa xe máy trước tiệm thuốc")
    page.select_option("[name=area]", index=1)
    page.fill("[name=point]", "here")
    page.locator("[name=pictures]").set_input_files(str(picture))
    page.fill("[name=name]", "Lan")
    page.check("[name=consent]")
    page.click("form[action='/tips'] button:not([hidden])")
    expect(page.locator(".wrong")).to_be_visible()
    anybody.shot(f"{name}-tip-wrong", full=True)
    assert fits(page)
    page.fill("[name=point]", "")  # at once, and without choosing the picture again
    page.click("form[action='/tips'] button:not([hidden])")
    code = page.locator(".tip-code").inner_text()
    assert re.fullmatch(r"(\w{4}-){2}\w{4}", code)
    anybody.shot(f"{name}-tip-sent", full=True)
    assert fits(page)
    return code


def _answered_and_in_a_case(
    hub: Hub, meet: Meet, whole: Seen, look: dict[str, Any], name: str
) -> UUID | None:
    language = name.split("-")[1]
    let(hub.town, "an", ALL)
    set_language(hub, "an", language)
    an = meet(None, **look)
    an.context.add_cookies([{"name": "theme", "value": look["color_scheme"], "url": hub.url}])
    an.sign_in("an")
    an.open("/")
    an.shot(f"{name}-tip-inbox")
    with hub.town.db.reading() as conn:
        alert_id = conn.scalar(select(alerts.c.id).where(alerts.c.kind == "tip"))
    an.open(f"/alerts/{alert_id}")
    expect(an.page.locator("#tip img")).to_have_count(1)
    expect(an.page.locator(f"#tip-near a[href='/alerts/{whole.alert_id}']")).to_be_visible()
    an.shot(f"{name}-tip-alert", full=True)
    assert fits(an.page)
    an.page.fill("[name=answer]", "Đã cử người đến")
    an.page.click("form[action$='/tip/answer'] button")
    expect(an.page.locator("#tip-answer")).to_contain_text("Đã cử người đến")
    an.page.locator("details:has([name=number]) summary").click()
    an.page.fill("[name=number]", "VA-13/2026")
    an.page.click("form:has([name=number]) button")
    expect(an.page.locator("[data-tip]")).to_be_visible()
    an.shot(f"{name}-tip-case", full=True)
    assert fits(an.page)
    an.open(f"/alerts/{alert_id}")
    an.page.locator("details:has([name=reason]) summary").first.click()
    an.page.fill("form[action$='/tip/reporter'] [name=reason]", "VA-13/2026")
    an.page.click("form[action$='/tip/reporter'] button")
    expect(an.page.locator("main")).to_contain_text("Lan")
    an.shot(f"{name}-tip-reporter")
    assert fits(an.page)
    assert an.complaints == []
    return alert_id


def test_with_script_the_phones_own_place_goes_into_the_form(hub: Hub, meet: Meet) -> None:
    anybody = meet(None)
    anybody.context.grant_permissions(["geolocation"], origin=hub.url)
    anybody.context.set_geolocation({"latitude": 11.535234, "longitude": 106.621712})
    anybody.page.goto(f"{hub.url}/tips")
    anybody.page.click("[data-here]")
    expect(anybody.page.locator("[name=point]")).to_have_value("11.535234, 106.621712")
    assert anybody.complaints == []
