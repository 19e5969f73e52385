"""Notification worker: leases due notifications, and sends up to `most_in_flight` at once."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog

from hub.alerting.notifications import leasing
from hub.alerting.notifications.abandoned import worker_name
from hub.alerting.notifications.batching import BATCHING_LIMITS
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
"""Longest time between two checks of the queue: another process may add a notification without a
signal here."""

CHECK_CRITICAL_EVERY_S: Final = 1.0
"""While all senders are busy, the queue is checked for critical notifications at every signal, and
at least this often."""

_random = secrets.SystemRandom()


@dataclass(frozen=True)
class WorkerLimits:
    """Concurrency and time limits of the worker."""

    most_in_flight: int = 32
    extra_for_critical: int = 4  # extra senders, so that no slow service delays a critical alert
    lease_s: float = 30.0  # longer than one send with its deadline
    grace_s: float = 15.0  # most time for a stop


WORKER_LIMITS = WorkerLimits()


class Worker:
    """Sends due notifications. Several workers can share one database, in one process or many:
    leases separate them."""

    def __init__(
        self,
        *,
        db: Database,
        sender: Sender,
        recorder: DeliveryRecorder,
        clock: Clock,
        change_signal: ChangeSignal,
        retry_policy: RetryPolicy = leasing.DEFAULT_RETRY,
        limits: WorkerLimits = WORKER_LIMITS,
        batching: BatchingLimits = BATCHING_LIMITS,
    ) -> None:
        self._db = db
        self._sender = sender
        self._recorder = recorder
        self._clock = clock
        self._change_signal = change_signal
        self._retry_policy = retry_policy
        self._limits = limits
        self._batching = batching
        self._name = worker_name(db.process)
        self._in_flight: dict[tuple[UUID, int], asyncio.Task[None]] = {}  # by id and attempts
        self._last_critical_check = (-1, 0.0)

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; running sends get `grace_s` seconds to finish, queued ones stay
        pending."""
        stopped = asyncio.create_task(stop.wait())
        failures = 0
        try:
            while not stop.is_set():
                beat()
                # Read before looking: a later signal ends the wait at once.
                rings_before = self._change_signal.rings
                try:
                    wait_s = await self._start_due_sends()
                    failures = 0
                except Exception as error:  # noqa: BLE001 - a database that is away comes back
                    failures += 1
                    wait_s = self._retry_policy.wait_s(attempts=failures, chance=_random.random())
                    wait_s = min(LONGEST_SLEEP_S, max(0.1, wait_s))
                    if failures == 1:
                        why = str(error).splitlines()[0]
                        log.warning("notifier.ledger_unreachable", error=why)
                await self._wait(stopped, rings_before=rings_before, wait_s=wait_s)
        finally:
            stopped.cancel()
            await self._finish()

    async def _start_due_sends(self) -> float:
        """Lease one notification per free sender and start to send them; returns the seconds until
        the next check."""
        free = self._limits.most_in_flight - len(self._in_flight)
        is_critical_only = free <= 0
        if is_critical_only:
            free += self._limits.extra_for_critical
        if free <= 0:
            return LONGEST_SLEEP_S
        if is_critical_only and not self._is_critical_check_due():
            return CHECK_CRITICAL_EVERY_S
        checked_at = self._clock.now()
        # Taken before the claim: a send may be recorded after the claim and end before the loop
        # hears of it. A recorded retry counts one more attempt, so it is not taken for the same.
        sending = {key for key, task in self._in_flight.items() if not task.done()}
        claimed = await asyncio.to_thread(self._claim, free, is_critical_only)
        for pending in claimed:
            key = pending.notification_id, pending.attempts
            if key in sending:
                continue  # its lease ended while its answer waits to be recorded; that settles it
            task = asyncio.create_task(self._send(pending), name=f"notification {pending.moment}")
            self._in_flight[key] = task
        if is_critical_only:
            return CHECK_CRITICAL_EVERY_S
        if len(claimed) >= free:
            # No sender is free: the next one to finish, or a signal, ends the wait.
            return LONGEST_SLEEP_S
        return await asyncio.to_thread(self._seconds_to_next_due, checked_at)

    def _is_critical_check_due(self) -> bool:
        """True if something was added since the last check, or the last check is old. Without this,
        each sender that finishes would search the whole queue."""
        rings, now_s = self._change_signal.rings, time.monotonic()
        checked_rings, checked_s = self._last_critical_check
        if rings == checked_rings and now_s - checked_s < CHECK_CRITICAL_EVERY_S:
            return False
        self._last_critical_check = rings, now_s
        return True

    def _claim(self, limit: int, is_critical_only: bool) -> list[PendingNotification]:
        # A lease lost in a power cut is the same as an expired one: the message is sent again.
        with self._db.writing(is_durable=False) as conn:
            return leasing.claim(
                conn,
                worker=self._name,
                now=self._clock.now(),
                lease_s=self._limits.lease_s,
                limit=limit,
                retry_policy=self._retry_policy,
                limits=self._batching,
                is_critical_only=is_critical_only,
            )

    def _seconds_to_next_due(self, checked_at: Moment) -> float:
        """Seconds until something becomes due that was not due at `checked_at`; negative: now."""
        with self._db.reading() as conn:
            due_utc_us = leasing.next_due(conn, checked_at)
        if due_utc_us is None:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, (due_utc_us - self._clock.now().utc_us) / 1e6)

    async def _wait(self, stopped: asyncio.Task[bool], *, rings_before: int, wait_s: float) -> None:
        """Wait until something may be due, a sender is free, or it is time to stop."""
        signal = asyncio.create_task(self._change_signal.wait(rings_before, wait_s))
        wakers: set[asyncio.Task[Any]] = {stopped, *self._in_flight.values()}
        senders = self._limits.most_in_flight + self._limits.extra_for_critical
        if len(self._in_flight) < senders:
            wakers.add(signal)
        try:
            await asyncio.wait(wakers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            signal.cancel()
        self._in_flight = {key: task for key, task in self._in_flight.items() if not task.done()}

    async def _send(self, pending: PendingNotification) -> None:
        bound_log = log.bind(
            notification_id=str(pending.notification_id),
            alert_id=str(pending.alert_id),
            moment=pending.moment,
            channel=pending.phone.channel,
        )
        try:
            state = await self._sender.send(pending)
            bound_log.info("notifier.carried", state=state, attempt=pending.attempts + 1)
        except Exception as error:  # noqa: BLE001 - one bad row must not end the others
            bound_log.exception("notifier.tripped")
            await self._record_our_fault(pending, error)

    async def _record_our_fault(self, pending: PendingNotification, error: Exception) -> None:
        now = self._clock.now()
        try:
            await self._recorder.record(pending, our_fault(error), started=now, ended=now)
        except Exception:
            # Not even this can be written: the lease runs out, and it is tried again.
            log.exception(
                "notifier.ledger_unwritable", notification_id=str(pending.notification_id)
            )

    async def _finish(self) -> None:
        """Let running sends finish for at most `grace_s` seconds, then cancel them. A cancelled one
        is sent again when its lease ends."""
        tasks = list(self._in_flight.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._limits.grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
