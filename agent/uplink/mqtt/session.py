"""One MQTT connection, from CONNECT to its end, as plain events in a queue.

Every connection has a new paho client: what an old one had queued or half sent ends with it. The
journal, not paho, knows what is still waiting. paho's thread only moves bytes and fills the queue;
the owner of the session takes events out and decides.
"""

import contextlib
import queue
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

_ON_ITS_WAY: Final = 100
"""More than the outbox ever has in flight, so that paho never holds a message back itself."""
_GOODBYE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Address of the broker, and certificates of both sides (PEM files)."""

    host: str
    port: int
    ca_file: Path
    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Connected:
    """CONNACK: the broker accepted the connection."""


@dataclass(frozen=True, slots=True)
class ConnectRefused:
    """CONNACK with a refusal, in the broker's words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """SUBACK: no message is missed from here on."""

    refusal: str | None


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message for this node."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """PUBACK of our message number `mid`; `refusal` if the broker did not accept it."""

    mid: int
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The MQTT connection has ended."""

    reason: str


@dataclass(frozen=True, slots=True)
class Woken:
    """Not from the broker: there is work here."""


SessionEvent = (
    Connected | ConnectRefused | Subscribed | MessageReceived | Acknowledged | Disconnected | Woken
)


class Inbox:
    """Events of one connection in order; any thread may put, the owner takes."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[SessionEvent] = queue.SimpleQueue()
        self._is_woken = threading.Event()

    def put(self, event: SessionEvent) -> None:
        """Add an event of the connection."""
        self._queue.put(event)

    def wake(self) -> None:
        """Add an entry that says that there is work; repeated calls add only one."""
        if not self._is_woken.is_set():
            self._is_woken.set()
            self._queue.put(Woken())

    def take(self, timeout_s: float) -> SessionEvent | None:
        """Next event, or None after `timeout_s`."""
        try:
            event = self._queue.get(block=timeout_s > 0, timeout=timeout_s or None)
        except queue.Empty:
            return None
        if isinstance(event, Woken):
            self._is_woken.clear()
        return event


class Session:
    """One connection. `inbox` is filled by paho's thread; everything else is for the owner's."""

    def __init__(
        self,
        address: BrokerAddress,
        *,
        client_id: str,
        inbox: Inbox,
        keepalive_s: int,
        connect_timeout_s: float,
    ) -> None:
        self._address = address
        self._keepalive_s = keepalive_s
        self._inbox = inbox
        self._is_over = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = connect_timeout_s
        self._client.max_inflight_messages = _ON_ITS_WAY
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_disconnect = self._on_disconnect

    def leave_will(self, topic: str, payload: bytes) -> None:
        """Set the will: the broker publishes it, retained, if the connection ends without a
        goodbye."""
        self._client.will_set(topic, payload, qos=1, retain=True)

    def begin(self) -> None:
        """Connect with a clean start; blocks up to the timeout, raises OSError on failure.

        A missing or invalid certificate file raises OSError too.
        """
        self._client.tls_set_context(tls_context(self._address))
        self._client.connect(
            self._address.host,
            self._address.port,
            keepalive=self._keepalive_s,
            clean_start=True,  # and no expiry interval: the broker keeps nothing for us
        )
        self._client.loop_start()

    def subscribe(self, topics: str, *more: str) -> None:
        """Subscribe; answered by Subscribed. Topics in `more` are optional."""
        self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in (topics, *more)])

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> int:
        """Publish; returns the number that Acknowledged will carry."""
        return self._client.publish(topic, payload, qos=qos, retain=retain).mid

    def end(self) -> None:
        """Disconnect cleanly, so that the broker drops the will, and close the socket.

        If even this cannot be sent, the connection is cut and the broker publishes the will.
        """
        self._client.disconnect()
        if not self._is_over.wait(_GOODBYE_S) and (transport := self._client.socket()) is not None:
            with contextlib.suppress(OSError):
                cast(socket.socket, transport).shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def _on_connect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._inbox.put(ConnectRefused(str(reason)) if reason.is_failure else Connected())

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        first = reasons[0]
        self._inbox.put(Subscribed(str(first) if first.is_failure else None))

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        self._inbox.put(MessageReceived(message.topic, bytes(message.payload)))

    def _on_publish(
        self,
        _client: Client,
        _userdata: Any,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        # In MQTT 5 an acknowledgement can be a refusal: `on_publish` alone is not acceptance.
        self._inbox.put(Acknowledged(mid, str(reason) if reason.is_failure else None))

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._is_over.set()
        self._inbox.put(Disconnected(str(reason)))


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho leaves it to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        """Do the handshake as the base class does; on a fault close the socket."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(address: BrokerAddress) -> ssl.SSLContext:
    """Trust only the given authority, present our certificate; OSError names the file."""
    for path in (address.ca_file, address.cert_file, address.key_file):
        path.open("rb").close()  # ssl's own error for a missing file does not name it
    context = ssl.create_default_context(cafile=str(address.ca_file))
    context.sslsocket_class = _TidySocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(address.cert_file, address.key_file)
    return context
