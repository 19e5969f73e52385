"""From the broker into the database; acknowledgement and receipt only after the commit.

Two threads. The connection's thread puts messages into the inbox. The writer's thread takes them in
batches, commits each batch in one transaction, and only then acknowledges to the broker and sends
receipts to the nodes. Whatever fails in between, the message comes again and is recognised by its
id.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from agent.wire.answers import Wanted
from hub.base.backoff import DATABASE_S, Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database, is_about_storage
from hub.base.processes.lease import LeaseLostError
from hub.intake.division import LOOK_S, Division
from hub.intake.filing.batch import DATABASE_FAULTS, BatchFiler, BatchOutcome, decoded
from hub.intake.mqtt.connection import RECEIVE_MAXIMUM
from hub.intake.mqtt.inbox import ReceivedMessage, ReceiveQueue, node_of
from hub.intake.mqtt.link import Link
from hub.intake.mqtt.probe import BrokerAddress
from hub.intake.rate_limit import MessageLimiter, MessageLimits
from hub.intake.replies import Reply, command_reply
from hub.intake.shards import Shards
from hub.nodes import presence
from hub.nodes.pki.authority import HUB_NAME

log = structlog.get_logger()

BIRTHS_EVERY_S: Final = 15.0
"""Least time between two requests for all births."""

ASK_EVERY_S: Final = 5.0
"""Interval of the search for missing numbers."""
ASK_FOR_FILES_EVERY_S: Final = 60.0

TRIES_TOGETHER: Final = 4
"""Failures of a batch before its messages are tried one by one. A full or unreachable database does
not count: no message causes it."""
TRIES_ALONE: Final = 6
"""Failures of a single message before it is set aside, if that can still be written."""


class BatchWriter:
    """Commits batches; `run` is the only writing thread."""

    def __init__(
        self,
        db: Database,
        *,
        filer: BatchFiler,
        clock: Clock,
        change_signal: ChangeSignal,
        backoff: Backoff | None = None,
        beat: Callable[[], None] = lambda: None,
        shards: Shards | None = None,
    ) -> None:
        """`shards`: of several processes that file; None: this one alone does."""
        self._db = db
        self.shards = shards
        self._filer = filer
        self._clock = clock
        self._change_signal = change_signal
        self._backoff = backoff or Backoff()
        self._can_ask = True
        self.beat = beat
        """Called in every round, also while the database is away."""
        self.counts: Counter[str] = Counter()
        """Counters since the start: received, stored, repeated, set_aside, not_yet, retried and so
        on."""

    def commit(self, batch: list[ReceivedMessage], stop: threading.Event) -> list[BatchOutcome]:
        """Commit the batch, however long the database is away; empty if `stop` came first.

        Raises LeaseLostError if another process has taken a shard of it.
        """
        outcome = self._commit_together(batch, tries=TRIES_TOGETHER, stop=stop)
        if outcome is not None:
            return [outcome]
        outcomes: list[BatchOutcome] = []
        for arrival in batch:
            outcome = self._commit_alone(arrival, stop)
            if outcome is None:
                return []
            outcomes.append(outcome)
        return outcomes

    def forget(self) -> None:
        """Drop cached facts: another process may have changed them. For the writing thread."""
        self._filer.forget()

    def ask(self, *, for_files: bool) -> list[Reply]:
        """Requests to nodes due now; none while the database is away."""
        try:
            with self._db.writing() as conn:
                among = None if self.shards is None else self.shards.of_mine()
                asked = self._filer.ask(
                    conn, now=self._clock.now(), for_files=for_files, among=among
                )
                if self.shards is not None:
                    self.shards.confirm(conn)
        except LeaseLostError:
            self._filer.forget()
            return []
        except DATABASE_FAULTS as error:
            self._filer.forget()
            if self._can_ask:  # logged once per outage
                log.error("intake.cannot_ask", error=str(error).splitlines()[0])
            self._can_ask = False
            return []
        self._can_ask = True
        return asked

    def note_delayed(self, delayed: Mapping[str, int]) -> bool:
        """Write how many messages of these nodes the rate limit has delayed; False while the
        database is away."""
        try:
            with self._db.writing(is_durable=False) as conn:
                presence.note_delayed(conn, delayed, now=self._clock.now())
        except DATABASE_FAULTS:
            return False
        return True

    def _commit_together(
        self, batch: list[ReceivedMessage], *, tries: int, stop: threading.Event
    ) -> BatchOutcome | None:
        said = decoded(batch)
        while tries and not stop.is_set():
            try:
                with self._db.writing(is_shared_turn=self.shards is not None) as conn:
                    outcome = self._filer.file_decoded(conn, said, now=self._clock.now())
                    if outcome.has_news:
                        self._change_signal.ring_after(conn)
                    if self.shards is not None:
                        self.shards.confirm(conn, {node_of(one.topic) for one in batch})
            except LeaseLostError:
                self._filer.take_back()
                raise
            except DATABASE_FAULTS as error:
                self._filer.take_back()
                self._wait_out(error, stop)
                tries -= not is_about_storage(error)
            else:
                self._done(outcome)
                return outcome
        return None

    def _commit_alone(self, arrival: ReceivedMessage, stop: threading.Event) -> BatchOutcome | None:
        """Commit one message; if it alone fails every time, the message is at fault, not the
        database."""
        while not stop.is_set():
            outcome = self._commit_together([arrival], tries=TRIES_ALONE, stop=stop)
            if outcome is not None:
                return outcome
            outcome = self._give_up(arrival, stop)
            if outcome is not None:
                return outcome
        return None

    def _give_up(self, arrival: ReceivedMessage, stop: threading.Event) -> BatchOutcome | None:
        error = RuntimeError("the database refuses it every time")
        try:
            with self._db.writing() as conn:
                outcome = self._filer.give_up(conn, arrival, error, now=self._clock.now())
                if self.shards is not None:  # its new holder may have filed it
                    self.shards.confirm(conn, {node_of(arrival.topic)})
        except DATABASE_FAULTS as broken:
            self._wait_out(broken, stop)
            return None
        self._done(outcome)
        return outcome

    def _wait_out(self, error: Exception, stop: threading.Event) -> None:
        """Nothing was committed or acknowledged; wait before the next attempt."""
        self.beat()
        self.counts["retried"] += 1
        if self._backoff.failures == 0:  # logged once per outage
            log.error("intake.database", error=str(error).splitlines()[0])
        wait_s = self._backoff.fail()
        stop.wait(min(wait_s, DATABASE_S) if is_about_storage(error) else wait_s)

    def _done(self, outcome: BatchOutcome) -> None:
        if self._backoff.failures:
            log.info("intake.goes_on", after_tries=self._backoff.failures)
        self._backoff.succeed()
        self.counts += outcome.counts


class Subscriber:
    """The intake: start, stop, counters."""

    def __init__(  # noqa: PLR0913 - each by its name
        self,
        address: BrokerAddress,
        *further: BrokerAddress,
        writer: BatchWriter,
        backoff: Backoff | None = None,
        births_every_s: float = BIRTHS_EVERY_S,
        ask_every_s: float = ASK_EVERY_S,
        beat: Callable[[], None] = lambda: None,
        bounds: MessageLimits | None = None,
        is_ours: Callable[[], bool | None] = lambda: True,
        hub_id: bytes | None = None,
        name: Callable[[], str] = lambda: HUB_NAME,
    ) -> None:
        """Listens to all these brokers. `bounds`: rate limit per node. `is_ours`: whether this
        process of the hub has a name there, None while that is not known; `name`: which one.
        `hub_id` tells hubs with different databases apart."""
        self._limiter = MessageLimiter(bounds)
        self._ask_every_s = ask_every_s
        self._births_every_s = births_every_s
        self._births_asked_s = -math.inf
        self._asked_s = -math.inf
        self._asked_files_s = -math.inf
        self._writer = writer
        # Messages of an ended connection may still be in the inbox when the next one begins.
        self._queue = ReceiveQueue(2 * RECEIVE_MAXIMUM)
        self._links = [
            Link(
                one,
                take=self._queue.put,
                backoff=copy(backoff),
                is_ours=is_ours,
                hub_id=hub_id,
                name=name,
            )
            for one in (address, *further)
        ]
        self._division = writer.shards and Division(
            writer.shards, self._queue, commit=self._commit, taken=self._take_over
        )
        self._connections = 0
        self._stop = threading.Event()
        self._hang_up = threading.Event()
        self._writing = threading.Thread(target=self._write, name="intake-writer")
        self._linking = [
            threading.Thread(target=link.run, args=(self._hang_up, one), name="intake-link")
            for link, one in zip(self._links, _together(beat, len(self._links)), strict=True)
        ]

    @property
    def is_listening(self) -> bool:
        """True while messages can arrive, from one broker at least."""
        return bool(self.heard)

    @property
    def heard(self) -> frozenset[int]:
        """The brokers that are heard, by their places among those given; the first is 0."""
        return frozenset(place for place, link in enumerate(self._links) if link.is_listening)

    def say(
        self, node: str, wanted: Wanted, *, expires_s: int, command_id: UUID | None = None
    ) -> bool:
        """Send a command to a node once, now; False without a broker connection. For any thread."""
        return self.publish(command_reply(node, wanted, expires_s=expires_s, command_id=command_id))

    def publish(self, reply: Reply) -> bool:
        """Send to a node, now; False without a broker connection. For any thread.

        It goes to every broker: the node may be at another one by now.
        """
        sent = [link.publish(reply) for link in self._links]
        return any(sent)

    def publish_own(self, reply: Reply) -> bool:
        """Send a message as `publish` does, but only to nodes whose messages this process files: if
        several processes are asked, one sends."""
        shards = self._writer.shards
        return (shards is None or shards.holds(node_of(reply.topic))) and self.publish(reply)

    @property
    def tries(self) -> int:
        """Number of connection attempts."""
        return sum(link.tries for link in self._links)

    @property
    def is_alive(self) -> bool:
        """True while all threads run."""
        return all(thread.is_alive() for thread in (self._writing, *self._linking))

    @property
    def counts(self) -> Counter[str]:
        """Counters since the start."""
        others = self._division.counts if self._division else {}
        return Counter({**self._writer.counts, **self._limiter.counts, **others})

    def start(self) -> None:
        """Start all threads."""
        for thread in (*self._linking, self._writing):
            thread.start()

    def stop(self) -> None:
        """Finish the current batch, acknowledge, send receipts, then disconnect."""
        self._stop.set()
        self._queue.close()
        self._writing.join()
        self._hang_up.set()
        for thread in self._linking:
            thread.join()

    def _write(self) -> None:
        division = self._division
        longest_s = min(self._ask_every_s, LOOK_S) if division else self._ask_every_s
        while not self._queue.is_closed:
            self._writer.beat()
            if division and not division.look():
                return
            came = self._queue.take(self._limiter.wait_s(longest_s))
            batch = self._within_rate(division.own(came) if division else came)
            if division:  # some have waited until now
                batch = division.own(batch)
            if batch and not self._commit(batch):
                return  # stopping without a database: everything comes again
            self._ask_for_missing()
        if division:
            division.give_all()

    def _take_over(self) -> None:
        """Nodes of another process come to this one: that process may have changed rows that are
        cached here, and it received their births."""
        self._writer.forget()
        self._hear_births()

    def _within_rate(self, came: list[ReceivedMessage]) -> list[ReceivedMessage]:
        """Messages to store now; messages of a node over its rate limit wait."""
        limited = self._limiter.let(came, time.monotonic())
        for arrival in limited.held_up:
            arrival.acknowledge()
        for node in limited.newly_over:
            log.warning("intake.node_says_too_much", node=node)
        return limited.through

    def _commit(self, batch: list[ReceivedMessage]) -> bool:
        if self._connections != (tries := self.tries):
            # Another process may have had these nodes meanwhile.
            self._connections = tries
            self._writer.forget()
        try:
            outcomes = self._writer.commit(batch, self._stop)
        except LeaseLostError:
            if self._division:
                self._division.lost(batch)
            return True
        if not outcomes:
            return False
        for arrival in batch:
            arrival.acknowledge()
        for outcome in outcomes:
            self._answer(outcome)
        return True

    def _ask_for_missing(self) -> None:
        """Request missing numbers at intervals, while nodes can be reached."""
        now_s = time.monotonic()
        if now_s - self._asked_s < self._ask_every_s or not self.is_listening:
            return
        self._asked_s = now_s
        self._limiter.tell(self._writer.note_delayed)
        for_files = now_s - self._asked_files_s >= ASK_FOR_FILES_EVERY_S
        if for_files:
            self._asked_files_s = now_s
        for request in self._writer.ask(for_files=for_files):
            self.publish(request)

    def _answer(self, outcome: BatchOutcome) -> None:
        for reply in outcome.replies.messages():
            self.publish(reply)
        now_s = time.monotonic()
        if outcome.wants_births and now_s - self._births_asked_s >= self._births_every_s:
            self._hear_births()

    def _hear_births(self) -> None:
        self._births_asked_s = time.monotonic()
        for link in self._links:
            link.hear_births()


def _together(beat: Callable[[], None], number: int) -> list[Callable[[], None]]:
    """Signs of life of so many threads: `beat` is called when each has given one."""
    given: set[int] = set()

    def give(place: int) -> None:
        given.add(place)
        if len(given) == number:
            given.clear()
            beat()

    return [partial(give, place) for place in range(number)]
