"""Events a second through the hub's intake: real broker, real database, receipts counted.

python -m deploy.intake_bench [--events 5000] [--database URL] [--json]

The events wait at the broker before the hub comes, so that nobody's sending is measured. Where
mosquitto_sub is installed, the same messages wait for it too, as a peer that only takes.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID, uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from agent.wire import topics
from agent.wire.codec import decode_receipt, encode
from agent.wire.messages import (
    Birth,
    BoxWords,
    CameraWords,
    ClockSource,
    Event,
    ObjectKind,
    SightingOpened,
    Stamp,
)
from deploy.broker import Broker
from hub.alerts.routing import Policy
from hub.enrol.tokens import UploadTokens
from hub.intake.clerk import Clerk
from hub.intake.doorbell import BrokerAddress
from hub.intake.fleet import Fleet
from hub.intake.subscriber import Subscriber, Writer
from hub.store import registry
from hub.store.bell import Bell
from hub.store.clock import HubClock
from hub.store.database import Database
from hub.store.filing import Filing
from hub.store.schema import migrate

NODE: Final = "nga-tu-01"
PATIENCE_S: Final = 120.0
QUEUED_AT_MOST: Final = 20_000
"""So much the broker's configuration keeps for a hub that is away."""


class Node:
    """Speaks one event after the other, and counts what the hub receipts."""

    def __init__(self, broker: Broker) -> None:
        self.receipted: set[UUID] = set()
        self.nodded = 0
        self._spool_id, self._boot_id, self._seq = uuid4(), uuid4(), 0
        papers = broker.papers(NODE)
        self._line = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._line.max_inflight_messages_set(500)
        self._line.tls_set(str(papers.ca_file), str(papers.cert_file), str(papers.key_file))
        self._line.on_message = self._hear
        self._line.on_publish = self._nod
        self._line.on_connect = lambda line, *_: line.subscribe(topics.every_down(NODE), 1)
        self._line.connect(broker.host, broker.port)
        self._line.loop_start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.disconnect()
        self._line.loop_stop()

    def is_born(self) -> None:
        """Name the camera, so that the hub knows it."""
        birth = Birth(
            node=NODE,
            birth_id=uuid4(),
            boot_id=self._boot_id,
            spool_id=self._spool_id,
            stamp=_stamp(),
            software="bench",
            cameras=(
                CameraWords(
                    camera="cam-1",
                    label="cam-1",
                    codec="h264",
                    width=768,
                    height=576,
                    frames_per_s=10.0,
                ),
            ),
        )
        self._line.publish(topics.address(topics.STATUS, NODE), encode(birth), qos=1, retain=True)

    def sees(self, how_many: int) -> None:
        """So many people, all at once; the broker has them when this returns."""
        wanted = self.nodded + how_many
        for _ in range(how_many):
            self._line.publish(topics.address(topics.EVENT, NODE), encode(self._event()), qos=1)
        _await(lambda: self.nodded >= wanted, "the broker takes the events")

    def _event(self) -> Event:
        self._seq += 1
        stamp = _stamp()
        return Event(
            event_id=uuid4(),
            node=NODE,
            spool_id=self._spool_id,
            seq=self._seq,
            boot_id=self._boot_id,
            stamp=stamp,
            age_ms=100,
            body=SightingOpened(
                camera="cam-1",
                sighting_id=uuid4(),
                object_kind=ObjectKind.PERSON,
                people=1,
                score=0.8,
                box=BoxWords(x0=0.4, y0=0.3, x1=0.5, y1=0.7),
                first_seen_utc_us=stamp.utc_us - 400_000,
                picture=None,
            ),
        )

    def _nod(self, *_: object) -> None:
        self.nodded += 1

    def _hear(self, _line: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/receipt"):
            self.receipted.update(decode_receipt(bytes(message.payload)).stored)


def measure(folder: Path, *, events: int, url: str) -> dict[str, Any]:
    """Events a second, from the hub's connecting to the last receipt at the node."""
    migrate(url)
    db = Database(url)
    with db.writing() as conn:
        now = HubClock().now()
        area_id = registry.add_area(conn, name="Tân Khai", level="commune", now=now)
        registry.add_node(conn, name=NODE, area_id=area_id, now=now)
    with Broker(folder / "mqtt") as broker, Node(broker) as node:
        node.is_born()
        with _intake(db, broker) as intake:  # its session stays, and gathers what comes
            _await(lambda: intake.is_listening and intake.counts["received"] > 0, "the birth")
        node.sees(events)
        began_s = time.monotonic()
        with _intake(db, broker) as intake:
            _await(lambda: len(node.receipted) >= events, "all receipts")
            took_s = time.monotonic() - began_s
        peer = _peer(broker, node, events)
    db.close()
    own_per_s = events / took_s
    return {
        "events": events,
        "database": db.url.get_backend_name(),
        "took_s": round(took_s, 3),
        "events_per_s": round(own_per_s, 1),
        "peer": peer,
        "share_of_peer": round(own_per_s / peer["events_per_s"], 3)
        if "events_per_s" in peer
        else None,
    }


@contextmanager
def _intake(db: Database, broker: Broker) -> Iterator[Subscriber]:
    papers = broker.papers("hub")
    where = BrokerAddress(
        broker.host, broker.port, papers.ca_file, papers.cert_file, papers.key_file
    )
    tokens = UploadTokens(b"k" * 32, upload_url="https://hub.example/upload")
    clerk = Clerk(Filing(Policy()), Fleet(tokens))
    intake = Subscriber(where, writer=Writer(db, clerk=clerk, clock=HubClock()), bell=Bell())
    intake.start()
    try:
        yield intake
    finally:
        intake.stop()


def _peer(broker: Broker, node: Node, events: int) -> dict[str, Any]:
    """mosquitto_sub taking as many in the hub's place: no database, no receipts."""
    program = shutil.which("mosquitto_sub")
    if program is None:
        return {"skipped": "mosquitto_sub is not installed (Debian package mosquitto-clients)"}
    papers = broker.papers("hub")
    command: list[str | Path] = [
        *(program, "-h", broker.host, "-p", str(broker.port), "-V", "5", "-i", "hub", "-c"),
        *("--cafile", papers.ca_file, "--cert", papers.cert_file, "--key", papers.key_file),
        *("-q", "1", "-t", "matthan/+/up/event", "-x", "3600"),
    ]
    subprocess.run([*command, "-E"], check=True, stdout=subprocess.DEVNULL)
    node.sees(events)
    began_s = time.monotonic()
    subprocess.run(
        [*command, "-C", str(events)], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S
    )
    return {
        "program": "mosquitto_sub",
        "events_per_s": round(events / (time.monotonic() - began_s), 1),
    }


def _await(claim: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not claim():
        if time.monotonic() > deadline_s:
            raise SystemExit(f"intake_bench: not within {PATIENCE_S:g} s: {what}")
        time.sleep(0.005)


def _stamp() -> Stamp:
    return Stamp(utc_us=time.time_ns() // 1000, source=ClockSource.NTP, error_ms=20)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m deploy.intake_bench", description=__doc__)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--database", metavar="URL", help="empty; otherwise a new SQLite file")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    wanted = parser.parse_args()
    if not 1 <= wanted.events <= QUEUED_AT_MOST:
        parser.error(f"--events is 1 to {QUEUED_AT_MOST}: the broker keeps no more")
    with tempfile.TemporaryDirectory() as folder:
        url = wanted.database or f"sqlite:///{folder}/hub.sqlite"
        found = measure(Path(folder), events=wanted.events, url=url)
    sys.stdout.write(json.dumps(found, indent=None if wanted.json else 2) + "\n")


if __name__ == "__main__":
    main()
