"""Storms of alerts in real time: a real push service on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.alerting.notifications.worker import WorkerLimits
from hub.base.clock.clock import HubClock
from hub.notify.channels.port import Message, Phone
from hub.notify.rules.delivery_result import Answer, Delivered
from tests.hub.helpers.alerting.notifications.batching_runs import raise_alerts
from tests.hub.helpers.alerting.notifications.worker import Notifier, pushing, subscribe, until
from tests.hub.rigs.notify_town import Town, VirtualClock

pytestmark = pytest.mark.promise("Storms and backup: In a storm a critical alert goes first.")

STORM = BatchingLimits()


@pytest.fixture
def clock() -> VirtualClock:
    """The town's clock stands at the real now: the notifier reads the real one."""
    return VirtualClock(HubClock().now())


@pytest.mark.promise("Storms and backup: In a storm a phone gets at most one message a minute.")
@pytest.mark.loopback
def test_a_storm_on_a_real_line_is_few_messages_and_the_critical_one_is_not_held(
    town: Town,
) -> None:
    async def run() -> list[dict[str, object]]:
        async with pushing(town) as (service, channel):
            subscribe(town, service, "hai")
            for _ in range(40):
                town.owe(town.alert())
            async with Notifier(town.db, channel, storm=STORM).running() as notifier:
                notifier.change_signal.ring()
                await until(lambda: len(service.messages) == 1)
                critical = town.alert(severity="critical")
                town.owe(critical)
                for _ in range(10):
                    town.owe(town.alert())
                notifier.change_signal.ring()
                await until(lambda: len(service.messages) == 2)
                await until(lambda: town.counts().accepted == 2)
            return [told["message"] for told in service.messages]

    storm, critical = asyncio.run(run())
    assert (storm["tag"], storm["alert_id"], storm["url"]) == ("digest", None, "/")
    assert storm["title"] == "40 cảnh báo ở 1 nơi"
    assert storm["body"] == "Ngã tư chợ 40"
    assert str(critical["title"]).startswith("⚠ ")
    assert (town.counts().folded, town.counts().queued) == (39, 10)


class SlowService:
    """Answers nobody until it is let; remembers who asked."""

    def __init__(self) -> None:
        self.heard: list[UUID] = []
        self.moments: list[str] = []
        self.gate = asyncio.Event()

    async def send(self, message: Message, phone: Phone) -> Answer:
        self.heard.append(message.alert_id)
        self.moments.append(message.moment)
        await self.gate.wait()
        return Delivered(201)


@asynccontextmanager
async def hands_full(town: Town, service: SlowService) -> AsyncIterator[Notifier]:
    pace = WorkerLimits(most_in_flight=2, extra_for_critical=1)
    async with Notifier(town.db, service, pace=pace, deadline_s=600).running() as notifier:
        raise_alerts(town, 5)
        notifier.change_signal.ring()
        await until(lambda: len(service.heard) == 2)
        yield notifier
        service.gate.set()


def test_a_service_that_hangs_does_not_hold_a_critical_alert_up(town: Town) -> None:
    town.officer("hai")

    async def run() -> None:
        service = SlowService()
        async with hands_full(town, service) as notifier:
            critical = town.alert(severity="critical")
            town.owe(critical)
            notifier.change_signal.ring()
            await until(lambda: len(service.heard) == 3)
            assert service.heard[2] == critical

    asyncio.run(run())


@pytest.mark.promise("Rules and duty: An acknowledgement stops what is still owed.")
def test_an_acknowledgement_ends_all_that_is_not_on_the_line_yet(town: Town) -> None:
    """At once: it is dropped in the transaction that takes the alert."""
    hai = town.officer("hai", phone_count=1)
    town.officer("ba", phone_count=8)
    alert_id = town.alert()
    town.owe(alert_id)

    async def run() -> SlowService:
        service = SlowService()
        notifier = Notifier(
            town.db, service, pace=WorkerLimits(most_in_flight=2, extra_for_critical=0)
        )
        async with notifier.running():
            await until(lambda: len(service.heard) == 2)
            town.take(alert_id, hai)
            notifier.change_signal.ring()
            dropped = [row for row in town.rows() if row.state == "dropped"]
            assert len(dropped) == 9  # two are on the line, and settle by their own answer
            service.gate.set()
            await until(lambda: town.counts().queued == 0)
        return service

    service = asyncio.run(run())
    assert service.moments.count("opened") == 2
    assert town.counts().queued == 0
