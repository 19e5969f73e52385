"""Several processes file at once: each its own shards, and nothing of a shard that it has lost."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from agent.wire import topics
from agent.wire.codec import encode
from agent.wire.messages import Event
from hub.alerting.alerts.queries import last_cursor
from hub.alerting.alerts.tables import alert_changes
from hub.base.db.database import Database, DatabaseError
from hub.base.processes.lease import LeaseLostError
from hub.base.processes.member import member_number
from hub.intake.filing.batch import BatchOutcome
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.rules.sharding import SHARDS, shard_of
from hub.intake.shards import Shards
from hub.nodes.spool.tables import events
from hub.registry import registry
from tests.hub.rigs.intake_rig import NOW, count, filer, found_town
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until

NODES = ("nga-tu-01", "nga-tu-02")
assert shard_of(NODES[0]) != shard_of(NODES[1])


class Process:
    """One of several with the intake."""

    def __init__(self, url: str, members: set[int]) -> None:
        self.db = Database(url)
        self.number = member_number(self.db.process)
        self.members = members
        self.shards = Shards(self.db, lambda: frozenset(members))
        self.filer = filer()

    def come(self) -> None:
        self.members.add(self.number)

    def go(self) -> None:
        self.members.discard(self.number)

    def look(self) -> None:
        """Look at the shards like the intake between two batches."""
        self.shards.give(self.shards.look().give)

    def file(self, *said: object, confirm: bool = True) -> BatchOutcome:
        with self.db.writing(is_shared_turn=True) as conn:
            outcome = self.filer.file(conn, [message(one) for one in said], now=NOW)
            self.shards.confirm(conn, {one.node for one in said})  # type: ignore[attr-defined]
        return outcome


def message(said: object) -> ReceivedMessage:
    topic = topics.EVENT if isinstance(said, Event) else topics.STATUS
    address = topics.address(topic, said.node)  # type: ignore[attr-defined]
    return ReceivedMessage(address, encode(said), lambda: None)  # type: ignore[arg-type]


@pytest.fixture
def two(postgres_url: str) -> Iterator[tuple[Process, Process]]:
    members: set[int] = set()
    first, second = Process(postgres_url, members), Process(postgres_url, members)
    found_town(first.db, *NODES)
    first.come()
    first.look()
    yield first, second
    first.db.close()
    second.db.close()


@pytest.fixture
def voices(two: tuple[Process, Process]) -> list[NodeVoice]:
    """Voices of two nodes whose births are filed."""
    voices = [NodeVoice(name) for name in NODES]
    two[0].file(*(voice.birth() for voice in voices))
    return voices


def share(first: Process, second: Process) -> tuple[Process, Process]:
    """Both hear the broker; the holder of the first node's shard comes first."""
    second.come()
    for one in (first, second, first, second):
        one.look()
    assert first.shards.held | second.shards.held == set(range(SHARDS))
    assert not first.shards.held & second.shards.held
    return (first, second) if first.shards.holds(NODES[0]) else (second, first)


def test_processes_that_come_and_go_divide_the_shards(two: tuple[Process, Process]) -> None:
    first, second = two
    assert len(first.shards.held) == SHARDS
    share(first, second)
    assert len(first.shards.held) == len(second.shards.held) == SHARDS // 2
    first.go()  # it was killed
    second.look()
    assert len(second.shards.held) == SHARDS
    first.look()  # it was not, and hears no broker
    assert not first.shards.held


