"""Watching a camera live in a real browser: pictures come, are lost, and end with the page."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import UUID

import cv2
import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from hub.access.grants import rows
from hub.access.rules.grants import Right
from hub.base.audit.tables import audit
from hub.registry.tables import cameras
from tests.browser import footage
from tests.browser.conftest import Hub, Meet, open_link
from tests.browser.whole.test_pages import LANGUAGES, SIZES, fits, in_four_looks, set_language
from tests.hub.rigs.web_town import TOKEN, Town
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Pages: Live view sends pictures only while somebody watches.")


def small(frame: Any) -> bytes:
    """Live picture as nodes send it: 640 pixels wide."""
    _, data = cv2.imencode(".jpg", cv2.resize(frame, (640, 480)), [cv2.IMWRITE_JPEG_QUALITY, 60])
    return bytes(data)


class Node:
    """Brings a picture four times a second while the hub takes them; another after another."""

    def __init__(self, hub: Hub) -> None:
        self._url = f"{hub.url}/upload/live/{hub.town.voice.camera}"
        self._pictures = [small(frame) for frame in islice(footage.frames(90), 0, None, 30)]
        self.is_on = True
        self.answers: list[int] = []

    def run(self, stop: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "image/jpeg"}
        while not stop.wait(0.25):
            if self.is_on:
                data = self._pictures[len(self.answers) % 3]
                answer = httpx.put(self._url, content=data, headers=headers, timeout=patience_s())
                self.answers.append(answer.status_code)


@contextmanager
def running(hub: Hub) -> Iterator[Node]:
    """The node, and the hub's own rounds."""
    node, stop = Node(hub), threading.Event()

    def rounds() -> None:
        while not stop.wait(0.3):
            hub.town.live_leases.look()

    threads = [
        threading.Thread(target=node.run, args=(stop,)),
        threading.Thread(target=rounds),
    ]
    for thread in threads:
        thread.start()
    try:
        yield node
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def camera_of(town: Town) -> UUID:
    with town.db.reading() as conn:
        found: UUID = conn.scalars(select(cameras.c.id)).one()
    return found


def ends(town: Town) -> list[str]:
    query = select(audit.c.detail).where(audit.c.act == "live.end").order_by(audit.c.seq)
    with town.db.reading() as conn:
        return list(conn.scalars(query))


def look_of(page: Page) -> str:
    """The picture that is drawn now, as the browser writes it."""
    found: str = page.evaluate("document.querySelector('.live canvas').toDataURL()")
    return found


@in_four_looks
def test_pictures_follow_one_another_and_are_lost_with_their_age(
    hub: Hub, meet: Meet, size: str, language: str, theme: str
) -> None:
    hub.town.allow("an", Right.LIVE)
    set_language(hub, "an", language)
    officer = meet(None, size=SIZES[size], locale=LANGUAGES[language], color_scheme=theme)
    officer.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])
    officer.sign_in("an")
    name = f"{size}-{language}-{theme}-live"
    live, lost = {"vi": ("Trực tiếp", "Mất hình"), "en": ("Live", "Picture lost")}[language]
    with running(hub) as node:
        node.is_on = False
        officer.open(f"/cameras/{camera_of(hub.town)}")
        officer.shot(f"{name}-camera", full=True)
        open_link(officer.page, "main a[href$='/live']")
        officer.shot(f"{name}-waiting", full=True)
        node.is_on = True
        expect(officer.page.locator("[data-live-state]")).to_contain_text(live)
        first = look_of(officer.page)
        until(lambda: look_of(officer.page) != first)
        officer.shot(name, full=True)
        assert fits(officer.page)
        node.is_on = False
        expect(officer.page.locator("[data-live-state]")).to_contain_text(lost)
        expect(officer.page.locator("#heard")).to_contain_text(lost)
        officer.shot(f"{name}-lost", full=True)
        assert fits(officer.page)
        officer.page.locator("main a[href^='/cameras/']").last.click()
        # A browser may drop the last word of a page that goes: then its lease ends it.
        until(lambda: ends(hub.town))
        until(lambda: hub.town.live_leases.views.watches() == [])
        node.is_on, node.answers = True, []
        until(lambda: node.answers)
        assert node.answers[-1] == 410
    assert officer.complaints == []


def test_a_revoked_grant_ends_the_picture_on_the_open_page(hub: Hub, meet: Meet) -> None:
    grant_id = hub.town.allow("an", Right.LIVE)
    officer = meet("an")
    with running(hub):
        officer.open(f"/cameras/{camera_of(hub.town)}/live")
        expect(officer.page.locator(".live canvas")).to_be_visible()
        with hub.town.db.writing() as conn:
            rows.end_grant(conn, grant_id, now=hub.town.clock.now())
        expect(officer.page.locator(".live canvas")).to_have_count(0)
        expect(officer.page.locator("[data-live-state]")).to_contain_text("không còn được xem")
        officer.shot("phone-vi-live-revoked", full=True)
        until(lambda: any("no longer granted" in said for said in ends(hub.town)))


def test_without_script_the_page_shows_another_picture_each_time_it_loads_itself(
    hub: Hub, meet: Meet
) -> None:
    hub.town.allow("an", Right.LIVE)
    officer = meet("an", java_script_enabled=False)
    with running(hub):
        officer.open(f"/cameras/{camera_of(hub.town)}/live")
        picture = officer.page.locator(".live img")
        expect(picture).to_be_visible()
        first = picture.get_attribute("src")
        expect(picture).not_to_have_attribute("src", first or "")
        officer.shot("phone-vi-live-no-script", full=True)
        assert fits(officer.page)
        until_s = time.monotonic() + 3
        while time.monotonic() < until_s:
            assert len(hub.town.live_leases.views.watches()) == 1
            time.sleep(0.2)
