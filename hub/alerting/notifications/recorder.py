"""Records answers of push services in the ledger, many in one durable commit."""

import asyncio
import secrets
from typing import Final

import structlog

from hub.alerting.notifications import leasing, outcomes
from hub.alerting.notifications.pending import PendingNotification
from hub.base.clock.clock import Clock
from hub.base.db.database import FAULTS, Database, is_about_storage
from hub.base.moment import Moment
from hub.notify.rules.delivery_result import Answer, RetryPolicy

log = structlog.get_logger(__name__)

AGAIN_S: Final = 0.5
"""Delay before a full or unreachable database is tried again."""

_dice = secrets.SystemRandom()


class DeliveryRecorder:
    """Writes answers into the ledger: one durable commit for all that arrived meanwhile.

    While the database is full or away the answers wait, and so do the tasks that sent them: a
    message that was sent but not recorded would be sent again.
    """

    def __init__(
        self, db: Database, *, clock: Clock, retry_policy: RetryPolicy = leasing.DEFAULT_RETRY
    ) -> None:
        self._db = db
        self._clock = clock
        self._retry_policy = retry_policy
        self._turn = asyncio.Lock()
        self._waiting: list[_Entry] = []
        self._is_told = False

    async def record(
        self, pending: PendingNotification, answer: Answer, *, started: Moment, ended: Moment
    ) -> str:
        """Record the answer; returns the notification's state once it is durable."""
        entry = _Entry(pending, answer, started, ended)
        self._waiting.append(entry)
        async with self._turn:
            # Whoever has the turn writes for all that arrived during the last commit.
            if not entry.written.done():
                batch, self._waiting = self._waiting, []
                await self._write(batch)
        return entry.written.result()

    async def _write(self, batch: "list[_Entry]") -> None:
        try:
            states = await self._commit_at_last(batch)
        except Exception as error:  # noqa: BLE001 - handed to each who waits, or tried one by one
            if len(batch) == 1:
                batch[0].written.set_exception(error)
                return
            for entry in batch:  # one that cannot be written must not fail the others
                await self._write([entry])
            return
        for entry, state in zip(batch, states, strict=True):
            entry.written.set_result(state)

    async def _commit_at_last(self, batch: "list[_Entry]") -> list[str]:
        while True:
            try:
                states = await asyncio.to_thread(self._commit, batch)
            except FAULTS as error:
                if not is_about_storage(error):
                    raise
                if not self._is_told:
                    log.warning("notifier.answers_wait", reason=str(error).splitlines()[0])
                self._is_told = True
            else:
                self._is_told = False
                return states
            await asyncio.sleep(AGAIN_S)

    def _commit(self, batch: "list[_Entry]") -> list[str]:
        with self._db.writing() as conn:
            # Not the time of arrival: the clock may have been stepped since, or the answer waited
            # long.
            now = self._clock.now()
            return [
                outcomes.record(
                    conn,
                    entry.pending,
                    entry.answer,
                    started=entry.started,
                    ended=entry.ended,
                    now=now,
                    retry_policy=self._retry_policy,
                    chance=_dice.random(),
                )
                for entry in batch
            ]


class _Entry:
    """One answer waiting for its commit."""

    def __init__(
        self, pending: PendingNotification, answer: Answer, started: Moment, ended: Moment
    ) -> None:
        self.pending = pending
        self.answer = answer
        self.started = started
        self.ended = ended
        self.written: asyncio.Future[str] = asyncio.get_running_loop().create_future()
