"""The notifier at work: a real database, a real push service on loopback, real time."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, delete
from structlog.testing import capture_logs

from hub.alerting.notifications import worker
from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.notifications.recorder import DeliveryRecorder
from hub.alerting.notifications.send import Sender
from hub.alerting.notifications.worker import WorkerLimits
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.notify.channels.port import Message, Phone
from hub.notify.rules.delivery_result import Answer, Delivered, TryAgain
from hub.notify.tables import notifications
from tests.hub.helpers.alerting.notifications.worker import (
    ZONE,
    Notifier,
    pushing,
    subscribe,
    until,
)
from tests.hub.rigs.notify_town import Town, VirtualClock
from tests.other_process import OtherProcess, other_process
from tests.waiting import busy
from tests.waiting import until as wait_until


class Recipient:
    """A channel that remembers what it was given, and may trip over it."""

    def __init__(self, *, trip: Callable[[Message], bool] = lambda _: False) -> None:
        self.heard: list[tuple[UUID, str]] = []
        self.trip = trip
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, message: Message, phone: Phone) -> Answer:
        self.heard.append((phone.phone_id, message.tag))
        if self.trip(message):
            raise RuntimeError("a bug of our own")
        await self.gate.wait()
        return Delivered(201)


@pytest.fixture
def clock() -> VirtualClock:
    """The town's clock stands at the real now: the notifier below reads the real one."""
    return VirtualClock(HubClock().now())


