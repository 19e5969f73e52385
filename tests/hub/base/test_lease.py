"""A lease: one of several processes holds it; writes after it was lost are rolled back."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, select

from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.processes.file_lock import FileLock
from hub.base.processes.lease import LAPSE_S, RENEW_S, Lease
from hub.base.processes.tables import leases
from hub.registry.tables import areas
from tests.waiting import patience_s

NOW = Moment(1_800_000_000_000_000, 5)
NAME = "chores"


class Process:
    """One of several; its ticks go on when it is told, and stand still while it is suspended."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.db = Database(url)
        self.ticks_s = 100.0
        self.lease = Lease(self.db, NAME, now_s=lambda: self.ticks_s)

    def live(self, span_s: float) -> None:
        """Look at the lease again and again, for so many seconds."""
        for _ in range(round(span_s / RENEW_S)):
            self.ticks_s += RENEW_S
            self.lease.look()

    def enter(self, name: str) -> None:
        """A write of the leased work."""
        with self.db.writing() as conn:
            row = {"id": new_id(NOW), "level": "commune", "name": name, "name_folded": name}
            conn.execute(insert(areas).values(**row, **columns("valid_from", NOW)))

    def names(self) -> list[str]:
        with self.db.reading() as conn:
            return list(conn.scalars(select(areas.c.name).order_by(areas.c.name)))


@pytest.fixture
def processes(postgres_url: str) -> Iterator[tuple[Process, Process]]:
    first, second = Process(postgres_url), Process(postgres_url)
    first.lease.look()
    second.lease.look()
    yield first, second
    first.db.close()
    second.db.close()


def held(processes: tuple[Process, Process]) -> list[bool]:
    return [process.lease.is_held for process in processes]


def test_one_of_two_holds_it_for_as_long_as_it_gives_signs(
    processes: tuple[Process, Process],
) -> None:
    first, second = processes
    for _ in range(20):
        first.live(RENEW_S)
        second.live(RENEW_S)
        assert held(processes) == [True, False]
    assert first.lease.term == 1


def test_another_takes_it_when_its_holder_is_silent_for_long(
    processes: tuple[Process, Process],
) -> None:
    first, second = processes
    second.live(LAPSE_S - RENEW_S)
    assert not second.lease.is_held
    second.live(RENEW_S)
    assert second.lease.term == 2
    assert first.lease.is_held  # it was suspended, and does not know
    first.lease.look()
    assert held(processes) == [False, True]


def test_a_sign_of_life_shortly_before_counts(processes: tuple[Process, Process]) -> None:
    first, second = processes
    second.live(LAPSE_S - RENEW_S)
    first.live(RENEW_S)
    second.live(LAPSE_S - RENEW_S)
    assert held(processes) == [True, False]


def test_a_holder_that_could_not_look_for_long_does_nothing_more(
    processes: tuple[Process, Process],
) -> None:
    first, _ = processes
    first.ticks_s += LAPSE_S
    assert first.lease.do(lambda: first.enter("a")) is None
    assert first.names() == []
    first.lease.look()  # nobody took it meanwhile
    assert first.lease.term == 1


@pytest.mark.promise("Faults: A process that lost its lease writes nothing more.")
def test_what_a_holder_writes_that_was_suspended_and_lost_it_is_rolled_back(
    processes: tuple[Process, Process],
) -> None:
    first, second = processes
    assert first.lease.do(lambda: first.enter("a")) is None
    assert first.names() == ["a"]
    second.live(RENEW_S + LAPSE_S)  # a write is a sign of life too
    first.lease.do(lambda: first.enter("b"))
    assert first.names() == ["a"]
    assert held(processes) == [False, True]
    second.lease.do(lambda: second.enter("c"))
    assert first.names() == ["a", "c"]


@pytest.mark.promise("Faults: A process that lost its lease writes nothing more.")
def test_a_lease_lost_in_the_middle_of_a_transaction_rolls_it_back(
    processes: tuple[Process, Process], postgres_url: str
) -> None:
    first, second = processes

    def work() -> str:
        with first.db.writing() as conn:
            row = {"id": new_id(NOW), "level": "commune", "name": "a", "name_folded": "a"}
            conn.execute(insert(areas).values(**row, **columns("valid_from", NOW)))
            take_by_force(postgres_url, second.db.process)
        return "done"

    assert first.lease.do(work) is None
    assert first.names() == []
    assert not first.lease.is_held


def take_by_force(url: str, holder: str) -> None:
    """Past the queue of writers, in which another process would wait for the transaction."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as conn:
        conn.execute("UPDATE leases SET holder = %s, term = term + 1", (holder,))


def test_nobody_takes_it_between_the_last_look_and_the_commit(
    processes: tuple[Process, Process], postgres_url: str
) -> None:
    first, second = processes
    with first.db.writing() as conn:
        first.lease._confirm(conn, 1)
        with psycopg.connect(postgres_url.replace("+psycopg", "")) as other:
            other.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("UPDATE leases SET holder = %s", (second.db.process,))


def test_work_that_fails_is_not_taken_for_a_lost_lease(
    processes: tuple[Process, Process],
) -> None:
    first, _ = processes
    with pytest.raises(ZeroDivisionError):
        first.lease.do(lambda: 1 / 0)
    first.enter("a")  # not of the leased work: nothing is looked at
    assert first.lease.is_held


def test_a_lease_that_is_given_back_is_taken_at_the_next_look(
    processes: tuple[Process, Process],
) -> None:
    first, second = processes
    first.lease.give_back()
    assert held(processes) == [False, False]
    second.live(RENEW_S)
    first.lease.give_back()  # it has nothing to give
    assert held(processes) == [False, True]
    assert second.lease.term == 2


def test_of_many_that_look_at_once_one_gets_it(postgres_url: str) -> None:
    many = [Process(postgres_url) for _ in range(4)]
    threads = [threading.Thread(target=process.lease.look) for process in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience_s())
    assert [process.lease.is_held for process in many].count(True) == 1
    for process in many:
        process.db.close()


def test_on_sqlite_there_is_one_process_and_it_holds_every_lease(sqlite_url: str) -> None:
    only = Process(sqlite_url)
    only.ticks_s += 10 * LAPSE_S
    only.lease.look()
    only.lease.do(lambda: only.enter("a"))
    only.lease.give_back()
    assert only.lease.is_held
    assert only.names() == ["a"]
    with only.db.reading() as conn:
        assert conn.execute(select(leases)).all() == []
    only.db.close()


def test_one_process_of_a_machine_looks_after_its_disk(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    other_disk = FileLock(tmp_path / "elsewhere")
    assert [first.take(), second.take(), first.take(), other_disk.take()] == [
        True,
        False,
        True,
        True,
    ]
    first.release()
    assert second.take()
    second.release()
    other_disk.release()
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "nowhere" / "lock").take()
