"""Two hubs with different databases at one broker are told apart; processes of one hub take
turns."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from deploy.broker import Broker
from hub.base.db.database import Database
from hub.base.db.identity import ID_BYTES, database_id
from hub.intake.mqtt import connection, link, other_hub
from hub.intake.mqtt.other_hub import away_s, is_anothers, new_birth
from hub.intake.subscriber import Subscriber
from hub.nodes.spool.tables import events
from tests.hub.rigs.intake_rig import NodeLine, address, count, found_town, subscriber
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import until

OURS, OTHERS = b"ourhub01", b"another1"
NODE = "nga-tu-01"


def test_a_birth_tells_whose_it_is() -> None:
    first, second = new_birth(OURS), new_birth(OURS)
    assert first != second
    assert not is_anothers(first, OURS)
    assert is_anothers(first, OTHERS)
    assert is_anothers(uuid4(), OURS), "an older hub's"
    assert not is_anothers(first, None), "who has no id asks for none"


def test_the_hub_that_gives_way_tries_less_and_less_often() -> None:
    assert [away_s(times) for times in (0, 1, 2, 5, 5000)] == [120, 240, 480, 3600, 3600]


def test_one_database_is_one_hub_and_a_copy_is_another(
    database_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    db, again = Database(database_url), Database(database_url)
    copy = tmp_path / "copy.db"
    copy.write_bytes(Path(sqlite_url.removeprefix("sqlite:///")).read_bytes())
    other = Database(f"sqlite:///{copy}")
    assert database_id(db) == database_id(again)
    assert len(database_id(db)) == ID_BYTES
    assert database_id(other) != database_id(db)
    for one in (db, again, other):
        one.close()


@pytest.fixture
def other_db(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    path = tmp_path / "other.db"
    path.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{path}")
    found_town(db, NODE)
    yield db
    db.close()


@pytest.fixture
def our_db(sqlite_url: str) -> Iterator[Database]:
    db = Database(sqlite_url)
    found_town(db, NODE)
    yield db
    db.close()


@pytest.fixture
def started() -> Iterator[Callable[[Subscriber], Subscriber]]:
    running: list[Subscriber] = []

    def start(one: Subscriber) -> Subscriber:
        one.start()
        running.append(one)
        return one

    yield start
    for one in running:
        one.stop()


@pytest.mark.promise("Bad input: Two hubs with one name at one broker are told apart.")
def test_the_hub_that_comes_later_stays_away_and_takes_nothing(
    broker: Broker,
    our_db: Database,
    other_db: Database,
    started: Callable[[Subscriber], Subscriber],
) -> None:
    # The one that was there is back at once; the other waits longer than any machine is busy.
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setattr(connection, "WAIT_S", 600.0)
        patch.setattr(connection, "NEW_S", 600.0)
        patch.setattr(link, "NEW_S", 600.0)
        first = started(subscriber(our_db, address(broker), hub_id=OURS))
        until(lambda: first.is_listening, "the first hears nodes")
        second = started(subscriber(other_db, address(broker), hub_id=OTHERS))

        def told() -> list[str]:
            return [str(one["reason"]) for one in logs if one["event"] == "broker.unreachable"]

        def is_told() -> bool:
            return any("another database" in reason for reason in told())

        until(is_told, "the second says that another hub is here")
        until(lambda: first.is_listening, "the first is back")
        node, voice = NodeLine(broker, NODE), NodeVoice(NODE)
        node.say(voice.birth())
        event = voice.event()
        node.say(event)
        node.await_stored(event)
        node.leave()
        assert not second.is_listening
        assert sum("another database" in reason for reason in told()) == 1
    assert (count(our_db, events), count(other_db, events)) == (1, 0)


@pytest.mark.promise("Bad input: Two hubs with one name at one broker are told apart.")
def test_a_hub_under_a_further_name_keeps_another_away_too(
    broker: Broker,
    our_db: Database,
    other_db: Database,
    started: Callable[[Subscriber], Subscriber],
) -> None:
    """Its machine with the first name is down, so the broker ends no connection."""
    broker.papers("hub.2")
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setattr(connection, "WAIT_S", 600.0)
        first = started(subscriber(our_db, address(broker), hub_id=OURS, name="hub.2"))
        until(lambda: first.is_listening, "the first hears nodes")
        second = started(subscriber(other_db, address(broker), hub_id=OTHERS))

        def told() -> set[str]:
            return {line["event"] for line in logs if "another database" in str(line.get("reason"))}

        both = {"broker.another_hub", "broker.unreachable"}
        until(lambda: told() == both, "each of both says it")
        assert not second.is_listening
        assert (first.is_listening, first.tries) == (True, 1)


def test_a_hub_hears_nodes_after_another_has_gone(
    broker: Broker,
    our_db: Database,
    other_db: Database,
    started: Callable[[Subscriber], Subscriber],
) -> None:
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setattr(connection, "WAIT_S", 0.1)
        gone = subscriber(other_db, address(broker), hub_id=OTHERS)
        gone.start()
        until(lambda: gone.is_listening, "the other hears nodes")
        gone.stop()
        ours = started(subscriber(our_db, address(broker), hub_id=OURS))
        until(lambda: ours.is_listening, "ours hears nodes")
        assert sum(line["event"] == "broker.was_anothers" for line in logs) == 1
        ours.stop()
        again = started(subscriber(our_db, address(broker), hub_id=OURS))
        until(lambda: again.is_listening, "it hears again")
        assert sum(line["event"] == "broker.was_anothers" for line in logs) == 1
    assert other_hub.WAIT_S > 1


@pytest.mark.promise(
    "Roles: One process has the intake; when it ends, one that stands by takes it."
)
def test_a_process_listens_while_the_intake_is_its_own_and_stays_while_it_cannot_know(
    broker: Broker, our_db: Database, started: Callable[[Subscriber], Subscriber]
) -> None:
    known: list[bool | None] = [None]
    with capture_logs() as logs:
        one = started(subscriber(our_db, address(broker), is_ours=lambda: known[0]))
        other = started(subscriber(our_db, address(broker)))
        until(lambda: other.is_listening, "the other has the intake")
        assert one.tries == 0, "who does not know begins nothing"
        other.stop()
        known[0] = True
        until(lambda: one.is_listening, "it has the intake")
        known[0] = None
        node, voice = NodeLine(broker, NODE), NodeVoice(NODE)
        node.say(voice.birth())
        event = voice.event()
        node.say(event)
        node.await_stored(event)
        node.leave()
        assert (one.is_listening, one.tries) == (True, 1)

        def stood_by() -> int:
            return sum(line["event"] == "intake.stands_by" for line in logs)

        third = started(subscriber(our_db, address(broker)))
        until(lambda: third.is_listening, "a third has taken it meanwhile")
        until(lambda: stood_by() == 1, "that is no other hub")
        assert not any(line["event"] == "broker.unreachable" for line in logs)
        third.stop()
        known[0] = True
        until(lambda: one.is_listening, "it has the intake again")
        known[0] = False
        until(lambda: not one.is_listening, "another has it now")
        until(lambda: stood_by() == 2, "it says so")
        assert one.tries == 2
