"""The liveness monitor with a real broker: a will, a broker that dies, and their return, in real
time."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from deploy.broker import Broker
from hub.access.grants import people_rows, rows
from hub.access.rules.grants import Grant, Right
from hub.alerting.alerts.tables import alerts
from hub.alerting.monitoring.monitor import LivenessMonitor
from hub.alerting.monitoring.rules.liveness import Thresholds
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.processes.lease import Lease
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


def test_a_dead_node_and_a_dead_broker_are_told_apart_and_both_end_by_themselves(
    hub: tuple[Subscriber, Database], broker: Broker
) -> None:
    intake, db = hub
    monitor = LivenessMonitor(
        db=db,
        clock=HubClock(),
        change_signal=ChangeSignal(),
        lease=Lease(db, "chores"),
        is_broker_up=lambda: intake.is_listening,
        bounds=HASTY,
    )

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
