"""Liveness monitor: checks every few seconds whether nodes and cameras are alive.

The facts are in the database; only this process knows whether the hub hears its broker. The
decisions are in `hub.alerting.monitoring.rules.troubles`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.monitoring import rows
from hub.alerting.monitoring.rules.liveness import BrokerLiveness, BrokerSign, Thresholds, span_us
from hub.alerting.monitoring.rules.troubles import Step, TroubleChanged, TroubleOver, TroubleRaised
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.periodic import go_round
from hub.base.processes.lease import Lease

log = structlog.get_logger(__name__)

_STEPS: Final = {TroubleRaised: "raised", TroubleChanged: "changed", TroubleOver: "over"}
"""Names of the steps in log lines."""

LOOK_EVERY_S: Final = 5.0
STALE_S: Final = 3 * LOOK_EVERY_S
"""A sign of a broker that was not renewed for so long counts no more."""


class LivenessMonitor:
    """One task of the hub; several hubs on one database raise nothing twice."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        change_signal: ChangeSignal,
        is_broker_up: Callable[[], bool],
        bounds: Thresholds,
        lease: Lease,
        brokers: Callable[[], Mapping[str, bool] | None] = dict,
    ) -> None:
        """`lease`: only its holder looks: one that hears no broker would contradict it.
        `brokers`: whether each is heard, by address; None while that is not known."""
        self._db = db
        self._clock = clock
        self._change_signal = change_signal
        self._is_broker_up = is_broker_up
        self._bounds = bounds
        self._lease = lease
        self._brokers = brokers
        self._broker: BrokerLiveness | None = None
        self._known_utc_us = 0

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; an unreachable database is tried again."""
        await go_round(
            lambda: asyncio.to_thread(self.go_once),
            stop,
            beat=beat,
            blind="liveness.blind",
            every_s=LOOK_EVERY_S,
        )

    def go_once(self) -> None:
        """Note the signs of the brokers; look, if this process holds the lease. One that takes it
        over then knows since when a broker is away."""
        self._signs_of_broker(self._clock.now())
        self._lease.do(self.look)

    def look(self) -> list[Step]:
        """Check once, store what is new, wake the notifier."""
        now = self._clock.now()
        broker = self._signs_of_broker(now)
        with self._db.reading() as conn:
            if not rows.look(conn, broker, self._bounds, now=now):
                return []
        with self._db.writing() as conn:
            # Read under the lock: the clock may have been stepped, and all facts with it.
            now = self._clock.now()
            broker = self._signs_of_broker(now)
            steps = rows.look(conn, broker, self._bounds, now=now)
            for step in steps:
                rows.act(conn, step, now=now)
            self._change_signal.ring_after(conn)
        for step in steps:
            log.info("liveness.step", step=_STEPS[type(step)], kind=getattr(step, "kind", ""))
            if isinstance(step, TroubleRaised) and step.kind is Kind.BROKER_UNHEARD:
                log.error(
                    "broker.unheard",
                    broker=step.broker,
                    meaning="no process with the intake hears it, or none hears it and all others:"
                    " boxes there may not be heard",
                    cure="matthan-hub check on each machine says why: start it, mend the line, or"
                    " take it from broker.further",
                )
        return steps

    def clock_stepped(self, by_us: int) -> None:
        """The hub's time was stepped: shift the times remembered here."""
        if (broker := self._broker) is not None:
            signs = {
                name: replace(sign, since_utc_us=sign.since_utc_us + by_us)
                for name, sign in broker.signs.items()
            }
            since_utc_us = broker.since_utc_us + by_us
            self._broker = replace(broker, since_utc_us=since_utc_us, signs=signs)
            self._known_utc_us += by_us

    def _signs_of_broker(self, now: Moment) -> BrokerLiveness:
        is_up, heard = self._is_broker_up(), self._brokers()
        here = self._broker or BrokerLiveness(is_up, now.utc_us)
        if here.is_up != is_up:
            here = replace(here, is_up=is_up, since_utc_us=now.utc_us)
        is_stale = now.utc_us - self._known_utc_us > span_us(STALE_S)
        signs = {} if is_stale else here.signs
        if heard is not None:
            self._known_utc_us = now.utc_us
            signs = {
                name: _sign(signs.get(name), is_heard, now) for name, is_heard in heard.items()
            }
        self._broker = here = replace(here, signs=signs)
        return here


def _sign(before: BrokerSign | None, is_heard: bool, now: Moment) -> BrokerSign:
    if before is not None and before.is_heard == is_heard:
        return before
    return BrokerSign(is_heard, now.utc_us)
