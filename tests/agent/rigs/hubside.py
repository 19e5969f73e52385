"""The hub's end of the line for tests: it records messages, and answers only as it is told."""

import ssl
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from agent.journal import Journal, JournalFull
from agent.media.frame import Instant
from agent.uplink.live.leases import LiveLeases
from agent.uplink.mqtt.inbound import Inbound, LinkCounts
from agent.uplink.outbox import Outbox, OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.wire import topics
from agent.wire.answers import Receipt, Refusal, RefusalReason, UploadToken
from agent.wire.codec import (
    decode_event,
    decode_health,
    decode_programs,
    decode_settings,
    decode_status,
    encode,
)
from agent.wire.messages import Event, SightingOpened
from agent.wire.presence import Birth, Death, Health
from agent.wire.programs import ProgramsReport
from agent.wire.settings import SettingsReport
from agent.wire.terms import BoxWords, ObjectKind
from deploy.broker import Broker
from tests.waiting import patience_s

NODE = "nga-tu-01"
BOOT = UUID(int=7)


def now() -> Instant:
    """Both clocks of this machine."""
    return Instant(time.monotonic_ns(), time.time_ns() // 1000)


def open_journal(path: Path) -> Journal:
    return Journal.open(path, now=now, boot_id=BOOT)


def inbound_of(journal: Journal, counts: LinkCounts | None = None) -> Inbound:
    """What handles the hub's messages, with nothing else around it."""
    return Inbound(
        NODE,
        journal=journal,
        outbox=Outbox(OutboxPolicy()),
        tokens=Tokens(),
        leases=LiveLeases(()),
        counts=counts or LinkCounts(),
    )


class FullJournal(Journal):
    """Journal that stores nothing from the hub while `is_full`."""

    is_full = True

    def _write(self) -> None:
        if self.is_full:
            raise JournalFull("the disk is full", "free some")

    def receipt(self, event_ids: Iterable[UUID], *, alerted: Iterable[UUID] = ()) -> list[UUID]:
        fresh = list(event_ids)
        if fresh:
            self._write()
        return super().receipt(fresh, alerted=alerted)

    def refuse(self, event_id: UUID, *, reason: str, detail: str) -> bool:
        self._write()
        return super().refuse(event_id, reason=reason, detail=detail)

    def media_done(self, sha256: str) -> None:
        self._write()
        super().media_done(sha256)

    def media_refused(self, sha256: str, reason: str) -> None:
        self._write()
        super().media_refused(sha256, reason)


def opened(camera: str = "cam") -> SightingOpened:
    return SightingOpened(
        camera=camera,
        sighting_id=uuid4(),
        object_kind=ObjectKind.PERSON,
        people=1,
        score=0.5,
        box=BoxWords(x0=0, y0=0, x1=1, y1=1),
        first_seen_utc_us=1,
        picture=None,
    )


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def now(self) -> Instant:
        return Instant(round(self.at_s * 1e9), 1_790_000_000_000_000 + round(self.at_s * 1e6))


def put(journal: Journal) -> UUID:
    with journal.transaction() as tx:
        return tx.add_event(opened(), at=now())


class Running:
    """A service in a thread for the length of a `with`."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.stop = threading.Event()
        self.beats = 0
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.service.run(self.stop, self._beat)
        except BaseException as error:  # noqa: BLE001 - carried to the test
            self.error = error

    def _beat(self) -> None:
        self.beats += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        self.stop.set()
        self._thread.join(patience_s())
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error


class FakeHub:
    """Hears every node; receipts what it hears while `answers` is true."""

    def __init__(self, broker: Broker, *, answers: bool = True, refuses: bool = False) -> None:
        self.answers = answers
        self.refuses = refuses
        self.heard: list[Event] = []
        self.statuses: list[Birth | Death] = []
        self.healths: list[Health] = []
        self.reports: list[SettingsReport] = []
        self.programs: list[ProgramsReport] = []
        self.requests = 0
        self.token: UploadToken | None = None
        papers = broker.papers("hub")
        self._client = Client(
            CallbackAPIVersion.VERSION2, "hub", protocol=MQTTProtocolVersion.MQTTv5
        )
        context = ssl.create_default_context(cafile=str(papers.ca_file))
        context.load_cert_chain(papers.cert_file, papers.key_file)
        self._client.tls_set_context(context)
        self._client.reconnect_delay_set(0.1, 0.5)  # type: ignore[arg-type]  # floats work
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._is_listening = threading.Event()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._is_listening.wait(patience_s())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def heard_ids(self) -> set[UUID]:
        return {event.event_id for event in list(self.heard)}

    def receipt(self, event: Event) -> None:
        self._say(
            topics.RECEIPT, Receipt(spool_id=event.spool_id, stored=(event.event_id,), refused=())
        )

    def refuse(self, event: Event) -> None:
        refusal = Refusal(
            event_id=event.event_id, reason=RefusalReason.UNKNOWN_CAMERA, detail="who?"
        )
        self._say(topics.RECEIPT, Receipt(spool_id=event.spool_id, stored=(), refused=(refusal,)))

    def say_raw(self, topic: topics.Topic, payload: bytes) -> None:
        self._client.publish(topics.address(topic, NODE), payload, qos=1)

    def _say(self, topic: topics.Topic, message: Receipt | UploadToken) -> None:
        self.say_raw(topic, encode(message))

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe(topics.EVERY_NODE_UP, qos=1)

    def _on_subscribe(self, _c: Client, _u: Any, _m: int, codes: list[ReasonCode], _p: Any) -> None:
        assert not any(code.is_failure for code in codes)
        self._is_listening.set()

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        place = topics.split(message.topic)
        assert place is not None
        match place[1]:
            case topics.EVENT:
                self._hear_event(decode_event(bytes(message.payload)))
            case topics.STATUS:
                self.statuses.append(decode_status(bytes(message.payload)))
            case topics.HEALTH:
                self.healths.append(decode_health(bytes(message.payload)))
            case topics.SETTINGS:
                self.reports.append(decode_settings(bytes(message.payload)))
            case topics.PROGRAMS:
                self.programs.append(decode_programs(bytes(message.payload)))
            case topics.REQUEST:
                self.requests += 1
                if self.token is not None:
                    self._say(topics.TOKEN, self.token)

    def _hear_event(self, event: Event) -> None:
        self.heard.append(event)
        if self.refuses:
            self.refuse(event)
        elif self.answers:
            self.receipt(event)
