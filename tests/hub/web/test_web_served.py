"""With a real server: uploads that are refused while they are sent, and live pages that let it
stop."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import httpx
import pytest

from tests.browser.served import address, free_socket, served
from tests.hub.rigs.web_town import PASSWORD, TOKEN, Town
from tests.waiting import busy, patience_s, until

pytestmark = pytest.mark.loopback

BIG = bytes(6 * 2**20)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def digest(town: Town) -> str:
    """The name of a large file that the node has announced."""
    town.somebody(BIG)
    return sha256(BIG).hexdigest()


def received_bytes(town: Town) -> int:
    """How much of a file lies there unfinished; asking `Uploads` would end its upload."""
    parts = (town.folder / "media" / "parts").rglob("*")
    return sum(path.stat().st_size for path in parts if path.is_file())


@contextmanager
def up(town: Town) -> Iterator[str]:
    place, stopped = free_socket(), threading.Event()
    app = town.app(public_url=address(place), stopping=stopped.is_set, keepalive_s=30.0)

    def stop() -> None:
        stopped.set()
        town.change_signal.ring()

    with served(app, place, stop=stop):
        yield address(place)


def headers(token: str = TOKEN) -> dict[str, str]:
    return {
        "Tus-Resumable": "1.0.0",
        "Authorization": f"Bearer {token}",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }


@pytest.mark.parametrize(
    ("token", "is_announced", "status"), [("bad", True, 401), (TOKEN, False, 404)]
)
def test_node_hears_the_answer_though_its_body_is_not_wanted(
    town: Town, token: str, is_announced: bool, status: int
) -> None:
    digest = sha256(BIG).hexdigest()
    if is_announced:
        town.somebody(BIG)
    with up(town) as url:
        answer = httpx.patch(
            f"{url}/upload/{digest}", content=BIG, headers=headers(token), timeout=patience_s()
        )
    assert answer.status_code == status
    assert not town.blobs.has(digest)


@pytest.mark.promise(
    "Seal and footage store: Files are streamed with ranges and are never whole in memory."
)
def test_large_upload_is_taken_in_pieces(town: Town, digest: str) -> None:
    with up(town) as url:
        answer = httpx.patch(
            f"{url}/upload/{digest}", content=BIG, headers=headers(), timeout=patience_s()
        )
    assert answer.status_code == 204
    assert b"".join(town.blobs.read(digest, length=len(BIG))) == BIG


def test_what_came_before_the_line_broke_is_kept(town: Town, digest: str) -> None:
    def broken() -> Iterator[bytes]:
        yield BIG[:1_000_000]
        until(lambda: received_bytes(town) > 700_000)
        raise ConnectionError

    with up(town) as url:
        length = {"Content-Length": str(len(BIG))}
        with pytest.raises(ConnectionError):
            httpx.patch(
                f"{url}/upload/{digest}",
                content=broken(),
                headers=headers() | length,
                timeout=patience_s(),
            )
        until(lambda: received_bytes(town) == 1_000_000)
    assert not town.blobs.has(digest)


@pytest.mark.promise("Pages: Open pages show changes at once.")
def test_open_live_page_hears_a_change_at_once_and_does_not_hold_up_the_stop(town: Town) -> None:
    heard: list[str] = []
    with httpx.Client(timeout=patience_s()) as browser:
        with up(town) as url:
            form = {"login": "an", "password": PASSWORD}
            browser.post(f"{url}/login", data=form, headers={"Origin": url})

            def listen() -> None:
                with browser.stream(
                    "GET", f"{url}/events?cursor=0", timeout=patience_s()
                ) as stream:
                    for line in stream.iter_lines():
                        heard.append(line)

            page = threading.Thread(target=listen)
            page.start()
            until(lambda: heard)
            alert_id = town.somebody().alert_id
            until(lambda: any(str(alert_id) in line for line in heard))
            began = time.monotonic()
        page.join(patience_s())
    assert time.monotonic() - began < 2 * busy()
    assert not page.is_alive()
