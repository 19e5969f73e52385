"""Connections that only wait: refused uploads, heads and bodies that do not come."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from hub.web import resumable, server
from hub.web.server import Pages, is_too_slow
from tests.browser.served import address, free_socket
from tests.hub.rigs.web_town import TOKEN, Town
from tests.waiting import patience_s, until

pytestmark = pytest.mark.loopback

STRANGERS = 200


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def connect(town: Town) -> Iterator[Callable[[bytes], socket.socket]]:
    """Connects to the town's pages and sends."""
    place, lines = free_socket(), []
    name, port = address(place).removeprefix("http://").split(":")

    def connect(said: bytes) -> socket.socket:
        line = socket.create_connection((name, int(port)), timeout=patience_s())
        lines.append(line)
        line.sendall(said)
        return line

    pages = Pages(town.app())
    thread = threading.Thread(target=pages.run, kwargs={"sockets": [place]})
    thread.start()
    try:
        until(lambda: pages.started)
        yield connect
    finally:
        for line in lines:
            line.close()
        pages.should_exit = True
        thread.join(patience_s())
        place.close()


def upload(token: str = "") -> bytes:
    """The head of an upload of 20 MB, of which nothing comes."""
    proof = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        "POST /upload HTTP/1.1\r\nHost: hub\r\nTus-Resumable: 1.0.0\r\n"
        f"{proof}Content-Length: 20000000\r\n\r\n"
    ).encode()


def all_of(line: socket.socket) -> bytes:
    """What comes until the other side closes."""
    said = b""
    while piece := line.recv(65536):
        said += piece
    return said


@pytest.mark.promise("Footage: Refused uploads end within seconds, however many there are.")
def test_uploads_without_a_token_are_answered_and_closed_though_their_bodies_never_come(
    connect: Callable[[bytes], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable, "MOST_DRAINING", 10)
    lines = [connect(upload()) for _ in range(STRANGERS)]
    ends = [all_of(line).partition(b"\r\n")[0].split()[1] for line in lines]
    assert len(ends) == STRANGERS
    assert set(ends) <= {b"401", b"429"}
    assert resumable._draining == 0


def test_a_refused_upload_whose_body_comes_keeps_its_connection(
    connect: Callable[[bytes], socket.socket],
) -> None:
    head = upload(TOKEN).replace(b"20000000", b"5")
    line = connect(head + b"12345")
    answer = line.recv(65536)
    assert answer.split()[1] == b"400"
    assert b"connection: close" not in answer.lower()


def test_a_connection_without_a_request_or_a_body_is_closed_and_counted(
    connect: Callable[[bytes], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEAD_S", "BODY_S"):
        monkeypatch.setattr(server, name, 0.5)
    before = server.slow()
    form = (
        b"POST /login HTTP/1.1\r\nHost: hub\r\nOrigin: http://hub\r\nContent-Length: 30\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    for said in (b"", b"GET / HT", form):
        assert all_of(connect(said)) == b""
    assert server.slow() - before == {"slow head": 2, "slow body": 1}


@pytest.mark.parametrize(
    ("waits_for", "waited_s", "came_bytes", "is_closed"),
    [
        ("head", 9.0, 0, False),
        ("head", 11.0, 7000, True),
        ("body", 29.0, 0, False),
        ("body", 100.0, 20_000, True),
        ("body", 100.0, 30_000, False),
        ("rest", 6.0, 10**6, True),
        ("", 10**6, 0, False),
    ],
)
def test_how_long_a_connection_may_wait(
    waits_for: str, waited_s: float, came_bytes: int, is_closed: bool
) -> None:
    assert is_too_slow(waits_for, waited_s, came_bytes) == is_closed