def test_a_look_that_breaks_off_changes_nothing_and_the_next_one_says_what_was_taken(
    two: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    share(first, second)
    second.go()
    first.shards.forget()  # as after a lease that was lost

    def away(**_: object) -> object:
        raise DatabaseError("the leader is gone")

    with monkeypatch.context() as at, pytest.raises(DatabaseError):
        at.setattr(first.db, "writing", away)
        first.shards.look()
    assert not first.shards.held
    assert set(first.shards.look().take) == set(range(SHARDS))


def test_a_node_s_shard_is_the_same_in_python_and_in_sql(two: tuple[Process, Process]) -> None:
    from hub.registry.tables import nodes  # noqa: PLC0415

    names = [f"cho-{number}" for number in range(40)]
    with two[0].db.writing() as conn:
        area_id = registry.add_area(conn, name="Dĩ An", level="commune", now=NOW)
        for name in names:
            registry.add_node(conn, name=name, area_id=area_id, now=NOW)
    for one in share(*two):
        with one.db.reading() as conn:
            found = set(conn.scalars(select(nodes.c.name).where(one.shards.of_mine())))
        assert found == {name for name in [*names, *NODES] if one.shards.holds(name)}
        assert found


@pytest.mark.promise("Faults: A process that lost its lease writes nothing more.")
def test_a_shard_lost_in_mid_transaction_rolls_it_back(
    two: tuple[Process, Process], voices: list[NodeVoice]
) -> None:
    first, second = two
    event = voices[0].event()
    with pytest.raises(LeaseLostError), first.db.writing(is_shared_turn=True) as conn:
        first.filer.file(conn, [message(event)], now=NOW)
        first.go()  # cut off, and it does not know
        second.come()
        second.look()
        assert second.shards.holds(NODES[0])
        first.shards.confirm(conn, [NODES[0]])
    assert count(first.db, events) == 0
    second.file(event)
    assert count(first.db, events) == 1
    # The first comes back as a member, and has nothing until the other gives it up.
    with pytest.raises(LeaseLostError):
        first.file(voices[0].event())
    first.come()
    first.look()
    assert not first.shards.held
    assert count(first.db, events) == 1


def test_nobody_takes_a_shard_between_the_look_and_the_commit(
    two: tuple[Process, Process], voices: list[NodeVoice]
) -> None:
    first, second = two
    event = voices[0].event()
    with ThreadPoolExecutor() as pool:
        with first.db.writing(is_shared_turn=True) as conn:
            first.filer.file(conn, [message(event)], now=NOW)
            first.shards.confirm(conn, [NODES[0]])
            first.go()
            second.come()
            taking = pool.submit(second.look)
            await_lock(second.db)
            assert not taking.done()
        taking.result(patience_s())
    assert second.shards.holds(NODES[0])
    assert second.file(event).counts["repeated"] == 1


def await_lock(db: Database) -> None:
    """Wait until a transaction of this database waits for a lock."""

    def waits() -> bool:
        with db.reading() as conn:
            return bool(
                conn.exec_driver_sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND datname = current_database()"
                ).scalar()
            )

    until(waits, "a transaction waits for a lock")


@pytest.mark.promise("Pages: A reader of changes misses none that was not committed yet.")
def test_a_page_misses_no_change_of_two_transactions_that_overlap(
    two: tuple[Process, Process], voices: list[NodeVoice]
) -> None:
    """Without order the second commits a later cursor first: a page that has seen it would never
    ask for the earlier one."""
    holders = share(*two)
    [a], [b] = [[voice.event()] for voice in voices]
    seen: list[int] = []

    def page() -> None:
        with two[0].db.reading() as conn:
            query = select(alert_changes.c.cursor).where(
                alert_changes.c.cursor > (seen[-1] if seen else 0)
            )
            seen.extend(conn.scalars(query.order_by(alert_changes.c.cursor)))

    with ThreadPoolExecutor() as pool:
        with holders[0].db.writing(is_shared_turn=True) as conn:
            holders[0].filer.file(conn, [message(a)], now=NOW)
            filing = pool.submit(holders[1].file, b)
            await_lock(two[0].db)  # it has its turn too, and waits with its cursor
            page()
            assert not filing.done()
        page()
        filing.result(patience_s())
    page()
    with two[0].db.reading() as conn:
        every = list(conn.scalars(select(alert_changes.c.cursor)))
        assert seen == sorted(every)
        assert seen[-1] == last_cursor(conn)
    assert len(seen) == 2


def test_the_order_is_kept_after_a_savepoint_is_rolled_back(
    two: tuple[Process, Process], voices: list[NodeVoice]
) -> None:
    """The lock that was taken inside it is gone, and must be taken again."""
    holders = share(*two)
    with ThreadPoolExecutor() as pool:
        with holders[0].db.writing(is_shared_turn=True) as conn:
            savepoint = conn.begin_nested()
            holders[0].filer.file(conn, [message(voices[0].event())], now=NOW)
            savepoint.rollback()
            holders[0].filer.forget()
            holders[0].filer.file(conn, [message(voices[0].event())], now=NOW)
            filing = pool.submit(holders[1].file, voices[1].event())
            await_lock(two[0].db)
            assert not filing.done()
        filing.result(patience_s())
    assert count(two[0].db, alert_changes) == 2


@pytest.mark.promise("Roles: A person's act is alone, while intakes of several processes are not.")
def test_intakes_file_at_once_and_a_person_s_act_waits_for_them(
    two: tuple[Process, Process], voices: list[NodeVoice]
) -> None:
    holders = share(*two)
    acted = threading.Event()

    def act() -> None:
        with holders[1].db.writing():
            acted.set()

    with ThreadPoolExecutor() as pool:
        with holders[0].db.writing(is_shared_turn=True) as conn:
            birth = voices[0].birth()
            holders[0].filer.file(conn, [message(birth)], now=NOW)
            holders[1].file(voices[1].birth())  # meanwhile, and at once
            acting = pool.submit(act)
            await_lock(two[0].db)
            assert not acted.is_set()
        acting.result(patience_s())
