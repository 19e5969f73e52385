"""An alert of one hub process on a page of another one."""

import copy
import threading
from collections.abc import Iterator

import httpx
import pytest

from hub.base.db.database import Database
from tests.browser.served import address, free_socket, served
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.other_process import OtherProcess, other_process
from tests.waiting import patience_s, until

NEVER_S = 1e6
"""Nothing is heard by looking at intervals."""


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def there(db: Database, database_url: str) -> Iterator[OtherProcess]:
    with other_process(database_url) as process, process.listening():
        yield process


def town_of(process: OtherProcess, town: Town) -> Town:
    """The town as this process serves it."""
    other = copy.copy(town)
    other.db, other.change_signal = process.db, process.change_signal
    other.keep_in(town.blobs)
    return other


@pytest.mark.promise("Pages: Open pages show changes at once.")
def test_a_page_of_another_process_hears_a_change_at_once(
    needs_loopback: None, town: Town, there: OtherProcess
) -> None:
    place, stopped, heard = free_socket(), threading.Event(), list[str]()
    app = town_of(there, town).app(
        public_url=address(place), stopping=stopped.is_set, keepalive_s=NEVER_S
    )

    def stop() -> None:
        stopped.set()
        there.change_signal.ring()

    with httpx.Client(timeout=patience_s()) as browser:
        with served(app, place, stop=stop):
            url = address(place)
            form = {"login": "an", "password": PASSWORD}
            browser.post(f"{url}/login", data=form, headers={"Origin": url})

            def listen() -> None:
                stream = browser.stream("GET", f"{url}/events?cursor=0", timeout=patience_s())
                with stream as lines:
                    for line in lines.iter_lines():
                        heard.append(line)

            page = threading.Thread(target=listen)
            page.start()
            until(lambda: heard)
            for _ in range(3):
                alert_id = town.somebody().alert_id
                until(lambda alert_id=alert_id: any(str(alert_id) in line for line in heard))  # type: ignore[misc]
        page.join(patience_s())
    assert not page.is_alive()
