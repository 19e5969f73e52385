"""Connections to push services, against a server on loopback that counts them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpcore
import httpx
import pytest

from hub.notify.channels.post import new_client
from hub.notify.channels.reach import ANY
from tests.waiting import patience_s

pytestmark = pytest.mark.loopback

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request by `answer`, None hangs; says how many connections were made."""

    def __init__(self, answer: bytes | None = ANSWER, *, closes: bool = False) -> None:
        self.answer = answer
        self.connections = 0
        self.ended = 0
        self.at_once = 0
        self.most_at_once = 0
        self._closes = closes

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                await asyncio.sleep(0.01 if self.answer else 3600)
                self.at_once -= 1
                writer.write(self.answer or b"")
                await writer.drain()
                if self._closes:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.ended += 1
            writer.close()


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[str]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    finally:
        listening.close()


def lived(
    server: Server,
    act: Callable[[httpx.AsyncClient, str], Awaitable[None]],
    *,
    timeout_s: float | None = None,
    most: int = 50,
) -> None:
    async def run() -> None:
        async with (
            running(server) as url,
            new_client(
                private=ANY, timeout_s=timeout_s or patience_s(), most_connections=most
            ) as client,
        ):
            client.timeout.connect = patience_s()  # it is the answer that does not come
            await act(client, url)

    asyncio.run(run())


def test_a_connection_is_used_again() -> None:
    server = Server()

    async def act(client: httpx.AsyncClient, url: str) -> None:
        for _ in range(5):
            answer = await client.post(url)
            assert (answer.status_code, answer.text) == (201, "ok")

    lived(server, act)
    assert server.connections == 1


def test_a_connection_that_the_service_closed_is_not_used_again() -> None:
    server = Server(closes=True)

    async def act(client: httpx.AsyncClient, url: str) -> None:
        for number in range(3):
            assert (await client.post(url)).status_code == 201
            while server.ended <= number:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # its end has come over the loopback

    lived(server, act)
    assert server.connections == 3


def test_no_more_connections_than_are_allowed_and_all_are_served() -> None:
    server = Server()

    async def act(client: httpx.AsyncClient, url: str) -> None:
        answers = await asyncio.gather(*(client.post(url) for _ in range(40)))
        assert [answer.status_code for answer in answers] == [201] * 40

    lived(server, act, most=4)
    assert server.connections <= 4
    assert server.most_at_once <= 4


def test_who_waits_too_long_for_a_connection_or_an_answer_is_told_so() -> None:
    async def act(client: httpx.AsyncClient, url: str) -> None:
        found = await asyncio.gather(client.post(url), client.post(url), return_exceptions=True)
        kinds = {type(error) for error in found}
        assert kinds == {httpx.ReadTimeout, httpx.PoolTimeout}
        for error in found:
            assert isinstance(error, httpx.TimeoutException)

    lived(Server(answer=None), act, timeout_s=0.5, most=1)


def test_a_body_that_is_not_read_to_its_end_costs_its_connection_and_no_more() -> None:
    server = Server(b"HTTP/1.1 413 No\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)

    async def act(client: httpx.AsyncClient, url: str) -> None:
        for _ in range(3):
            async with client.stream("POST", url) as answer:
                assert answer.status_code == 413

    lived(server, act, most=1)
    assert server.connections == 3


def test_a_request_that_is_given_up_frees_its_connection() -> None:
    server = Server(answer=None)

    async def act(client: httpx.AsyncClient, url: str) -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.post(url)
        server.answer = ANSWER
        assert (await client.post(url)).status_code == 201

    lived(server, act, most=1)


def test_an_expired_connection_that_fails_to_close_takes_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, close = Server(), httpcore.AsyncHTTPConnection.aclose

    async def close_and_fail(connection: httpcore.AsyncHTTPConnection) -> None:
        await close(connection)
        raise OSError("connection reset")

    async def act(client: httpx.AsyncClient, url: str) -> None:
        assert (await client.post(url)).status_code == 201
        with monkeypatch.context() as patch:
            patch.setattr(httpcore.AsyncHTTPConnection, "has_expired", lambda _: True)
            patch.setattr(httpcore.AsyncHTTPConnection, "aclose", close_and_fail)
            for _ in range(2):
                assert (await client.post(url)).status_code == 201

    lived(server, act, most=1)
    assert server.connections == 3


def test_a_service_that_is_not_there_is_told_as_before() -> None:
    async def run() -> None:
        async with new_client(private=ANY) as client:
            with pytest.raises(httpx.ConnectError):
                await client.post("http://127.0.0.1:1/")

    asyncio.run(run())
