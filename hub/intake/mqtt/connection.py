"""One connection to the broker, with manual acknowledgements.

Each connection has its own paho client. An acknowledgement belongs to the client of its message, so
one that comes after a reconnect goes nowhere. Packet ids are reused: on the new connection it could
acknowledge a different message.
"""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.wire.codec import WireError, decode_presence, encode
from agent.wire.presence import HubStatus
from agent.wire.topics import EVERY_NODE_UP, HUB_PRESENCE
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.mqtt.other_hub import NEW_S, WAIT_S, is_anothers, new_birth
from hub.intake.mqtt.probe import BrokerAddress, context
from hub.intake.replies import Reply
from hub.nodes.pki.authority import HUB_NAME

log = structlog.get_logger()

RECEIVE_MAXIMUM: Final = 1000
"""Most unacknowledged messages from the broker; the inbox holds twice as many."""
KEEPALIVE_S: Final = 8
"""A line that falls silent is given up after twice this time: a minute must also hold the grace
time of the alert."""
CONNECT_S: Final = 5.0
LOOK_S: Final = 0.2
_ANOTHER: Final = "a hub with another database is at this broker, with the same certificate"
_ANOTHER_CURE: Final = "stop one of the two and restart the other, or give it a broker of its own"
_QOS_1: Final = SubscribeOptions(qos=1)


@dataclass(frozen=True, slots=True)
class Ended:
    """Reason why a connection ended, and whether it had worked."""

    was_up: bool
    reason: str
    cure: str = ""
    stands_by: bool = False
    """Ended on purpose: another process of this hub has the intake now."""
    lasted_s: float = 0.0
    for_another_hub: bool = False
    """Ended by a hub with another database that was there before."""

    @property
    def is_taken_over(self) -> bool:
        """True if another hub uses this certificate; two hubs must not disconnect each other again
        and again."""
        return "taken over" in self.reason


