"""A node's end of the line, and the hub's end with a real broker, for tests of the intake."""

import queue
from collections.abc import Callable
from uuid import UUID

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Connection, Table, func, select

from agent.wire import topics
from agent.wire.answers import Refusal, TokenWanted, UploadToken
from agent.wire.codec import decode_receipt, decode_token, encode
from agent.wire.messages import Event
from agent.wire.presence import Birth, Death
from deploy.broker import Broker
from hub.alerting.alerts.rules.grouping import Policy
from hub.base.backoff import Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.intake.filing.batch import BatchFiler
from hub.intake.filing.filing import Filing
from hub.intake.mqtt.probe import BrokerAddress
from hub.intake.presence import PresenceRecorder
from hub.intake.rate_limit import MessageLimits
from hub.intake.subscriber import BatchWriter, Subscriber
from hub.nodes.pki.authority import HUB_NAME
from hub.nodes.pki.upload_tokens import UploadTokens
from hub.registry import registry
from hub.registry.tables import areas
from tests.hub.rigs.wire_words import START_UTC_US
from tests.waiting import patience_s

NOW = Moment(START_UTC_US, 5)
UPLOAD_URL = "https://hub.example/upload"


def address(broker: Broker, name: str = "hub") -> BrokerAddress:
    """Address at which the hub reaches this broker."""
    papers = broker.papers(name)
    return BrokerAddress(
        broker.host, broker.port, papers.ca_file, papers.cert_file, papers.key_file
    )


def tokens() -> UploadTokens:
    """Upload tokens with a key that everybody knows."""
    return UploadTokens(b"k" * 32, upload_url=UPLOAD_URL)


def filer() -> BatchFiler:
    """The clerk as the hub has it."""
    return BatchFiler(Filing(Policy()), PresenceRecorder(tokens()))


def subscriber(
    db: Database,
    where: BrokerAddress,
    *further: BrokerAddress,
    change_signal: ChangeSignal | None = None,
    bounds: MessageLimits | None = None,
    hub_id: bytes | None = None,
    is_ours: Callable[[], bool | None] = lambda: True,
    name: str = HUB_NAME,
) -> Subscriber:
    """The intake as the hub has it, but in a hurry."""
    writer = BatchWriter(
        db,
        filer=filer(),
        clock=HubClock(),
        change_signal=change_signal or ChangeSignal(),
        backoff=Backoff(first_s=0.05),
    )
    return Subscriber(
        where,
        *further,
        writer=writer,
        backoff=Backoff(first_s=0.2, longest_s=0.5),
        births_every_s=0.1,
        bounds=bounds,
        hub_id=hub_id,
        is_ours=is_ours,
        name=lambda: name,
    )


def found_town(db: Database, *nodes: str) -> None:
    """One area with these nodes; a second time, with more of them."""
    with db.writing() as conn:
        area_id = area_of(conn, "Tân Khai", level="commune", now=NOW)
        for node in nodes:
            registry.add_node(conn, name=node, area_id=area_id, now=NOW)


def area_of(conn: Connection, name: str, *, level: str, now: Moment) -> UUID:
    """Area of this name at the top, new unless it is there."""
    known = select(areas.c.id).where(areas.c.name == name, areas.c.parent_id.is_(None))
    found: UUID | None = conn.scalar(known)
    return found or registry.add_area(conn, name=name, level=level, now=now)


def count(db: Database, table: Table) -> int:
    """Number of rows of a table."""
    with db.reading() as conn:
        return int(conn.scalar(select(func.count()).select_from(table)) or 0)


_open: set["NodeLine"] = set()


def end_lines() -> None:
    """End the connections that are still open: a node would go on trying its broker in the tests
    after its own."""
    for line in tuple(_open):
        line.leave()


class NodeLine:
    """Says what it is given, and gathers what the hub answers."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.name = name
        self.stored: queue.Queue[UUID] = queue.Queue()
        self.refused: queue.Queue[Refusal] = queue.Queue()
        self.tokens: queue.Queue[UploadToken] = queue.Queue()
        self._ready: queue.Queue[bool] = queue.Queue()
        papers = broker.papers(name)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.max_inflight_messages_set(1000)
        self._client.tls_set(str(papers.ca_file), str(papers.cert_file), str(papers.key_file))
        self._client.reconnect_delay_set(0.1, 0.2)  # type: ignore[arg-type]  # paho takes fractions of a second too
        self._client.on_connect = lambda client, *_: client.subscribe(topics.every_down(name), 1)
        self._client.on_subscribe = lambda *_: self._ready.put(True)
        self._client.on_message = self._hear
        self._client.connect(broker.host, broker.port, keepalive=30)
        self._client.loop_start()
        _open.add(self)
        self._ready.get(timeout=patience_s())

    def say(self, message: Event | Birth | Death | TokenWanted) -> None:
        """Publish a message on the topic it belongs to."""
        match message:
            case Event():
                topic = topics.EVENT
            case Birth() | Death():
                topic = topics.STATUS
            case TokenWanted():
                topic = topics.REQUEST
        self.shout(topics.address(topic, self.name), encode(message), retain=topic.is_retained)

    def shout(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish any bytes anywhere, and wait for the broker's nod."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def await_stored(self, *events: Event) -> None:
        """Wait for the receipt of each."""
        missing = {event.event_id for event in events}
        while missing:
            missing.discard(self.stored.get(timeout=patience_s()))

    def leave(self) -> None:
        """Go."""
        _open.discard(self)
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/token"):
            self.tokens.put(decode_token(bytes(message.payload)))
            return
        receipt = decode_receipt(bytes(message.payload))
        for event_id in receipt.stored:
            self.stored.put(event_id)
        for refusal in receipt.refused:
            self.refused.put(refusal)
