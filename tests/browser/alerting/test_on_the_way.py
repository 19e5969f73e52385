"""An officer on the way, at both sizes and in both languages: neighbours, arriving, cameras."""

from playwright.sync_api import expect

from hub.registry import registry
from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.hub.helpers.alerting.on_the_way import another_camera
from tests.hub.rigs.web_town import NODE, Seen


@in_two_looks
def test_the_neighbours_and_the_word_that_one_is_there_fit_and_work(
    hub: Hub, meet: Meet, whole: Seen, size: str, language: str, theme: str
) -> None:
    near = another_camera(hub.town, "Cổng trường tiểu học Tân Khai A")
    with hub.town.db.writing() as conn:
        registry.place_camera(
            conn,
            node_name=NODE,
            camera=hub.town.voice.camera,
            place=registry.CameraPosition(11.54, 106.6),
            now=hub.town.clock.now(),
        )
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    officer.open_alert(whole.alert_id)
    officer.page.locator("[data-act=take]").click()
    arrive = officer.page.locator("[data-act=arrive]")
    expect(arrive).to_be_visible()
    officer.shot(f"{size}-{language}-{theme}-arrive")
    assert fits(officer.page)
    arrive.click()
    expect(officer.page.locator(".history")).to_contain_text(
        "Đã đến nơi" if language == "vi" else "At the place"
    )
    expect(officer.page.locator("[data-act=arrive]")).to_have_count(0)
    officer.shot(f"{size}-{language}-{theme}-arrived", full=True)
    open_link(officer.page, f"a[href='/cameras/{near}']")
    expect(officer.page.locator("h1")).to_contain_text("Cổng trường")
    officer.shot(f"{size}-{language}-{theme}-camera", full=True)
    assert fits(officer.page)
    assert officer.complaints == []
