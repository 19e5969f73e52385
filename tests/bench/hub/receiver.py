"""A push service on loopback, in its own process: accepts every push and records its time.

It checks nothing, so that its own cost is not measured: `deploy/push_service.py` is the strict one.
"""

import asyncio
import multiprocessing
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Final

ANSWER: Final = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
JOIN_S: Final = 10.0

Taken = dict[str, float]
"""The path of a push → the monotonic time (s) of its first arrival."""


class Receiver:
    """Client of the process that runs the push service."""

    def __init__(self, pipe: "Connection[bool, tuple[Taken, int]]", port: int) -> None:
        self._pipe = pipe
        self.url = f"http://127.0.0.1:{port}"

    def taken(self) -> tuple[Taken, int]:
        """Arrivals since the last call, and the number of pushes, repeats included."""
        self._pipe.send(True)
        return self._pipe.recv()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run the push service for the length of the context."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_receive, args=(there,), daemon=True
    )
    process.start()
    there.close()
    try:
        yield Receiver(here, here.recv())
    finally:
        here.close()
        process.join(JOIN_S)


def _receive(pipe: "Connection[object, object]") -> None:
    """Main function of the process; returns when the pipe is closed."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: "Connection[object, object]") -> None:
    taken: Taken = {}
    pushes = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pushes
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
                taken.setdefault(head.split(b" ", 2)[1].decode(), time.monotonic())
                pushes += 1
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    try:
        while True:
            await asyncio.to_thread(pipe.recv)
            pipe.send((dict(taken), pushes))
            taken.clear()
            pushes = 0
    except EOFError:
        server.close()
