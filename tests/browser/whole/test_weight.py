"""The size of an inbox on a phone with an empty cache: all bytes that the hub sends."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from hub.access.signin.accounts import SignedIn
from hub.base.db.database import Database
from tests.browser import footage
from tests.browser.conftest import CHROMIUM, Hub, Meet
from tests.browser.served import address, free_socket, served
from tests.hub.rigs.web_town import PASSWORD, Town

pytestmark = pytest.mark.promise("Pages: The inbox loads at most 150 kB.")

BROWSER = CHROMIUM  # a browser decides how far below the screen a picture is fetched

MOST_BYTES = 150_000
OPEN = 10
"""Alerts that nobody has yet, each with its picture: more than a phone shows before it is moved."""


class Scales:
    """Between server and site: weighs every answer, its headers too, whoever asked."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.bytes: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def weigh(message: Any) -> None:
            size = len(message.get("body", b""))
            size += sum(len(name) + len(value) + 4 for name, value in message.get("headers", ()))
            self.bytes[scope["path"]] += size
            await send(message)

        await self._app(scope, receive, weigh)


@pytest.fixture
def scales() -> list[Scales]:
    return []


@pytest.fixture
def hub(
    needs_loopback: None, sqlite_url: str, tmp_path: Path, scales: list[Scales]
) -> Iterator[Hub]:
    db = Database(sqlite_url)
    town = Town(db, tmp_path)
    place, stopped = free_socket(), threading.Event()
    url = address(place)
    app = town.app(public_url=url, stopping=stopped.is_set, keepalive_s=1.0)
    scales.append(Scales(app))

    def stop() -> None:
        stopped.set()
        town.change_signal.ring()

    anything: Any = scales[0]
    with served(anything, place, stop=stop):
        yield Hub(town, url)
    db.close()


def test_the_first_load_of_an_inbox_with_ten_alerts_is_at_most_150_kb(
    hub: Hub, meet: Meet, scales: list[Scales]
) -> None:
    picture = footage.picture()
    for number in range(OPEN):
        data = picture + bytes([number])  # a trailing byte: another file of the same look
        hub.town.somebody(data)
        hub.town.bring(data)
    signed_in = hub.town.accounts.sign_in("an", PASSWORD, came_from="")
    assert isinstance(signed_in, SignedIn)
    fresh = meet(None)
    fresh.context.add_cookies([{"name": "matthan", "value": signed_in.token, "url": hub.url}])
    fresh.open("/")
    expect(fresh.page.locator("#open-cards [data-alert]")).to_have_count(OPEN)
    fresh.page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    fresh.page.wait_for_timeout(1000)  # for what the service worker keeps
    weighed = scales[0].bytes
    heavy = [f"{path} {size}" for path, size in weighed.most_common(12)]
    assert sum(weighed.values()) <= MOST_BYTES, heavy
