"""A camera is chosen from a long list by typing a part of its name, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits
from tests.hub.rigs.many_boxes import add_boxes

pytestmark = pytest.mark.promise("Pages: A long choice is narrowed by typing.")


@pytest.mark.parametrize(("size", "language"), [("phone", "vi"), ("desk", "en")])
def test_typing_without_accents_narrows_the_choice_and_chooses_the_first(
    hub: Hub, meet: Meet, size: str, language: str
) -> None:
    add_boxes(hub.town, 20, seen_cameras=60)
    hub.town.add_keeper_of_all(language)
    keeper = meet("quan", size=SIZES[size], locale=LANGUAGES[language], color_scheme="light")
    page = keeper.page
    keeper.open("/footage")
    choice, typed = page.locator("#camera"), page.locator(".field:has(+ .field[for=camera]) input")
    expect(choice.locator("option")).to_have_count(61)
    typed.fill("nga tu 13, khu")
    expect(choice.locator("option")).to_have_count(3)
    expect(choice.locator("option:checked")).to_contain_text("Ngã tư 13")
    assert fits(page)
    keeper.shot(f"{size}-{language}-narrow", full=True)
    chosen = choice.input_value()
    typed.press("Enter")
    expect(choice).to_be_focused()
    typed.fill("nowhere")
    expect(typed).to_have_attribute("aria-invalid", "true")
    expect(choice.locator("option")).to_have_count(61)
    assert choice.input_value() == chosen, "what was chosen stays chosen"
    for path in ("/keeping", "/silences", "/rules", "/grants/new", "/enrolments"):
        keeper.open(path)
        expect(page.locator(".field:has(+ .field [data-narrow])").first).to_be_visible()
        assert fits(page)
        keeper.shot(f"{size}-{language}-narrow{path.replace('/', '-')}", full=True)
    assert keeper.complaints == []


def test_without_script_the_choice_is_whole(hub: Hub, meet: Meet) -> None:
    add_boxes(hub.town, 20, seen_cameras=60)
    hub.town.add_keeper_of_all()
    keeper = meet("quan", java_script_enabled=False)
    keeper.open("/footage")
    expect(keeper.page.locator("#camera option")).to_have_count(61)
    expect(keeper.page.locator("main input[type=search]")).to_have_count(0)
