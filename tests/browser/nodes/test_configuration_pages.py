"""The pages of boxes' settings in a real browser: found, previewed, done, in both sizes."""

from playwright.sync_api import expect

from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_three_looks, set_language
from tests.hub.rigs.web_town import NODE


@in_three_looks
def test_a_keeper_previews_a_change_and_does_it(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    set_language(hub, "kim", language)
    keeper = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    keeper.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    keeper.sign_in("kim")
    keeper.open("/nodes")
    open_link(keeper.page, "a[href='/configuration']")
    expect(keeper.page.locator("#nodes")).to_be_visible()
    assert fits(keeper.page)
    keeper.shot(f"{size}-{language}-{theme}-configuration-full", full=True)
    keeper.page.click(f"#nodes a:has-text('{NODE}')")
    expect(keeper.page.locator("#wanted > form > .settings label")).to_have_count(5)
    expect(keeper.page.locator("[id='now-clips.alert_days']")).to_contain_text("30")
    keeper.shot(f"{size}-{language}-{theme}-configuration-of-full", full=True)
    keeper.page.click("#others summary")
    keeper.page.fill("input[name='clips.preroll_s']", "8")
    keeper.page.click("#wanted form > button")
    expect(keeper.page.locator("#preview")).to_contain_text("8")
    assert fits(keeper.page)
    keeper.shot(f"{size}-{language}-{theme}-configuration-preview-full", full=True)
    keeper.page.fill("#preview input[name=reason]", "gió")
    keeper.page.click("#preview button")
    expect(keeper.page.locator("#past")).to_contain_text("gió")
    assert fits(keeper.page)
    keeper.shot(f"{size}-{language}-{theme}-configuration-done-full", full=True)
    assert keeper.complaints == []
