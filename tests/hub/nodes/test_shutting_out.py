"""A stolen node is cut off at once, at broker, uploads and commands; with a real Mosquitto."""

import queue
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paho.mqtt.enums import CallbackAPIVersion

from agent.wire import topics
from agent.wire.codec import encode
from deploy.broker import SHUT_OUT, Broker
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.mqtt.revocation import Revocation
from hub.intake.presence import PresenceRecorder
from hub.nodes.enrolment import rows
from hub.registry.registry import node_by_name
from tests.hub.helpers.nodes.shutting_out import NODE, revoke
from tests.hub.rigs.enrolling_rig import Box, EnrolHub
from tests.hub.rigs.intake_rig import address, filer, tokens
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Fleet: A revoked node is shut out at once.")


class Line:
    """A node's connection as a stolen one would have it: it never gives up."""

    def __init__(self, broker: Broker, cert: Path, key: Path) -> None:
        self.connected = 0
        self.lost = 0
        self.is_up = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.tls_set(str(broker.authority.ca_file), str(cert), str(key))
        self._client.reconnect_delay_set(0.1, 0.2)  # type: ignore[arg-type]  # paho takes fractions of a second too
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.connect_async(broker.host, broker.port)
        self._client.loop_start()

    def _on_connect(self, _c: object, _d: object, _f: object, code: object, _p: object) -> None:
        if not code.is_failure:  # type: ignore[attr-defined]  # paho's reason code
            self.connected += 1
            self.is_up = True

    def _on_disconnect(self, *_: object) -> None:
        self.is_up = False
        self.lost += 1

    def leave_something(self, node: str) -> None:
        for topic in (topics.STATUS, topics.SETTINGS, topics.PROGRAMS):
            self._client.publish(topics.address(topic, node), b"x", qos=1, retain=True)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path) -> Iterator[EnrolHub]:
    db = Database(sqlite_url)
    yield EnrolHub(db, tmp_path)
    db.close()


@pytest.fixture
def broker(needs_broker: None, hub: EnrolHub, tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "mqtt", authority=hub.authority) as broker:
        yield broker


def enrolled(hub: EnrolHub, folder: Path, name: str = NODE) -> tuple[Path, Path]:
    """Papers of a node as enrolment gives them."""
    box = Box()
    answer = hub.redeem(hub.make(name), box)
    assert isinstance(answer, rows.Redeemed)
    cert, key = folder / f"{name}.pem", folder / f"{name}.key.pem"
    cert.write_text(answer.certificate)
    pem = box.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(pem)
    return cert, key


def shutting(hub: EnrolHub, broker: Broker, *further: Broker) -> Revocation:
    return Revocation(
        hub.db,
        authority=hub.authority,
        crl_file=broker.crl_file,
        brokers=[address(one) for one in (broker, *further)],
        clock=HubClock(),
        visits_s=(0.2, 0.5, 1.0),
    )


def test_a_stolen_node_is_thrown_out_and_does_not_come_back_while_others_stay(
    hub: EnrolHub, broker: Broker, tmp_path: Path
) -> None:
    stolen = Line(broker, *enrolled(hub, tmp_path))
    honest = Line(broker, *enrolled(hub, tmp_path, "nga-tu-02"))
    try:
        until(lambda: stolen.is_up and honest.is_up, "both are connected")
        revoke(hub)
        thread = shutting(hub, broker).shut_out(NODE)
        broker.reload()  # as the unit does when the list has changed
        until(lambda: stolen.lost, "it is thrown out")
        thread.join()
        until(lambda: not stolen.is_up, "it is out")
        before, lost = stolen.connected, stolen.lost
        until(lambda: stolen.lost >= lost + 5, "it tries five times more")
        assert (stolen.is_up, stolen.connected) == (False, before)
        assert (honest.is_up, honest.lost) == (True, 0)
    finally:
        stolen.close()
        honest.close()


def test_what_a_shut_out_node_left_at_the_broker_goes_with_it(
    hub: EnrolHub, broker: Broker, tmp_path: Path
) -> None:
    """By the broker itself, which has the names from the hub."""
    stolen = Line(broker, *enrolled(hub, tmp_path))
    honest = Line(broker, *enrolled(hub, tmp_path, "nga-tu-02"))
    try:
        until(lambda: stolen.is_up and honest.is_up, "both are connected")
        stolen.leave_something(NODE)
        honest.leave_something("nga-tu-02")
        until(lambda: kept(broker) == {NODE, "nga-tu-02"}, "both left something")
        revoke(hub)
        out = shutting(hub, broker)
        out.write_list()
        broker.reload()
        until(lambda: kept(broker) == {"nga-tu-02"}, "it is gone")
        until(lambda: stolen.lost, "it is thrown out without a visit")
        again = enrolled(hub, tmp_path)
        assert rows_of(broker) == [NODE]
        out.write_list(is_again=False)
        assert rows_of(broker) == [], "who is enrolled again is not shut out"
        assert lets_in(broker, *again)
    finally:
        stolen.close()
        honest.close()


def rows_of(broker: Broker) -> list[str]:
    """Names on the list of shut-out nodes."""
    return broker.crl_file.with_name(SHUT_OUT).read_text().split()


