"""Web server for the pages: limited threads, no signal handlers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

HANDS: Final = 12
"""Threads for pages; other requests wait. More threads gain nothing, because one at a time holds
the interpreter, and each keeps memory and a connection."""
CLOSE_S: Final = 5
"""Time for running answers when the hub stops."""


class Pages(uvicorn.Server):
    """Serves an ASGI application; its owner handles signals, because it has more to stop."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=CLOSE_S,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Limit the threads of its event loop, then listen."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = HANDS
        await super().startup(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not capture signals: the owner of the server handles them."""
        yield
