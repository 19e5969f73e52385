"""Messages per second: a C publisher to a C subscriber, then to the hub's intake.

Both receive from the same publishers, mosquitto_pub, over the same broker by TLS, one per node.
mosquitto_sub acknowledges messages and prints them to nowhere; the hub acknowledges committed ones.
"""

import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.wire import topics
from agent.wire.codec import encode
from deploy.broker import Broker
from tests.bench.hub.carrier import PATIENCE_S, Carrier, filed, until
from tests.bench.hub.talk import Talker
from tests.bench.hub.town import Town

SPEAKERS: Final = 4
"""Nodes that send events; one more sends health."""
HEALTH_SHARE: Final = 1 / 7
"""Share of health messages as in a town: 436 nodes, each with an event in ten seconds and a health
report once a minute."""
CAMERAS: Final = 22
SPAN_S: Final = 540
"""Seconds before now over which the events are spread: none is late, people come and go
normally."""


@dataclass(frozen=True, slots=True)
class Speech:
    """The messages of one node, one per line, to be published."""

    node: str
    topic: str
    file: Path
    messages: int


def write_speeches(town: Town, folder: Path, *, messages: int) -> tuple[list[Talker], list[Speech]]:
    """Write the given number of messages of new nodes to files."""
    speakers = town.talkers(SPEAKERS, cameras=CAMERAS)
    [ailing] = town.talkers(1, cameras=1)
    now_us = time.time_ns() // 1000
    healths = round(messages * HEALTH_SHARE)
    each = (messages - healths) // SPEAKERS
    step_us = SPAN_S * 1_000_000 // each
    said = [
        _write(
            folder,
            one,
            topics.address(topics.EVENT, one.node),
            [
                encode(one.event(now_us - SPAN_S * 1_000_000 + number * step_us, now_us))
                for number in range(each)
            ],
        )
        for one in speakers
    ]
    words = [encode(ailing.health(now_us + number)) for number in range(messages - each * SPEAKERS)]
    said.append(_write(folder, ailing, topics.address(topics.HEALTH, ailing.node), words))
    return [*speakers, ailing], said


def _write(folder: Path, talker: Talker, topic: str, lines: Sequence[bytes]) -> Speech:
    file = folder / f"{talker.node}.lines"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return Speech(talker.node, topic, file, len(lines))


def peer_per_s(broker: Broker, said: Sequence[Speech]) -> float:
    """Messages a second from mosquitto_pub to mosquitto_sub, from the first message to the last."""
    total = sum(one.messages for one in said)
    heard = len(broker.log)
    heads = [f"matthan/+/{topic.path}" for topic in (topics.EVENT, topics.HEALTH)]
    with subprocess.Popen(
        [
            *("mosquitto_sub", "-V", "5", "-q", "1", *_line(broker, "hub")),
            *("-D", "connect", "receive-maximum", "500"),
            *(word for head in heads for word in ("-t", head)),
            *("-C", str(total), "-W", str(round(PATIENCE_S))),
        ],
        stdout=subprocess.DEVNULL,
    ) as sub:
        until(lambda: heads[-1] in broker.log[heard:], "mosquitto_sub listens")
        began_s = time.monotonic()
        with publishing(broker, said):
            if sub.wait(PATIENCE_S) != 0:
                raise RuntimeError("mosquitto_sub did not receive every message")
        return total / (time.monotonic() - began_s)


def own_per_s(broker: Broker, carrier: Carrier, said: Sequence[Speech]) -> float:
    """Messages a second from mosquitto_pub into the hub's database, until the last is committed."""
    total = sum(one.messages for one in said)
    before = filed(carrier.counts())
    began_s = time.monotonic()
    with publishing(broker, said):
        ended_s = carrier.await_filed(before + total)
    return total / (ended_s - began_s)


def events_of(said: Sequence[Speech]) -> int:
    """Number of events among these messages."""
    return sum(one.messages for one in said if one.topic.endswith(topics.EVENT.path))


def say_births(broker: Broker, talkers: Sequence[Talker]) -> None:
    """Publish births, retained, so that the hub gets them at any later time."""
    for one in talkers:
        topic = topics.address(topics.STATUS, one.node)
        birth = encode(one.birth(time.time_ns() // 1000)).decode()
        command = ["mosquitto_pub", "-V", "5", "-q", "1", "-r", "-t", topic, "-m", birth]
        subprocess.run([*command, *_line(broker, one.node)], check=True)


def publishing(broker: Broker, said: Sequence[Speech]) -> ExitStack:
    """Start all publishers; leaving the context waits for those that still run."""
    publishers = ExitStack()
    for one in said:
        lines = publishers.enter_context(one.file.open("rb"))
        command = [
            *("mosquitto_pub", "-V", "5", "-q", "1", "-l", "-M", "100", "-t", one.topic),
            *_line(broker, one.node),
        ]
        publishers.enter_context(subprocess.Popen(command, stdin=lines))
    return publishers


def _line(broker: Broker, name: str) -> list[str]:
    papers = broker.papers(name)
    return [
        *("-h", broker.host, "-p", str(broker.port), "-i", name),
        *("--cafile", str(papers.ca_file)),
        *("--cert", str(papers.cert_file), "--key", str(papers.key_file)),
    ]
