"""A line that can fail: a TCP proxy on loopback whose faults are changed while it runs.

A black hole keeps what it swallows, as a network does: when the line is good again, both ends
receive it late, if they still listen.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from tests.waiting import patience_s

HOST: Final = "127.0.0.1"
CHUNK_BYTES: Final = 16 * 1024
_LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 s: closing sends RST, and not FIN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Behaviour of a line; the default has no faults."""

    is_black_hole: bool = False
    """Nothing passes in either direction, and nobody is told."""
    refuses: bool = False
    """New connections are reset; old ones go on."""
    latency_s: float = 0.0
    """Added to every chunk, in each direction."""
    rate_bytes_s: float | None = None
    """The most that passes, in each direction of each connection."""


FAIR: Final = Weather()


@dataclass(slots=True, eq=False)
class _Connection:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None
    is_half_closed: bool = False
    """The near end heard FIN: what the far end still says is lost."""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Proxy:
    """Listens on `port` and carries to `upstream_port`; any thread may change the weather."""

    def __init__(self, upstream_port: int, *, port: int = 0) -> None:
        """`port` 0 means a free one."""
        self._upstream_port = upstream_port
        self._weather = FAIR
        self._changed = asyncio.Event()
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._is_ready = threading.Event()
        self.port = port
        self.carried_bytes = 0
        """What came in at the near ends so far."""
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)
        self._thread.start()
        if not self._is_ready.wait(patience_s()):
            raise RuntimeError("the proxy did not start within 10 s")

    @property
    def open_connections(self) -> int:
        """Number of open connections."""
        return len(self._connections)

    def set(self, weather: Weather) -> None:
        """From now on the line is like this; returns when it is."""
        self._do(lambda: self._change(weather))

    def reset_all(self) -> None:
        """Both ends of every connection get an RST."""
        self._do(self._reset_all)

    def half_close_all(self) -> None:
        """The near end of every connection hears FIN; the far end is told nothing."""
        self._do(self._half_close_all)

    def close(self) -> None:
        """Cut everything and stop listening."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(patience_s())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, act: Callable[[], object]) -> None:
        done = threading.Event()

        def run() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(run)
        if not done.wait(patience_s()):
            raise RuntimeError("the proxy does not answer")

    def _reset_all(self) -> None:
        for connection in self._connections:
            _reset(connection)

    def _half_close_all(self) -> None:
        for connection in self._connections:
            connection.is_half_closed = True
            _finish(connection.near)

    def _change(self, weather: Weather) -> None:
        self._weather = weather
        self._changed.set()
        self._changed = asyncio.Event()

    def _serve(self) -> None:
        try:
            self._loop.run_until_complete(self._listen())
        finally:
            self._loop.close()

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        await self._stopping.wait()
        server.close()
        await asyncio.sleep(0.01)  # who came in this moment is a connection then
        left = list(self._connections)
        self._reset_all()
        tasks = [task for one in left for task in one.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # and their sockets are closed

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        connection = _Connection(near)
        if self._weather.refuses:
            _reset(connection)
            return
        self._connections.add(connection)
        task = asyncio.ensure_future(self._carry(connection, reader))
        connection.tasks.append(task)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _carry(self, connection: _Connection, near: asyncio.StreamReader) -> None:
        try:
            await self._passable()
            far, connection.far = await asyncio.open_connection(HOST, self._upstream_port)
            await asyncio.gather(
                self._pump(near, connection.far, lambda: False, count=self._count),
                self._pump(far, connection.near, lambda: connection.is_half_closed),
            )
        except OSError:
            _reset(connection)  # nobody there, or gone in the middle: the other end is told so
        finally:
            self._connections.discard(connection)
            for writer in (connection.near, connection.far):
                if writer is not None:
                    writer.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        is_deaf: Callable[[], bool],
        *,
        count: Callable[[int], None] = lambda _: None,
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            count(len(chunk))
            await self._passable()
            weather = self._weather
            slowness_s = len(chunk) / weather.rate_bytes_s if weather.rate_bytes_s else 0.0
            await asyncio.sleep(weather.latency_s + slowness_s)
            await self._passable()
            if not is_deaf():
                writer.write(chunk)
                await writer.drain()
        await self._passable()
        _finish(writer)

    def _count(self, size_bytes: int) -> None:
        self.carried_bytes += size_bytes

    async def _passable(self) -> None:
        while self._weather.is_black_hole:
            await self._changed.wait()


def _finish(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        if not writer.is_closing():
            writer.write_eof()


def _reset(connection: _Connection) -> None:
    for writer in (connection.near, connection.far):
        line = writer.get_extra_info("socket") if writer is not None else None
        if writer is None or line is None:
            continue
        with contextlib.suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        writer.transport.abort()
