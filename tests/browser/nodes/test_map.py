"""The map in Chromium with its own software WebGL: drawn, live, and with 10,000 cameras."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import update

from hub.places.map.ground import MapFiles
from hub.registry.tables import cameras
from tests.browser.conftest import FLAGS, HEADLESS, Hub, Meet
from tests.browser.helpers.nodes.map import place_all_but_new
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.browser.tiny_tiles import write_tiles
from tests.hub.helpers.places.map import TOWN, many_cameras, place_all, plan
from tests.waiting import until

pytestmark = pytest.mark.promise("Pages: The map shows cameras with their state.")


@pytest.fixture(scope="module")
def chromium(needs_browser: None) -> Iterator[Browser]:
    webgl = ["--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=HEADLESS, args=[*FLAGS, *webgl])
        yield browser
        browser.close()


FRAMES = """
async () => {
  const map = document.getElementById("map").map;
  const spans = [];
  let last = 0;
  let isOn = true;
  const tick = (now) => {
    if (last) { spans.push(now - last); }
    last = now;
    if (isOn) { requestAnimationFrame(tick); }
  };
  requestAnimationFrame(tick);
  for (const [dx, dy] of [[200, 0], [0, 150], [-200, 0], [0, -150]]) {
    map.panBy([dx, dy], { duration: 1000, easing: (t) => t });
    await new Promise((done) => map.once("moveend", done));
  }
  for (const by of [1, -1]) {
    map.easeTo({ zoom: map.getZoom() + by, duration: 1000, easing: (t) => t });
    await new Promise((done) => map.once("moveend", done));
  }
  isOn = false;
  spans.sort((a, b) => a - b);
  const at = (share) => spans[Math.min(spans.length - 1, Math.floor(spans.length * share))];
  return { frames: spans.length, p50_ms: at(0.5), p95_ms: at(0.95), most_ms: at(1) };
}
"""


@in_two_looks
def test_the_map_is_drawn_and_hears_of_an_alert_by_itself(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    many_cameras(hub.town, 60, lost_every=7)
    place_all_but_new(hub)
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    officer.open("/map")
    drawn = officer.page.locator("#map[data-drawn='61']")
    expect(drawn).to_be_visible()
    expect(officer.page.locator("#map[data-refreshed]")).to_be_visible()
    before = int(drawn.get_attribute("data-refreshed") or 0)
    hub.town.somebody()
    officer.page.wait_for_function(
        "(n) => Number(document.getElementById('map').dataset.refreshed) > n",
        arg=before,
    )
    officer.page.wait_for_timeout(500)
    officer.shot(f"{size}-{language}-{theme}-map", full=True)
    assert fits(officer.page)
    assert officer.complaints == []
    assert {url.split("/")[2] for url in officer.asked if url.startswith("http")} == {
        hub.url.split("/")[2]
    }


def refreshed(page: Page) -> int:
    return int(page.locator("#map").get_attribute("data-refreshed") or 0)


def test_the_map_is_live_again_after_the_hub_answered_with_an_error(hub: Hub, meet: Meet) -> None:
    place_all_but_new(hub)
    page = meet().page
    page.route("**/events*", lambda route: route.fulfill(status=502), times=1)
    page.goto(f"{hub.url}/map")
    expect(page.locator("#map-state")).to_have_text("Trực tiếp")
    expect(page.locator("#map[data-refreshed]")).to_be_visible()
    before = refreshed(page)
    page.route("**/map/states.json", lambda route: route.fulfill(status=503), times=1)
    hub.town.somebody()
    until(lambda: page.wait_for_timeout(50) or refreshed(page) > before)


def test_a_map_that_stays_open_leads_to_the_sign_in_when_the_session_ends(
    hub: Hub, meet: Meet
) -> None:
    place_all_but_new(hub)
    page = meet().page
    page.goto(f"{hub.url}/map")
    expect(page.locator("#map-state")).to_have_text("Trực tiếp")
    [token] = [one["value"] for one in page.context.cookies() if one["name"] == "matthan"]
    hub.town.accounts.sign_out(token.partition(".")[0], came_from="")
    hub.town.change_signal.ring()
    page.wait_for_url("**/login**")


def test_a_camera_that_falls_silent_is_seen_on_a_map_that_stays_open(hub: Hub, meet: Meet) -> None:
    place_all_but_new(hub)
    page = meet().page
    page.clock.install()
    page.goto(f"{hub.url}/map")
    expect(page.locator("#map[data-refreshed]")).to_be_visible()
    before = refreshed(page)
    with hub.town.db.writing() as conn:
        conn.execute(update(cameras).values(is_lost=True))
    page.clock.fast_forward(60_000)
    until(lambda: page.wait_for_timeout(50) or refreshed(page) > before)


HERE = {"latitude": 11.52, "longitude": 106.53, "accuracy": 25}


@in_two_looks
def test_my_position_is_drawn_on_the_map_and_sent_to_nobody(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    place_all_but_new(hub)
    set_language(hub, "an", language)
    officer = meet(
        None,
        size=SIZES[size],
        locale=LANGUAGES[language],
        color_scheme=theme,
        geolocation=HERE,
        permissions=["geolocation"],
    )
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    officer.open("/map")
    expect(officer.page.locator("#map[data-drawn='1']")).to_be_visible()
    officer.page.click("#map-here")
    expect(officer.page.locator("#map[data-here='106.53000 11.52000']")).to_be_visible()
    expect(officer.page.locator("#map-here-said")).to_contain_text("25 m")
    officer.page.wait_for_timeout(500)
    officer.shot(f"{size}-{language}-{theme}-map-here", full=True)
    assert fits(officer.page)
    assert not [url for url in officer.asked if "106.5" in url or "11.5" in url]
    officer.context.clear_permissions()
    officer.open("/map")
    officer.page.click("#map-here")
    expect(officer.page.locator("#map-here-said")).not_to_be_empty()
    assert officer.complaints == []


@pytest.mark.promise("Pages: The map shows 10,000 cameras.")
def test_ten_thousand_cameras_are_drawn_and_their_frames_counted(hub: Hub, meet: Meet) -> None:
    many_cameras(hub.town, 10_000)
    place_all_but_new(hub)
    officer = meet(size=SIZES["desk"])
    officer.open("/map")
    expect(officer.page.locator("#map[data-drawn='10001']")).to_be_visible()
    officer.shot("desk-map-10000")
    found: dict[str, Any] = officer.page.evaluate(FRAMES)
    assert found["frames"] > 10
    if path := os.environ.get("MATTHAN_MAP_FIGURES"):
        officer.page.evaluate(
            """() => document.getElementById("map").map.getSource("cameras").setData(
                { type: "FeatureCollection", features: [] })"""
        )
        officer.page.wait_for_timeout(2000)
        found = {"cameras": found, "blank": officer.page.evaluate(FRAMES)}
        Path(path).write_text(json.dumps(found), encoding="utf-8")


def test_without_script_the_table_says_it_all(hub: Hub, meet: Meet) -> None:
    place_all(hub.town)
    hub.town.somebody()
    officer = meet(None, java_script_enabled=False)
    officer.sign_in("an")
    officer.open("/map")
    expect(officer.page.locator("table")).to_contain_text("Ngã tư 1")
    expect(officer.page.locator("table .is-open")).to_have_count(1)
    officer.shot("phone-map-table", full=True)
    assert fits(officer.page)


def test_a_plan_lies_under_the_cameras(hub: Hub, meet: Meet, tmp_path: Path) -> None:
    place_all_but_new(hub)
    MapFiles(hub.town.folder / "map").put_plan(plan(tmp_path, (400, 400)), TOWN)
    officer = meet()
    officer.open("/map")
    expect(officer.page.locator("#map[data-drawn='1']")).to_be_visible()
    kinds = officer.page.evaluate(
        "Object.values(document.getElementById('map').map.getStyle().sources).map((s) => s.type)"
    )
    assert sorted(kinds) == ["geojson", "image"]
    assert officer.complaints == []


NAMES = """
async () => {
  const map = document.getElementById("map").map;
  map.jumpTo({ center: [0, 0], zoom: 1 });
  await new Promise((done) => map.once("idle", done));
  const found = map.queryRenderedFeatures({ layers: ["places-name"] });
  return found.map((one) => one.properties.name);
}
"""


ON_ONE_ANOTHER = """
() => document.getElementById("map").map.getStyle().layers
    .filter((one) => one.source === "ground" && one.type === "fill")
    .map((one) => one["source-layer"])
