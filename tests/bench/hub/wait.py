"""A node's wait for its receipt under a town's load: from publishing to the hub's receipt."""

import multiprocessing
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from agent.wire import topics
from agent.wire.codec import decode_receipt, encode
from deploy.broker import Broker
from tests.bench.hub.carrier import until
from tests.bench.hub.talk import Talker

LAST_WORDS_S: Final = 10.0
HEALTH_EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address and identity of a node's connection."""

    host: str
    port: int
    ca_file: Path
    cert_file: Path
    key_file: Path


def latencies_ms(
    broker: Broker, talkers: Sequence[Talker], *, per_s: float, seconds: float
) -> list[float]:
    """The wait in ms of each event, sorted; `per_s` events a second over all nodes, at random
    moments, for `seconds`. Nodes and hub are separate processes. Infinite without a receipt."""
    endpoints = {}
    for one in talkers:
        papers = broker.papers(one.node)
        endpoints[one.node] = Endpoint(
            broker.host, broker.port, papers.ca_file, papers.cert_file, papers.key_file
        )
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_speak, args=(there, list(talkers), endpoints, per_s, seconds), daemon=True
    )
    process.start()
    there.close()
    waits: list[float] = here.recv()
    process.join()
    return waits


@dataclass(slots=True)
class _Ear:
    """Send time of each event, wait for its receipt (ms), and the nodes that got an answer."""

    answered: set[str] = field(default_factory=set)
    said_s: dict[UUID, float] = field(default_factory=dict)
    waits_ms: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, _line: object, _data: object, message: mqtt.MQTTMessage) -> None:
        """Handle a receipt, on paho's thread."""
        now_s = time.monotonic()
        if not message.topic.endswith(topics.RECEIPT.path):
            self.answered.add(message.topic)
            return
        with self.lock:
            for event_id in decode_receipt(bytes(message.payload)).stored:
                if (said_s := self.said_s.pop(event_id, None)) is not None:
                    self.waits_ms.append(1000 * (now_s - said_s))


def _speak(
    pipe: "Connection[list[float], Any]",
    talkers: list[Talker],
    endpoints: dict[str, Endpoint],
    per_s: float,
    seconds: float,
) -> None:
    ear, dice = _Ear(), Random(1)
    lines = {one.node: _connect(one, endpoints[one.node], ear) for one in talkers}
    # The hub answers a birth with an upload grant: then it knows the node and its cameras.
    until(lambda: len(ear.answered) >= len(talkers), "the hub answers every birth")
    due_s = ends_s = time.monotonic()
    ends_s += seconds
    health_per_s = len(talkers) / HEALTH_EVERY_S
    while (due_s := due_s + dice.expovariate(per_s + health_per_s)) < ends_s:
        time.sleep(max(0.0, due_s - time.monotonic()))
        one, now_us = dice.choice(talkers), time.time_ns() // 1000
        if dice.random() * (per_s + health_per_s) < health_per_s:
            words = encode(one.health(now_us))
            lines[one.node].publish(topics.address(topics.HEALTH, one.node), words)
            continue
        event = one.event(now_us, now_us)
        with ear.lock:
            ear.said_s[event.event_id] = time.monotonic()
        lines[one.node].publish(topics.address(topics.EVENT, one.node), encode(event), qos=1)
    patient_until_s = time.monotonic() + LAST_WORDS_S
    while ear.said_s and time.monotonic() < patient_until_s:
        time.sleep(0.05)
    for line in lines.values():
        line.disconnect()
        line.loop_stop()
    with ear.lock:
        pipe.send(sorted(ear.waits_ms) + [float("inf")] * len(ear.said_s))


def _connect(talker: Talker, endpoint: Endpoint, ear: _Ear) -> mqtt.Client:
    """The node's connection, after its birth is published and its subscription is active."""
    is_heard = threading.Event()
    line = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=talker.node, protocol=mqtt.MQTTv5)
    line.tls_set(str(endpoint.ca_file), str(endpoint.cert_file), str(endpoint.key_file))
    line.on_message = ear.hear
    line.on_connect = lambda line, *_: line.subscribe(topics.every_down(talker.node), 1)
    line.on_subscribe = lambda *_: is_heard.set()
    line.connect(endpoint.host, endpoint.port)
    line.loop_start()
    until(is_heard.is_set, f"{talker.node} hears the broker")
    birth = encode(talker.birth(time.time_ns() // 1000))
    line.publish(topics.address(topics.STATUS, talker.node), birth, qos=1, retain=True)
    return line
