"""Steps of the hub's clock make nothing late that is pending, and nothing waits longer."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from hub.app.clocks.clock_steps import move
from hub.app.clocks.clock_watch import ClockWatch
from hub.base.clock.steady_clock import SteadyClock
from hub.base.db.columns import columns
from hub.base.db.database import Database, DatabaseError
from hub.notify.rules.delivery_result import TryAgain
from hub.notify.tables import notifications
from hub.registry.tables import nodes
from tests.hub.rigs.notify_town import Town
from tests.hub.rigs.wrong_clock import put_wrong

pytestmark = pytest.mark.promise(
    "Node state and clocks: A step of the hub's clock makes nothing late or lost."
)

__all__ = ["put_wrong"]

S = 1_000_000
HOUR = 3600 * S


class ForcedClock(SteadyClock):
    """Clock whose steps need not last."""

    def due_step_us(self) -> int:
        self.now()
        return self._time.untaken_us


def test_the_watch_moves_what_waits_with_the_clock(
    town: Town, put_wrong: Callable[[float], None]
) -> None:
    town.officer("hai")
    clock, told = ForcedClock(), list[Any]()
    watch = ClockWatch(town.db, clock=clock, stepped=told.append)
    alert_id = town.alert()
    town.owe(alert_id)
    with town.db.writing() as conn:
        conn.execute(update(nodes).values(columns("state_since", clock.now())))
        conn.execute(update(notifications).values(columns("owed", clock.now())))
    put_wrong(-3600)
    moved = watch.look()
    assert abs(moved + HOUR) < S and told == [moved]
    assert watch.look() == 0
    now_us = clock.now().utc_us
    with town.db.reading() as conn:
        marks = [conn.scalar(select(nodes.c.state_since_utc_us))]
        marks += [conn.scalar(select(notifications.c.owed_utc_us))]
    assert all(0 <= now_us - mark < 60 * S for mark in marks)


def test_a_hub_killed_in_its_first_minute_has_left_its_state(
    town: Town, tmp_path: Path, put_wrong: Callable[[float], None]
) -> None:
    folder = tmp_path / "media"
    clock = SteadyClock(folder)
    watch = ClockWatch(town.db, clock=clock, stepped=lambda _: None)
    watch.look()
    folder.mkdir()  # by another part of the hub, later
    watch.look()
    before = clock.now().utc_us
    put_wrong(3600)
    assert abs(SteadyClock(folder).now().utc_us - before) < 60 * S


class Watched(Database):
    """Whose waiting writers look at the clock as soon as they can; a commit may fail."""

    after: Callable[[], None] = staticmethod(lambda: None)
    fails = False

    @contextmanager
    def writing(self, **how: Any) -> Iterator[Connection]:
        with super().writing(**how) as conn:
            yield conn
            if self.fails:
                raise DatabaseError("no room")
        self.after()


def test_whoever_writes_next_has_the_time_of_the_marks(
    town: Town, put_wrong: Callable[[float], None]
) -> None:
    clock, told = ForcedClock(), list[Any]()
    db = Watched(town.db.url.render_as_string(hide_password=False))
    watch = ClockWatch(db, clock=clock, stepped=told.append)
    before = clock.now().utc_us
    put_wrong(3600)
    seen: list[int] = []
    db.after = lambda: seen.append(clock.now().utc_us)
    db.fails = True
    assert watch.look() == 0
    assert abs(clock.now().utc_us - before) < 60 * S, "what failed has changed nothing"
    assert sum(told) == 0
    db.fails = False
    assert abs(watch.look() - HOUR) < S
    assert abs(seen[0] - before - HOUR) < 60 * S
    db.close()


def test_an_answer_that_came_before_a_step_is_no_hour_late(town: Town) -> None:
    town.officer("hai")
    town.clock.go_on(86_400)
    town.owe(town.alert())
    (owed,) = town.claim()
    ended = town.clock.now()
    with town.db.writing() as conn:
        move(conn, 3600 * S, now=ended)
    town.clock.go_on(3600)
    assert town.record(owed, TryAgain("busy")) == "queued"


def test_a_step_waits_for_a_database_that_is_away(
    tmp_path: Path, put_wrong: Callable[[float], None]
) -> None:
    db = Database(f"sqlite:///{tmp_path / 'away' / 'hub.sqlite'}")
    clock, told = ForcedClock(), list[Any]()
    watch = ClockWatch(db, clock=clock, stepped=told.append)
    before = clock.now().utc_us
    put_wrong(3600)
    stop = asyncio.Event()

    async def look_once() -> None:
        stop.set()
        await watch.run(stop)

    asyncio.run(look_once())
    assert watch.look() == 0 and not told
    assert abs(clock.now().utc_us - before) < 60 * S


@pytest.mark.parametrize("by_s", [-86_400.0, -3600.0, 3600.0, 31_536_000.0])
def test_nothing_that_is_owed_is_late_or_waits_longer_because_of_a_step(
    town: Town, by_s: float
) -> None:
    town.officer("hai", phone_count=2)
    town.clock.go_on(2 * 86_400)  # long after they were let in
    town.owe(town.alert())
    first, second = town.claim("one", lease_s=30)
    assert first.attempts == second.attempts == 0
    with town.db.writing() as conn:
        move(conn, round(by_s * S), now=town.clock.now())
    town.clock.go_on(by_s)
    assert town.claim("other", lease_s=30) == [], "both leases still hold"
    town.clock.go_on(31)
    assert len(town.claim("other", lease_s=30)) == 2, "and are over when they would have been"


def test_a_lease_or_a_retry_of_another_time_holds_nobody_up(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    ahead = town.clock.now().plus_s(86_400)
    with town.db.writing() as conn:
        conn.execute(
            update(notifications).values(
                attempts=1, lease_by="who", **columns("lease_until", ahead), **columns("due", ahead)
            )
        )
    assert len(town.claim("other")) == 1
