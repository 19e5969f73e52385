"""The intake's writer when the database is away, and its inbox."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from hub.base.backoff import Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.db.database import Database, DatabaseError, is_about_storage
from hub.base.moment import Moment
from hub.base.processes.lease import LeaseLostError
from hub.intake.filing.batch import BatchFiler
from hub.intake.mqtt.inbox import BATCH, ReceivedMessage, ReceiveQueue
from hub.intake.presence import PresenceRecorder
from hub.intake.subscriber import TRIES_ALONE, TRIES_TOGETHER, BatchWriter
from hub.nodes.spool.tables import events
from hub.registry.tables import set_aside
from tests.hub.helpers.intake.intake_clerk import Noted, arrival, lost_database
from tests.hub.rigs.intake_rig import NOW, count, filer, found_town, tokens
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s


class StoppedClock:
    """It is always now."""

    def now(self) -> Moment:
        """Now."""
        return NOW


class AbsentDatabase:
    """Away for the first so many transactions."""

    def __init__(self, db: Database, *, absences: int) -> None:
        self._db = db
        self.absences = absences

    @contextmanager
    def writing(self, **how: Any) -> Iterator[Connection]:
        """A transaction of the real one, once it is there."""
        if self.absences > 0:
            self.absences -= 1
            raise DatabaseError("the database cannot be reached")
        with self._db.writing() as conn:
            yield conn


@pytest.fixture
def sqlite_db(sqlite_url: str) -> Iterator[Database]:
    db = Database(sqlite_url)
    found_town(db, "a")
    yield db
    db.close()


def writer(db: Any, files: Noted, backoff: Backoff | None = None) -> BatchWriter:
    return BatchWriter(
        db,
        filer=BatchFiler(files, PresenceRecorder(tokens())),
        clock=StoppedClock(),
        change_signal=ChangeSignal(),
        backoff=backoff or Backoff(first_s=0.0),
    )


@pytest.mark.promise("Faults: A lost database takes its batch back whole.")
def test_a_database_that_comes_back_gets_the_batch_whole(sqlite_db: Database) -> None:
    files = Noted()
    node = NodeVoice("a")
    away = AbsentDatabase(sqlite_db, absences=TRIES_TOGETHER - 1)
    scribe = writer(away, files)
    batch = [arrival(node.event()) for _ in range(3)]
    (outcome,) = scribe.commit(batch, threading.Event())
    assert outcome.counts["stored"] == 3
    assert files.seqs == [1, 2, 3]
    assert scribe.counts["retried"] == TRIES_TOGETHER - 1


def test_a_database_that_is_long_away_loses_nothing(sqlite_db: Database) -> None:
    files = Noted()
    node = NodeVoice("a")
    away = AbsentDatabase(sqlite_db, absences=100)
    batch = [arrival(node.event()) for _ in range(3)]
    outcomes = writer(away, files).commit(batch, threading.Event())
    assert sum(outcome.counts["stored"] for outcome in outcomes) == 3
    assert count(sqlite_db, set_aside) == 0


def test_a_database_that_is_away_is_tried_again_within_two_seconds(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is back, alerts wait for this as well."""
    stop, waits = threading.Event(), list[float]()
    monkeypatch.setattr(stop, "wait", waits.append)
    away = AbsentDatabase(sqlite_db, absences=9)
    slow = Backoff(chance=lambda: 1.0)
    writer(away, Noted(), slow).commit([arrival(NodeVoice("a").event())], stop)
    assert (len(waits), max(waits)) == (9, 2.0)


def test_a_message_that_fells_the_database_every_time_is_set_aside_alone(
    sqlite_db: Database,
) -> None:
    files = Noted({2: lost_database})
    node = NodeVoice("a")
    batch = [arrival(node.event()) for _ in range(3)]
    outcomes = writer(sqlite_db, files).commit(batch, threading.Event())
    assert [outcome.counts["stored"] for outcome in outcomes] == [1, 0, 1]
    assert count(sqlite_db, set_aside) == 1
    assert len(outcomes[1].replies.refused) == 1


