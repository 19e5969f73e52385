"""People, grants and the log, on a phone and a desk, in both languages, with and without script."""

import pytest
from playwright.sync_api import expect

from hub.access.grants import rows
from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.access.grant_pages import people
from tests.browser.helpers.whole.pages import (
    LANGUAGES,
    SIZES,
    fits,
    in_four_looks,
    in_two_looks,
    set_language,
)
from tests.hub.rigs.web_town import Seen

pytestmark = [
    pytest.mark.promise("Rights: A grant has person, place, rights, dates, purpose and giver."),
    pytest.mark.promise("Pages: Rules, rosters, grants and silences have pages."),
]


@pytest.mark.promise("Audit and data protection: A monthly digest shows who looked at what.")
@in_four_looks
def test_pages_of_people_grants_and_the_log_fit_their_screens(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str
) -> None:
    people(hub, language)
    for login, paths in (
        ("chu", ("/grants", "/grants/new", "/log")),
        ("giam-sat", ("/log", "/log/month")),
    ):
        reader = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
        reader.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
        reader.sign_in(login)
        for path in paths:
            reader.open(path)
            for summary in reader.page.locator("details summary").all():
                summary.click()
            name = f"{size}-{language}-{theme}-{login}{path.replace('/', '-')}"
            reader.shot(name, full=True)
            assert fits(reader.page), path
        assert reader.complaints == []


def test_a_keeper_grants_and_revokes_without_script(hub: Hub, meet: Meet) -> None:
    people(hub, "vi")
    keeper = meet(None, java_script_enabled=False)
    keeper.sign_in("chu")
    keeper.open("/grants")
    page = keeper.page
    page.locator("[data-area='Ngã tư Chợ Cũ'] .area-head a").click()
    page.select_option("[name=person]", label="Bà Tư khu phố · ban điều hành khu phố")
    page.fill("[name=until]", "2199-12-31")
    page.fill("[name=reason]", "Tổ dân phố tự quản")
    page.locator("form[action='/grants'] button").click()
    expect(page.locator(".banner")).to_contain_text("Đã lưu")
    here = page.locator("[data-area='Ngã tư Chợ Cũ']")
    expect(here).to_contain_text("Bà Tư khu phố")
    expect(here).to_contain_text("đến hết 31/12/2199")
    here.locator("li", has_text="Bà Tư khu phố").locator("button").click()
    expect(page.locator("[data-area='Ngã tư Chợ Cũ']")).not_to_contain_text("Bà Tư khu phố")


@in_two_looks
def test_the_inbox_says_at_once_that_a_grant_ended_and_whom_to_ask(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    expect(officer.page.locator("#line-state")).to_have_class("line-state")
    expect(officer.page.locator("#line-state")).to_be_visible()
    grant_id = hub.town.grants["an"]
    assert grant_id is not None
    with hub.town.db.writing() as conn:
        rows.end_grant(conn, grant_id, now=hub.town.clock.now())
    hub.town.change_signal.ring()
    told = officer.page.locator("#list .is-ended")
    expect(told).to_contain_text("Phạm Kim")
    quiet = officer.page.locator("#nothing-open")
    nowhere = "Hiện bạn không" if language == "vi" else "No place is yours"
    expect(quiet).to_contain_text(nowhere)
    officer.shot(f"{size}-{language}-{theme}-ended")
    assert fits(officer.page)
