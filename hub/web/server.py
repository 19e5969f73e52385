"""The pages' web server: bounded in threads, and without a hand on signals."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

HANDS: Final = 12
"""So many pages are made at once, others wait their turn. More threads than that gain nothing, as
one holds the interpreter at a time, and each would keep its memory and a connection for good."""
CLOSE_S: Final = 5
"""How long pages may finish what they are sending when the hub stops."""


class Pages(uvicorn.Server):
    """Serves an ASGI application; who started it has more to stop than pages, and hears signals."""

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
        """Bound the threads of the loop that it runs in, then listen."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = HANDS
        await super().startup(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