def test_nobody_sets_aside_a_message_of_a_shard_that_another_process_has(
    sqlite_db: Database,
) -> None:
    class LostShards:
        def confirm(self, *_: object) -> None:
            raise LeaseLostError("another process has taken a shard")

    scribe = writer(sqlite_db, Noted({1: lost_database}))
    scribe.shards = LostShards()  # type: ignore[assignment] # as much of it as is asked
    with pytest.raises(LeaseLostError):
        scribe.commit([arrival(NodeVoice("a").event())], threading.Event())
    assert count(sqlite_db, set_aside) == 0


class FilledDisk:
    """A database that may not grow until the tenth failure; the error is SQLite's own."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.failures = 0
        self._bound(grows=False)

    def _bound(self, *, grows: bool) -> None:
        with self._db.writing() as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar()
            conn.exec_driver_sql(f"PRAGMA max_page_count={2**30 if grows else pages}")

    @contextmanager
    def writing(self, **how: Any) -> Iterator[Connection]:
        """A transaction of the real one."""
        try:
            with self._db.writing() as conn:
                yield conn
        except OperationalError as error:
            assert is_about_storage(error)
            self.failures += 1
            if self.failures == 3 * (TRIES_TOGETHER + TRIES_ALONE):
                self._bound(grows=True)
            raise


@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_a_full_disk_under_the_hub_loses_nothing_however_long_it_lasts(
    sqlite_db: Database,
) -> None:
    node = NodeVoice("a")
    with sqlite_db.writing() as conn:
        filer().file(conn, [arrival(node.birth())], now=NOW)
    full = FilledDisk(sqlite_db)
    hasty = Backoff(first_s=0.0)
    scribe = BatchWriter(
        full,  # type: ignore[arg-type] # looks like one
        filer=filer(),
        clock=StoppedClock(),
        change_signal=ChangeSignal(),
        backoff=hasty,
    )
    (outcome,) = scribe.commit([arrival(node.event()) for _ in range(50)], threading.Event())
    assert full.failures == 3 * (TRIES_TOGETHER + TRIES_ALONE)
    assert outcome.counts["stored"] == 50
    assert (count(sqlite_db, events), count(sqlite_db, set_aside)) == (50, 0)


@pytest.mark.promise("Hub: The hub commits, then acknowledges, then sends the receipt.")
def test_stopping_without_a_database_commits_nothing_and_acknowledges_nothing(
    sqlite_db: Database,
) -> None:
    away = AbsentDatabase(sqlite_db, absences=10**9)
    stop = threading.Event()
    stop.set()
    assert writer(away, Noted()).commit([arrival(NodeVoice("a").event())], stop) == []


def test_waits_grow_with_failures_up_to_their_bound_and_begin_anew() -> None:
    backoff = Backoff(first_s=1.0, longest_s=5.0, chance=lambda: 1.0)
    assert [backoff.fail() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.succeed()
    assert backoff.fail() == 1.0
    assert Backoff(chance=lambda: 0.0).fail() == 0.0


def numbered(number: int) -> ReceivedMessage:
    return ReceivedMessage(str(number), b"", lambda: None)


def test_the_inbox_gives_batches_in_order() -> None:
    inbox = ReceiveQueue(bound=3 * BATCH)
    for number in range(BATCH + 5):
        inbox.put(numbered(number))
    first, second = inbox.take(5), inbox.take(5)
    assert [int(one.topic) for one in first + second] == list(range(BATCH + 5))
    assert len(first) == BATCH


@pytest.mark.promise("Hub: One writer takes events from a bounded queue.")
def test_a_full_inbox_makes_its_giver_wait_until_there_is_room() -> None:
    inbox = ReceiveQueue(bound=1)
    inbox.put(numbered(1))
    giver = threading.Thread(target=inbox.put, args=(numbered(2),))
    giver.start()
    taken: list[ReceivedMessage] = []
    while len(taken) < 2:
        taken += inbox.take(5)
    giver.join(patience_s())
    assert [one.topic for one in taken] == ["1", "2"]


def test_a_closed_inbox_lets_everybody_go() -> None:
    inbox = ReceiveQueue(bound=1)
    inbox.put(numbered(1))
    answers: list[bool] = []
    giver = threading.Thread(target=lambda: answers.append(inbox.put(numbered(2))))
    giver.start()
    inbox.close()
    giver.join(patience_s())
    assert answers == [False]
    assert inbox.is_closed
    assert inbox.take(5) == []
