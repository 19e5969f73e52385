"""The broker's rules, asked of a real Mosquitto by real clients."""

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from deploy.broker import Broker
from hub.nodes.pki.authority import TlsFiles
from tests.waiting import patience_s

pytestmark = pytest.mark.promise(
    "Real programs in tests: Tests use a real Mosquitto with authentication."
)


class Talker:
    """A plain client that keeps what it is told."""

    def __init__(self, broker: Broker, papers: TlsFiles | None, client_id: str = "") -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: queue.Queue[str] = queue.Queue()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5
        )
        cert = (str(papers.cert_file), str(papers.key_file)) if papers else (None, None)
        self.client.tls_set(str(broker.authority.ca_file), *cert)
        self.client.on_connect = self._connected
        self.client.on_disconnect = self._answered
        self.client.on_publish = self._answered
        self.client.on_subscribe = self._subscribed
        self.client.on_message = lambda _client, _data, message: self.heard.put(
            (message.topic, bytes(message.payload))
        )
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600
        self.client.connect(broker.host, broker.port, clean_start=False, properties=properties)
        self.client.loop_start()

    def _connected(self, *told: object) -> None:
        self.answers.put(f"connected: {told[3]}")

    def _answered(self, *told: object) -> None:
        self.answers.put(str(told[3]))

    def _subscribed(self, *told: object) -> None:
        codes = told[3]
        assert isinstance(codes, list)
        self.answers.put(", ".join(map(str, codes)))

    def publish(self, topic: str, payload: bytes = b"x") -> str:
        self.client.publish(topic, payload, qos=1)
        return self.answers.get(timeout=patience_s())

    def subscribe(self, topic: str) -> str:
        self.client.subscribe(topic, qos=1)
        return self.answers.get(timeout=patience_s())

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def talk(broker: Broker) -> Iterator[Callable[[str], Talker]]:
    talkers: list[Talker] = []

    def start(name: str) -> Talker:
        talker = Talker(broker, broker.papers(name))
        talkers.append(talker)
        assert talker.answers.get(timeout=patience_s()) == "connected: Success"
        return talker

    yield start
    for talker in talkers:
        talker.leave()


def refused(talker: Talker) -> bool:
    """True when the end of the connection is all that came of it."""
    return not talker.answers.get(timeout=patience_s()).startswith("connected")


def test_a_node_reaches_the_hub_on_its_own_topic(talk: Callable[[str], Talker]) -> None:
    hub, node = talk("hub"), talk("nga-tu-01")
    assert hub.subscribe("matthan/+/up/#") == "Granted QoS 1"
    assert node.publish("matthan/nga-tu-01/up/event", b"own") == "Success"
    assert hub.heard.get(timeout=patience_s()) == ("matthan/nga-tu-01/up/event", b"own")


@pytest.mark.promise("Wire protocol: A node can use only its own branch of topics.")
@pytest.mark.promise("Security: A refusal by the broker is visible to the node.")
def test_each_process_of_the_hub_hears_every_node(talk: Callable[[str], Talker]) -> None:
    hubs, node = [talk(name) for name in ("hub", "hub.2", "hub.8")], talk("nga-tu-01")
    for hub in hubs:
        assert hub.subscribe("matthan/+/up/#") == "Granted QoS 1"
    node.publish("matthan/nga-tu-01/up/event", b"to all")
    for hub in hubs:
        assert hub.heard.get(timeout=patience_s())[1] == b"to all"
        assert hub.publish("matthan/nga-tu-01/down/receipt", b"had") != "Not authorized"
        assert hub.answers.empty(), "one with a name of its own ends nobody's connection"


def test_a_node_that_speaks_for_another_is_told_not_authorized(
    talk: Callable[[str], Talker],
) -> None:
    hub, node = talk("hub"), talk("nga-tu-01")
    hub.subscribe("matthan/+/up/#")
    assert node.publish("matthan/nga-tu-02/up/event", b"spoof") == "Not authorized"
    assert node.publish("matthan/nga-tu-01/down/receipt", b"spoof") == "Not authorized"
    assert node.publish("matthan/nga-tu-01/up/event", b"own") == "Success"
    assert hub.heard.get(timeout=patience_s())[1] == b"own"


@pytest.mark.promise("Wire protocol: A node can use only its own branch of topics.")
@pytest.mark.promise("Fleet: A node cannot use another node's topic.")
def test_a_node_hears_only_what_is_said_to_it(talk: Callable[[str], Talker]) -> None:
    hub, node = talk("hub"), talk("nga-tu-01")
    node.subscribe("matthan/#")
    node.subscribe("matthan/nga-tu-01/down/#")
    assert hub.publish("matthan/nga-tu-02/down/token", b"secret") != "Not authorized"
    hub.publish("matthan/nga-tu-01/down/token", b"mine")
    assert node.heard.get(timeout=patience_s())[1] == b"mine"


def test_a_node_cannot_take_the_hubs_place_by_its_client_id(
    broker: Broker, talk: Callable[[str], Talker]
) -> None:
    hub, node = talk("hub"), talk("nga-tu-01")
    hub.subscribe("matthan/+/up/#")
    thief = Talker(broker, broker.papers("nga-tu-09"), client_id="hub")
    assert thief.answers.get(timeout=patience_s()) == "connected: Success"
    assert node.publish("matthan/nga-tu-01/up/event", b"still here") == "Success"
    assert hub.heard.get(timeout=patience_s())[1] == b"still here"
    assert hub.answers.empty(), "the hub was thrown out"
    thief.leave()


@pytest.mark.promise("Hub: Broker and node know each other by certificate.")
@pytest.mark.promise("Fleet: A node cannot use another node's topic.")
def test_a_client_without_a_certificate_is_refused(broker: Broker) -> None:
    talker = Talker(broker, None)
    assert refused(talker)
    talker.leave()


@pytest.mark.promise("Hub: Broker and node know each other by certificate.")
def test_a_certificate_of_a_foreign_authority_is_refused(broker: Broker, tmp_path: Path) -> None:
    foreign = Broker(tmp_path).papers("nga-tu-01")
    talker = Talker(broker, foreign)
    assert refused(talker)
    talker.leave()


def test_a_servers_certificate_is_no_ticket_for_a_client(broker: Broker) -> None:
    home = broker.folder / "broker"
    server = TlsFiles(home / "ca.crt", home / "broker.crt", home / "broker.key")
    talker = Talker(broker, server)
    assert refused(talker)
    talker.leave()


def test_a_packet_beyond_the_bound_ends_the_connection(talk: Callable[[str], Talker]) -> None:
    node = talk("nga-tu-03")
    assert node.publish("matthan/nga-tu-03/up/event", bytes(200_000)) != "Success"


@pytest.mark.broker
def test_a_restart_keeps_port_and_sessions(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        port = broker.port
        hub = Talker(broker, broker.papers("hub"))
        assert hub.answers.get(timeout=patience_s()) == "connected: Success"
        assert hub.subscribe("matthan/+/up/#") == "Granted QoS 1"
        hub.leave()
        broker.restart()
        assert broker.port == port
        node = Talker(broker, broker.papers("nga-tu-01"))
        assert node.answers.get(timeout=patience_s()) == "connected: Success"
        assert node.publish("matthan/nga-tu-01/up/event", b"kept") == "Success"
        hub = Talker(broker, broker.papers("hub"))
        assert hub.heard.get(timeout=patience_s())[1] == b"kept"
        hub.leave()
        node.leave()


def test_the_broker_is_not_run_by_root(broker: Broker) -> None:
    assert broker.pid is not None
    assert Path(f"/proc/{broker.pid}").stat().st_uid != 0
