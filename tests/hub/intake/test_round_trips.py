"""Round trips of the intake to PostgreSQL, counted in the driver's record of the wire protocol."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import pytest
from sqlalchemy import event

from agent.wire import topics
from agent.wire.codec import encode
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.intake.mqtt.inbox import ReceivedMessage
from tests.bench.hub.town import Town
from tests.hub.rigs.intake_rig import filer

MOST_TRIPS: Final = 1.0
"""Per message, in batches of a hundred."""


class Trace:
    """The protocol messages between the hub's writer and the server."""

    def __init__(self, db: Database, path: Path) -> None:
        self._file = path.open("w+b")
        event.listen(db._writer, "connect", self._begin)

    def _begin(self, connection: Any, _entry: object) -> None:
        connection.pgconn.trace(self._file.fileno())

    def trips(self) -> int:
        """Number of times that the hub has waited for the server so far."""
        self._file.flush()
        self._file.seek(0)
        return sum(b"ReadyForQuery" in line for line in self._file)

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def traced(postgres_url: str, tmp_path: Path) -> Iterator[tuple[Database, Trace]]:
    db = Database(postgres_url)
    trace = Trace(db, tmp_path / "trace")
    yield db, trace
    db.close()
    trace.close()


def test_a_town_under_load_costs_few_round_trips_a_message(
    traced: tuple[Database, Trace], postgres_url: str
) -> None:
    db, trace = traced
    broker: Any = SimpleNamespace(papers=lambda _name: None)  # nobody connects
    town = Town(broker, postgres_url)
    talkers = town.talkers(10, cameras=4)
    now_us = time.time_ns() // 1000
    dice = Random(3)  # noqa: S311 - the same every time

    def batch(began_us: int) -> list[ReceivedMessage]:
        said: list[tuple[topics.Topic, Any]] = []
        for number in range(100):
            talker = dice.choice(talkers)
            if number % 7 == 0:
                said.append((topics.HEALTH, talker.health(now_us + number)))
            else:
                at_us = began_us + number * 100_000
                said.append((topics.EVENT, talker.event(at_us, now_us)))
        return [
            ReceivedMessage(topics.address(topic, one.node), encode(one), lambda: None)
            for topic, one in said
        ]

    files = filer()

    def file(messages: list[ReceivedMessage]) -> Any:
        with db.writing() as conn:
            return files.file(conn, messages, now=Moment(now_us, 5)).counts

    births = [(topics.address(topics.STATUS, one.node), one.birth(now_us)) for one in talkers]
    file([ReceivedMessage(topic, encode(birth), lambda: None) for topic, birth in births])
    file(batch(now_us - 60_000_000))
    before = trace.trips()
    counts = file(batch(now_us - 45_000_000)) + file(batch(now_us - 30_000_000))
    trips = trace.trips() - before
    town.close()
    assert counts["stored"] + counts["health"] == 200
    assert trips / 200 <= MOST_TRIPS, f"{trips} round trips for 200 messages"
