"""What a process knows of the database server's clock between two answers."""

import time
from collections.abc import Iterator

import pytest

from hub.base.db.database import Database
from hub.base.processes import server_wall
from hub.base.processes.server_wall import AGREE_US, ServerWall, SharedTime

S = 1_000_000


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield database
    database.close()


class SlowTicks:
    """Ticks that pass while an answer is under way."""

    def __init__(self, step_us: int) -> None:
        self.now_us, self.step_us = 0, step_us

    def __call__(self) -> int:
        self.now_us += self.step_us
        return self.now_us


def test_the_server_is_asked_and_its_time_runs_on_by_ticks(db: Database) -> None:
    wall = ServerWall(db)
    assert wall.first == SharedTime(untaken_us=0, steps=0, holder_sign=None)
    assert abs(wall.utc_us() - time.time_ns() // 1000) < AGREE_US
    before_us = wall.utc_us()
    assert wall.utc_us() >= before_us


def test_a_slow_answer_moves_nothing_that_it_leaves_open(db: Database) -> None:
    ticks = SlowTicks(0)
    wall = ServerWall(db, ticks=ticks)
    before_us = wall.utc_us()
    # The answer takes ten minutes, and any time in them is possible.
    ticks.now_us, ticks.step_us = -900 * S, 600 * S
    wall.sample()
    ticks.step_us = 0
    assert wall.utc_us() - ticks.now_us == before_us


def test_the_error_is_known_only_while_the_machine_agrees(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_us = 0
    wall = ServerWall(db, ticks=lambda: 0, machine_utc_us=lambda: machine_us)
    monkeypatch.setattr(server_wall, "kernel_error_ms", lambda: 7)
    machine_us = wall.utc_us() - AGREE_US + 1000
    assert wall.error_ms() == 7 + 999
    machine_us = wall.utc_us() + AGREE_US
    assert wall.error_ms() is None
    machine_us = wall.utc_us()
    monkeypatch.setattr(server_wall, "kernel_error_ms", lambda: None)
    assert wall.error_ms() is None
