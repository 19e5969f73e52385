"""A town with its site on a free port, and a headless Chromium for its officers."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright._impl.assertions import AssertionsBase
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from hub.app import config
from hub.app.evidence import packer
from hub.base.db.database import Database
from hub.cases.evidence.service import ExportService
from hub.search import sighting_queries
from tests.browser import footage
from tests.browser.served import address, free_socket, served
from tests.hub.rigs.enrolling_rig import EnrolHub
from tests.hub.rigs.web_town import PASSWORD, Seen, Town
from tests.waiting import PAGE_LIMIT_S, Patience, page_limit_ms

CHROMIUM = "/usr/bin/chromium"
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM
"""Chromium without the windows, which nobody sees here: a page costs half the processor time. It
shows no notification and installs no app; a module that needs those says `BROWSER = CHROMIUM`."""

FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}


ASK_AGAIN_MS = 5_000.0
"""Within this, Playwright itself looks again and again whether a page shows what is expected."""


async def _shown(asserted: Any) -> str:
    """Address and text of the page about which something was expected in vain."""
    locator = getattr(asserted, "_actual_locator", None)
    frame = locator._frame if locator else asserted._actual_page.main_frame
    return f"{frame.url} shows: {await frame.evaluate('document.body.innerText', None)}"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """`expect` without a limit of its own asks until the patience for a page is over."""
    ask: Any = AssertionsBase._expect_impl

    async def expected(self: Any, how: str, options: Any, *rest: Any) -> None:
        if options.get("timeout") is not None:
            return await ask(self, how, options, *rest)
        patience = None
        while True:
            try:
                return await ask(self, how, {**options, "timeout": ASK_AGAIN_MS}, *rest)
            except AssertionError as error:
                patience = patience or Patience(PAGE_LIMIT_S)
                if patience.is_over():
                    error.add_note(await _shown(self))
                    raise

    monkeypatch.setattr(AssertionsBase, "_expect_impl", expected)
    monkeypatch.setattr(sighting_queries, "BUDGET_S", 600.0)  # a search shows all there is


@pytest.fixture
def quick_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The public form is filled in faster than a person can."""
    monkeypatch.setattr("hub.public.tips.public_service.FORM_YOUNGEST_S", 0)


# Not for the whole session: while it runs, no other test could start an event loop.
@pytest.fixture(scope="module")
def chromium(needs_browser: None, request: pytest.FixtureRequest) -> Iterator[Browser]:
    program = getattr(request.module, "BROWSER", HEADLESS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def picture() -> bytes:
    return footage.picture()


@pytest.fixture(scope="session")
def clip() -> bytes:
    return footage.clip()


@dataclass
class Hub:
    """The town, and where its site is."""

    town: Town
    url: str


@contextmanager
def town_served(
    sqlite_url: str, folder: Path, more: Callable[[Town, str], dict[str, Any]]
) -> Iterator[Hub]:
    """A town whose site is up inside; `more`, by town and address, is what its app is made with."""
    db = Database(sqlite_url)
    town = Town(db, folder)
    place, stopped = free_socket(), threading.Event()
    url = address(place)
    usual: dict[str, Any] = {"public_url": url, "stopping": stopped.is_set, "keepalive_s": 1.0}
    app = town.app(**(usual | more(town, url)))

    def stop() -> None:
        stopped.set()
        town.change_signal.ring()

    with served(app, place, stop=stop):
        yield Hub(town, url)
    db.close()


@pytest.fixture
def hub(needs_loopback: None, sqlite_url: str, tmp_path: Path) -> Iterator[Hub]:
    def more(town: Town, _url: str) -> dict[str, Any]:
        return {
            "enrolling": EnrolHub(town.db, tmp_path).enrolling(8443),
            "allows_local_push": True,
        }

    with town_served(sqlite_url, tmp_path, more) as hub:
        yield hub


@contextmanager
def town_that_packs(sqlite_url: str, folder: Path) -> Iterator[Hub]:
    """The usual town; it can also make packages."""

    def more(town: Town, url: str) -> dict[str, Any]:
        settings = config.HubSettings(
            web={"public_url": url},
            push={"subject": "mailto:keeper@hub.example"},
            store={"media_folder": str(folder / "media")},
            secrets={"folder": str(folder / "secrets")},
        )
        return {"pack": packer(settings, town.services.use(ExportService))}

    with town_served(sqlite_url, folder, more) as hub:
        yield hub


@pytest.fixture
def whole(hub: Hub, picture: bytes, clip: bytes) -> Seen:
    """Two people were seen and have gone; picture and clip are in."""
    seen = hub.town.somebody(picture, people=2)
    hub.town.clip(seen, clip)
    hub.town.bring(picture)
    hub.town.bring(clip)
    hub.town.gone(seen)
    return seen


@dataclass
class Officer:
    """One person at one browser; remembers what the browser complained of and asked for."""

    hub: Hub
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    """Addresses that did not come, each with the browser's reason."""

    def listen(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.on("request", lambda request: self.asked.add(request.url))
        self.context.on(
            "requestfailed", lambda request: self.failed.append(f"{request.url} {request.failure}")
        )

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def sign_in(self, login: str) -> "Officer":
        self.page.goto(f"{self.hub.url}/login")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("form[action='/login'] button")
        self.page.wait_for_url(f"{self.hub.url}/")
        return self

    def open(self, path: str) -> None:
        self.page.goto(f"{self.hub.url}{path}")

    def open_alert(self, alert_id: UUID) -> None:
        self.open(f"/alerts/{alert_id}")

    def open_without(self, script: str, path: str) -> Callable[[], None]:
        """Opens a page whose script is on its way; what is returned lets it come."""
        held = list[Route]()

        def hold(route: Route) -> None:
            held.append(route)

        self.page.route(f"**/{script}*", hold, times=1)
        with self.page.expect_request(f"**/{script}*"):
            self.page.goto(f"{self.hub.url}{path}", wait_until="commit")
        return lambda: held.pop().continue_()

    def wait_for_scripts(self) -> None:
        """The scripts of the page are there, also those that only some pages need."""
        try:
            expect(self.page.locator("html")).to_have_attribute("data-scripted", "")
        except AssertionError as error:
            error.add_note(f"complaints: {self.complaints}, failed: {self.failed}")
            raise

    def shot(self, name: str, *, full: bool = False) -> None:
        """A picture for people to look at, if `MATTHAN_SHOTS` names a folder."""
        folder = os.environ.get("MATTHAN_SHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=full)


def open_link(page: Page, link: str) -> None:
    """Presses a link and waits until its page has loaded.

    While it loads, it may still scroll to what the address names: a press in between hits nothing.
    """
    with page.expect_navigation():
        page.click(link)


Meet = Callable[..., Officer]


@pytest.fixture
def meet(hub: Hub, chromium: Browser) -> Iterator[Meet]:
    """Makes an officer at a browser of the given size; all windows are closed at the end."""
    contexts: list[BrowserContext] = []

    def make(login: str | None = "an", *, size: Any = None, **options: Any) -> Officer:
        size = size or PHONE
        context = chromium.new_context(viewport=size, **{"locale": "vi-VN", **options})
        contexts.append(context)
        context.set_default_timeout(page_limit_ms())
        officer = Officer(hub, context, context.new_page())
        officer.listen()
        return officer.sign_in(login) if login else officer

    yield make
    for context in contexts:
        context.close()
