"""Passkeys in a real browser, with the authenticator that Chromium has for such tests."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from hub.base.db.database import Database
from tests.browser.conftest import Hub, Meet, Officer
from tests.browser.helpers.access.account_pages import proofs_grow_old
from tests.browser.helpers.whole.pages import fits
from tests.browser.served import free_socket, served
from tests.hub.rigs.web_town import Town

pytestmark = pytest.mark.promise("Sign-in: Sign-in by passkey works.")

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def hub(needs_loopback: None, sqlite_url: str, tmp_path: Path) -> Iterator[Hub]:
    """A town at `localhost`: browsers make no passkeys for an address in numbers."""
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    place, stopped = free_socket(), threading.Event()
    url = f"http://localhost:{place.getsockname()[1]}"
    app = town.app(public_url=url, stopping=stopped.is_set, keepalive_s=1.0)

    def stop() -> None:
        stopped.set()
        town.change_signal.ring()

    with served(app, place, stop=stop):
        yield Hub(town, url)
    db.close()


def with_authenticator(officer: Officer) -> Any:
    """The officer's device can make passkeys; the line to it, and its name."""
    line = officer.context.new_cdp_session(officer.page)
    line.send("WebAuthn.enable")
    made = line.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return line, made["authenticatorId"]


def test_a_passkey_is_made_signs_in_proves_and_is_taken_away(hub: Hub, meet: Meet) -> None:
    an = meet("an")
    line, authenticator = with_authenticator(an)
    an.open("/account")
    an.page.click("[data-passkey=make]")
    expect(an.page.locator("main [role=status]").first).to_contain_text("Đã thêm khóa truy cập")
    expect(an.page.locator("[action$='/remove']")).to_have_count(1)
    an.shot("phone-vi-passkeys", full=True)
    assert fits(an.page)
    kept = line.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    assert [one["rpId"] for one in kept["credentials"]] == ["localhost"]

    an.context.clear_cookies()
    an.open("/login?next=/settings")
    an.shot("phone-vi-login-passkey", full=True)
    an.page.click("[data-passkey=sign]")
    an.page.wait_for_url(f"{hub.url}/settings")
    expect(an.page.locator("main")).to_contain_text("Nguyễn Văn An")

    proofs_grow_old(hub)
    an.open("/account")
    an.page.click("[action$='/remove'] button")
    expect(an.page.locator("h1")).to_have_text("Có đúng là bạn không?")
    an.shot("phone-vi-proof-passkey", full=True)
    an.page.click("[data-passkey=sign]")
    expect(an.page.locator("main [role=status]").first).to_contain_text("không còn dùng được nữa")

    an.context.clear_cookies()
    an.open("/login")
    an.page.click("[data-passkey=sign]")
    expect(an.page.locator("#passkey-state")).to_contain_text("không được chấp nhận")


def test_whoever_does_not_touch_the_key_is_told_and_has_the_password(hub: Hub, meet: Meet) -> None:
    an = meet(None)
    line, authenticator = with_authenticator(an)
    unverified = {"authenticatorId": authenticator, "isUserVerified": False}
    line.send("WebAuthn.setUserVerified", unverified)
    an.open("/login")
    an.page.click("[data-passkey=sign]")
    expect(an.page.locator("#passkey-state")).to_contain_text("mật khẩu")
    an.sign_in("an")


def test_without_script_the_password_remains_and_no_dead_button_shows(hub: Hub, meet: Meet) -> None:
    an = meet(None, java_script_enabled=False)
    an.open("/login")
    expect(an.page.locator("[data-passkey]")).to_be_hidden()
    an.sign_in("an")
    an.open("/account")
    expect(an.page.locator("[data-passkey]")).to_be_hidden()
