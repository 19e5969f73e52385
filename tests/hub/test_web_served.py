"""Over a real server: uploads that are refused in mid-word, and live pages that let it stop."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import httpx
import pytest

from tests.browser.served import address, free_socket, served, wait_until
from tests.hub.fake_site import FakeSite, alert_row, fake_site

GOOD = "good"
BIG = bytes(6 * 2**20)


@contextmanager
def up() -> Iterator[tuple[FakeSite, str]]:
    place, stopped = free_socket(), threading.Event()
    site = fake_site(public_url=address(place), stopping=stopped.is_set, keepalive_s=30.0)

    def stop() -> None:
        stopped.set()
        site.bell.ring()

    with served(site.app, place, stop=stop):
        yield site, address(place)


def headers(token: str = GOOD) -> dict[str, str]:
    return {
        "Tus-Resumable": "1.0.0",
        "Authorization": f"Bearer {token}",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }


@pytest.mark.parametrize(
    ("token", "is_announced", "status"), [("bad", True, 401), ("good", False, 404)]
)
def test_node_hears_the_answer_though_its_body_is_not_wanted(
    token: str, is_announced: bool, status: int
) -> None:
    digest = sha256(BIG).hexdigest()
    with up() as (site, url):
        if is_announced:
            site.uploads.announced[digest] = len(BIG)
        answer = httpx.patch(f"{url}/upload/{digest}", content=BIG, headers=headers(token))
    assert answer.status_code == status
    assert site.uploads.stored == {}


def test_large_upload_is_taken_in_pieces() -> None:
    digest = sha256(BIG).hexdigest()
    with up() as (site, url):
        site.uploads.announced[digest] = len(BIG)
        answer = httpx.patch(f"{url}/upload/{digest}", content=BIG, headers=headers())
    assert answer.status_code == 204
    assert site.uploads.stored[digest] == BIG


def test_what_came_before_the_line_broke_is_kept() -> None:
    digest = sha256(BIG).hexdigest()

    def broken() -> Iterator[bytes]:
        yield BIG[:1_000_000]
        wait_until(lambda: len(site.uploads.parts.get(digest, b"")) > 700_000)
        raise ConnectionError

    with up() as (site, url):
        site.uploads.announced[digest] = len(BIG)
        length = {"Content-Length": str(len(BIG))}
        with pytest.raises(ConnectionError):
            httpx.patch(f"{url}/upload/{digest}", content=broken(), headers=headers() | length)
        wait_until(lambda: len(site.uploads.parts[digest]) == 1_000_000)
    assert site.uploads.stored == {}


def test_open_live_page_hears_a_change_at_once_and_does_not_hold_up_the_stop() -> None:
    heard: list[str] = []
    with httpx.Client() as browser:
        with up() as (site, url):
            form = {"login": "an", "password": "right"}
            browser.post(f"{url}/login", data=form, headers={"Origin": url})

            def listen() -> None:
                with browser.stream("GET", f"{url}/events?cursor=0", timeout=20) as stream:
                    for line in stream.iter_lines():
                        heard.append(line)

            page = threading.Thread(target=listen)
            page.start()
            wait_until(lambda: heard)
            row = site.door.put(alert_row())
            wait_until(lambda: any(str(row.alert_id) in line for line in heard), within_s=2)
            began = time.monotonic()
        page.join(5)
    assert time.monotonic() - began < 2
    assert not page.is_alive()
