"""Connection pool for push services: a transport for httpx.

httpx's own pool checks every connection for every request. With the thirty connections of a busy
hub that took longer than the request. This pool checks only the last used one.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import httpcore
import httpx

from hub.notify.channels.reach import CheckedBackend, PrivateHosts

IDLE_S: Final = 5.0
"""An idle connection is closed after this time."""

_Place = tuple[bytes, bytes, int]


class Connections(httpx.AsyncBaseTransport):
    """At most `most` connections; for one event loop."""

    def __init__(self, *, most: int, private: PrivateHosts) -> None:
        self._free = asyncio.Semaphore(most)
        self._network = CheckedBackend(private)
        self._trusted: ssl.SSLContext | None = None
        self._idle: dict[_Place, list[httpcore.AsyncHTTPConnection]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read the head of its answer; raises like httpx's own transport."""
        url = request.url
        origin = httpcore.Origin(
            url.raw_scheme, url.raw_host, url.port or (443 if url.scheme == "https" else 80)
        )
        place = (origin.scheme, origin.host, origin.port)
        await self._wait_for_room(request)
        try:
            connection = await self._connection(place, origin)
        except BaseException:
            self._free.release()
            raise
        try:
            with _as_of_httpx(request):
                response = await connection.handle_async_request(
                    httpcore.Request(
                        method=request.method,
                        url=httpcore.URL(
                            scheme=url.raw_scheme, host=url.raw_host, port=url.port,
                            target=url.raw_path,
                        ),
                        headers=request.headers.raw,
                        content=request.stream,
                        extensions=request.extensions,
                    )
                )  # fmt: skip
        except BaseException:
            await self._leave(place, connection)
            raise
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response, request, lambda: self._leave(place, connection)),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all idle connections."""
        kept, self._idle = self._idle, {}
        for connections in kept.values():
            for connection in connections:
                await connection.aclose()

    async def _wait_for_room(self, request: httpx.Request) -> None:
        patience_s = request.extensions.get("timeout", {}).get("pool")
        try:
            async with asyncio.timeout(patience_s):
                await self._free.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection is free", request=request) from error

    async def _connection(
        self, place: _Place, origin: httpcore.Origin
    ) -> httpcore.AsyncHTTPConnection:
        kept = self._idle.get(place, [])
        while kept:
            connection = kept.pop()
            if not connection.has_expired():
                return connection
            with suppress(Exception):  # it is unusable either way
                await connection.aclose()
        if self._trusted is None and origin.scheme == b"https":
            self._trusted = httpx.create_ssl_context(trust_env=False)
        return httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._trusted,
            keepalive_expiry=IDLE_S,
            network_backend=self._network,
        )

    async def _leave(self, place: _Place, connection: httpcore.AsyncHTTPConnection) -> None:
        self._free.release()
        if connection.is_idle() and not connection.is_closed():
            self._idle.setdefault(place, []).append(connection)
            return
        with suppress(Exception):  # it is unusable either way
            await connection.aclose()


class _Body(httpx.AsyncByteStream):
    """Body of an answer; closing it frees its connection."""

    def __init__(
        self,
        response: httpcore.Response,
        request: httpx.Request,
        leave: Callable[[], Awaitable[None]],
    ) -> None:
        self._response = response
        self._request = request
        self._leave = leave

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_of_httpx(self._request):
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        """Also for a body not read to its end: its connection is closed then."""
        try:
            await self._response.aclose()
        finally:
            await self._leave()


@contextmanager
def _as_of_httpx(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        known = getattr(httpx, type(error).__name__, None)
        if isinstance(known, type) and issubclass(known, httpx.RequestError):
            raise known(str(error), request=request) from error
        raise
