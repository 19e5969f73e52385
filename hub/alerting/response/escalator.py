"""Escalation task: calls the next recipients when nobody took an alert in time."""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog

from hub.alerting.oncall.rules.escalation import SHORTEST_WAIT_S
from hub.alerting.response import calls
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import FAULTS, Database
from hub.base.periodic import go_round

log = structlog.get_logger(__name__)

LONGEST_SLEEP_S: Final = SHORTEST_WAIT_S / 2
"""No call becomes due sooner than the next look, so a new alert needs no signal."""
SHORTEST_SLEEP_S: Final = 0.05


class Escalator:
    """One task of the hub; several hubs on one database make no call twice."""

    def __init__(self, *, db: Database, clock: Clock, change_signal: ChangeSignal) -> None:
        self._db = db
        self._clock = clock
        self._change_signal = change_signal

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; calls due during a stop are made after the restart."""
        await go_round(
            lambda: asyncio.to_thread(self.look),
            stop,
            beat=beat,
            blind="escalator.blind",
            every_s=LONGEST_SLEEP_S,
            quiet_s=lambda: asyncio.to_thread(self.quiet_s),
        )

    def look(self) -> int:
        """Make every due call, each in its own transaction; returns their number.

        If one fails, the others are made all the same; then its error is raised, so that the next
        look is not at once.
        """
        now = self._clock.now()
        with self._db.reading() as conn:
            waiting = calls.due(conn, now=now)
        failed: Exception | None = None
        for alert_id in waiting:
            try:
                self._call(alert_id)
            except FAULTS:
                raise  # no other call can be made now
            except Exception as error:  # whatever it was, it concerns this alert alone
                log.exception("escalator.call_failed", alert_id=str(alert_id))
                failed = error
        if failed is not None:
            raise failed
        return len(waiting)

    def _call(self, alert_id: UUID) -> None:
        with self._db.writing() as conn:
            owed = calls.call_next(conn, alert_id, now=self._clock.now())
            self._change_signal.ring_after(conn)
        log.info("escalator.called", alert_id=str(alert_id), notifications=owed)

    def quiet_s(self) -> float:
        """Seconds until the next recorded call is due."""
        with self._db.reading() as conn:
            due_utc_us = calls.next_due(conn)
        if due_utc_us is None:
            return LONGEST_SLEEP_S
        ahead_s = (due_utc_us - self._clock.now().utc_us) / 1e6
        return min(LONGEST_SLEEP_S, max(SHORTEST_SLEEP_S, ahead_s))
