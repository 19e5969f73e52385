"""The demonstration in a real browser: an alert comes by itself, its clip plays, it is taken."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.acceptance.demonstration import Running, processes_of
from tests.browser.conftest import CHROMIUM, DESK, FLAGS, PHONE
from tests.waiting import patience_ms, patience_s


@pytest.fixture(scope="module")
def chromium(needs_browser: None) -> Iterator[Browser]:
    expect.set_options(timeout=patience_ms())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(request: pytest.FixtureRequest, chromium: Browser, demo: Running) -> Iterator[Page]:
    context = chromium.new_context(viewport=request.param, locale="vi-VN")
    context.set_default_timeout(patience_ms())
    page = context.new_page()
    page.goto(demo.url)
    page.fill("input[name=login]", demo.login)
    page.fill("input[name=password]", demo.password)
    page.click("form[action='/login'] button")
    page.wait_for_url(f"{demo.url}/")
    yield page
    context.close()


def photograph(page: Page, name: str) -> None:
    """Keep a screenshot where MATTHAN_SCREENSHOTS says, for a person to look at."""
    if folder := os.environ.get("MATTHAN_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{page.viewport_size['width']}.png")


def first_frames(demo: Running, alert_id: str) -> tuple[int, int]:
    """First frame of the alert's clip, whole or still growing, and of its first sighting
    (microseconds, UTC)."""
    hub = demo.folder / "hub" / "hub.sqlite"
    with closing(sqlite3.connect(f"file:{hub}?mode=ro", uri=True)) as database:
        row = database.execute(
            "SELECT MIN(clip.first_frame_utc_us), MIN(alerts.began_utc_us) FROM alerts"
            " JOIN sightings ON sightings.alert_id = alerts.id"
            " JOIN growing_sightings AS shows ON shows.sighting_id = sightings.id"
            " JOIN growing_clips AS clip ON clip.id = shows.clip_id WHERE alerts.id = ?",
            (UUID(alert_id).hex,),
        ).fetchone()
    return int(row[0]), int(row[1])


@pytest.mark.promise("Demonstration: The demonstration prints the address, a login and a password.")
@pytest.mark.promise(
    "Demonstration: Alerts appear on the open page as they happen, with the person's picture."
)
@pytest.mark.promise("Demonstration: The clip of each alert plays in Chromium.")
def test_alert_comes_by_itself_and_its_clip_plays(page: Page, demo: Running) -> None:
    card = page.locator("article.card[data-state=open]").first
    expect(card.locator("img")).to_be_visible()
    photograph(page, "inbox")
    alert_id = card.get_attribute("data-alert")
    assert alert_id is not None
    page.goto(f"{demo.url}/alerts/{alert_id}")
    picture = page.locator("[data-part=picture] img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 300
    video = page.locator("video").first
    expect(video).to_be_attached()
    page.locator("[data-part=picture]").click()
    page.wait_for_function("() => document.querySelector('video').currentTime > 1.5")
    assert video.evaluate("video => video.duration") > 5
    clip_from, somebody_from = first_frames(demo, alert_id)
    assert clip_from < somebody_from
    photograph(page, "alert")


def test_taking_an_alert_says_who_has_it(page: Page, demo: Running) -> None:
    card = page.locator("article.card[data-state=open]").first
    expect(card).to_be_visible()
    page.goto(f"{demo.url}/alerts/{card.get_attribute('data-alert')}")
    page.get_by_role("button", name="Tiếp nhận").click()
    expect(page.locator("#detail")).to_have_attribute("data-state", "taken")
    expect(page.locator("[data-part=head]")).to_contain_text("đã tiếp nhận")
    photograph(page, "taken")


@pytest.mark.promise("Demonstration: Ctrl-C ends all that the demonstration started.")
def test_ctrl_c_ends_everything_it_started(demo: Running) -> None:
    """Runs last in this file: afterwards the town is gone."""
    assert len(processes_of(demo.folder)) >= 3
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(patience_s()) == 0
    assert processes_of(demo.folder) == []
