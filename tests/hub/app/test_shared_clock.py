"""Several hubs over PostgreSQL share the server's clock: a step of it is taken once.

The server's clock, the clocks and the ticks of the machines are virtual; the database is real.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from hub.app.clocks.shared_clock_watch import APART_S, SharedClockWatch
from hub.base.clock.steady import SETTLE_US
from hub.base.clock.steady_clock import SteadyClock
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.base.processes import server_wall
from hub.base.processes.lease import LAPSE_S, RENEW_S, Lease
from hub.base.processes.server_wall import ServerWall
from hub.registry.tables import nodes
from tests.hub.rigs.notify_town import Town, VirtualClock

pytestmark = pytest.mark.promise(
    "Node state and clocks: A step of the hub's clock makes nothing late or lost."
)

S = 1_000_000
HOUR = 3600 * S
START = 1_795_000_000 * S

SERVER = """
CREATE TABLE its_clock (utc_us bigint);
INSERT INTO its_clock VALUES (0);
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT 'epoch'::timestamptz + utc_us * interval '1 microsecond' FROM its_clock $$;
DO $$ BEGIN EXECUTE format(
    'ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()
); END $$;
"""
"""The hub's question for the time finds this function first."""


class Server:
    """The database server with a clock by hand."""

    def __init__(self, url: str) -> None:
        self.conn = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        self.conn.execute(SERVER)
        self.utc_us = START
        self.show()

    def show(self) -> None:
        self.conn.execute("UPDATE its_clock SET utc_us = %s", (self.utc_us,))

    def steps(self, by_us: int) -> None:
        self.utc_us += by_us
        self.show()


class Process:
    """A hub on a machine of its own."""

    def __init__(self, server: Server, url: str, folder: Path, *, ticks_us: int) -> None:
        self.server = server
        self.ticks_us = ticks_us
        self.machine_utc_us = server.utc_us
        self.db = Database(url)
        self.told: list[int] = []
        self.does_chores = True
        self.lease = Lease(self.db, "chores", now_s=lambda: self.ticks_us / 1e6)
        wall = ServerWall(
            self.db, ticks=lambda: self.ticks_us, machine_utc_us=lambda: self.machine_utc_us
        )
        self.clock = SteadyClock(folder, wall=wall, steps=wall.first.steps)
        self.watch = SharedClockWatch(
            self.db,
            clock=self.clock,
            stepped=self.told.append,
            wall=wall,
            lease=self.lease,
            now_s=lambda: self.ticks_us / 1e6,
        )

    @property
    def behind_us(self) -> int:
        """The server's clock minus this hub's time."""
        return self.server.utc_us - self.clock.now().utc_us


class Province:
    """Hubs over one server, and a time that waits in the database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.server = Server(url)
        self.alive: list[Process] = []
        self.made: list[Process] = []
        self.db = Database(url)
        Town(self.db, VirtualClock())
        self.seconds = 0
        self.since_us = self.mark(self.start("a"))
        self.passes(2 * RENEW_S)

    def start(self, name: str) -> Process:
        """A hub on the machine of this name."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        ticks_us = (self.seconds + 100 + len(name)) * S
        process = Process(self.server, self.url, folder, ticks_us=ticks_us)
        self.alive.append(process)
        self.made.append(process)
        return process

    def mark(self, process: Process) -> int:
        """Something waits since now; the time in µs."""
        now = process.clock.now()
        with self.db.writing() as conn:
            conn.execute(update(nodes).values(columns("state_since", now)))
        return now.utc_us

    @property
    def moved_us(self) -> int:
        """By how much the waiting time was moved."""
        with self.db.reading() as conn:
            return (conn.scalar(select(nodes.c.state_since_utc_us)) or 0) - self.since_us

    def passes(self, span_s: float) -> None:
        """Time goes on, and every hub looks each second."""
        for _ in range(round(span_s)):
            self.seconds += 1
            self.server.steps(S)
            for process in self.alive:
                process.ticks_us += S
                process.machine_utc_us += S
                if process.does_chores and self.seconds % RENEW_S == 0:
                    process.lease.look()
                process.watch.look()

    def end(self) -> None:
        for process in self.made:
            process.db.close()
        self.db.close()
        self.server.conn.close()


@pytest.fixture
def province(
    postgres_url: str, tmp_path: Path, vouched: Callable[[bool], None]
) -> Iterator[Province]:
    made = Province(postgres_url, tmp_path)
    yield made
    made.end()


