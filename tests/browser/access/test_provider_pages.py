"""Signing in by an OpenID provider in a real browser: redirected, linked, re-authenticated,
refused."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from hub.access.oidc.http import ProviderHttp
from hub.access.oidc.provider import OidcProvider, ProviderClient
from hub.base.db.database import Database
from tests.browser.conftest import Hub, Meet
from tests.browser.helpers.access.account_pages import proofs_grow_old
from tests.browser.helpers.whole.accessible import axe, faults, needs_axe
from tests.browser.helpers.whole.pages import LANGUAGES, SIZES, fits, in_two_looks, set_language
from tests.browser.served import address, free_socket, served
from tests.hub.rigs.open_id_office import CLIENT, SECRET, OpenIdOffice
from tests.hub.rigs.web_town import Town

pytestmark = [needs_axe, pytest.mark.promise("Sign-in: Sign-in by OpenID is optional.")]

__all__ = ["axe"]

Place = tuple[socket.socket, OpenIdOffice]
BUTTON = {"vi": "Đăng nhập bằng tài khoản cơ quan", "en": "Sign in with the office account"}


@pytest.fixture
def place(needs_loopback: None) -> Iterator[Place]:
    """Socket for the hub, and the provider that sends browsers back to it."""
    here = free_socket()
    office = OpenIdOffice(f"{address(here)}/login/provider/back")
    with office.open():
        yield here, office


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path, place: Place) -> Iterator[Hub]:
    """The usual hub, with a provider."""
    here, office = place
    db, stopped = Database(sqlite_url), threading.Event()
    town, url = Town(db, tmp_path), address(here)
    client = ProviderClient(office.issuer, CLIENT, SECRET, office.redirect_uri)
    provider = OidcProvider(client, names=BUTTON, line=ProviderHttp(), now_utc_s=time.time)
    app = town.app(public_url=url, stopping=stopped.is_set, provider=provider)

    def stop() -> None:
        stopped.set()
        town.change_signal.ring()

    with served(app, here, stop=stop):
        yield Hub(town, url)
    provider.close()
    db.close()


@in_two_looks
def test_an_account_is_linked_signs_in_and_proves_without_script(
    hub: Hub, meet: Meet, place: Place, size: str, language: str, theme: str
) -> None:
    office, name = place[1], f"provider-{size}-{language}-{theme}"
    set_language(hub, "an", language)
    looks: dict[str, Any] = {
        "locale": LANGUAGES[language],
        "size": SIZES[size],
        "color_scheme": theme,
    }
    one = meet(None, java_script_enabled=False, **looks)
    one.context.add_cookies([{"name": "theme", "value": theme, "url": hub.url}])

    def look(title: str) -> None:
        one.shot(f"{name}-{title}", full=True)
        assert fits(one.page), title

    one.open("/login")
    expect(one.page.get_by_role("link", name=BUTTON[language])).to_be_visible()
    look("login")
    one.page.get_by_role("link", name=BUTTON[language]).click()
    expect(one.page.locator("[role=alert]")).to_be_visible()
    look("unknown")
    one.sign_in("an")
    one.open("/account")
    one.page.click("form[action='/account/provider'] button")
    expect(one.page.locator("main [role=status]").first).to_be_visible()
    expect(one.page.get_by_text("an@office")).to_be_visible()
    look("linked")
    one.page.goto(f"{hub.url}/settings")
    one.page.click("form[action='/logout'] button")
    one.page.get_by_role("link", name=BUTTON[language]).click()
    one.page.wait_for_url(f"{hub.url}/")
    proofs_grow_old(hub)
    one.open("/account")
    one.page.click("form[action$='/unlink'] button")
    look("proof")
    with one.context.expect_page() as opened:
        one.page.get_by_role("link", name=BUTTON[language]).click()
    opened.value.wait_for_url(f"{hub.url}/proof/done")
    expect(opened.value.locator("main [role=status]")).to_be_visible()
    opened.value.close()
    one.page.click("#proof-form button")
    expect(one.page.locator("main [role=status]").first).to_be_visible()
    assert one.page.get_by_text("an@office").count() == 0
    office.instead["/token"] = (500, b"{}")
    one.page.click("form[action='/account/provider'] button")
    expect(one.page.locator("[role=alert]")).to_be_visible()
    look("away")
    assert office.faults == []


def test_its_pages_have_no_serious_fault(hub: Hub, meet: Meet, axe: str) -> None:
    one = meet("an")
    bad: dict[str, Any] = {}
    one.open("/account")
    bad["account"] = faults(one.page, axe)
    one.page.click("form[action='/account/provider'] button")
    one.page.wait_for_url("**/account?done=linked")
    bad["linked"] = faults(one.page, axe)
    for path in ("/proof/done", "/login/provider/back"):
        one.open(path)
        bad[path] = faults(one.page, axe)
    one.page.context.clear_cookies()
    one.open("/login")
    bad["login"] = faults(one.page, axe)
    assert {path: found for path, found in bad.items() if found} == {}