"""


@pytest.mark.parametrize(
    ("kind", "is_large"), [("vector", False), ("vector", True), ("raster", True)]
)
def test_an_archive_of_tiles_lies_under_the_cameras(
    hub: Hub, meet: Meet, tmp_path: Path, kind: str, is_large: bool
) -> None:
    place_all_but_new(hub)
    archive = write_tiles(tmp_path / "world.pmtiles", is_vector=kind == "vector", is_large=is_large)
    MapFiles(hub.town.folder / "map").put_tiles(archive)
    officer = meet()
    officer.open("/map")
    expect(officer.page.locator("#map[data-drawn='1']")).to_be_visible()
    drawn = officer.page.evaluate(
        """(kind) => {
            const map = document.getElementById("map").map;
            const source = map.getSource("ground");
            const shapes = kind === "vector"
                ? map.querySourceFeatures("ground", { sourceLayer: "land" }).length : 1;
            return [source.type, map.isSourceLoaded("ground"), shapes > 0];
        }""",
        kind,
    )
    assert drawn == [kind, True, True]
    if kind == "vector":
        assert officer.page.evaluate(NAMES) == ["Tân Khai"]
        assert officer.page.evaluate(ON_ONE_ANOTHER) == ["land", "places"]
    expect(officer.page.locator("#map-credit")).to_have_text("© Maker")
    officer.shot(f"phone-map-{kind}")
    assert officer.complaints == []


def test_where_the_archive_is_not_to_be_read_the_cameras_are_drawn_all_the_same(
    hub: Hub, meet: Meet, tmp_path: Path
) -> None:
    place_all_but_new(hub)
    folder = hub.town.folder / "map"
    MapFiles(folder).put_tiles(write_tiles(tmp_path / "world.pmtiles", is_vector=True))
    (folder / "ground.pmtiles").write_bytes(b"torn by a broken disk")
    officer = meet()
    officer.open("/map")
    expect(officer.page.locator("#map[data-drawn='1']")).to_be_visible()
    expect(officer.page.locator("#map-credit")).to_have_count(0)
