"""A push service on loopback, in a process of its own: takes every push and remembers when.

It checks nothing: `deploy/push_service.py` is the strict one; this is not to be what is measured.
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
"""The path of a push → the monotonic moment (s) of its first coming."""


class Receiver:
    """The other end of the pipe."""

    def __init__(self, pipe: "Connection[bool, tuple[Taken, int]]", port: int) -> None:
        self._pipe = pipe
        self.url = f"http://127.0.0.1:{port}"

    def taken(self) -> tuple[Taken, int]:
        """What came since the last asking, and how many pushes that were, repeats too."""
        self._pipe.send(True)
        return self._pipe.recv()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """It listens inside."""
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
    """All that the process does, until the pipe is closed."""
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
