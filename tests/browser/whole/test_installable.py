"""The site is an app that a phone offers to install: Chromium itself says what is missing."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, Hub
from tests.hub.rigs.web_town import PASSWORD
from tests.waiting import patience_ms, patience_s

pytestmark = pytest.mark.promise("Pages: The site can be installed as an app.")


@pytest.fixture
def page(needs_browser: None, hub: Hub, tmp_path: Path) -> Iterator[Page]:
    """An officer signed in with a browser that remembers: a private window installs nothing."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, args=list(FLAGS), locale="vi-VN"
        )
        context.set_default_timeout(patience_ms())
        page = context.new_page()
        page.goto(f"{hub.url}/login")
        page.fill("[name=login]", "an")
        page.fill("[name=password]", PASSWORD)
        page.click("form[action='/login'] button")
        page.wait_for_url(f"{hub.url}/")
        yield page
        context.close()


def ask(page: Page, question: str) -> Any:
    return page.context.new_cdp_session(page).send(question)


def test_chromium_finds_nothing_that_keeps_it_from_being_installed(hub: Hub, page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready")
    manifest = ask(page, "Page.getAppManifest")
    assert manifest["url"] == f"{hub.url}/app.webmanifest"
    assert manifest["errors"] == []
    assert ask(page, "Page.getInstallabilityErrors")["installabilityErrors"] == []


def test_icons_have_the_sizes_they_claim(hub: Hub) -> None:
    manifest = httpx.get(f"{hub.url}/app.webmanifest", timeout=patience_s()).json()
    drawn = [icon for icon in manifest["icons"] if icon["type"] == "image/png"]
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in drawn}
    assert any(icon.get("purpose") == "maskable" for icon in drawn)
    for icon in drawn:
        answer = httpx.get(f"{hub.url}{icon['src']}", timeout=patience_s())
        assert answer.headers["content-type"] == icon["type"]
        picture = Image.open(io.BytesIO(answer.content))
        assert f"{picture.width}x{picture.height}" == icon["sizes"]
        assert picture.format == "PNG"