def kept(broker: Broker) -> set[str]:
    """Nodes of which the broker has a retained message."""
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    papers = broker.papers("hub")
    client.tls_set(str(papers.ca_file), str(papers.cert_file), str(papers.key_file))
    client.on_message = lambda _c, _d, message: heard.put(message.topic)
    client.on_connect = lambda it, *_: it.subscribe(
        [("matthan/+/up/#", 0), (topics.HUB_PRESENCE, 0)]
    )
    client.on_subscribe = lambda it, *_: it.publish(topics.HUB_PRESENCE, b"that was all")
    client.connect(broker.host, broker.port)
    client.loop_start()
    nodes = set()
    while (topic := heard.get(timeout=patience_s())) != topics.HUB_PRESENCE:
        nodes.add(topic.split("/")[1])
    client.disconnect()
    client.loop_stop()
    return nodes


def test_who_was_connected_before_the_broker_read_the_list_is_thrown_out_all_the_same(
    hub: EnrolHub, broker: Broker, tmp_path: Path
) -> None:
    """The unit may be slow: then the second visit does it."""
    papers = enrolled(hub, tmp_path)
    stolen = Line(broker, *papers)
    try:
        until(lambda: stolen.is_up, "it is connected")
        revoke(hub)
        out = shutting(hub, broker)
        out.write_list()
        assert out.visit(NODE, address(broker))
        until(lambda: stolen.connected > 1, "it came back, since nobody reads the list yet")
        broker.reload()
        until(lambda: not lets_in(broker, *papers), "the broker reads it")
        assert out.visit(NODE, address(broker))
        until(lambda: not stolen.is_up, "it is out")
    finally:
        stolen.close()


def test_a_replaced_boards_papers_hold_no_more_and_the_new_ones_do(
    hub: EnrolHub, broker: Broker, tmp_path: Path
) -> None:
    old = enrolled(hub, tmp_path)
    (tmp_path / "new").mkdir()
    new = enrolled(hub, tmp_path / "new")
    shutting(hub, broker).write_list()
    broker.reload()
    until(lambda: not lets_in(broker, *old), "the old papers are refused")
    assert lets_in(broker, *new)


def test_an_ended_certificate_and_none_at_all_get_nothing(
    hub: EnrolHub, broker: Broker, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    long_ago = datetime.now(UTC) - timedelta(days=2)
    span = timedelta(days=1)
    cert = hub.authority.sign_client(NODE, key.public_key(), long_ago, span=span)
    (tmp_path / "old.crt").write_bytes(cert.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "old.key").write_bytes(pem)
    assert not lets_in(broker, tmp_path / "old.crt", tmp_path / "old.key")
    assert not lets_in(broker, None, None)
    assert lets_in(broker, *enrolled(hub, tmp_path))


@pytest.mark.promise("Security: Broker, node port and pages use TLS 1.3.")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_1])
def test_an_older_tls_is_not_spoken(
    hub: EnrolHub, broker: Broker, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    papers = enrolled(hub, tmp_path)
    assert not lets_in(broker, *papers, most=version)
    assert lets_in(broker, *papers)


def lets_in(
    broker: Broker,
    cert: Path | None,
    key: Path | None,
    *,
    most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> bool:
    """Whether a CONNECT is answered; under TLS 1.3 a refusal comes after the handshake."""
    tls = ssl.create_default_context(cafile=broker.authority.ca_file)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.maximum_version = max(most, ssl.TLSVersion.TLSv1_2)
    if cert and key:
        tls.load_cert_chain(cert, key)
    hello = bytes.fromhex("10 10 0004 4d515454 05 02 003c 00 0003 616263".replace(" ", ""))
    try:
        with (
            socket.create_connection((broker.host, broker.port), 20) as plain,
            tls.wrap_socket(plain, server_hostname=broker.host) as line,
        ):
            line.sendall(hello)
            answer = line.recv(4)
            return len(answer) == 4 and answer[0] == 0x20 and answer[3] == 0
    except OSError:
        return False


def test_uploads_and_words_of_a_shut_out_node_count_no_more(hub: EnrolHub) -> None:
    """The hub believes it nothing, even where a broker goes on letting it in."""

    voice = NodeVoice(NODE)
    hub.redeem(hub.make(NODE), Box())
    fleet, intake = PresenceRecorder(tokens()), filer()
    with hub.db.writing() as conn:
        assert not fleet.is_shut_out(conn, NODE)
    revoke(hub)

    told = ReceivedMessage(topics.address(topics.STATUS, NODE), encode(voice.birth()), lambda: None)
    with hub.db.writing() as conn:
        outcome = intake.file(conn, [told], now=hub.clock.now())
        node = node_by_name(conn, NODE)
    assert outcome.counts["revoked"] == 1
    assert node is not None and node.state == "never"
    assert not list(outcome.replies.messages())


@pytest.mark.promise("Fleet: A revoked node is thrown out of every broker.")
def test_a_stolen_node_is_thrown_out_of_every_broker(
    hub: EnrolHub, broker: Broker, tmp_path: Path
) -> None:
    papers = enrolled(hub, tmp_path)
    with Broker(tmp_path / "mqtt-2", authority=hub.authority) as second:
        stolen = Line(second, *papers)
        try:
            until(lambda: stolen.is_up, "it is connected to the second")
            revoke(hub)
            shutting(hub, second).write_list()  # by a process on the second's machine
            second.reload()
            until(lambda: not lets_in(second, *papers), "the second broker reads its list")
            shutting(hub, broker, second).shut_out(NODE).join()
            until(lambda: stolen.lost and not stolen.is_up, "it is out")
        finally:
            stolen.close()
