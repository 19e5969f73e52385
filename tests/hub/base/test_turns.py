"""The write queue, and small writes in one commit."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.db.group_commit import GroupCommit
from hub.base.db.write_queue import WriteQueue
from hub.base.moment import Moment
from hub.registry.tables import areas
from tests.waiting import patience_s, until

NOW = Moment(1_800_000_000_000_000, 5)


class Asking:
    """Threads that ask for the turn one after the other, and write down when they had it."""

    def __init__(self, turns: WriteQueue) -> None:
        self.had: list[str] = []
        self._turns = turns
        self._threads: list[threading.Thread] = []

    def ask(self, name: str, *, patience_s: float = 0.0) -> None:
        def run() -> None:
            with self._turns.turn(patience_s=patience_s):
                self.had.append(name)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()
        until(lambda: self._turns.waiting == len(self._threads))

    def join(self) -> None:
        for thread in self._threads:
            thread.join(patience_s())


def test_turns_are_given_in_the_order_in_which_they_were_asked_for() -> None:
    turns = WriteQueue()
    asking = Asking(turns)
    with turns.turn():
        for name in "abc":
            asking.ask(name)
    asking.join()
    assert asking.had == ["a", "b", "c"]


def test_who_has_patience_lets_others_by_but_not_for_longer_than_that() -> None:
    turns = WriteQueue()
    asking = Asking(turns)
    with turns.turn():
        asking.ask("picture", patience_s=3600)
        asking.ask("old picture", patience_s=0.001)
        time.sleep(0.01)
        asking.ask("alert")
    asking.join()
    assert asking.had == ["old picture", "alert", "picture"]


def test_a_turn_that_ended_badly_is_given_on() -> None:
    turns = WriteQueue()
    with pytest.raises(ZeroDivisionError), turns.turn():
        _ = 1 / 0
    with turns.turn():
        pass


def test_no_two_have_the_turn_at_once() -> None:
    turns, inside, most = WriteQueue(), 0, 0

    def run() -> None:
        nonlocal inside, most
        for number in range(200):
            with turns.turn(patience_s=0.001 * (number % 3)):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience_s())
    assert most == 1


def test_deeds_that_wait_for_each_other_share_a_commit(db: Database) -> None:
    commits = []
    together = GroupCommit(db, patience_s=1.0)

    def add(conn: Connection) -> int:
        commits.append(conn)
        conn.execute(insert(areas).values(**an_area(new_id(NOW))))
        return threading.get_ident()

    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(together.write(add))) for _ in range(20)
    ]
    with db.writing():
        for thread in threads:
            thread.start()
        until(lambda: together.waiting == 19)  # one has the turn and waits for the database
    for thread in threads:
        thread.join(patience_s())
    assert len(results) == 20
    assert len({id(conn) for conn in commits}) < 20
    with db.reading() as conn:
        assert conn.scalar(select(func.count()).select_from(areas)) == 20


def test_a_deed_that_fails_takes_no_other_along(db: Database) -> None:
    together, taken = GroupCommit(db, patience_s=1.0), new_id(NOW)
    failed: list[Exception] = []

    def write(area_id: object) -> None:
        try:
            together.write(lambda conn: conn.execute(insert(areas).values(**an_area(area_id))))
        except IntegrityError as error:
            failed.append(error)

    ids = [taken, taken, new_id(NOW), new_id(NOW)]
    threads = [threading.Thread(target=write, args=(one,)) for one in ids]
    with db.writing():
        for thread in threads:
            thread.start()
        until(lambda: together.waiting == 3)
    for thread in threads:
        thread.join(patience_s())
    assert len(failed) == 1
    with db.reading() as conn:
        assert conn.scalar(select(func.count()).select_from(areas)) == 3


def test_whoever_writes_for_others_and_ends_leaves_nobody_waiting(db: Database) -> None:
    """Also where the deeds are tried one by one, since another's failed."""
    together, taken = GroupCommit(db, patience_s=1.0), new_id(NOW)
    ended: list[object] = []

    def add(conn: Connection, area_id: object = taken) -> None:
        conn.execute(insert(areas).values(**an_area(area_id)))

    def end(conn: Connection) -> None:
        raise SystemExit

    def write(work: Callable[[Connection], None]) -> None:
        try:
            together.write(work)
        except (IntegrityError, RuntimeError, SystemExit) as error:
            ended.append(error)

    works: list[Callable[[Connection], None]] = [add, add, end, add]
    threads = [threading.Thread(target=write, args=(one,), daemon=True) for one in works]
    with db.writing():
        for number, thread in enumerate(threads):
            thread.start()
            until(lambda number=number: together.waiting == number)  # type: ignore[misc]  # binds the value of this round
    for thread in threads:
        thread.join(patience_s())
    assert not any(thread.is_alive() for thread in threads)
    assert len(ended) == 3


def test_what_need_not_outlive_the_machine_is_seen_at_once_and_the_next_is_durable_again(
    synced: None, database_url: str
) -> None:
    hubs = [Database(database_url), Database(database_url)]
    with hubs[0].writing(is_durable=False) as conn:
        conn.execute(insert(areas).values(**an_area(new_id(NOW))))
        assert _is_synced(conn) is False
    with hubs[1].reading() as conn:
        assert conn.scalar(select(func.count()).select_from(areas)) == 1
    with hubs[0].writing() as conn:
        assert _is_synced(conn) is True
    for hub in hubs:
        hub.close()


def _is_synced(conn: Connection) -> bool:
    if conn.dialect.name == "sqlite":
        return bool(conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2)
    return bool(conn.exec_driver_sql("SHOW synchronous_commit").scalar() == "on")


def an_area(area_id: object) -> dict[str, object]:
    named = {"id": area_id, "level": "commune", "name": "Tân Khai", "name_folded": "tan khai"}
    return {**named, **columns("valid_from", NOW)}
