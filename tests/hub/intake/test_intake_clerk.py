"""One batch in one transaction: a bad message is set aside alone, a bad database rolls everything
back."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from agent.wire import topics
from agent.wire.answers import TokenWanted
from agent.wire.codec import encode
from agent.wire.messages import Event
from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.alerts.tables import alerts
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.intake.filing.batch import WORTH_GATHERING, Allowance, BatchFiler
from hub.intake.filing.filing import Filed, Filing
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.presence import PresenceRecorder
from hub.nodes.spool.tables import events
from hub.registry.tables import areas, cameras, nodes, set_aside
from tests.hub.helpers.intake.intake_clerk import Noted, arrival, lost_database
from tests.hub.rigs.intake_rig import NOW, count, filer, found_town, tokens
from tests.hub.rigs.wire_words import NodeVoice


def programming_error(_conn: Connection) -> None:
    raise KeyError("a bug of ours")


def broken_rule(conn: Connection) -> None:
    conn.execute(
        insert(areas).values(
            id=uuid4(), parent_id=uuid4(), level="", name="", name_folded="", valid_from_utc_us=0
        )
    )


@pytest.mark.parametrize("breaking", [programming_error, broken_rule])
def test_one_message_that_breaks_is_set_aside_and_the_rest_is_filed(
    db: Database, breaking: Callable[[Connection], object]
) -> None:
    found_town(db, "a")
    node = NodeVoice("a")
    said = [node.event() for _ in range(3)]
    files = Noted({2: breaking})
    with db.writing() as conn:
        outcome = BatchFiler(files, PresenceRecorder(tokens())).file(
            conn, [*map(arrival, said)], now=NOW
        )
    assert files.seqs == [1, 1, 3], "plainly until one breaks, then all of them one by one"
    key = ("a", node.spool_id)
    assert outcome.replies.stored[key] == [said[0].event_id, said[2].event_id]
    (refusal,) = outcome.replies.refused[key]
    assert refusal.event_id == said[1].event_id
    assert refusal.detail.startswith("the hub cannot file it")
    assert outcome.counts == {"received": 3, "stored": 2, "set_aside": 1}
    with db.reading() as conn:
        row = conn.execute(select(set_aside)).one()
    assert (row.node_name, row.payload) == ("a", encode(said[1]))


class Poisoned:
    """Files as the hub does, but breaks on one number."""

    def __init__(self, seq: int) -> None:
        self._filing, self._seq = Filing(Policy()), seq
        self.looking_once = self._filing.looking_once

    def file_event(self, conn: Connection, event: Event, *, now: Moment) -> Filed:
        """File it all the way, and only then break."""
        filed = self._filing.file_event(conn, event, now=now)
        if event.seq == self._seq:
            broken_rule(conn)
        return filed


def test_poison_in_the_middle_changes_nothing_for_what_came_with_it(db: Database) -> None:
    found_town(db, "a")
    node = NodeVoice("a")
    birth, first, poison, last = node.birth(), node.event(), node.event(), node.event()
    nonsense = ReceivedMessage(topics.address(topics.EVENT, "a"), b"{", lambda: None)
    batch = [*map(arrival, (birth, first, first)), nonsense, *map(arrival, (poison, last, first))]
    frugal = BatchFiler(
        Poisoned(poison.seq), PresenceRecorder(tokens()), allowance=Allowance(per_hour=2)
    )
    with capture_logs() as logs, db.writing() as conn:
        outcome = frugal.file(conn, batch, now=NOW)
    assert outcome.counts == {"received": 7, "stored": 2, "repeated": 2, "set_aside": 2}
    ids = [first.event_id, first.event_id, last.event_id, first.event_id]
    assert outcome.replies.stored == {("a", node.spool_id): ids}
    assert [(count(db, table)) for table in (events, set_aside, cameras)] == [2, 2, 1]
    assert sorted(line["event"] for line in logs) == [
        "intake.set_aside",
        "intake.set_aside",
        "node.status",
    ], "each once, though the batch was filed twice"


class Unready(Noted):
    """Cannot read what a batch needs to know."""

    def looking_once(self, *_: object, **__: object) -> AbstractContextManager[None]:
        """Break."""
        raise KeyError("a bug of ours")


def test_a_fault_that_lies_in_no_message_is_logged_and_all_are_filed(db: Database) -> None:
    found_town(db, "a")
    node = NodeVoice("a")
    batch = [arrival(node.event()) for _ in range(WORTH_GATHERING)]
    with capture_logs() as logs, db.writing() as conn:
        outcome = BatchFiler(Unready(), PresenceRecorder(tokens())).file(conn, batch, now=NOW)
    assert outcome.counts == {"received": WORTH_GATHERING, "stored": WORTH_GATHERING}
    assert [(line["event"], line["messages"]) for line in logs] == [
        ("intake.broken_together", WORTH_GATHERING)
    ]


def test_what_one_batch_says_is_what_its_messages_say_one_by_one(
    sqlite_url: str, postgres_url: str
) -> None:
    node = NodeVoice("a")
    said = [node.birth(), *(node.event() for _ in range(5))]
    batch = [arrival(one) for one in (*said, *said[2:4], NodeVoice("b").event())]
    seen = []
    for url, parts in ((sqlite_url, [batch]), (postgres_url, [[one] for one in batch])):
        db, whole, counts = Database(url), filer(), Counter[str]()
        found_town(db, "a")
        for part in parts:
            with db.writing() as conn:
                counts += whole.file(conn, part, now=NOW).counts
        seen.append((counts, count(db, events), count(db, alerts), count(db, set_aside)))
        db.close()
    assert seen[0] == seen[1]


@pytest.mark.promise("Faults: A lost database takes its batch back whole.")
def test_a_failing_database_takes_the_whole_batch_back(db: Database) -> None:
    found_town(db, "a")
    node = NodeVoice("a")
    batch = [arrival(node.birth()), arrival(node.event())]
    broken = BatchFiler(Noted({1: lost_database}), PresenceRecorder(tokens()))
    with pytest.raises(OperationalError), db.writing() as conn:
        broken.file(conn, batch, now=NOW)
    assert count(db, cameras) == 0
    assert count(db, set_aside) == 0


def test_a_birth_brings_its_cameras_and_a_token(db: Database) -> None:
    found_town(db, "a")
    node = NodeVoice("a")
    birth = node.birth()
    with db.writing() as conn:
        outcome = filer().file(conn, [arrival(birth)], now=NOW)
    assert tokens().verify(outcome.replies.tokens["a"].token, NOW) == "a"
    with db.reading() as conn:
        camera = conn.execute(select(cameras)).one()
        row = conn.execute(select(nodes)).one()
    assert (camera.name, camera.area_id) == ("cam-1", row.area_id)
    assert (row.state, row.birth_id) == ("online", birth.birth_id)


def test_a_node_that_arrives_is_news_for_open_pages_and_its_repeated_birth_is_not(
    db: Database,
) -> None:
    found_town(db, "a")
    birth, clerk = NodeVoice("a").birth(), filer()
    heard = []
    for _ in range(2):
        with db.writing() as conn:
            heard.append(clerk.file(conn, [arrival(birth)], now=NOW).has_news)
    assert heard == [True, False]


@pytest.mark.promise("Node state and clocks: A late last will does not kill a living node.")
def test_a_late_will_leaves_the_node_alive(db: Database) -> None:
    found_town(db, "a")
    node = NodeVoice("a")
    old, new = node.birth(), node.birth()
    batch = [arrival(old), arrival(new), arrival(node.death(old.birth_id))]
    with db.writing() as conn:
        filer().file(conn, batch, now=NOW)
    with db.reading() as conn:
        assert conn.scalar(select(nodes.c.state)) == "online"
    with db.writing() as conn:
        filer().file(conn, [arrival(node.death(new.birth_id))], now=NOW)
    with db.reading() as conn:
        assert conn.scalar(select(nodes.c.state)) == "offline"


def test_a_node_nobody_added_gets_no_token_and_keeps_its_events(db: Database) -> None:
    node = NodeVoice("stranger")
    batch = [arrival(node.birth()), arrival(TokenWanted(node="stranger"))]
    batch += [arrival(node.event()) for _ in range(3)]
    with capture_logs() as logs, db.writing() as conn:
        outcome = filer().file(conn, batch, now=NOW)
    assert list(outcome.replies.messages()) == []
    assert outcome.wants_births
    assert outcome.counts["not_yet"] == 3
    assert count(db, set_aside) == 0
    (line,) = [one for one in logs if one["event"] == "intake.not_yet"]
    assert line["cure"] == "matthan-hub node add stranger --area AREA"


def test_a_camera_whose_birth_was_not_heard_keeps_its_events_waiting(db: Database) -> None:
    found_town(db, "a")
    with db.writing() as conn:
        outcome = filer().file(conn, [arrival(NodeVoice("a").event())], now=NOW)
    assert list(outcome.replies.messages()) == []
    assert outcome.wants_births


def test_a_mad_node_is_refused_in_full_but_kept_only_in_part(db: Database) -> None:
    files = Noted()
    mad = BatchFiler(files, PresenceRecorder(tokens()), allowance=Allowance(per_hour=5))
    bad = [arrival(NodeVoice("b").event(), node="a") for _ in range(20)]
    with db.writing() as conn:
        outcome = mad.file(conn, bad, now=NOW)
    assert count(db, set_aside) == 5
    assert sum(map(len, outcome.replies.refused.values())) == 20
    with db.writing() as conn:
        mad.file(conn, bad[:1], now=NOW.plus_s(3600))
    assert count(db, set_aside) == 6
