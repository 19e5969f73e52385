"""The table of camera boxes in a real browser: details beside it on a desk, a page on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits
from tests.hub.rigs.many_boxes import add_boxes

pytestmark = pytest.mark.promise("Pages: A page shows each node's state and week.")


@pytest.mark.parametrize(
    ("size", "language", "scripted"),
    [("phone", "vi", True), ("phone", "en", False), ("desk", "en", True), ("desk", "vi", False)],
)
def test_a_box_is_found_among_many_and_shown_beside_the_table_or_on_a_page(
    hub: Hub, meet: Meet, size: str, language: str, scripted: bool
) -> None:
    add_boxes(hub.town, 30, seen_cameras=60)
    hub.town.add_keeper_of_all(language)
    keeper = meet(
        "quan",
        size=SIZES[size],
        locale=LANGUAGES[language],
        color_scheme="dark",
        java_script_enabled=scripted,
    )
    page = keeper.page
    keeper.open("/nodes")
    assert fits(page)
    rows, detail = page.locator("tr[data-node]"), page.locator("#box")
    expect(rows).to_have_count(31)
    expect(detail).to_be_visible(visible=size == "desk")
    keeper.shot(f"{size}-{language}-boxes", full=True)
    page.fill("input[name=find]", "nga tu 2")
    page.click(".filters button")
    expect(rows.first).to_have_attribute("data-node", "box-020")  # offline
    page.click("tr[data-node=box-021]")  # anywhere in the row
    expect(detail).to_contain_text("Ngã tư 22, Khu phố 2")
    expect(detail).to_be_visible()
    expect(rows.first).to_be_visible(visible=size == "desk")
    assert fits(page)
    keeper.shot(f"{size}-{language}-boxes-one", full=True)
    if size == "phone":
        detail.locator("a").first.click()
    expect(rows.first).to_be_visible()
    assert "find=nga+tu+2" in page.url
    if scripted:
        assert keeper.complaints == []