@pytest.mark.loopback
def test_an_alert_is_on_the_phone_soon_after_the_bell(town: Town) -> None:
    async def run() -> list[float]:
        took_ms = []
        async with pushing(town) as (service, channel):
            subscribe(town, service, "hai")
            async with Notifier(town.db, channel).running() as notifier:
                for number in range(1, 6):
                    await asyncio.sleep(0.05)
                    town.clock.go_to(HubClock().now().utc_us)
                    owed_utc_us = town.clock.now().utc_us
                    town.owe(town.alert())
                    notifier.change_signal.ring()
                    await until(lambda n=number: len(service.messages) == n)  # type: ignore[misc]  # mypy takes n for required
                    took_ms.append((service.messages[-1]["arrived_utc_us"] - owed_utc_us) / 1e3)
                await until(lambda: town.counts().accepted == 5)
        return took_ms

    took_ms = sorted(asyncio.run(run()))
    print(f"owed to decrypted on the phone: {took_ms} ms")  # noqa: T201 - a figure for the report
    assert took_ms[len(took_ms) // 2] < 1000 * busy()


@pytest.mark.promise("Faults: A push service that fails or lies loses and doubles nothing.")
@pytest.mark.loopback
def test_lies_delays_and_lost_answers_end_in_everything_delivered(town: Town) -> None:
    async def run() -> tuple[Counter[tuple[str, str]], int]:
        async with pushing(town) as (service, channel):
            dice = random.Random(11)  # noqa: S311 - the same dice every time
            endpoints = [
                endpoint
                for login in ("hai", "ba", "tu")
                for endpoint in subscribe(town, service, login, phone_count=2)
            ]
            for endpoint in endpoints:
                for _ in range(3):
                    service.lie(endpoint, dice.choice(["busy", "slow_down", "cut"]))
            async with Notifier(town.db, channel).running() as notifier:
                for _ in range(8):
                    town.owe(town.alert())
                    notifier.change_signal.ring()
                await until(lambda: town.counts().accepted == 48)
            cuts = sum(1 for r in service.requests if r["status"] == 201) - 48
            told = Counter((m["phone"], m["message"]["tag"]) for m in service.messages)
            return told, cuts

    told, cuts = asyncio.run(run())
    assert len(told) == 48  # eight alerts on six phones, none missing
    assert sum(told.values()) - 48 == cuts  # repeats only where the answer was lost
    assert town.counts().queued == 0


@pytest.mark.loopback
def test_a_phone_that_has_gone_does_not_hold_up_the_others(town: Town) -> None:
    async def run() -> None:
        async with pushing(town) as (service, channel):
            (lost, _) = subscribe(town, service, "hai", phone_count=2)
            service.lie(lost, "gone")
            async with Notifier(town.db, channel).running() as notifier:
                town.owe(town.alert())
                notifier.change_signal.ring()
                await until(lambda: town.counts().accepted == 1 and town.counts().dead == 1)
                assert town.owe(town.alert()) == 1

    asyncio.run(run())


def test_a_bad_row_trips_nobody_else_and_is_dead_in_the_end(town: Town) -> None:
    town.officer("hai", phone_count=4)
    bad, good = town.alert(), town.alert()

    async def run() -> None:
        recipient = Recipient(trip=lambda message: message.alert_id == bad)
        async with Notifier(town.db, recipient).running() as notifier:
            town.owe(bad)
            town.owe(good)
            notifier.change_signal.ring()
            await until(lambda: town.counts().dead == 4)

    asyncio.run(run())
    assert town.counts().accepted == 4
    dead = [row for row in town.rows() if row.state == "dead"]
    assert {row.reason for row in dead} == {"fault of the hub: RuntimeError, 3 times"}


def test_a_stop_finishes_what_is_on_the_line_and_leaves_the_rest_owed(town: Town) -> None:
    town.officer("hai", phone_count=3)

    async def run() -> None:
        recipient = Recipient()
        recipient.gate.clear()
        notifier = Notifier(town.db, recipient, pace=WorkerLimits(most_in_flight=2))
        async with notifier.running():
            town.owe(town.alert())
            notifier.change_signal.ring()
            await until(lambda: len(recipient.heard) == 2)
            notifier.stop.set()
            await asyncio.sleep(0.05)
            recipient.gate.set()

    asyncio.run(run())
    assert (town.counts().accepted, town.counts().queued) == (2, 1)


def test_a_send_that_outlives_the_grace_stays_owed(town: Town) -> None:
    town.officer("hai")

    async def run() -> None:
        recipient = Recipient()
        recipient.gate.clear()
        notifier = Notifier(town.db, recipient, pace=WorkerLimits(grace_s=0.05))
        async with notifier.running():
            town.owe(town.alert())
            notifier.change_signal.ring()
            await until(lambda: len(recipient.heard) == 1)

    asyncio.run(run())
    (row,) = town.rows()
    assert (row.state, row.attempts) == ("queued", 0)
    assert row.lease_until_utc_us is not None


def test_a_hub_that_died_between_sending_and_writing_sends_once_more(town: Town) -> None:
    town.officer("hai")
    alert_id = town.alert()
    town.owe(alert_id)
    recipient = Recipient()

    class DeadBook:
        async def record(self, *_: object, **__: object) -> str:
            raise KeyboardInterrupt  # the process ends here

    async def run() -> None:
        (owed,) = town.claim("dead", lease_s=0.3)
        dying = Sender(
            channels={"webpush": recipient}, recorder=DeadBook(), clock=HubClock(), zone=ZONE
        )
        with pytest.raises(KeyboardInterrupt):
            await dying.send(owed)
        async with Notifier(town.db, recipient).running():
            await until(lambda: town.counts().accepted == 1)
            await asyncio.sleep(0.4)

    asyncio.run(run())
    assert [tag for _, tag in recipient.heard] == [alert_id.hex] * 2


def test_what_falls_due_while_others_are_looked_for_is_not_slept_over(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.officer("hai")
    town.owe(town.alert())
    town.claim("dead", lease_s=0.5)
    monkeypatch.setattr("hub.alerting.notifications.worker.LONGEST_SLEEP_S", 3600.0)

    class Busy(Database):
        """Each commit takes a second: the lease runs out between a look and the next question."""

        @contextmanager
        def writing(self, **how: Any) -> Iterator[Connection]:
            with super().writing(**how) as conn:
                yield conn
            town.clock.go_on(1.0)

    async def run() -> None:
        busy = Busy(town.db.url.render_as_string(hide_password=False))
        try:
            async with Notifier(busy, Recipient(), clock=town.clock).running():
                await until(lambda: town.counts().accepted == 1)
        finally:
            busy.close()

    asyncio.run(run())


def test_a_ledger_that_is_away_for_a_while_stops_nothing(town: Town) -> None:
    town.officer("hai")

    class Flaky(Database):
        failures = 3

        def writing(self, **how: Any):  # the parent's own type
            if self.failures:
                self.failures -= 1
                raise OSError("disk away")
            return super().writing(**how)

    async def run() -> None:
        flaky = Flaky(town.db.url.render_as_string())
        try:
            async with Notifier(flaky, Recipient()).running() as notifier:
                town.owe(town.alert())
                notifier.change_signal.ring()
                await until(lambda: town.counts().accepted == 1)
        finally:
            flaky.close()

    asyncio.run(run())


def test_a_send_recorded_during_the_claim_of_its_ended_lease_is_not_repeated(
    sqlite_url: str,
) -> None:
    db = Database(sqlite_url)
    town = Town(db, VirtualClock(HubClock().now()))
    town.officer("hai", phone_count=1)
    town.owe(town.alert())
    recipient = Recipient()
    recipient.gate.clear()

    async def run() -> list[int]:
        loop = asyncio.get_running_loop()
        notifier = Notifier(db, recipient, pace=WorkerLimits(lease_s=0.1))
        claim, claims = notifier.worker._claim, []

        def claim_and_dawdle(*args: Any) -> list[PendingNotification]:
            claimed = claim(*args)
            claims.append(len(claimed))
            if sum(claims) == 2:  # the lease ended and is taken anew, while the send still waits
                loop.call_soon_threadsafe(recipient.gate.set)
                wait_until(lambda: town.counts().accepted == 1)
                wait_until(lambda: all(one.done() for one in notifier.worker._in_flight.values()))
            return claimed

        notifier.worker._claim = claim_and_dawdle  # type: ignore[method-assign, assignment]
        async with notifier.running():
            while sum(claims) < 2:
                notifier.change_signal.ring()
                await asyncio.sleep(0.05)
            await until(lambda: town.counts().accepted == 1)
            await asyncio.sleep(0.2)
        return claims

    assert sum(asyncio.run(run())) == 2
    db.close()
    assert len(recipient.heard) == 1


class SmallDatabase(Database):
    """On a disk that is full when it is told to be; the error is SQLite's own."""

    is_full = False

    @contextmanager
    def writing(self, **how: Any) -> Iterator[Connection]:
        with super().writing(**how) as conn:
            if self.is_full:
                pages = conn.exec_driver_sql("PRAGMA page_count").scalar()
                conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")
                conn.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(1000000)")
            yield conn


@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_answers_wait_for_room_on_the_disk_and_nothing_is_sent_twice_for_it(
    sqlite_url: str,
) -> None:
    db = SmallDatabase(sqlite_url)
    town = Town(db, VirtualClock(HubClock().now()))
    town.officer("hai", phone_count=8)
    town.owe(town.alert())
    recipient = Recipient()
    recipient.gate.clear()

    async def run(said: list[Any]) -> None:
        async with Notifier(db, recipient, pace=WorkerLimits(lease_s=0.5)).running():
            await until(lambda: len(recipient.heard) == 8)
            db.is_full = True
            recipient.gate.set()
            await until(lambda: "notifier.answers_wait" in {line["event"] for line in said})
            await asyncio.sleep(1)  # the leases run out
            assert town.counts().accepted == 0
            db.is_full = False
            with db.writing() as conn:
                conn.exec_driver_sql("PRAGMA max_page_count=1000000")
            await until(lambda: town.counts().accepted == 8)

    with capture_logs() as said:
        asyncio.run(run(said))
    db.close()
    assert len(recipient.heard) == 8
    events = [line["event"] for line in said]
    assert events.count("notifier.answers_wait") == 1
    assert "notifier.tripped" not in events


def test_two_notifiers_share_the_work_and_double_none_of_it(town: Town) -> None:
    town.officer("hai", phone_count=10)
    recipient = Recipient()

    async def run() -> None:
        change_signal = ChangeSignal()
        one = Notifier(
            town.db, recipient, change_signal=change_signal, pace=WorkerLimits(most_in_flight=3)
        )
        two = Notifier(
            town.db, recipient, change_signal=change_signal, pace=WorkerLimits(most_in_flight=3)
        )
        async with one.running(), two.running():
            for _ in range(5):
                town.owe(town.alert())
                change_signal.ring()
            await until(lambda: town.counts().accepted == 50)

    asyncio.run(run())
    assert len(recipient.heard) == len(set(recipient.heard)) == 50


def test_a_notification_that_another_process_wrote_is_sent_at_once(
    postgres_url: str, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LONGEST_SLEEP_S", 1e6)  # nothing is found by looking at intervals
    recipient = Recipient()

    async def run(far: OtherProcess, near: OtherProcess) -> None:
        town = Town(far.db, clock)
        town.officer("hai")
        async with Notifier(near.db, recipient, change_signal=near.change_signal).running():
            for count in range(1, 4):
                town.owe(town.alert())
                with far.db.writing() as conn:
                    far.change_signal.ring_after(conn)
                await until(lambda count=count: town.counts().accepted == count)  # type: ignore[misc]

    with other_process(postgres_url) as far, other_process(postgres_url) as near, near.listening():
        asyncio.run(run(far, near))
    assert len(recipient.heard) == 3


def test_one_answer_that_cannot_be_written_does_not_take_the_others_along(town: Town) -> None:
    town.officer("hai", phone_count=3)
    town.owe(town.alert())
    first, second, third = town.claim()
    with town.db.writing() as conn:
        conn.execute(delete(notifications).where(notifications.c.id == second.notification_id))

    async def run() -> list[str | BaseException]:
        recorder, now = DeliveryRecorder(town.db, clock=HubClock()), HubClock().now()
        entries = (
            recorder.record(owed, Delivered(201), started=now, ended=now)
            for owed in (first, second, third)
        )
        return await asyncio.gather(*entries, return_exceptions=True)

    states = asyncio.run(run())
    assert (states[0], states[2]) == ("accepted", "accepted")
    assert isinstance(states[1], Exception)


class Fates:
    """What becomes of each sending in a bad hour, by the dice; counts what the phones heard."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        self.dice = random.Random(seed)  # noqa: S311 - the same dice every time
        self.heard: Counter[UUID] = Counter()
        self.uncertain: Counter[UUID] = Counter()  # died, or lost the answer, after it was heard

    def befall(self, owed: PendingNotification) -> None:
        fate = self.dice.choice(["dies before", "dies after", "answer lost", "busy", "delivered"])
        if fate in {"dies after", "answer lost", "delivered"}:
            self.heard[owed.notification_id] += 1
        if fate in {"dies after", "answer lost"}:
            self.uncertain[owed.notification_id] += 1
        if fate == "delivered":
            self.town.record(owed, Delivered(201))
        elif fate in {"answer lost", "busy"}:
            self.town.record(owed, TryAgain(fate), chance=self.dice.random())

    def run_until_nothing_is_owed(self) -> None:
        for number in range(1000):
            claimed = self.town.claim(f"w{number}", limit=self.dice.randint(1, 4))
            for owed in claimed:
                self.befall(owed)
            if claimed:
                continue  # there may be more than the limit
            due = self.town.next_due()
            if due is None:
                return
            self.town.clock.go_to(due)
        raise AssertionError("the ledger owes for ever")


@pytest.mark.promise("Node to hub: Each notification arrives, or somebody is told why not.")
@pytest.mark.parametrize("seed", range(6))
def test_crashes_at_any_point_lose_nothing_and_repeat_no_more_than_they_must(
    db: Database, seed: int
) -> None:
    town = Town(db, VirtualClock())
    began_utc_us = town.clock.now().utc_us
    town.officer("hai", phone_count=3)
    for _ in range(2):
        town.owe(town.alert())
    fates = Fates(town, seed)
    fates.run_until_nothing_is_owed()
    assert town.clock.now().utc_us - began_utc_us < 2 * 3600_000_000
    for row in town.rows():
        if row.state == "accepted":
            assert 1 <= fates.heard[row.id] <= fates.uncertain[row.id] + 1
        else:
            assert row.state == "dead"
            assert row.answered_utc_us - row.owed_utc_us >= 3600_000_000
