"""Chores of several hub processes: shared work is done once, work on a disk once per disk."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.app import housekeeping
from hub.app.housekeeping import Housekeeping
from hub.base.audit.tables import audit
from hub.base.batches import Stopping
from hub.base.db.database import Database
from hub.base.processes.file_lock import FileLock
from hub.base.processes.lease import LAPSE_S, RENEW_S, Lease
from tests.hub.helpers.footage.remover import DAY_S, alert_with_clip, is_here, keep, remover
from tests.hub.rigs.streets import Streets

ALL = ("make_room", "remove_overdue")
DISK = ("take_in", "write_anchor", "remove_copies")


class Chores:
    """Stands for every part of the housekeeping, and counts what it was asked for."""

    def __init__(self, counts: Counter[str], *, is_shared: bool = False) -> None:
        self.counts = counts
        self.is_shared = is_shared

    def __getattr__(self, name: str) -> Callable[..., None]:
        def do(_stopping: Stopping | None = None) -> None:
            self.counts[name] += 1

        return do


class Process:
    """A process of a hub: its lease by its own ticks, its disk."""

    def __init__(
        self, url: str, disk: Path, *, has_chores: bool = True, is_shared: bool = False
    ) -> None:
        disk.mkdir(exist_ok=True)
        self.db = Database(url)
        self.ticks_s = 0.0
        self.done: Counter[str] = Counter()
        self.lease = Lease(self.db, "chores", now_s=lambda: self.ticks_s)
        self.disk = FileLock(disk / "lock")
        self.has_chores = has_chores
        chores: Any = Chores(self.done, is_shared=is_shared)
        self.housekeeping = Housekeeping(
            chores,
            chores,
            chores,
            chores,
            lease=self.lease if has_chores else None,
            disk=self.disk,
        )

    def live(self, span_s: float) -> None:
        for _ in range(round(span_s / RENEW_S)):
            self.ticks_s += RENEW_S
            if self.has_chores:
                self.lease.look()
        self.housekeeping.look()

    def end(self) -> None:
        self.disk.release()
        self.db.close()


@pytest.fixture
def process(postgres_url: str, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    made: list[Process] = []

    def make(disk: str, **said: bool) -> Process:
        made.append(Process(postgres_url, tmp_path / disk, **said))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.mark.promise("Hub: Chores of several processes over one database are done once.")
def test_what_concerns_all_is_done_by_the_holder_of_the_lease_alone(
    process: Callable[[str], Process],
) -> None:
    first, second = process("here"), process("there")
    for _ in range(3):
        first.live(RENEW_S)
        second.live(RENEW_S)
    assert [first.done[name] for name in ALL] == [1, 1]  # the next time is far
    assert [second.done[name] for name in ALL] == [0, 0]
    assert [one.done[name] for one in (first, second) for name in DISK] == [1] * 6


def test_who_takes_the_lease_over_begins_as_at_a_start(
    process: Callable[[str], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "SWEEP_FIRST_S", 3600.0)
    first, second = process("here"), process("there")
    first.live(RENEW_S)
    second.live(LAPSE_S + RENEW_S)  # the first is silent from now on
    assert [second.done[name] for name in ALL] == [1, 1]
    first.live(RENEW_S)
    first.lease.give_back()
    assert [first.done[name] for name in ALL] == [1, 1]
    assert second.done["run"] == 0  # the sweep reads the whole store: not at once


def test_two_processes_of_one_machine_look_after_its_disk_once(
    process: Callable[[str], Process],
) -> None:
    first, second = process("here"), process("here")
    first.live(RENEW_S)
    second.live(RENEW_S)
    assert [first.done[name] for name in DISK] == [1, 1, 1]
    assert [second.done[name] for name in DISK] == [0, 0, 0]
    first.disk.release()
    second.live(RENEW_S)
    assert [second.done[name] for name in DISK] == [1, 1, 1]


@pytest.mark.promise("Hub: What lies on a machine's disk is looked after there.")
def test_a_machine_with_pages_alone_looks_after_its_disk_and_nothing_else(
    process: Callable[..., Process],
) -> None:
    pages, chores = process("here", has_chores=False), process("there")
    pages.live(RENEW_S)
    chores.live(RENEW_S)
    assert [pages.done[name] for name in DISK] == [1, 1, 1]
    assert [pages.done[name] for name in (*ALL, "run")] == [0, 0, 0]
    assert [chores.done[name] for name in (*ALL, *DISK)] == [1] * 5
    beside = process("here")  # a process with the chores starts on that machine
    beside.live(RENEW_S)
    assert [beside.done[name] for name in DISK] == [0, 0, 0]


def test_unfinished_uploads_in_the_bucket_are_looked_after_by_the_holder_of_the_lease(
    process: Callable[..., Process],
) -> None:
    first, second = process("here", is_shared=True), process("there", is_shared=True)
    pages = process("pages", is_shared=True, has_chores=False)
    for one in (first, second, pages):
        one.live(RENEW_S)
    assert [one.done["take_in"] for one in (first, second, pages)] == [1, 0, 0]


def test_a_chore_stops_between_two_pages_when_the_lease_is_lost(
    process: Callable[[str], Process],
) -> None:
    first, second = process("here"), process("there")
    pages: list[bool] = []

    def long_work(stopping: Stopping) -> None:
        pages.append(stopping())
        first.ticks_s += LAPSE_S  # it could not look at its lease for so long
        pages.append(stopping())

    first.lease.look()
    first.housekeeping._once[0]._work = long_work
    first.housekeeping.look()
    assert pages == [False, True]
    second.live(LAPSE_S + RENEW_S)
    assert second.done["make_room"] == 1


@pytest.mark.promise("Hub: Chores of several processes over one database are done once.")
def test_footage_is_not_removed_by_a_process_that_lost_its_lease(
    process: Callable[[str], Process], tmp_path: Path
) -> None:
    first, second = process("here"), process("there")
    streets = Streets(first.db, tmp_path / "media")
    alert_with_clip(streets, b"old")
    keep(streets, 30)
    streets.clock.pass_s(31 * DAY_S)
    first.lease.look()
    for _ in range(round(LAPSE_S / RENEW_S) + 1):  # the first is suspended meanwhile
        second.ticks_s += RENEW_S
        second.lease.look()
    assert first.lease.is_held, "as far as it knows"
    assert first.lease.do(remover(streets).remove_overdue) is None
    assert is_here(streets, b"old")
    assert removals(first.db) == 0

    def remove() -> int:
        streets.db = second.db
        return remover(streets).remove_overdue()

    assert second.lease.do(remove) == 1
    assert not is_here(streets, b"old")
    assert removals(first.db) == 1


def removals(db: Database) -> int:
    """Lines of the log that say so."""
    query = select(func.count()).select_from(audit).where(audit.c.act == "media.remove")
    with db.reading() as conn:
        return conn.scalar(query) or 0
