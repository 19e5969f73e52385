"""The page that finds sightings, in a real browser: one tap plays, a tap on the map is a point."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import update

from hub.access.rules.grants import Right
from hub.registry.tables import cameras
from tests.browser import footage
from tests.browser.conftest import FLAGS, HEADLESS, Hub, Meet, Officer
from tests.browser.helpers.clips.find_page import beside_it
from tests.browser.helpers.whole.pages import (
    LANGUAGES,
    SIZES,
    fits,
    in_three_looks,
    in_two_looks,
    set_language,
)
from tests.hub.helpers.search.web_search import camera_of, let_search
from tests.hub.rigs.web_town import some_bytes

pytestmark = pytest.mark.promise("Search: A search goes by time in words or numbers.")


@pytest.fixture(scope="module")
def chromium(needs_browser: None) -> Iterator[Browser]:
    webgl = ["--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=HEADLESS, args=[*FLAGS, *webgl])
        yield browser
        browser.close()


def unfold(officer: Officer, *parts: str) -> None:
    """Opens the filters of the form and these parts of them."""
    for part in ("more", *parts):
        officer.page.click(f"#find-{part} > summary")


@pytest.mark.promise("Search: A search shows one time line with pictures and clips.")
@in_three_looks
def test_what_was_seen_is_found_and_plays_by_one_tap(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    let_search(hub.town, "an", Right.SEARCH | Right.CLIPS)
    picture, whole = footage.picture(), footage.clip(seconds=10)
    seen = hub.town.somebody(picture, people=2)
    hub.town.clip(seen, whole, duration_ms=10_000)
    hub.town.bring(picture)
    hub.town.bring(whole)
    hub.town.clip(hub.town.somebody(), some_bytes())
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    officer.open("/find")
    expect(officer.page.locator("h1")).to_be_visible()
    unfold(officer, "when", "where")
    expect(officer.page.locator("#find-moments")).to_be_hidden()
    assert officer.page.url.endswith("/find")
    officer.page.keyboard.press("/")
    expect(officer.page.locator("#find-q")).to_be_focused()
    officer.shot(f"{size}-{language}-{theme}-find-form", full=True)
    officer.page.fill("#find-named", "cho cu")
    officer.page.locator("input[value='hour'] + span").click()
    officer.page.click("#find .is-main")
    expect(officer.page.locator("[data-sighting]")).to_have_count(2)
    assert fits(officer.page)
    officer.shot(f"{size}-{language}-{theme}-find-found", full=True)
    officer.wait_for_scripts()  # without them a clip opens by itself
    officer.page.click("[data-play]")
    playing = "() => document.querySelector('.sight video').currentTime > 5.5"
    officer.page.wait_for_function(playing)
    assert fits(officer.page)
    officer.page.click("[data-sighting] form button:not(details button)")
    expect(officer.page.locator("[data-sighting]").first.locator("> div > form")).to_have_count(0)
    expect(officer.page.locator("#find-named")).to_have_value("cho cu")
    assert officer.complaints == []
    officer.page.locator("input[value='between'] + span").click()
    officer.page.fill("[name=since]", "2026-11-25T02:40")
    officer.page.fill("[name=until]", "2026-11-25T02:10")
    officer.page.click("#find .is-main")
    expect(officer.page.locator("[role=alert]")).to_be_visible()
    officer.shot(f"{size}-{language}-{theme}-find-turned")


def test_without_script_it_searches_and_the_clip_is_a_link(hub: Hub, meet: Meet) -> None:
    let_search(hub.town, "an", Right.SEARCH | Right.CLIPS)
    clip = some_bytes()
    hub.town.clip(hub.town.somebody(), clip)
    hub.town.bring(clip)
    officer = meet(None, size=SIZES["phone"], java_script_enabled=False)
    officer.sign_in("an")
    officer.open("/find")
    unfold(officer, "when", "points")
    expect(officer.page.locator("#find-clear")).to_be_hidden()
    officer.page.locator("input[value='hour'] + span").click()
    officer.page.click("#find .is-main")
    expect(officer.page.locator("a[data-play]")).to_have_count(1)
    expect(officer.page.locator("#find-moments")).to_be_visible()


@pytest.mark.promise("Search: A search goes by area, point, street or shape.")
def test_a_tap_on_the_map_is_a_point_of_the_search(hub: Hub, meet: Meet) -> None:
    let_search(hub.town, "an", Right.SEARCH | Right.CLIPS)
    with hub.town.db.writing() as conn:
        conn.execute(update(cameras).values(latitude_deg=11.53, longitude_deg=106.62))
    hub.town.somebody()
    officer = meet(None, size=SIZES["desk"])
    officer.sign_in("an")
    officer.open("/find")
    unfold(officer, "points", "when")
    drawn = officer.page.locator("#map[data-picking]")
    expect(drawn).to_be_visible()
    drawn.click()  # in its middle, where the camera is
    points = officer.page.locator("#find-list")
    expect(points).to_have_value(re.compile(r"^11\.5300\d\d, 106\.6200\d\d$"))
    officer.shot("desk-find-map", full=True)
    officer.page.locator("input[value='hour'] + span").click()
    officer.page.click("#find .is-main")
    expect(officer.page.locator("[data-sighting]")).to_have_count(1)
    drawn.wait_for(state="attached")  # the page is a new one: its script, too
    officer.page.click("#find-clear")
    expect(points).to_have_value("")


@pytest.mark.promise("Search: Several cameras play side by side at one instant.")
@in_two_looks
def test_cameras_side_by_side_run_by_one_clock(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    let_search(hub.town, "an", Right.SEARCH | Right.CLIPS)
    whole = footage.clip(seconds=14)
    seen = hub.town.somebody()
    hub.town.clip(seen, whole)
    hub.town.bring(whole)
    ids = [camera_of(hub.town), beside_it(hub, shift_s=-3), beside_it(hub, shift_s=60)]
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    told = "&".join(f"camera={one}" for one in ids)
    officer.open(f"/moment?{told}&at={seen.first_seen_utc_us}")
    expect(officer.page.locator("[data-camera]")).to_have_count(3)
    assert fits(officer.page)
    officer.page.click("[data-all=play]")
    films = "[...document.querySelectorAll('video')].map((film) => film.currentTime)"
    officer.page.wait_for_function(f"() => {films}[0] > 7 && {films}[1] > 10")
    officer.page.click("[data-all=pause]")
    first, second, later = officer.page.evaluate(films)
    assert second - first == pytest.approx(3, abs=1.5)  # each in its own time; films drift a little
    assert later == 0  # it begins a minute after the instant
    officer.shot(f"{size}-{language}-{theme}-moment", full=True)
    assert officer.complaints == []


def test_what_plays_all_is_shown_when_it_can(hub: Hub, meet: Meet) -> None:
    let_search(hub.town, "an", Right.SEARCH | Right.CLIPS)
    seen = hub.town.somebody()
    officer = meet(size=SIZES["desk"])
    page = officer.page
    let_come = officer.open_without(
        "moment.js", f"/moment?camera={camera_of(hub.town)}&at={seen.first_seen_utc_us}"
    )
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[data-all=play]")).to_be_hidden()
    let_come()
    expect(page.locator("[data-all=play]")).to_be_visible()
