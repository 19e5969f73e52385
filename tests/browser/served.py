"""Serves an app on a free loopback port, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from hub.nodes.pki.authority import TlsFiles
from tests.waiting import patience_s, until


def free_socket() -> socket.socket:
    """A listening place nobody else has; hand it to `served`."""
    place = socket.socket()
    place.bind(("127.0.0.1", 0))
    return place


def address(place: socket.socket, scheme: str = "http") -> str:
    """Address at which a browser reaches the site."""
    return f"{scheme}://127.0.0.1:{place.getsockname()[1]}"


class _Brisk:
    """asyncio for uvicorn, which sleeps for a tenth of a second at each step of its end."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, span_s: float) -> None:
        await asyncio.sleep(min(span_s, 0.005))


@contextmanager
def served(
    app: FastAPI, place: socket.socket, *, stop: Callable[[], None], papers: TlsFiles | None = None
) -> Iterator[None]:
    """The app is up inside, over HTTPS if it has papers; `stop` lets its live pages go."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=2,
        ssl_certfile=str(papers.cert_file) if papers else None,
        ssl_keyfile=str(papers.key_file) if papers else None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("uvicorn.server.asyncio", _Brisk())
        thread.start()
        try:
            until(lambda: server.started)
            yield
        finally:
            server.should_exit = True
            stop()
            thread.join(patience_s())
            _await_requests()
            place.close()


def _await_requests() -> None:
    """A request that the ended server left behind goes on in its thread, and would open a database
    that its test closes now."""
    for thread in threading.enumerate():
        loop = getattr(thread, "loop", None)  # of a thread of AnyIO
        if loop is not None and loop.is_closed():
            thread.join(patience_s())
