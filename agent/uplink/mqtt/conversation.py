"""Conversation of a node with the hub over one connection, from birth to goodbye."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog

from agent.journal import Journal, WaitingEvent
from agent.media.frame import Instant
from agent.uplink.live.leases import LiveLeases
from agent.uplink.mqtt import errors
from agent.uplink.mqtt.errors import Trouble
from agent.uplink.mqtt.inbound import Inbound, LinkCounts
from agent.uplink.mqtt.latest_health import LatestHealth
from agent.uplink.mqtt.ports import DiagnosisPort, ExplanationPort, ReleasePort, SettingsPort
from agent.uplink.mqtt.session import (
    Acknowledged,
    BrokerAddress,
    Connected,
    ConnectRefused,
    Disconnected,
    Inbox,
    MessageReceived,
    SessionEvent,
    Subscribed,
)
from agent.uplink.outbox import Outbox
from agent.uplink.tokens import Tokens
from agent.wire import topics
from agent.wire.answers import TokenWanted
from agent.wire.codec import WireError, encode
from agent.wire.presence import Birth, CameraWords, Death
from agent.wire.terms import ClockSource, Stamp
from agent.wire.topics import Topic

log = structlog.get_logger()

BEAT_S: Final = 1.0
"""Longest wait for anything before a heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeIdentity:
    """Name and program of the node, its cameras and its clock."""

    node: str
    software: str
    cameras: Callable[[], tuple[CameraWords, ...]]
    now: Callable[[], Instant]
    trust: Callable[[], tuple[ClockSource, int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPolicy:
    """Time limits of the connection, in seconds."""

    keepalive_s: int = 15
    """A dead connection is detected after one and a half of these."""
    answer_s: float = 10.0
    """Time the broker has to accept the connection."""
    retry_base_s: float = 1.0
    retry_cap_s: float = 60.0
    after_hang_up_s: float = 15.0
    """After the broker closed the connection, reconnect within this time: five hundred nodes come
    back at about thirty per second, not all in the first."""
    next_broker_s: float = 2.5
    """With several brokers the next one is tried within this time: the nodes of the lost one do
    not come to it all at once. Of all events of the next minute 99 in 100 still arrive within a
    second: of the nodes of one in three brokers only those are late that draw a long wait."""
    step_back_low_s: float = 60.0
    step_back_high_s: float = 600.0
    """Pause after another client with the same name took over, drawn between the two limits. So
    both alternate a few times per hour and the hub detects it, instead of a fight."""
    ask_token_s: float = 5.0
    """Interval for requesting a needed token."""
    goodbye_s: float = 3.0
    """Time a clean stop waits for the broker to accept the last message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """State that survives a connection: queue, rules and counters."""

    journal: Journal
    tokens: Tokens
    latest: LatestHealth
    leases: LiveLeases
    outbox: Outbox
    policy: LinkPolicy
    counts: LinkCounts
    settings: SettingsPort | None = None
    diagnosis: DiagnosisPort | None = None
    explanation: ExplanationPort | None = None
    programs: ReleasePort | None = None


class Transport(Protocol):
    """The part of a session that a conversation needs."""

    def subscribe(self, topics: str, *more: str) -> None:
        """Subscribe to topics; a `Subscribed` event answers."""

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> int:
        """Publish; returns the number that Acknowledged will carry."""


class Conversation:
    """Conversation of one connection; used by the link's thread only."""

    def __init__(
        self,
        identity: NodeIdentity,
        transport: Transport,
        inbox: Inbox,
        *,
        birth_id: UUID,
        address: BrokerAddress,
        state: LinkState,
    ) -> None:
        self._identity = identity
        self._transport = transport
        self._inbox = inbox
        self._birth_id = birth_id
        self._address = address
        self._journal = state.journal
        self._tokens = state.tokens
        self._outbox = state.outbox
        self._latest = state.latest
        self._policy = state.policy
        self._counts = state.counts
        self._inbound = Inbound(
            identity.node,
            journal=state.journal,
            outbox=state.outbox,
            tokens=state.tokens,
            leases=state.leases,
            counts=state.counts,
            settings=state.settings,
            diagnosis=state.diagnosis,
            explanation=state.explanation,
            programs=state.programs,
        )
        self._settings = state.settings
        self._programs = state.programs
        self._reported = -1
        self._programs_reported = -1
        self._unanswered: dict[int, Topic] = {}
        self._refused: set[str] = set()
        self._asked_s = float("-inf")
        self._described: tuple[CameraWords, ...] = ()

    def enter(self, beat: Callable[[], None]) -> None:
        """CONNACK, then subscriptions, then the birth: no receipt may be sent before it can arrive.

        Raises Trouble if the broker refuses.
        """
        deadline_s = time.monotonic() + self._policy.answer_s
        while time.monotonic() < deadline_s:
            beat()
            match self._inbox.take(BEAT_S):
                case Connected():
                    down = topics.every_down(self._identity.node)
                    self._transport.subscribe(down, topics.HUB_PRESENCE)
                case Subscribed(refusal):
                    self._check_subscription(refusal)
                    self._publish_birth()
                    self._outbox.reconnected()
                    self._counts.connections += 1
                    return
                case ConnectRefused(reason):
                    node = self._identity.node
                    raise errors.refused(reason, node=node, address=self._address)
                case Disconnected(reason):
                    utc_us = self._identity.now().utc_us
                    raise errors.closed_early(reason, address=self._address, utc_us=utc_us)
                case _:
                    pass
        raise errors.silent(self._policy.answer_s, self._address)

    def go_on(self, beat: Callable[[], None]) -> None:
        """Send waiting events, then handle one message; raises Trouble when the connection
        ended."""
        beat()
        if self._identity.cameras() != self._described:
            # A camera that could not be opened before gives pictures now, or another format.
            self._publish_birth()
        self._send_due()
        self._report_settings()
        self._send_health()
        self._ask_for_token()
        event = self._inbox.take(self._patience_s())
        while event is not None:
            self._take(event)
            event = self._inbox.take(0)

    def say_goodbye(self) -> None:
        """Our own last message, retained: a will would make a planned stop look like a failure."""
        mid = self._publish(
            topics.STATUS, encode(Death(node=self._identity.node, birth_id=self._birth_id))
        )
        deadline_s = time.monotonic() + self._policy.goodbye_s
        while mid in self._unanswered and (left_s := deadline_s - time.monotonic()) > 0:
            if (event := self._inbox.take(left_s)) is not None:
                self._take(event)
        log.info("link_closed")

    def _check_subscription(self, refusal: str | None) -> None:
        if refusal is not None:
            where = topics.every_down(self._identity.node)
            raise errors.not_passed_on(refusal, node=self._identity.node, topic=where)

    def _publish_birth(self) -> None:
        self._described = self._identity.cameras()
        at, (source, error_ms) = self._identity.now(), self._identity.trust()
        birth = Birth(
            node=self._identity.node,
            birth_id=self._birth_id,
            boot_id=self._journal.boot_id,
            spool_id=self._journal.spool_id,
            stamp=Stamp(utc_us=at.utc_us, source=source, error_ms=error_ms),
            software=self._identity.software,
            cameras=self._described,
            last_seq=self._journal.last_seq() or None,
        )
        self._publish(topics.STATUS, encode(birth))

    def _take(self, event: SessionEvent) -> None:
        match event:
            case MessageReceived(topic, payload):
                self._inbound.receive(topic, payload)
            case Acknowledged(mid, refusal):
                self._broker_answered(mid, refusal)
            case Disconnected(reason):
                raise errors.broken(reason, address=self._address)
            case _:
                pass  # woken, which only means to go on; or a repeated message of the start

    def _send_due(self) -> None:
        now = self._identity.now()
        owed = self._journal.waiting(self._outbox.reach)
        for waiting in self._outbox.choose(owed, time.monotonic()):
            self._send(waiting, now)

    def _send(self, waiting: WaitingEvent, now: Instant) -> None:
        event = waiting.message(
            node=self._identity.node,
            spool_id=self._journal.spool_id,
            boot_id=self._journal.boot_id,
            now=now,
        )
        try:
            payload = encode(event)
        except WireError as error:
            self._inbound.set_aside(waiting.event_id, reason=error.reason, detail=error.detail)
            return
        self._publish(topics.EVENT, payload)
        self._counts.sent += 1
        self._counts.resent += self._outbox.tries(waiting.event_id) > 1

    def _send_health(self) -> None:
        """After all events; a lost one is replaced within a minute."""
        if (health := self._latest.take()) is not None:
            of_this_birth = health.model_copy(update={"birth_id": self._birth_id})
            self._publish(topics.HEALTH, encode(of_this_birth))

    def _report_settings(self) -> None:
        """Once per connection and after a change; the release report too."""
        settings = self._settings
        if settings is not None and settings.revision != self._reported:
            self._reported = settings.revision
            self._publish(topics.SETTINGS, encode(settings.report()))
        programs = self._programs
        if programs is not None and programs.revision != self._programs_reported:
            self._programs_reported = programs.revision
            self._publish(topics.PROGRAMS, encode(programs.report()))

    def _broker_answered(self, mid: int, refusal: str | None) -> None:
        topic = self._unanswered.pop(mid, None)
        if refusal is None or topic is None or topic.path in self._refused:
            return
        self._refused.add(topic.path)  # logged once per connection, not per message
        where = self._where(topic)
        why: Trouble = errors.not_passed_on(refusal, node=self._identity.node, topic=where)
        log.error("publish_refused", trouble=str(why))

    def _ask_for_token(self) -> None:
        now_s = time.monotonic()
        if self._tokens.is_wanted and now_s - self._asked_s >= self._policy.ask_token_s:
            self._asked_s = now_s
            self._publish(topics.REQUEST, encode(TokenWanted(node=self._identity.node)))

    def _patience_s(self) -> float:
        due_s = self._outbox.next_due_s()
        if due_s is None:
            return BEAT_S
        return min(BEAT_S, max(0.0, due_s - time.monotonic()))

    def _publish(self, topic: Topic, payload: bytes) -> int:
        """Publish by the topic table; returns the number of the broker's answer."""
        where = self._where(topic)
        mid = self._transport.publish(where, payload, qos=topic.qos, retain=topic.is_retained)
        if topic.qos > 0:
            self._unanswered[mid] = topic
        return mid

    def _where(self, topic: Topic) -> str:
        return topics.address(topic, self._identity.node)
