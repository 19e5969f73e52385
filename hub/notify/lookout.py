"""The lookout: every few seconds it asks whether all nodes and cameras give a sign of life.

What counts as a sign is in the database; whether the hub hears its broker, only this process
knows. The rest is `hub.alerts.troubles`.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from hub.alerts.moment import Moment
from hub.alerts.signs import BrokerSigns, Thresholds
from hub.alerts.troubles import Step
from hub.notify.rounds import go_round
from hub.store import troubles
from hub.store.bell import Bell
from hub.store.clock import Clock
from hub.store.database import Database

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 5.0


class Lookout:
    """One task of the hub; several hubs on one database raise nothing twice."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        bell: Bell,
        is_broker_up: Callable[[], bool],
        bounds: Thresholds,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bell = bell
        self._is_broker_up = is_broker_up
        self._bounds = bounds
        self._broker: BrokerSigns | None = None

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Look until `stop`; a database that is away comes back."""
        await go_round(
            lambda: asyncio.to_thread(self.look),
            stop,
            beat=beat,
            blind="lookout.blind",
            every_s=LOOK_EVERY_S,
        )

    def look(self) -> list[Step]:
        """Look once, write what is new, wake who is owed word of it."""
        now = self._clock.now()
        broker = self._signs_of_broker(now)
        with self._db.reading() as conn:
            if not troubles.look(conn, broker, self._bounds, now=now):
                return []
        with self._db.writing() as conn:
            # As it is under the lock: the clock may have been stepped, and all signs with it.
            now = self._clock.now()
            broker = self._signs_of_broker(now)
            steps = troubles.look(conn, broker, self._bounds, now=now)
            for step in steps:
                troubles.act(conn, step, now=now)
        for step in steps:
            log.info(
                "lookout.step", step=type(step).__name__.lower(), kind=getattr(step, "kind", "")
            )
        self._bell.ring()
        return steps

    def clock_stepped(self, by_us: int) -> None:
        """The hub's time was stepped: what is remembered here goes with it."""
        if (broker := self._broker) is not None:
            self._broker = BrokerSigns(broker.is_up, broker.since_utc_us + by_us)

    def _signs_of_broker(self, now: Moment) -> BrokerSigns:
        is_up = self._is_broker_up()
        if self._broker is None or self._broker.is_up != is_up:
            self._broker = BrokerSigns(is_up, now.utc_us)
        return self._broker
