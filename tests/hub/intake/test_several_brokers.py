"""A hub listens to several brokers, and nodes change from one to another."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from agent.wire.ident import uuid7
from deploy.broker import Broker
from hub.app.roles.attendance import best_hearers
from hub.base.db.database import Database
from hub.intake.presence import is_earlier
from hub.nodes.spool.tables import events
from hub.registry.tables import nodes
from tests.hub.rigs.intake_rig import NodeLine, address, count, found_town, subscriber
from tests.hub.rigs.wire_words import START_UTC_US, NodeVoice
from tests.waiting import until

NODE = "nga-tu-01"


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Database]:
    db = Database(sqlite_url)
    found_town(db, NODE)
    yield db
    db.close()


@pytest.fixture
def second(broker: Broker, tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "second", authority=broker.authority) as running:
        yield running


def birth_id(at_s: int) -> UUID:
    return uuid7(START_UTC_US + at_s * 1_000_000, bytes(10))


def known(db: Database) -> tuple[str, UUID]:
    with db.reading() as conn:
        row = conn.execute(select(nodes.c.state, nodes.c.birth_id)).one()
    return row.state, row.birth_id


@pytest.mark.promise("Node to hub: A node that loses its broker goes to the next one.")
def test_a_node_goes_from_one_broker_to_another_and_its_old_birth_undoes_nothing(
    broker: Broker, second: Broker, town: Database
) -> None:
    hub = subscriber(town, address(second), address(broker))
    hub.start()
    try:
        until(lambda: hub.heard == {0, 1}, "both are heard")
        voice = NodeVoice(NODE)
        before = NodeLine(second, NODE)
        before.say(voice.birth(birth_id(1)))
        first = voice.event()
        before.say(first)
        before.await_stored(first)
        second.stop()  # keeps what is retained, the birth too
        until(lambda: hub.heard == {1}, "one is heard")
        assert hub.is_listening
        after = NodeLine(broker, NODE)
        after.say(voice.birth(birth_id(2)))
        after.say(first)  # as a node does that is not sure of the receipt
        later = voice.event()
        after.say(later)
        after.await_stored(first, later)
        before.leave()
        second.start()
        until(lambda: hub.heard == {0, 1}, "both are heard again")
        # Its retained birth has come by the time that an event from there is answered.
        last = voice.event()
        there = NodeLine(second, NODE)
        there.say(last)
        there.await_stored(last)
        assert known(town) == ("online", birth_id(2))
        there.leave()
        after.leave()
    finally:
        hub.stop()
    assert count(town, events) == 3
    assert hub.is_alive is False


def test_a_birth_is_earlier_by_the_time_in_its_id() -> None:
    early, late = birth_id(1), birth_id(2)
    assert is_earlier(early, late)
    assert not is_earlier(late, early)
    assert not is_earlier(early, early)
    assert not is_earlier(early, None)
    assert not is_earlier(UUID(int=4, version=4), late), "an older agent's says no time"


def test_who_hears_all_brokers_that_are_heard_divides_the_nodes() -> None:
    assert best_hearers([{1, 2}, {1, 2}]) == {1, 2}
    assert best_hearers([{1, 2}, {2}]) == {2}, "who misses one would miss its nodes"
    assert best_hearers([{1, 2}, set()]) == {1, 2}, "nobody hears the other one"
    assert best_hearers([{1}, {2}]) == {1, 2}, "and the keeper is told of both brokers"
    assert best_hearers([set(), set()]) == frozenset()
