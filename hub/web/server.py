"""Web server for the pages: limited threads, no signal handlers, no connection that only waits."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio.to_thread
import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HANDS: Final = 12
"""Threads for pages; other requests wait. More threads gain nothing, because one at a time holds
the interpreter, and each keeps memory and a connection."""
CLOSE_S: Final = 5
"""Time for running answers when the hub stops."""
HEAD_S: Final = 10.0
"""Time for the head of a request, from the connection or the answer before."""
BODY_S: Final = 30.0
"""From then on a body must come at `BODY_BYTES_PER_S` on average."""
BODY_BYTES_PER_S: Final = 256
"""A tenth of the slowest line of a phone."""
REST_S: Final = 5.0
"""Time for the rest of a body whose answer was sent."""
LOOK_EVERY_TICKS: Final = 10
"""One second."""

CLOSED: Final[Counter[str]] = Counter()
"""Connections of this process that were closed because nothing or too little came, by what was
missing: `head`, `body`, `rest`."""


def slow() -> Counter[str]:
    """`CLOSED` by the names of the metric of refusals."""
    return Counter({f"slow {what}": count for what, count in CLOSED.items()})


def is_too_slow(waits_for: str, waited_s: float, came_bytes: int) -> bool:
    """Whether a connection is closed that has waited so long for its head, body or rest."""
    match waits_for:
        case "head":
            return waited_s > HEAD_S
        case "body":
            return waited_s > BODY_S and came_bytes < waited_s * BODY_BYTES_PER_S
        case "rest":
            return waited_s > REST_S
        case _:
            return False


class Connection(H11Protocol):
    """A connection that knows what it waits for and since when."""

    _waits_for = ""
    _since_s = 0.0
    _came_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Count it."""
        self._came_bytes += len(data)
        super().data_received(data)
        self._look()

    def close_if_slow(self, now_s: float) -> None:
        """Close a connection on which nothing or too little came."""
        self._look()
        if is_too_slow(self._waits_for, now_s - self._since_s, self._came_bytes):
            CLOSED[self._waits_for] += 1
            self.transport.close()

    def _look(self) -> None:
        waits_for = self._awaited()
        if waits_for != self._waits_for:
            self._waits_for, self._since_s, self._came_bytes = waits_for, time.monotonic(), 0

    def _awaited(self) -> str:
        """What the other side has not sent yet; nothing while it waits for us."""
        if self.conn.their_state is h11.IDLE:
            return "head"
        if self.conn.their_state is not h11.SEND_BODY or self.flow.read_paused:
            return ""
        return "rest" if self.conn.our_state in (h11.DONE, h11.MUST_CLOSE) else "body"


class Pages(uvicorn.Server):
    """Serves an ASGI application; its owner handles signals, because it has more to stop."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
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

    async def on_tick(self, counter: int) -> bool:
        """Close connections that only wait."""
        if counter % LOOK_EVERY_TICKS == 0:
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.close_if_slow(time.monotonic())
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not capture signals: the owner of the server handles them."""
        yield
