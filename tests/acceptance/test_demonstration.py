"""The demonstration while it runs: what it prints, its pages in a real browser, and its end."""

import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from deploy.broker import Broker
from hub.base.audit.detail import Detail
from tests.acceptance.demonstration import ROOT, Running, demo_command, invitation, processes_of
from tests.browser.conftest import CHROMIUM, DESK, FLAGS, PHONE
from tests.waiting import patience_ms, patience_s, until

LEASE_S = 10.0
MOST_BYTES = 60_000


@pytest.fixture(scope="module")
def bystander(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Mosquitto that somebody else runs on this machine."""
    with Broker(tmp_path_factory.mktemp("elsewhere")) as broker:
        yield broker


@pytest.fixture(scope="module")
def demo(
    needs_system: None, bystander: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The street playing in a loop until the tests of this file are over: the last one ends it."""
    folder = tmp_path_factory.mktemp("demo") / "town"
    process = subprocess.Popen(
        demo_command(folder), cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    said: list[str] = []
    try:
        sign = invitation(process, said)
        yield Running(folder, process, said="".join(said), **sign)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(patience_s())
        assert process.stdout is not None
        process.stdout.close()


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


def rows(demo: Running, query: str) -> list[tuple[str, ...]]:
    """Rows of a query to the hub's database."""
    hub = demo.folder / "hub" / "hub.sqlite"
    with closing(sqlite3.connect(f"file:{hub}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def node_said(demo: Running, event: str) -> int:
    """Number of times that the node's log has the line."""
    log = (demo.folder / "agent.log").read_text(errors="replace")
    return len(re.findall(rf"\b{event}\b", log))


@pytest.fixture
def visitor(needs_loopback: None, demo: Running) -> Iterator[httpx.Client]:
    """The demonstration's officer, signed in."""
    headers = {"Accept": "text/html", "Origin": demo.url}
    with httpx.Client(base_url=demo.url, headers=headers, timeout=patience_s()) as client:
        form = {"login": demo.login, "password": demo.password}
        assert client.post("/login", data=form).status_code == 303
        yield client


def watched(visitor: httpx.Client, place: str, *, pictures: int) -> list[httpx.Response]:
    """So many pictures, each newer than the one before."""
    shown: list[httpx.Response] = []
    number, until_s = 0, time.monotonic() + patience_s()
    while len(shown) < pictures:
        assert time.monotonic() < until_s, f"{len(shown)} of {pictures} pictures came"
        answer = visitor.get(f"{place}/picture", params={"after": number})
        if answer.status_code == 200:
            shown.append(answer)
            number = int(answer.headers["Picture-Number"])
    return shown


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


@pytest.mark.promise("Demonstration: The demonstration says what to do on its page.")
@pytest.mark.promise("Hub: The password of the demonstration is made for its run.")
@pytest.mark.promise("Hub: The demonstration says that push needs `localhost` or a certificate.")
def test_the_demonstration_says_what_to_do(demo: Running) -> None:
    assert "Tiếp nhận" in demo.said
    assert "localhost" in demo.said
    assert demo.said.count(demo.password) == 1


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


@pytest.mark.promise("Pages: Live view sends pictures only while somebody watches.")
def test_a_camera_is_watched_through_node_broker_and_hub_and_stops_when_nobody_does(
    demo: Running, visitor: httpx.Client
) -> None:
    (camera,) = rows(demo, "SELECT id FROM cameras")[0]
    place = f"/cameras/{camera}/live"
    assert node_said(demo, "live_watched") == 0
    assert visitor.get(place).status_code == 200
    shown = watched(visitor, place, pictures=4)
    assert len({one.content for one in shown}) == 4
    for one in shown:
        assert one.content.startswith(b"\xff\xd8\xff") and len(one.content) <= MOST_BYTES
    assert node_said(demo, "live_watched") == 1
    media = [path for path in Path(demo.folder).rglob("*") if path.is_file()]
    contents = {one.content for one in shown}
    assert not any(
        path.read_bytes() in contents for path in media if path.stat().st_size <= MOST_BYTES
    )
    csrf = visitor.get("/api/session").json()["csrf"]
    assert visitor.post(f"{place}/end", data={"csrf": csrf}).status_code == 204
    until(lambda: node_said(demo, "live_ended"), every_s=0.2)
    begun, ended = rows(demo, "SELECT act, data FROM audit WHERE act LIKE 'live.%' ORDER BY seq")
    assert begun[0] == "live.begin"
    detail = Detail.of_json(ended[1])
    assert detail is not None and (detail.code, detail.values["m"]) == ("live.closed", "4")


@pytest.mark.promise("Pages: Live view sends pictures only while somebody watches.")
def test_a_page_that_is_gone_without_a_word_stops_the_node_too(
    demo: Running, visitor: httpx.Client
) -> None:
    (camera,) = rows(demo, "SELECT id FROM cameras")[0]
    ended = node_said(demo, "live_ended")
    watched(visitor, f"/cameras/{camera}/live", pictures=1)
    began_s = time.monotonic()
    until(lambda: node_said(demo, "live_ended") > ended, every_s=0.2)
    assert time.monotonic() - began_s > LEASE_S / 2

    def last_end() -> str:
        (said,) = rows(demo, "SELECT data FROM audit WHERE act = 'live.end' ORDER BY seq DESC")[0]
        return str(said)

    until(lambda: "live.left" in last_end(), last_end, every_s=0.2)


@pytest.mark.promise("Demonstration: Ctrl-C ends all that the demonstration started.")
@pytest.mark.promise("Demonstration: Ctrl-C ends nothing else.")
@pytest.mark.promise("Demonstration: A broker or database that already runs stays untouched.")
@pytest.mark.promise("Hub: The password of the demonstration is made for its run.")
def test_ctrl_c_ends_everything_it_started_and_nothing_else(
    demo: Running, bystander: Broker
) -> None:
    """Runs last in this file: afterwards the town is gone."""
    others = bystander.pid
    assert len(processes_of(demo.folder)) >= 3
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(patience_s()) == 0
    assert processes_of(demo.folder) == []
    assert bystander.is_running
    assert bystander.pid == others
    assert demo.process.stdout is not None
    assert demo.password not in demo.process.stdout.read()
    kept = [path for path in demo.folder.rglob("*") if path.suffix in {".log", ".toml"}]
    assert kept
    assert all(demo.password not in path.read_text(errors="replace") for path in kept)
