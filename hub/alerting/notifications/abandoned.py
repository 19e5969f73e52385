"""Leases of a killed process: they end when it is gone, so that what it was sending is sent again
within seconds. Otherwise these messages would wait until the end of their leases."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy import bindparam, select, update

from hub.alerting.notifications.leasing import IS_LEASED
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.base.periodic import go_round
from hub.base.processes.member import member_number
from hub.notify.tables import notifications

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 1.0
GONE_S: Final = 4.0
"""A process is gone when it was missing for so long. When PostgreSQL's leader is lost, processes
that live are missing for a second or two; if its machine lost its power, for up to
`connect_timeout` longer."""

_HOLDERS: Final = select(notifications.c.lease_by).distinct().where(IS_LEASED)
_END: Final = (
    update(notifications)
    .where(IS_LEASED, notifications.c.lease_by.in_(bindparam("gone", expanding=True)))
    .values(columns("lease_until", None))  # not its name: the message may be on the phone already
)


def worker_name(process: str) -> str:
    """Name of a new worker of this process (`Database.process`) in its leases."""
    return f"{process}#{uuid4().hex}"


class AbandonedLeases:
    """One task of the hub; several processes end nothing twice."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        change_signal: ChangeSignal,
        senders: Callable[[], Collection[int] | None],
        gone_s: float = GONE_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`senders`: numbers (`member_number`) of the processes that send now; None while that is
        not known."""
        self._db = db
        self._clock = clock
        self._change_signal = change_signal
        self._senders = senders
        self._gone_s = gone_s
        self._now_s = now_s
        self._missing_since_s: dict[str, float] = {}

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; an unreachable database is tried again."""
        await go_round(
            lambda: asyncio.to_thread(self.look),
            stop,
            beat=beat,
            blind="abandoned_leases.blind",
            every_s=LOOK_EVERY_S,
        )

    def look(self) -> int:
        """End leases of workers whose process is gone; returns their number."""
        senders = self._senders()
        if senders is None:
            self._missing_since_s = {}
            return 0
        values = {"now_utc_us": self._clock.now().utc_us}
        with self._db.reading() as conn:
            holders = set(conn.scalars(_HOLDERS, values))
        now_s, before = self._now_s(), self._missing_since_s
        missing = {name: before.get(name, now_s) for name in holders if not _is_in(name, senders)}
        self._missing_since_s = missing
        gone = [name for name, since_s in missing.items() if now_s - since_s >= self._gone_s]
        if not gone:
            return 0
        with self._db.writing() as conn:
            ended = int(conn.execute(_END, {**values, "gone": gone}).rowcount)
            self._change_signal.ring_after(conn)
        log.info("abandoned_leases.ended", messages=ended)
        return ended


def _is_in(worker: str, senders: Collection[int]) -> bool:
    """True also for a name of another form, which an older release gave."""
    process, mark, _ = worker.partition("#")
    return not mark or member_number(process) in senders
