"""The hub's site in its own process, as in the hub; queried over a pipe."""

import asyncio
import gc
import multiprocessing
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import structlog

from hub.app.features import FEATURES
from hub.app.web.create_app import WebSettings, create_app
from hub.app.web.services import make_services
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.web.server import Pages
from tests.hub.rigs.desk import resources_in

JOIN_S: Final = 20.0
ERROR: Final = 40


class BenchSite:
    """Client of the process that runs the site."""

    def __init__(self, pipe: "Connection[Any, Any]", port: int) -> None:
        self._pipe = pipe
        self.url = f"http://127.0.0.1:{port}"

    def cpu_s(self) -> float:
        """Processor time used so far, user and system, in seconds."""
        self._pipe.send(None)
        used: float = self._pipe.recv()
        return used


@contextmanager
def serving(url: str, folder: Path) -> Iterator[BenchSite]:
    """Run the site of this database for the length of the context."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(there, url, folder), daemon=True
    )
    process.start()
    there.close()
    try:
        yield BenchSite(here, here.recv())
    finally:
        here.close()
        process.join(JOIN_S)


def _serve(pipe: "Connection[Any, Any]", url: str, folder: Path) -> None:
    """Main function of the process; returns when the pipe is closed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(ERROR))
    place = socket.create_server(("127.0.0.1", 0))
    port = place.getsockname()[1]
    change_signal, stopped = ChangeSignal(), threading.Event()
    server = Pages(_app(url, folder, change_signal, stopped, port))

    def listen() -> None:
        try:
            pipe.send(port)
            before_s = _cpu_s()
            while True:
                pipe.recv()
                pipe.send(_cpu_s() - before_s)
        except EOFError:
            stopped.set()
            server.should_exit = True
            change_signal.ring()

    threading.Thread(target=listen, daemon=True).start()
    gc.collect()  # as the hub does before it serves
    gc.freeze()
    asyncio.run(server.serve(sockets=[place]))


def _app(
    url: str, folder: Path, change_signal: ChangeSignal, stopped: threading.Event, port: int
) -> Any:
    hub, clock = resources_in(folder), HubClock()
    hub.db, hub.clock, hub.change_signal = Database(url), clock, change_signal
    hub.stopping = stopped.is_set
    web = WebSettings(
        public_url=f"http://127.0.0.1:{port}",
        push_public_key="",
        now=lambda: clock.now().utc_us,
    )
    return create_app(FEATURES, hub, make_services(hub), web)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