class _Client(mqtt.Client):
    """paho's client with a thread that reports its faults."""

    on_death: Callable[[Exception], object] = staticmethod(lambda _error: None)

    def loop_forever(self, *args: Any, **kwargs: Any) -> MQTTErrorCode:
        """Body of paho's own thread. Without this a fault in a callback ended the thread unnoticed:
        the connection stayed open and nothing arrived."""
        try:
            return super().loop_forever(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread ends by it
            self.on_death(error)
            return MQTTErrorCode.MQTT_ERR_UNKNOWN


class Connection:
    """One connection, from TLS handshake to its end; callbacks run on paho's thread."""

    def __init__(
        self,
        address: BrokerAddress,
        take: Callable[[ReceivedMessage], object],
        *,
        name: str = HUB_NAME,
        hub_id: bytes | None = None,
        asks: bool = False,
    ) -> None:
        """`name`: that in the certificate. `asks`: first whether another hub than `hub_id` was here
        last, and then waits a while."""
        self._address = address
        self._name = name
        self._take = take
        self._hub_id = hub_id
        self._round_trips = 2 if asks else 0
        """Round trips left before the connection counts as listening. The answer to the second
        comes after the retained messages."""
        self._met_another = False
        self._answered: UUID | None = None
        """Birth of the hub with another database that was answered last while listening."""
        self._began_s = time.monotonic()
        self._listen_at_s: float | None = None
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._is_listening = threading.Event()
        self._birth_id = new_birth(hub_id)
        self._presence_mids: set[int] = set()
        self._client = self._make_client()

    @property
    def is_listening(self) -> bool:
        """True while messages of nodes can arrive."""
        return self._is_listening.is_set()

    def live(
        self, stop: threading.Event, beat: Callable[[], None], is_ours: Callable[[], bool | None]
    ) -> Ended:
        """Connect and stay until the connection ends, `stop` is set or `is_ours` turns false;
        returns why it ended."""
        wish = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho's gap
        wish.ReceiveMaximum = RECEIVE_MAXIMUM
        try:
            self._client.connect(
                self._address.host,
                self._address.port,
                keepalive=KEEPALIVE_S,
                # No session that outlives the connection: nodes say again what has no receipt, and
                # Mosquitto 2.0 cuts a client each second whose session was there while it reloaded.
                clean_start=True,
                properties=wish,
            )
        except (OSError, ValueError) as error:
            return Ended(was_up=False, reason=str(error))
        self._client.loop_start()
        try:
            return self._await_end(stop, beat, is_ours)
        finally:
            self._is_listening.clear()
            self._say_presence(is_here=False)  # a clean disconnect drops the will
            self._client.disconnect()
            self._client.loop_stop()

    def publish(self, reply: Reply) -> None:
        """Send without waiting; a lost message is requested again by its node."""
        terms = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's gap
        terms.MessageExpiryInterval = reply.expires_s
        self._client.publish(reply.topic, reply.payload, qos=1, properties=terms)

    def hear_births(self) -> None:
        """Subscribe again, so that the broker repeats the retained birth of each node."""
        self._client.subscribe(EVERY_NODE_UP, qos=1)

    def _await_end(
        self, stop: threading.Event, beat: Callable[[], None], is_ours: Callable[[], bool | None]
    ) -> Ended:
        while not stop.is_set():
            beat()
            if self._listen_at_s is not None and time.monotonic() >= self._listen_at_s:
                self._listen_at_s = None
                self._listen()
            if is_ours() is False:
                return Ended(was_up=self.is_listening, reason="not ours now", stands_by=True)
            try:
                return self._ended.get(timeout=LOOK_S)
            except queue.Empty:
                continue
        return Ended(was_up=self.is_listening, reason="stopped")

    def _make_client(self) -> mqtt.Client:
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._name,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.tls_set_context(context(self._address))
        client.max_queued_messages_set(1000)
        client.will_set(HUB_PRESENCE, self._presence(is_here=False), qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_death = self._on_death
        return client

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _terms: Any
    ) -> None:
        if code.is_failure:
            self._end(f"the broker refuses the hub: {code}", "let user hub in at the broker")
            return
        if self._round_trips:
            client.subscribe(HUB_PRESENCE, qos=1)
        else:
            self._listen()

    def _listen(self) -> None:
        self._client.subscribe([(EVERY_NODE_UP, _QOS_1), (HUB_PRESENCE, _QOS_1)])

    def _ask_for_others(self) -> None:
        """One round trip less; after the last it listens, at once or after a while."""
        self._round_trips -= 1
        if self._round_trips:
            self._client.subscribe(HUB_PRESENCE, qos=1)
        elif self._met_another:
            log.info("broker.was_anothers", waits_s=WAIT_S)
            self._listen_at_s = time.monotonic() + WAIT_S
            self._say_presence(is_here=True)  # which a hub that is alive answers
        else:
            self._listen()

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, codes: list[ReasonCode], _terms: Any
    ) -> None:
        if self._round_trips:
            self._ask_for_others()
            return
        if codes[0].is_failure:
            cure = "give user hub in the broker's access list: topic read matthan/+/up/#"
            self._end(f"the broker does not let the hub listen: {codes[0]}", cure)
            return
        if not self._is_listening.is_set():
            self._is_listening.set()
            self._say_presence(is_here=True)
            log.info("broker.listening", host=self._address.host, port=self._address.port)

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        mid, qos = message.mid, message.qos
        if message.topic == HUB_PRESENCE:
            client.ack(mid, qos)
            self._hear_presence(bytes(message.payload), is_live=not message.retain)
            return

        def acknowledge() -> None:
            client.ack(mid, qos)

        payload, is_repeat = bytes(message.payload), message.retain
        self._take(ReceivedMessage(message.topic, payload, acknowledge, is_repeat))

    def _presence(self, *, is_here: bool) -> bytes:
        return encode(HubStatus(is_here=is_here, birth_id=self._birth_id))

    def _say_presence(self, *, is_here: bool) -> None:
        payload = self._presence(is_here=is_here)
        self._presence_mids.add(self._client.publish(HUB_PRESENCE, payload, qos=1, retain=True).mid)

    def _hear_presence(self, payload: bytes, *, is_live: bool) -> None:
        """A late will of an older connection is retained as our presence: correct it. A hub with
        another database that comes is answered once; one that is told so gives way."""
        with suppress(WireError):
            said = decode_presence(payload)
            is_other = is_anothers(said.birth_id, self._hub_id)
            if self._round_trips and is_other:
                self._met_another = True
            if self.is_listening and not said.is_here and said.birth_id != self._birth_id:
                self._say_presence(is_here=True)
            if not (said.is_here and is_other and is_live):
                return
            if self._listen_at_s is not None:
                self._give_way()
            elif self.is_listening and said.birth_id != self._answered:
                self._answered = said.birth_id
                log.error("broker.another_hub", reason=_ANOTHER, cure=_ANOTHER_CURE)
                self._say_presence(is_here=True)

    def _give_way(self) -> None:
        ended = Ended(was_up=False, reason=_ANOTHER, cure=_ANOTHER_CURE, for_another_hub=True)
        self._ended.put(ended)

    def _on_publish(
        self, _client: mqtt.Client, _data: Any, mid: int, code: ReasonCode, _terms: Any
    ) -> None:
        if mid in self._presence_mids:
            self._presence_mids.discard(mid)
            if code.is_failure:
                cure = "give user hub in the broker's access list: topic write matthan/hub/presence"
                log.warning("broker.presence_refused", reason=str(code), cure=cure)
            return
        if code.is_failure:
            cure = "give user hub in the broker's access list: topic write matthan/+/down/#"
            self._end(f"the broker does not let the hub answer: {code}", cure)

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _terms: Any
    ) -> None:
        lost = f"connection lost: {code}"
        is_new = self._met_another and time.monotonic() - self._began_s < NEW_S
        if is_new and "taken over" in lost:
            self._give_way()
            return
        rival = "another hub uses this one's certificate: stop it, or give it a broker of its own"
        self._end(lost, rival if "taken over" in lost else "")

    def _on_death(self, error: Exception) -> None:
        """paho's thread is about to end: start again with a new client."""
        log.error("broker.thread_died", error=f"{type(error).__name__}: {error}", exc_info=error)
        self._end(f"the thread that listens died: {type(error).__name__}: {error}")

    def _end(self, reason: str, cure: str = "") -> None:
        lasted_s = time.monotonic() - self._began_s
        self._ended.put(Ended(self.is_listening, reason, cure, lasted_s=lasted_s))
