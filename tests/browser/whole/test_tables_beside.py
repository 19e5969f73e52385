"""A row of a long table is read beside it on a desk, and on its own page on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet
from tests.browser.everything import petition_of
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits

pytestmark = pytest.mark.promise("Pages: Lists are tables with details beside them.")


@pytest.mark.parametrize(
    ("size", "language", "scripted"),
    [("phone", "vi", True), ("phone", "en", False), ("desk", "en", True), ("desk", "vi", False)],
)
def test_a_request_is_read_beside_the_list_or_on_its_page_by_keys_alone(
    hub: Hub, meet: Meet, size: str, language: str, scripted: bool
) -> None:
    hub.town.add_keeper_of_all(language)
    petition_id = petition_of(hub)
    look = {"size": SIZES[size], "locale": LANGUAGES[language], "color_scheme": "dark"}
    keeper = meet("quan", java_script_enabled=scripted, **look)
    page = keeper.page
    keeper.open("/petitions")
    assert fits(page)
    row, beside = page.locator(f"[data-petition='{petition_id}']"), page.locator("#one")
    expect(page.locator("#counter")).to_be_visible()
    keeper.shot(f"{size}-{language}-requests", full=True)
    row.locator("a:visible").focus()
    page.keyboard.press("Enter")
    if size == "desk":
        expect(beside).to_contain_text("áo đỏ")
        expect(row).to_be_visible()
        expect(row.locator("[aria-current]")).to_be_visible()
        assert fits(page)
        keeper.shot(f"{size}-{language}-requests-one", full=True)
        for _ in range(20):  # on from the link, as the address leads to the row
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('#one a.is-main')"):
                break
        page.keyboard.press("Enter")
    page.wait_for_url(f"{hub.url}/petitions/{petition_id}")
    if scripted:
        assert keeper.complaints == []


def test_on_a_phone_the_details_of_an_address_from_a_desk_lead_back_to_the_table(
    hub: Hub, meet: Meet
) -> None:
    hub.town.add_keeper_of_all()
    petition_id = petition_of(hub)
    keeper = meet("quan")
    keeper.open(f"/petitions?one={petition_id}")
    expect(keeper.page.locator("#one")).to_contain_text("áo đỏ")
    expect(keeper.page.locator("table")).to_be_hidden()
    assert fits(keeper.page)
    keeper.page.locator("#one .only-page a").click()
    expect(keeper.page.locator("table")).to_be_visible()


@pytest.mark.promise("Pages: On a desk, short fields and blocks stand side by side.")
@pytest.mark.parametrize("size", SIZES)
def test_fields_and_blocks_are_side_by_side_on_a_desk_and_one_column_on_a_phone(
    hub: Hub, meet: Meet, size: str
) -> None:
    hub.town.add_keeper_of_all()
    keeper = meet("quan", size=SIZES[size])
    pairs = (
        ("/grants", "[data-person]", "#tree"),
        ("/grants/new", "[name=from]", "[name=until]"),
        ("/grants/new", "[name=history]", "[name=reason]"),
        ("/find?way=left", "[name=way]", "[name=going]"),
        ("/keeping", "#holds", "#hold"),
        ("/settings", "#push-settings", "#install"),
        ("/cases", "h1", "[name=number]"),
        (
            f"/configuration/area/{hub.town.area_id}",
            ".settings > :first-child",
            ".settings > div + div",
        ),
    )
    for path, *pair in pairs:
        keeper.open(path)
        first, second = (keeper.page.locator(one).first.bounding_box() for one in pair)
        assert first is not None and second is not None, path
        is_beside = second["x"] > first["x"] + first["width"] - 1
        assert is_beside == (size == "desk"), path
        if not is_beside:
            assert second["y"] > first["y"], path
        assert fits(keeper.page), path
    assert keeper.complaints == []
