"""The hub's intake in its own process, as in the hub; queried over a pipe."""

import gc
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Final

import structlog

from deploy.broker import Broker
from hub.alerting.alerts.rules.grouping import Policy
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.processes.member import member_number
from hub.intake.filing.batch import BatchFiler
from hub.intake.filing.filing import Filing
from hub.intake.mqtt.probe import BrokerAddress
from hub.intake.presence import PresenceRecorder
from hub.intake.shards import Shards
from hub.intake.subscriber import BatchWriter, Subscriber
from hub.nodes.pki.authority import HUB_NAME
from hub.nodes.pki.upload_tokens import UploadTokens

PATIENCE_S: Final = 120.0
LOOK_S: Final = 0.02
ERROR: Final = 40  # as in the standard library: no log lines for births


class Carrier:
    """Client of the process that runs the intake."""

    def __init__(self, pipe: "Connection[Any, Any]", number: int) -> None:
        self._pipe = pipe
        self.number = number
        """Number of the process among those that divide the nodes."""

    def divide(self, members: Collection[int]) -> None:
        """Set the processes among which messages are divided: from now on it files its share."""
        self._pipe.send(frozenset(members))
        self._pipe.recv()

    def counts(self) -> Counter[str]:
        """Counts since the start: received, stored, repeated, health, set_aside and so on; only
        committed messages. They include `cpu_ms`, the processor time of the intake, and `shards`,
        the number that it holds."""
        self._pipe.send(None)
        counts: Counter[str] = self._pipe.recv()
        return counts

    def await_filed(self, how_many: int) -> float:
        """Wait for this number of committed messages; return the monotonic time (s) then."""
        until(lambda: filed(self.counts()) >= how_many, f"the hub files {how_many} messages")
        return time.monotonic()


def filed(counts: Counter[str]) -> int:
    """Number of committed events and health messages."""
    return counts["stored"] + counts["repeated"] + counts["health"]


@contextmanager
def carrying(
    broker: Broker, url: str, *, name: str = HUB_NAME, is_one_of_several: bool = False
) -> Iterator[Carrier]:
    """An intake that is connected to the broker under this name and stores into this database.

    `is_one_of_several`: it files nothing before `Carrier.divide`.
    """
    papers = broker.papers(name)
    address = BrokerAddress(
        broker.host, broker.port, papers.ca_file, papers.cert_file, papers.key_file
    )
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_carry, args=(there, address, url, name, is_one_of_several), daemon=True
    )
    process.start()
    there.close()
    try:
        yield Carrier(here, here.recv())  # once the intake is ready
    finally:
        here.close()
        process.join(PATIENCE_S)


def until(claim: Callable[[], bool], what: str) -> None:
    """Wait until `claim()` is true; RuntimeError on timeout."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not claim():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"timeout after {PATIENCE_S:g} s: {what}")
        time.sleep(LOOK_S)


def _carry(
    pipe: "Connection[Any, Any]",
    address: BrokerAddress,
    url: str,
    name: str,
    is_one_of_several: bool,
) -> None:
    """Main function of the process; returns when the pipe is closed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(ERROR))
    db = Database(url)
    members: frozenset[int] = frozenset()
    shards = Shards(db, lambda: members)
    tokens = UploadTokens(b"k" * 32, upload_url="https://hub.example/upload")
    writer = BatchWriter(
        db,
        filer=BatchFiler(Filing(Policy()), PresenceRecorder(tokens)),
        clock=HubClock(),
        change_signal=ChangeSignal(),
        shards=shards if is_one_of_several else None,
    )
    intake = Subscriber(address, writer=writer, name=lambda: name)
    gc.collect()  # as the hub does before it serves
    gc.freeze()
    intake.start()
    try:
        until(lambda: intake.is_listening, "the hub hears the broker")
        pipe.send(member_number(db.process))
        while True:
            asked = pipe.recv()
            members = members if asked is None else asked
            cpu_ms = round(time.process_time() * 1000)
            pipe.send(intake.counts + Counter(cpu_ms=cpu_ms, shards=len(shards.held)))
    except EOFError:
        pass
    finally:
        intake.stop()
        db.close()
