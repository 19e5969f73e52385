"""Helpers of the tests of worker, used by more than one module."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import ec

from deploy.push_service import PushService, serving
from hub.alerting.notifications.recorder import DeliveryRecorder
from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.alerting.notifications.send import Sender
from hub.alerting.notifications.worker import Worker, WorkerLimits
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock, HubClock
from hub.base.db.database import Database
from hub.notify.channels.port import Channel
from hub.notify.channels.post import new_client
from hub.notify.channels.reach import ANY
from hub.notify.channels.webpush import VapidSigner, WebPush
from hub.notify.rules.delivery_result import RetryPolicy
from tests.hub.rigs.notify_town import CALM, Town
from tests.waiting import patience_s

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
QUICK = RetryPolicy(first_wait_s=0.05, longest_wait_s=0.2)


class Notifier:
    """One notifier process's worth of objects, over a town's database."""

    def __init__(
        self,
        db: Database,
        channel: Channel,
        *,
        change_signal: ChangeSignal | None = None,
        pace: WorkerLimits | None = None,
        deadline_s: float = 600.0,
        storm: BatchingLimits = CALM,
        clock: Clock | None = None,
    ) -> None:
        self.change_signal = change_signal or ChangeSignal()
        clock = clock or HubClock()
        recorder = DeliveryRecorder(db, clock=clock, retry_policy=QUICK)
        self.worker = Worker(
            db=db,
            sender=Sender(
                channels={"webpush": channel},
                recorder=recorder,
                clock=clock,
                zone=ZONE,
                deadline_s=deadline_s,
            ),
            recorder=recorder,
            clock=clock,
            change_signal=self.change_signal,
            retry_policy=QUICK,
            limits=pace or WorkerLimits(),
            batching=storm,
        )
        self.stop = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Notifier"]:
        task = asyncio.create_task(self.worker.run(self.stop))
        try:
            yield self
        finally:
            self.stop.set()
            await task


async def until(claim: Callable[[], bool]) -> None:
    """As `tests.waiting.until`, while the loop goes on."""
    began_s = time.monotonic()
    while not claim():
        assert time.monotonic() < began_s + patience_s(), "it did not come true"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def pushing(town: Town) -> AsyncIterator[tuple[PushService, WebPush]]:
    async with serving(PushService()) as service, new_client(private=ANY) as client:
        signer = VapidSigner(
            ec.generate_private_key(ec.SECP256R1()),
            subject="mailto:truc.ban@tankhai.example",
            clock=HubClock(),
        )
        yield service, WebPush(signer=signer, client=client)


def subscribe(town: Town, service: PushService, login: str, *, phone_count: int = 1) -> list[str]:
    made = [service.make_phone() for _ in range(phone_count)]
    addresses = [("webpush", one["endpoint"], json.dumps(one["keys"])) for one in made]
    town.officer(login, addresses=addresses)
    return [one["endpoint"] for one in made]
