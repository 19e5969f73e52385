"""Areas and tables in a real browser, on a phone and a desk, in both languages."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.access.grant_pages import people
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_four_looks

pytestmark = [
    pytest.mark.promise("Rights: Areas are edited on a page and imported from CSV."),
    pytest.mark.promise("Pages: Rules, rosters, grants and silences have pages."),
]


@in_four_looks
def test_a_keeper_takes_areas_from_a_table_after_seeing_what_it_would_do(
    hub: Hub, meet: Meet, tmp_path: Path, size: str, language: str, theme: str
) -> None:
    people(hub, language)
    keeper = meet(
        None,
        size=SIZES[size],
        locale=LANGUAGES[language],
        color_scheme=theme,
        java_script_enabled=size == "desk",
    )
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("chu")
    keeper.open("/areas/import")
    page = keeper.page
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("name,level,parent\n=1+1,quarter,Tân Khai\nGóc 1,junction,Nơi lạ\n")
    good.write_text("name,level,parent\nKhu phố 9,quarter,Tân Khai\nGóc 1,junction,Khu phố 9\n")
    page.set_input_files("[name=file]", bad)
    page.locator("#hand-in button").click()
    expect(page.locator("#wrong li")).to_have_count(2)
    keeper.shot(f"{size}-{language}-{theme}-areas-wrong", full=True)
    assert fits(page)
    page.set_input_files("[name=file]", good)
    page.locator("#hand-in button").click()
    expect(page.locator("#plan li")).to_have_count(2)
    keeper.shot(f"{size}-{language}-{theme}-areas-plan", full=True)
    assert fits(page)
    page.locator("#plan button").click()
    expect(page.locator("[data-area='Góc 1']")).to_be_visible()
    page.locator("[data-area='Góc 1'] .area-head a").click()
    expect(page.locator("#change [name=name]")).to_have_value("Góc 1")
    keeper.shot(f"{size}-{language}-{theme}-areas", full=True)
    assert fits(page)
    complaints = [one for one in keeper.complaints if "422" not in one]
    assert complaints == []
