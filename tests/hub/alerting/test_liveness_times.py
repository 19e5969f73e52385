"""The liveness monitor with a real broker: a will, a broker that dies, and their return, in real
time."""

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from deploy.broker import Broker
from hub.access.grants import people_rows, rows
from hub.access.rules.grants import Grant, Right
from hub.alerting.alerts.tables import alerts
from hub.alerting.monitoring.monitor import LOOK_EVERY_S, LivenessMonitor
from hub.alerting.monitoring.rules.liveness import Thresholds
from hub.app.roles import attendance
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.processes.lease import LAPSE_S, RENEW_S, Lease
from hub.intake.mqtt import connection
from hub.intake.subscriber import Subscriber
from hub.registry import registry
from tests.hub.rigs.intake_rig import NOW, NodeLine, address, found_town, subscriber
from tests.hub.rigs.streets import CHEAP
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import until

pytestmark = pytest.mark.promise(
    "Node state and clocks: A dead camera, node, line and broker are told apart."
)

HASTY = Thresholds(
    node_silent_after_s=0.2,
    broker_lost_after_s=0.2,
    back_after_s=0.1,
    settle_s=0.3,
)


@pytest.fixture
def hub(sqlite_url: str, broker: Broker) -> Iterator[tuple[Subscriber, Database]]:
    db = Database(sqlite_url)
    found_town(db, "nga-tu-01")
    with db.writing() as conn:
        keeper = people_rows.add_person(
            conn,
            login="kim",
            name="Phạm Kim",
            language="vi",
            role="technician",
            password="a long password",
            passwords=CHEAP,
            now=NOW,
        )
        area_id = registry.area_by_name(conn, "Tân Khai")
        grant = Grant(area_id, None, Right.MANAGE, NOW.utc_us)
        rows.add_grant(conn, person_id=keeper, grant=grant, reason="tends", now=NOW)
    intake = subscriber(db, address(broker))
    intake.start()
    until(lambda: intake.is_listening, "the hub listens")
    yield intake, db
    intake.stop()
    db.close()


def monitor_of(intake: Subscriber, db: Database, *, names: Sequence[str]) -> LivenessMonitor:
    """The monitor of a hub whose brokers have these names."""
    return LivenessMonitor(
        db=db,
        clock=HubClock(),
        change_signal=ChangeSignal(),
        lease=Lease(db, "chores"),
        is_broker_up=lambda: intake.is_listening,
        bounds=HASTY,
        brokers=lambda: {name: at in intake.heard for at, name in enumerate(names)},
    )


def test_a_dead_node_and_a_dead_broker_are_told_apart_and_both_end_by_themselves(
    hub: tuple[Subscriber, Database], broker: Broker
) -> None:
    intake, db = hub
    monitor = monitor_of(intake, db, names=[])

    def states() -> list[tuple[str, str]]:
        monitor.look()
        with db.reading() as conn:
            query = select(alerts.c.kind, alerts.c.state).order_by(alerts.c.id)
            return [(row.kind, row.state) for row in conn.execute(query)]

    node, voice = NodeLine(broker, "nga-tu-01"), NodeVoice("nga-tu-01")
    birth = voice.birth()
    node.say(birth)
    node.say(event := voice.event())
    node.await_stored(event)
    assert ("node_silent", "open") not in states()
    node.say(voice.death(birth.birth_id))
    until(lambda: ("node_silent", "open") in states(), "the node's silence is told")
    node.say(voice.birth())
    until(lambda: ("node_silent", "resolved") in states(), "the node is back")
    broker.kill()
    until(lambda: ("broker_lost", "open") in states(), "the broker's absence is told")
    broker.start()
    until(lambda: ("broker_lost", "resolved") in states(), "the broker is back")
    node.leave()
    kinds = [kind for kind, _ in states() if kind != "person"]
    assert sorted(kinds) == ["broker_lost", "node_silent"]


@pytest.mark.promise("Bad input: A broker that no process hears is an alert within a minute.")
def test_a_killed_broker_and_one_that_falls_silent_are_alerts_with_their_names(
    hub: tuple[Subscriber, Database],
    broker: Broker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The virtual minute is in `test_liveness_monitor`; here the brokers are real."""
    first, db = hub
    first.stop()
    monkeypatch.setattr(connection, "KEEPALIVE_S", 1)
    names = ["first", "killed", "silent"]
    with (
        Broker(tmp_path / "killed", authority=broker.authority) as killed,
        Broker(tmp_path / "silent", authority=broker.authority) as silent,
    ):
        intake = subscriber(db, *map(address, (broker, killed, silent)))
        monitor = monitor_of(intake, db, names=names)

        def open_now() -> list[str | None]:
            monitor.look()
            with db.reading() as conn:
                query = select(alerts.c.zone).where(alerts.c.kind == "broker_unheard")
                return list(conn.scalars(query.where(alerts.c.state == "open")))

        intake.start()
        try:
            until(lambda: len(intake.heard) == 3, "all are heard")
            node, voice = NodeLine(broker, "nga-tu-01"), NodeVoice("nga-tu-01")
            node.say(voice.birth())
            node.say(event := voice.event())
            node.await_stored(event)
            killed.kill()
            until(lambda: open_now() == ["killed"], "the killed one is told")
            assert silent.pid
            os.kill(silent.pid, signal.SIGSTOP)  # like a line that takes all and gives nothing
            try:
                until(lambda: set(open_now()) == {"killed", "silent"}, "so is the silent one")
            finally:
                os.kill(silent.pid, signal.SIGCONT)
            killed.start()
            until(lambda: open_now() == [], "all are heard again")
            node.leave()
        finally:
            intake.stop()


@pytest.mark.promise("Bad input: A broker that no process hears is an alert within a minute.")
def test_a_silent_line_and_the_grace_time_fit_into_a_minute() -> None:
    """The ping, its answer that does not come, each up to a second late by paho's own looks; then
    the other process's look, the round in which its monitor notes the sign, the grace time, and the
    round in which it looks. By then it has the lease, if the lost machine held it: one round to see
    its last sign, the time until it lapses, one round to take it."""
    noted_s = 2 * (connection.KEEPALIVE_S + 1) + attendance.LOOK_S + LOOK_EVERY_S
    taken_s = RENEW_S + LAPSE_S + RENEW_S
    due_s = max(noted_s + Thresholds().broker_lost_after_s, taken_s)
    assert due_s + LOOK_EVERY_S <= 60
