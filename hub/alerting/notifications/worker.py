"""Notification worker: leases due notifications and sends a few at a time until it is stopped."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import structlog

from hub.alerting.notifications import leasing
from hub.alerting.notifications.batching import STORM
from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.notifications.recorder import DeliveryRecorder
from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.alerting.notifications.send import Sender
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.notify.delivery.fan_out import our_fault
from hub.notify.rules.delivery_result import RetryPolicy

log = structlog.get_logger(__name__)

LONGEST_SLEEP_S: Final = 30.0
"""Longest time between looks, in case another process adds one and sets no signal here."""

LOOK_FOR_CRITICAL_S: Final = 1.0
"""While all senders are busy, critical ones are searched at every signal, and otherwise this
often."""

_dice = secrets.SystemRandom()


@dataclass(frozen=True)
class WorkerLimits:
    """Concurrency and time limits of the worker."""

    most_in_flight: int = 32
    kept_for_critical: int = 4  # extra senders, so that no slow service delays a critical alert
    lease_s: float = 30.0  # longer than one send with its deadline
    grace_s: float = 15.0  # most time for a stop


PACE = WorkerLimits()


class Worker:
    """Several can work on one database, in one process or many: leases separate them."""

    def __init__(
        self,
        *,
        db: Database,
        stages: Sender,
        book: DeliveryRecorder,
        clock: Clock,
        change_signal: ChangeSignal,
        patience: RetryPolicy = leasing.PATIENCE,
        pace: WorkerLimits = PACE,
        storm: BatchingLimits = STORM,
    ) -> None:
        self._db = db
        self._stages = stages
        self._book = book
        self._clock = clock
        self._change_signal = change_signal
        self._patience = patience
        self._pace = pace
        self._storm = storm
        self._name = f"notifier-{uuid4().hex}"  # not the name before a restart
        self._in_flight: dict[UUID, asyncio.Task[None]] = {}
        self._looked_for_critical = (-1, 0.0)

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; running sends finish, queued ones stay pending."""
        stopped = asyncio.create_task(stop.wait())
        failures = 0
        try:
            while not stop.is_set():
                beat()
                # Read before looking: a later signal ends the wait at once.
                heard = self._change_signal.rings
                try:
                    asleep_s = await self._start_what_is_due()
                    failures = 0
                except Exception as error:  # noqa: BLE001 - a database that is away comes back
                    failures += 1
                    asleep_s = self._patience.wait_s(attempts=failures, chance=_dice.random())
                    asleep_s = min(LONGEST_SLEEP_S, max(0.1, asleep_s))
                    if failures == 1:
                        why = str(error).splitlines()[0]
                        log.warning("notifier.ledger_unreachable", error=why)
                await self._wait(stopped, heard=heard, asleep_s=asleep_s)
        finally:
            stopped.cancel()
            await self._finish()

    async def _start_what_is_due(self) -> float:
        """Lease one per free sender; returns the seconds until something can be due."""
        free = self._pace.most_in_flight - len(self._in_flight)
        is_critical_only = free <= 0
        if is_critical_only:
            free += self._pace.kept_for_critical
        if free <= 0:
            return LONGEST_SLEEP_S
        if is_critical_only and not self._may_be_critical():
            return LOOK_FOR_CRITICAL_S
        looked = self._clock.now()
        claimed = await asyncio.to_thread(self._claim, free, is_critical_only)
        for owed in claimed:
            before = self._in_flight.get(owed.notification_id)
            if before is not None and not before.done():
                continue  # its lease ran out while its answer waits to be written, which settles it
            task = asyncio.create_task(self._carry(owed), name=f"notification {owed.moment}")
            self._in_flight[owed.notification_id] = task
        if is_critical_only:
            return LOOK_FOR_CRITICAL_S
        if len(claimed) >= free:
            return (
                LONGEST_SLEEP_S  # no sender is free: the next to finish or a signal ends the wait
            )
        return await asyncio.to_thread(self._quiet_s, looked)

    def _may_be_critical(self) -> bool:
        """True if something was added since the last search, or that search is old. Otherwise each
        sender that finishes would search all waiting rows again."""
        heard, now_s = self._change_signal.rings, time.monotonic()
        looked_at, looked_s = self._looked_for_critical
        if heard == looked_at and now_s - looked_s < LOOK_FOR_CRITICAL_S:
            return False
        self._looked_for_critical = heard, now_s
        return True

    def _claim(self, limit: int, is_critical_only: bool) -> list[PendingNotification]:
        # A lease lost in a power cut is the same as an expired one: the message is sent again.
        with self._db.writing(is_durable=False) as conn:
            return leasing.claim(
                conn,
                worker=self._name,
                now=self._clock.now(),
                lease_s=self._pace.lease_s,
                limit=limit,
                patience=self._patience,
                storm=self._storm,
                is_critical_only=is_critical_only,
            )

    def _quiet_s(self, looked: Moment) -> float:
        """Seconds until something becomes due that was not at `looked`; negative: it is due now."""
        with self._db.reading() as conn:
            due_utc_us = leasing.next_due(conn, looked)
        if due_utc_us is None:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, (due_utc_us - self._clock.now().utc_us) / 1e6)

    async def _wait(self, stopped: asyncio.Task[bool], *, heard: int, asleep_s: float) -> None:
        """Wait until something may be due, a sender is free, or it is time to stop."""
        woken = asyncio.create_task(self._change_signal.wait(heard, asleep_s))
        signs: set[asyncio.Task[Any]] = {stopped, *self._in_flight.values()}
        hands = self._pace.most_in_flight + self._pace.kept_for_critical
        if len(self._in_flight) < hands:
            signs.add(woken)
        try:
            await asyncio.wait(signs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        self._in_flight = {key: task for key, task in self._in_flight.items() if not task.done()}

    async def _carry(self, owed: PendingNotification) -> None:
        bound = log.bind(
            notification_id=str(owed.notification_id),
            alert_id=str(owed.alert_id),
            moment=owed.moment,
            channel=owed.phone.channel,
        )
        try:
            state = await self._stages.carry(owed)
            bound.info("notifier.carried", state=state, attempt=owed.attempts + 1)
        except Exception as error:  # noqa: BLE001 - one bad row must not end the others
            bound.exception("notifier.tripped")
            await self._record_our_fault(owed, error)

    async def _record_our_fault(self, owed: PendingNotification, error: Exception) -> None:
        now = self._clock.now()
        try:
            await self._book.record(owed, our_fault(error), started=now, ended=now)
        except Exception:
            # Not even this can be written: the lease runs out, and it is tried again.
            log.exception("notifier.ledger_unwritable", notification_id=str(owed.notification_id))

    async def _finish(self) -> None:
        """Let running sends finish; the others stay leased, and so pending."""
        tasks = list(self._in_flight.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._pace.grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