@pytest.fixture
def vouched(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Whether daemons keep the machines' clocks."""

    def vouch(is_kept: bool) -> None:
        monkeypatch.setattr(server_wall, "kernel_error_ms", lambda: 5 if is_kept else None)

    vouch(True)
    return vouch


def test_a_step_of_one_machine_moves_nothing_that_others_see(province: Province) -> None:
    first, second = *province.alive, province.start("b")
    province.passes(RENEW_S)
    first.machine_utc_us += HOUR
    with capture_logs() as said:
        province.passes(2 * SETTLE_US / S)
    assert province.moved_us == 0
    assert [(line["event"], line["from_server_s"]) for line in said] == [("clock.differs", 3600.0)]
    assert [first.behind_us, second.behind_us] == [0, 0]
    assert first.told == second.told == []
    assert first.clock.now().error_ms is None, "its kernel vouches for another time"
    assert second.clock.now().error_ms == 5


@pytest.mark.parametrize("by_us", [HOUR, -HOUR])
def test_a_step_of_the_server_is_taken_once_and_followed_by_all(
    province: Province, by_us: int
) -> None:
    first, second = *province.alive, province.start("b")
    province.passes(RENEW_S)
    province.server.steps(by_us)
    for process in province.alive:
        process.machine_utc_us += by_us
    province.passes(3)
    assert province.moved_us == by_us
    assert [first.behind_us, second.behind_us] == [0, 0]
    assert first.told == second.told == [by_us]
    province.server.steps(by_us)
    for process in province.alive:
        process.machine_utc_us += by_us
    province.passes(3)
    assert province.moved_us == 2 * by_us
    assert [first.behind_us, second.behind_us] == [0, 0]


def test_a_server_that_goes_away_while_a_step_is_told_ends_no_process(province: Province) -> None:
    (first,) = province.alive
    province.server.steps(HOUR)
    first.machine_utc_us += HOUR
    first.watch._db = Database("postgresql+psycopg://matthan@127.0.0.1:1/hub")
    assert first.watch.look() == 0
    first.watch._db.close()
    first.watch._db = first.db
    assert first.watch.look() == HOUR
    assert (province.moved_us, first.behind_us) == (HOUR, 0)


def test_a_step_that_nobody_vouches_for_waits_and_all_wait_with_it(
    province: Province, vouched: Callable[[bool], None]
) -> None:
    vouched(False)
    first, second = *province.alive, province.start("b")
    province.passes(RENEW_S)
    province.server.steps(HOUR)
    province.passes(3)
    third = province.start("c")
    assert third.behind_us == 0  # it cannot know of the step yet
    province.passes(3)
    assert [first.behind_us, second.behind_us] == [HOUR, HOUR]
    assert province.moved_us == 0
    late = province.start("d")
    province.passes(1)
    assert abs(late.behind_us) in (0, HOUR)
    province.passes(SETTLE_US / S)
    assert province.moved_us == HOUR
    assert [one.behind_us for one in province.alive] == [0] * 4
    assert first.clock.now().is_doubted and second.clock.now().is_doubted


def test_a_step_is_taken_by_the_next_holder_if_the_first_is_killed(
    province: Province, vouched: Callable[[bool], None]
) -> None:
    vouched(False)
    province.start("b")
    province.passes(RENEW_S)
    province.server.steps(HOUR)
    province.passes(3)
    province.alive = province.alive[1:]
    (second,) = province.alive
    province.passes(LAPSE_S)
    assert (province.moved_us, second.behind_us) == (0, HOUR)
    province.passes(2 * RENEW_S)
    assert (province.moved_us, second.behind_us) == (HOUR, 0)


@pytest.mark.promise("Faults: A process that lost its lease writes nothing more.")
def test_a_holder_that_was_suspended_moves_nothing_again(
    province: Province, vouched: Callable[[bool], None]
) -> None:
    vouched(False)
    first, second = *province.alive, province.start("b")
    province.passes(RENEW_S)
    province.server.steps(HOUR)
    province.passes(3)
    province.alive = []
    for _ in range(round(LAPSE_S / RENEW_S) + 1):
        province.passes(RENEW_S)
        second.ticks_us += round(RENEW_S * S)
        second.lease.look()
    assert second.lease.is_held
    first.ticks_us += 5 * S  # all that its machine counted meanwhile
    assert first.lease.is_held, "as far as it knows"
    vouched(True)
    first.machine_utc_us = second.machine_utc_us = province.server.utc_us
    assert first.watch.look() == 0
    assert (province.moved_us, first.told) == (0, [])
    assert not first.lease.is_held
    assert second.watch.look() == HOUR
    assert province.moved_us == HOUR
    first.watch.look()
    assert (province.moved_us, first.behind_us) == (HOUR, 0)


def test_a_machine_that_stood_still_follows_and_moves_nothing(province: Province) -> None:
    first, second = *province.alive, province.start("b")
    province.passes(RENEW_S)
    second.ticks_us -= HOUR  # its ticks did not count while it stood
    province.passes(APART_S - 2)
    assert province.moved_us == 0
    province.passes(4)
    assert province.moved_us == 0
    assert [first.behind_us, second.behind_us] == [0, 0]
    assert first.told == []


def test_without_a_judge_every_process_keeps_the_time_before_the_step(province: Province) -> None:
    other = province.start("b")
    other.does_chores = False
    province.passes(RENEW_S)
    province.alive = [other]
    province.passes(LAPSE_S)
    province.server.steps(HOUR)
    province.passes(2 * APART_S)
    assert (province.moved_us, other.behind_us) == (0, HOUR)
    judge = province.start("a")  # its state file tells it of the step
    judge.machine_utc_us = province.server.utc_us
    province.passes(LAPSE_S + 2 * RENEW_S)
    assert (province.moved_us, other.behind_us) == (HOUR, 0)


def test_a_step_while_no_hub_ran_is_taken_once_by_the_next(province: Province) -> None:
    (killed,) = province.alive
    killed.clock.leave_word()
    province.alive = []
    province.passes(60)
    province.server.steps(HOUR)
    again = province.start("a")
    other = province.start("b")
    for process in (again, other):
        process.machine_utc_us = province.server.utc_us
    assert again.behind_us == HOUR
    province.passes(LAPSE_S + 3 * RENEW_S)
    assert province.moved_us == HOUR
    assert [again.behind_us, other.behind_us] == [0, 0]


def test_a_hub_that_slept_through_a_step_does_not_take_it_again(province: Province) -> None:
    first, second = *province.alive, province.start("b")
    province.passes(RENEW_S)
    second.clock.leave_word()
    province.alive = [first]
    province.server.steps(HOUR)
    first.machine_utc_us += HOUR
    province.passes(3)
    assert province.moved_us == HOUR
    again = province.start("b")
    province.passes(2 * RENEW_S)
    assert again.behind_us == 0
    assert province.moved_us == HOUR
