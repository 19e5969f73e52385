"""A leader's notice from the draft to its withdrawal, at both sizes and in both languages."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.public.notices import FORM, add_leader

pytestmark = pytest.mark.promise("Pages: Notices for people can be previewed, sent and withdrawn.")


@in_two_looks
def test_a_notice_is_written_sent_and_withdrawn_without_script(
    hub: Hub, meet: Meet, picture: bytes, tmp_path: Path, size: str, language: str, theme: str
) -> None:
    add_leader(hub.town)
    set_language(hub, "lan", language)
    lan = meet(
        None,
        size=SIZES[size],
        locale=LANGUAGES[language],
        color_scheme=theme,
        java_script_enabled=False,
    )
    name = f"{size}-{language}-{theme}"
    lan.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    lan.sign_in("lan")
    lan.open("/notices")
    lan.shot(f"{name}-notices", full=True)
    assert fits(lan.page)
    lan.page.fill("[name=title]", FORM["title"])
    lan.page.fill("[name=words]", FORM["words"])
    lan.page.click("form[action='/notices'] button")
    file = tmp_path / "x.jpg"
    file.write_bytes(picture)
    lan.page.locator("[name=file]").first.set_input_files(str(file))
    lan.page.locator("form[enctype] button").first.click()
    expect(lan.page.locator(".notice-picture")).to_be_visible()
    lan.shot(f"{name}-notice-preview", full=True)
    assert fits(lan.page)
    lan.page.click("form[action$='/send'] button")
    address = lan.page.url.replace("/notices/", "/public/")
    anybody = meet(None, size=SIZES[size], locale=LANGUAGES[language], java_script_enabled=False)
    anybody.page.goto(address)
    expect(anybody.page.locator(".notice-text")).to_contain_text("Khu phố 2.")
    anybody.shot(f"{name}-public", full=True)
    assert fits(anybody.page)
    lan.page.click("form[action$='/withdraw'] button")
    lan.shot(f"{name}-notice-withdrawn", full=True)
    anybody.page.reload()
    expect(anybody.page.locator(".notice-text")).to_have_count(0)
    assert lan.complaints == anybody.complaints == []
