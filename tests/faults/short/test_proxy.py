"""The faulty line has exactly the faults that it is told; otherwise a campaign over it proves
nothing."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import FAIR, HOST, Proxy, Weather
from tests.waiting import patience_s, until

pytestmark = pytest.mark.loopback

SOON_S = 0.3


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that says back what it hears."""
    server = socket.create_server((HOST, 0))

    def answer(line: socket.socket) -> None:
        with line:
            try:
                while heard := line.recv(65536):
                    line.sendall(heard)
            except OSError:
                pass

    def serve() -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(line,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture
def proxy(echo_port: int) -> Iterator[Proxy]:
    with Proxy(echo_port) as made:
        yield made


def call(proxy: Proxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), patience_s())


def test_in_fair_weather_everything_passes_both_ways(proxy: Proxy) -> None:
    words = bytes(range(256)) * 1000
    with call(proxy) as line:
        line.sendall(words)
        heard = b""
        while len(heard) < len(words):
            heard += line.recv(65536)
    assert heard == words
    until(lambda: proxy.open_connections == 0)


def test_black_hole_says_nothing_and_gives_back_late_what_it_held(proxy: Proxy) -> None:
    with call(proxy) as line:
        line.sendall(b"before")
        assert line.recv(100) == b"before"
        proxy.set(Weather(is_black_hole=True))
        line.sendall(b"within")
        line.settimeout(SOON_S)
        with pytest.raises(TimeoutError):
            line.recv(100)
        proxy.set(FAIR)
        line.settimeout(patience_s())
        assert line.recv(100) == b"within"


def test_reset_is_heard_as_such_and_a_refusing_line_resets_who_comes(proxy: Proxy) -> None:
    with call(proxy) as line:
        line.sendall(b"a")
        assert line.recv(1) == b"a"
        proxy.reset_all()
        with pytest.raises(ConnectionResetError):
            line.recv(1)
    proxy.set(Weather(refuses=True))
    with pytest.raises(ConnectionResetError), call(proxy) as line:
        line.sendall(b"a")
        line.recv(1)


def test_half_closed_line_still_takes_what_is_said_to_it(proxy: Proxy) -> None:
    with call(proxy) as line:
        line.sendall(b"a")
        assert line.recv(1) == b"a"
        proxy.half_close_all()
        assert line.recv(1) == b""
        line.sendall(b"b")  # and the answer to it is lost
    until(lambda: proxy.open_connections == 0)


def test_slow_line_is_slow_in_answer_and_in_bytes(proxy: Proxy) -> None:
    with call(proxy) as line:
        proxy.set(Weather(latency_s=0.1))
        began = time.monotonic()
        line.sendall(b"a")
        assert line.recv(1) == b"a"
        assert time.monotonic() - began >= 0.2
        proxy.set(Weather(rate_bytes_s=10_000))
        began = time.monotonic()
        line.sendall(b"a" * 2000)
        heard = 0
        while heard < 2000:
            heard += len(line.recv(65536))
        assert time.monotonic() - began >= 0.4


def test_line_to_nobody_is_reset(echo_port: int) -> None:
    with socket.socket() as unused:  # bound and not listening: no other program takes it
        unused.bind((HOST, 0))
        port = unused.getsockname()[1]
        # The reset may come as early as the greeting.
        with Proxy(port) as proxy, pytest.raises(ConnectionResetError), call(proxy) as line:
            line.recv(1)
