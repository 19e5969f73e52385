"""A second process of a hub over the same PostgreSQL: a database and a change signal of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from hub.base.backoff import Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.db.database import CHANGES, Database
from hub.base.processes.change_listener import ChangeListener
from tests.waiting import patience_s, until

HASTY: Final = 0.01
"""First bound of the back-off, in seconds."""


class OtherProcess:
    """Its database and signal, and whether it listens."""

    def __init__(self, url: str) -> None:
        self.db = Database(url)
        self.change_signal = ChangeSignal()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Its listener runs inside, in a thread of its own."""
        loop, stop = asyncio.new_event_loop(), asyncio.Event()
        backoff = Backoff(first_s=HASTY, longest_s=HASTY)
        listener = ChangeListener(self.db, self.change_signal, backoff=backoff)
        rings = self.change_signal.rings
        thread = threading.Thread(target=lambda: loop.run_until_complete(listener.run(stop)))
        thread.start()
        try:
            until(lambda: self.change_signal.rings > rings, "it listens")
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(patience_s())
            loop.close()


@contextmanager
def other_process(url: str) -> Iterator[OtherProcess]:
    """Closed at the end."""
    other = OtherProcess(url)
    try:
        yield other
    finally:
        other.db.close()


def cut_listeners(url: str) -> int:
    """End every listening connection to this database, as a restart would; returns their number."""
    ended = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query = %s"
    )
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as conn:
        row = conn.execute(ended, (f"LISTEN {CHANGES}",)).fetchone()
    return int(row[0]) if row else 0
