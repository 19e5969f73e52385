"""Lease: of several processes over one database, one does the work that must be done once.

The row names the holder and counts its signs of life. It has no times: another process takes the
lease when it has seen no sign of life for `LAPSE_S` by its own ticks. So no clock matters.

A process may lose its lease without knowing, for instance while it is suspended. So every write of
the leased work ends with a check of the row, in the same transaction (`Lease.do`): a process that
has lost the lease rolls back.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection, select, update

from hub.base.db.columns import AnyRow
from hub.base.db.database import FAULTS, Database
from hub.base.db.inserts import COUNTED
from hub.base.db.statements import add_once
from hub.base.periodic import go_round
from hub.base.processes.tables import leases

log = structlog.get_logger(__name__)

RENEW_S: Final = 5.0
LAPSE_S: Final = 20.0
"""A holder without a sign of life for so long has lost the lease, also in its own eyes."""

CHORES: Final = "chores"
"""Name of the lease for work that is done once for all processes."""
FREE: Final = ""
"""No process holds it."""

T = TypeVar("T")


class LeaseLostError(Exception):
    """Another process holds the lease; the writes are rolled back."""


def ticks_s() -> float:
    """Seconds since boot, including time asleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """Right of one process to do the work that is done once for all. For any thread. On a
    database of one process (SQLite) it is always held."""

    def __init__(self, db: Database, name: str, *, now_s: Callable[[], float] = ticks_s) -> None:
        self._db = db
        self._name = name
        self._now_s = now_s
        self._lock = threading.Lock()
        self._term: int | None = None
        """The term in which this process holds it."""
        self._renewed_s = -LAPSE_S
        self._seen: tuple[int, int] | None = None
        """Term and beats of another holder as last seen, since `_seen_s`."""
        self._seen_s = 0.0

    @property
    def term(self) -> int | None:
        """Number of this process's holding of the lease; None if it does not hold it, as far as it
        knows."""
        if not self._db.is_shared:
            return 0
        with self._lock:
            is_fresh = self._now_s() - self._renewed_s < LAPSE_S
            return self._term if is_fresh else None

    @property
    def is_held(self) -> bool:
        """True if this process holds the lease, as far as it knows."""
        return self.term is not None

    def look(self) -> None:
        """One round: renew the lease, or take it if its holder gives no sign of life."""
        if not self._db.is_shared:
            return
        asked_s, mine = self._now_s(), self._db.process
        with self._db.writing(is_durable=False) as conn:
            row = self._row(conn)
            if (row.holder, row.term) == (mine, self._term):
                term: int | None = row.term
                self._change(conn, beats=row.beats + 1)
            elif row.holder == FREE or self._is_lapsed(row, asked_s):
                term = row.term + 1
                self._change(conn, holder=mine, term=term, beats=0)
            else:
                term = None
        self._learn(term, asked_s)

    def do(self, work: Callable[[], T]) -> T | None:
        """Run the work if this process holds the lease; None if it does not, or has lost it.

        Each write transaction of the work ends with a check of the row, and is rolled back if
        another process has the lease by then. The work must write in the calling thread.
        """
        term = self.term
        if term is None:
            return None
        if not self._db.is_shared:
            return work()
        try:
            with self._db.checking(lambda conn: self._confirm(conn, term)):
                return work()
        except LeaseLostError:
            self._learn(None, self._now_s())
            return None

    def give_back(self) -> None:
        """Give the lease back, so that another process can take it at once."""
        with self._lock:
            term, self._term = self._term, None
        if term is None or not self._db.is_shared:
            return
        with suppress(LeaseLostError, *FAULTS), self._db.writing(is_durable=False) as conn:
            self._confirm(conn, term)
            self._change(conn, holder=FREE)

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; then the lease is given back."""
        await go_round(
            lambda: asyncio.to_thread(self.look),
            stop,
            beat=beat,
            blind="lease.blind",
            every_s=RENEW_S,
        )
        await asyncio.to_thread(self.give_back)

    def _row(self, conn: Connection) -> AnyRow:
        """Locked until the end of the transaction."""
        query = select(leases).where(leases.c.name == self._name).with_for_update()
        row = conn.execute(query).first()
        if row is None:
            add_once(conn, leases, {"name": self._name, "holder": FREE, "term": 0, "beats": 0})
            row = conn.execute(query).one()
        return row

    def _change(self, conn: Connection, **values: object) -> None:
        conn.execute(update(leases).where(leases.c.name == self._name).values(**values))

    def _confirm(self, conn: Connection, term: int) -> None:
        """At the end of a transaction: the row stays locked until its commit, so that no other
        process can take the lease in between."""
        mine = (leases.c.name == self._name, leases.c.term == term)
        this = update(leases).where(*mine, leases.c.holder == self._db.process)
        done = conn.execute(this.values(beats=leases.c.beats + 1), execution_options=COUNTED)
        if done.rowcount != 1:
            raise LeaseLostError(f"another process has taken the lease {self._name}")

    def _is_lapsed(self, row: AnyRow, now_s: float) -> bool:
        sign = (row.term, row.beats)
        if sign != self._seen:
            self._seen, self._seen_s = sign, now_s
        return now_s - self._seen_s >= LAPSE_S

    def _learn(self, term: int | None, asked_s: float) -> None:
        with self._lock:
            before, self._term = self._term, term
            self._renewed_s = asked_s
        if before is None and term is not None:
            log.info("lease.taken", lease=self._name, term=term)
        elif before is not None and term is None:
            log.warning("lease.lost", lease=self._name, term=before)
        elif before != term:
            log.warning("lease.taken_again", lease=self._name, term=term)
