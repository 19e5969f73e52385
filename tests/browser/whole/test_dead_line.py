"""A line that dies without a word: the page says so, and asks again."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from hub.access.tables import people
from hub.web.rendering import STATIC_FOLDER, WebSettings
from tests.browser.conftest import DESK, PHONE, Hub, Officer, town_served
from tests.browser.helpers.nodes.map import place_all_but_new
from tests.browser.helpers.whole.pages import fits
from tests.faults.proxy import FAIR, Proxy, Weather
from tests.waiting import page_limit_ms

pytestmark = pytest.mark.promise(
    "Pages: A page on a dead line says within 25 s that the connection is lost, and since when."
)
DEAD = Weather(is_black_hole=True)
LIVE = {"vi": "Trực tiếp", "en": "Live"}
LOST = {
    "vi": re.compile(r"^Mất kết nối, tin mới nhất lúc \d\d:\d\d:\d\d$"),
    "en": re.compile(r"^Connection lost, last news at \d\d:\d\d:\d\d$"),
}


@pytest.fixture
def line(needs_loopback: None, sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Hub, Proxy]]:
    """A hub that is reached through a line that can freeze."""
    lines: list[Proxy] = []

    def more(town: Any, url: str) -> dict[str, Any]:
        lines.append(Proxy(int(url.rpartition(":")[2])))
        return {
            "public_url": f"http://127.0.0.1:{lines[0].port}",
        }

    with town_served(sqlite_url, tmp_path, more) as hub, lines[0]:
        yield Hub(hub.town, f"http://127.0.0.1:{lines[0].port}"), lines[0]


@pytest.fixture
def guest(line: tuple[Hub, Proxy], chromium: Browser) -> Iterator[Callable[..., Officer]]:
    """An officer whose page has a clock that the test turns on."""
    contexts = []

    def make(size: Any, locale: str) -> Officer:
        context = chromium.new_context(viewport=size, locale=locale)
        contexts.append(context)
        context.set_default_timeout(page_limit_ms())
        officer = Officer(line[0], context, context.new_page())
        officer.page.clock.install()
        return officer

    yield make
    line[1].set(FAIR)
    for context in contexts:
        context.close()


def shown(page: Page, path: str) -> Any:
    return page.locator("#map-state" if path == "/map" else "#line-state")


@pytest.mark.parametrize(
    ("path", "size", "language"),
    [
        ("/", PHONE, "vi"),
        ("/", DESK, "en"),
        ("alert", PHONE, "vi"),
        ("/map", DESK, "vi"),
    ],
)
def test_a_page_on_a_frozen_line_says_so_and_is_live_again_after_it(
    line: tuple[Hub, Proxy], guest: Callable[..., Officer], path: str, size: Any, language: str
) -> None:
    hub, proxy = line
    seen = hub.town.somebody()
    place_all_but_new(hub)
    with hub.town.db.writing() as conn:
        conn.execute(update(people).values(language=language))
    officer = guest(size, language).sign_in("an")
    page = officer.page
    officer.open(f"/alerts/{seen.alert_id}" if path == "alert" else path)
    state = shown(page, path)
    expect(state).to_have_text(LIVE[language])
    proxy.set(DEAD)
    page.clock.fast_forward(24_000)
    page.clock.fast_forward(2_000)
    expect(state).to_have_text(LOST[language])
    box = state.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
    assert fits(page)
    officer.shot(f"dead-line{path.replace('/', '-')}-{size['width']}")
    # It asks again and again, also while each new connection hangs in the same hole.
    page.clock.fast_forward(26_000)
    expect(state).to_have_text(LOST[language])
    another = hub.town.somebody()
    proxy.set(FAIR)
    page.clock.fast_forward(26_000)
    expect(state).to_have_text(LIVE[language])
    if path != "/map":
        officer.open("/")
        expect(page.locator(f"#card-{another.alert_id}")).to_be_visible()


def test_a_quiet_line_that_beats_stays_live(
    line: tuple[Hub, Proxy], guest: Callable[..., Officer]
) -> None:
    officer = guest(PHONE, "vi-VN").sign_in("an")
    state = officer.page.locator("#line-state")
    expect(state).to_have_text(LIVE["vi"])
    officer.page.evaluate(
        "new MutationObserver((all) => { window.changed = all.length; })"
        ".observe(document.getElementById('line-state'), { childList: true })"
    )
    for _ in range(3):  # each time a beat comes before the page's clock goes on
        with officer.page.expect_event("console", lambda message: message.text == "beat"):
            officer.page.evaluate(
                "new EventSource('/events').addEventListener('beat', () => console.log('beat'))"
            )
        officer.page.wait_for_timeout(1500)
        officer.page.clock.fast_forward(20_000)
    expect(state).to_have_text(LIVE["vi"])
    assert officer.page.evaluate("window.changed") is None


def test_a_page_that_slept_says_at_once_how_old_its_news_is(
    line: tuple[Hub, Proxy], guest: Callable[..., Officer]
) -> None:
    officer = guest(PHONE, "vi-VN").sign_in("an")
    page = officer.page
    state = page.locator("#line-state")
    expect(state).to_have_text(LIVE["vi"])
    line[1].set(DEAD)
    told = page.evaluate("new Date().getMinutes()")
    # Asleep, the clock goes on and the timers stand still.
    page.clock.set_system_time(page.evaluate("Date.now() / 1000 + 3600"))
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(state).to_have_text(LOST["vi"])
    said = state.text_content() or ""
    assert abs(int(said.split(":")[1]) - told) % 59 <= 1  # an hour ago: the same minute
    line[1].set(FAIR)
    page.clock.fast_forward(26_000)
    expect(state).to_have_text(LIVE["vi"])


def test_the_hub_beats_well_before_a_page_takes_its_line_for_dead() -> None:
    script = (STATIC_FOLDER / "js" / "stream.js").read_text()
    [silent_ms] = re.findall(r"SILENT_MS = ([\d_]+);", script)
    assert int(silent_ms) == 25_000
    beat_s = WebSettings.__dataclass_fields__["keepalive_s"].default
    assert isinstance(beat_s, float) and beat_s <= 15


def test_every_page_listens_in_one_place() -> None:
    scripts = [*(STATIC_FOLDER / "js").glob("*.js"), *(STATIC_FOLDER / "worker").glob("*.js")]
    listens = [one.name for one in scripts if "new EventSource" in one.read_text()]
    assert listens == ["stream.js"]
