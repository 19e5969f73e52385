"""A TCP relay in a process of its own: it delays the bytes, as a line to another place does.

It reports its processor time, because on a small machine that time is missing for the programs that
are measured.
"""

import asyncio
import multiprocessing
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

CHUNK_BYTES = 64 * 1024
HOST = "127.0.0.1"


class Relay:
    """Client of the process that runs the relay."""

    def __init__(self, pipe: "Connection[None, float]", port: int) -> None:
        self._pipe = pipe
        self.port = port

    def cpu_s(self) -> float:
        """Processor time of the relay so far."""
        self._pipe.send(None)
        return self._pipe.recv()


@contextmanager
def relay(port: int, *, delay_s: float) -> Iterator[Relay]:
    """A relay on loopback to this loopback port; it adds `delay_s` in each direction."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_run, args=(there, port, delay_s), daemon=True
    )
    process.start()
    there.close()
    try:
        yield Relay(here, int(here.recv()))
    finally:
        here.close()
        process.join(10)


def _run(pipe: "Connection[float, None]", port: int, delay_s: float) -> None:
    # epoll waits whole milliseconds, too long for a delay of one.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(_serve(pipe, port, delay_s))


async def _serve(pipe: "Connection[float, None]", port: int, delay_s: float) -> None:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(HOST, port)
        await asyncio.gather(_pump(reader, far_writer, delay_s), _pump(far_reader, writer, delay_s))

    server = await asyncio.start_server(carry, HOST, 0)
    pipe.send(server.sockets[0].getsockname()[1])
    ended = asyncio.Event()

    def answer() -> None:
        try:
            pipe.recv()
            pipe.send(time.process_time())
        except EOFError:
            asyncio.get_running_loop().remove_reader(pipe.fileno())
            ended.set()

    asyncio.get_running_loop().add_reader(pipe.fileno(), answer)
    await ended.wait()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Carry until the end, each chunk late by the delay; more may be under way."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while (late := await under_way.get())[1]:
            await asyncio.sleep(late[0] - loop.time())
            writer.write(late[1])
        writer.close()

    delivery = asyncio.ensure_future(deliver())
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK_BYTES):
            under_way.put_nowait((loop.time() + delay_s, chunk))
    under_way.put_nowait((0.0, b""))
    await delivery
