"""Two processes with the intake at two brokers: both file, and either may come, go or be killed."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from deploy.broker import Broker, free_port
from hub.alerting.alerts.tables import sightings
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.intake.rules.sharding import SHARDS
from hub.nodes.spool.tables import events
from hub.registry import registry
from hub.registry.tables import nodes
from tests.hub.helpers.app.four_processes import Process, Scaled
from tests.hub.rigs.intake_rig import NodeLine, count
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until

pytestmark = [pytest.mark.system, pytest.mark.broker, pytest.mark.postgres]

NODES = [f"nga-tu-{number:02}" for number in range(1, 7)]


@dataclass
class TwoBrokers(Scaled):
    """Each process hears both."""

    further: Broker = field(kw_only=True)


@pytest.fixture
def scaled(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TwoBrokers]:
    db, now = Database(postgres_url), HubClock().now()
    with db.writing() as conn:
        area_id = registry.add_area(conn, name="Tân Khai", level="commune", now=now)
        for name in NODES:
            registry.add_node(conn, name=name, area_id=area_id, now=now)
    db.close()
    with (
        Broker(tmp_path / "mqtt") as broker,
        Broker(tmp_path / "mqtt-2", authority=broker.authority) as further,
    ):
        broker.papers("hub.2")
        monkeypatch.setenv("MATTHAN_HUB__BROKER__FURTHER", f'["{further.host}:{further.port}"]')
        site = TwoBrokers(tmp_path, broker, free_port(), url_=postgres_url, further=further)
        site.write_config()
        yield site
        for process in site.started:
            process.program.kill()
            process.program.wait()


class Town:
    """Nodes that say each event once: nothing that is lost comes again."""

    def __init__(self, *brokers: Broker) -> None:
        self.voices = [NodeVoice(name) for name in NODES]
        self.lines = [
            NodeLine(broker, name) for broker, name in zip(cycle(brokers), NODES, strict=False)
        ]
        self.said: list[set[UUID]] = [set() for _ in NODES]
        for line, voice in zip(self.lines, self.voices, strict=True):
            line.say(voice.birth())

    def say(self, rounds: int) -> bool:
        """So many events of each node, over some time; True."""
        for _ in range(rounds):
            for line, voice, said in zip(self.lines, self.voices, self.said, strict=True):
                event = voice.event(time.time_ns() // 1000)
                line.say(event)
                said.add(event.event_id)
            time.sleep(0.02)
        return True

    def await_stored(self) -> None:
        """Wait for a receipt of each event."""
        for line, said in zip(self.lines, self.said, strict=True):
            while said:
                said.discard(line.stored.get(timeout=patience_s()))


def held(process: Process) -> int:
    """How many shards it holds by its own log."""
    moves = [line for line in process.log if str(line["event"]).startswith("shards.")]
    return int(str(moves[-1].get("held", 0))) if moves else 0


def start_two(scaled: TwoBrokers) -> tuple[Process, Process, Town]:
    """One after the other, while nodes speak, until each has its half."""
    first = scaled.start_role("intake", name="first")
    until(lambda: held(first) == SHARDS, "the first has all shards")
    town = Town(scaled.broker, scaled.further)
    town.say(20)
    until(lambda: filed_by(first) == set(NODES), "the first has filed the births")
    second = scaled.start_role("intake", name="second")
    until(lambda: town.say(1) and held(second) == SHARDS // 2, "the second has its half")
    until(lambda: held(first) == SHARDS // 2, "the first says that it gave the other")
    town.say(20)
    names = [line["name"] for one in (first, second) for line in one.log if "name" in line]
    assert names == ["hub", "hub.2"], "each process has a name of its own at the broker"
    return first, second, town


def end(scaled: TwoBrokers, town: Town, left: Process) -> None:
    """All is stored, once and in order."""
    town.say(20)
    town.await_stored()
    for line in town.lines:
        line.leave()
    left.program.send_signal(signal.SIGTERM)
    assert left.program.wait(patience_s()) == 0
    all_of_them = sum(voice.seq for voice in town.voices)
    db = Database(scaled.url)
    assert (count(db, events), count(db, sightings)) == (all_of_them, all_of_them)
    query = select(events.c.received_utc_us).join(nodes, nodes.c.id == events.c.node_id)
    with db.reading() as conn:
        for voice in town.voices:
            one = query.where(nodes.c.name == voice.name).order_by(events.c.seq)
            received = list(conn.scalars(one))
            assert received == sorted(received), f"{voice.name} was filed out of order"
    db.close()


@pytest.mark.promise("Roles: Two processes with the intake share the nodes; either may be killed.")
def test_an_intake_is_killed_and_nothing_is_lost_doubled_or_out_of_order(
    scaled: TwoBrokers,
) -> None:
    first, second, town = start_two(scaled)
    first.program.kill()
    until(lambda: town.say(1) and held(second) == SHARDS, "the other has all shards")
    end(scaled, town, second)


@pytest.mark.promise("Roles: Processes with the intake come and go, and each has its share.")
def test_an_intake_leaves_and_nothing_is_lost_doubled_or_out_of_order(scaled: TwoBrokers) -> None:
    first, second, town = start_two(scaled)
    first.program.send_signal(signal.SIGTERM)
    until(lambda: town.say(1) and held(second) == SHARDS, "the other has all shards")
    assert first.program.wait(patience_s()) == 0
    end(scaled, town, second)
    assert filed_by(first) == set(NODES)


def filed_by(process: Process) -> set[str]:
    """The nodes whose births it has filed."""
    return {str(line["node"]) for line in process.log if line["event"] == "node.status"}
