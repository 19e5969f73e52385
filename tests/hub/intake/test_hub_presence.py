"""The hub announces its presence; nodes tell a missing hub from a dead broker."""

import os
import queue
import socket
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from structlog.testing import capture_logs

from agent.wire.codec import decode_presence, encode
from agent.wire.presence import HubStatus
from agent.wire.topics import HUB_PRESENCE
from deploy.broker import Broker
from hub.base.db.database import Database
from tests.agent.helpers.uplink.link import address as node_address
from tests.agent.helpers.uplink.link import make_link
from tests.agent.rigs.hubside import BOOT, NODE, Running, open_journal, put
from tests.hub.rigs.intake_rig import address, found_town, subscriber
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Node state and clocks: The hub publishes its own presence.")


@pytest.fixture
def db(sqlite_url: str) -> Iterator[Database]:
    db = Database(sqlite_url)
    found_town(db, NODE)
    yield db
    db.close()


class Ear:
    """A node that hears nothing but the hub's presence."""

    def __init__(self, broker: Broker) -> None:
        self.said: queue.Queue[HubStatus] = queue.Queue()
        papers = broker.papers("nga-tu-09")
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.tls_set(str(papers.ca_file), str(papers.cert_file), str(papers.key_file))
        self._client.on_connect = lambda client, *_: client.subscribe(HUB_PRESENCE, 1)
        self._client.on_message = lambda _client, _data, message: self.said.put(
            decode_presence(bytes(message.payload))
        )
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def hears(self) -> bool:
        """Whether the hub says next that it is here."""
        return self.said.get(timeout=patience_s()).is_here

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_the_hub_comes_and_goes_and_corrects_a_will_that_came_late(
    broker: Broker, db: Database
) -> None:
    hub, ear = subscriber(db, address(broker)), Ear(broker)
    hub.start()
    assert ear.hears()
    connection = hub._links[0]._connection
    assert connection is not None
    will = encode(HubStatus(is_here=False, birth_id=BOOT))
    connection._hear_presence(will, is_live=True)
    assert ear.hears(), "so that a node that comes later hears the truth"
    connection._hear_presence(b"nonsense", is_live=True)
    hub.stop()
    assert not ear.hears()
    ear.leave()
    late = Ear(broker)
    assert not late.hears(), "the broker repeats it to whoever comes"
    late.leave()


def test_a_killed_hub_is_away_by_its_will(broker: Broker, db: Database) -> None:
    hub, ear = subscriber(db, address(broker)), Ear(broker)
    hub.start()
    assert ear.hears()
    connection = hub._links[0]._connection
    assert connection is not None
    line = connection._client.socket()
    assert line is not None
    with socket.socket(fileno=os.dup(line.fileno())) as cut:  # below paho, which reads from it
        cut.shutdown(socket.SHUT_RDWR)
    assert not ear.hears()
    assert ear.hears(), "and it comes back"
    hub.stop()
    ear.leave()


def test_a_node_tells_a_hub_that_is_away_from_a_dead_broker(
    broker: Broker, db: Database, tmp_path: Path
) -> None:
    journal = open_journal(tmp_path / "journal.db")
    first, second = subscriber(db, address(broker)), subscriber(db, address(broker))
    with capture_logs() as logs, Running(make_link(journal, node_address(broker))):

        def said(event: str) -> int:
            return sum(line["event"] == event for line in logs)

        first.start()
        put(journal)
        until(lambda: journal.counts().waiting == 0, "the hub answers")
        first.stop()
        until(lambda: said("hub_away") == 1, "the node knows that the hub is away")
        put(journal)
        second.start()
        until(lambda: said("hub_back") == 1, "and that it is back")
        until(lambda: journal.counts().waiting == 0, "what waited was said again")
        broker.kill()
        until(lambda: said("link_trouble") > 0, "a dead broker is another matter")
        assert said("hub_away") == 1
        broker.start()
        second.stop()
    journal.close()
