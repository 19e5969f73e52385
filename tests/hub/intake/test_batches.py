"""A batch filed together makes the same rows as its messages filed one by one."""

from dataclasses import replace
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from agent.wire import topics
from agent.wire.terms import RuleWords
from hub.base.db.database import Database, DatabaseError
from hub.intake.filing.batch import Allowance
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.nodes.spool.tables import events
from hub.registry.tables import set_aside
from tests.hub.helpers.intake.batches import arrival, filer_of
from tests.hub.rigs.batch_story import furnish, stored, story
from tests.hub.rigs.streets import HandClock, Streets


@pytest.mark.promise("Node to hub: Each event has exactly one outcome.")
@pytest.mark.parametrize("seed", range(5, 10))
def test_a_batch_together_is_as_its_messages_one_by_one(
    streets: Streets, sqlite_template: Path, tmp_path: Path, seed: int
) -> None:
    alone_file = tmp_path / "alone.db"
    alone_file.write_bytes(sqlite_template.read_bytes())
    alone = Streets(Database(f"sqlite:///{alone_file}"), tmp_path / "alone")
    furnish(alone)
    furnish(streets)
    said = story(seed, streets.clock)
    one_by_one = [alone.file(event)[0] for event in said]

    filer = filer_of(streets)
    dice, left = Random(seed), [*said]  # noqa: S311 - the same every time
    counts = {"stored": 0, "repeated": 0, "set_aside": 0}
    while left:
        size = dice.choice([1, 3, 10, 90])
        batch, left = left[:size], left[size:]
        with streets.db.writing() as conn:
            now = streets.clock.now()
            outcome = filer.file(conn, [*map(arrival, batch)], now=now)
        for name in counts:
            counts[name] += outcome.counts[name]
    repeats = sum(filed.is_repeat for filed in one_by_one)
    assert counts == {"stored": len(said) - repeats, "repeated": repeats, "set_aside": 0}
    assert counts["stored"] == len(alone.rows(events))
    expected, found = stored(alone), stored(streets)
    for name, rows in expected.items():
        assert found[name] == rows, name
    alone.db.close()


def test_a_bad_message_is_set_aside_however_often_the_commit_failed_before(
    streets: Streets,
) -> None:
    """A full disk: the same batch is tried again and again, within one hour of the allowance."""
    filer = filer_of(streets)
    bad = ReceivedMessage(topics.address(topics.EVENT, "nga-tu"), b"{nonsense", lambda: None)
    for _ in range(Allowance().per_hour):
        with pytest.raises(DatabaseError), streets.db.writing() as conn:
            filer.file(conn, [bad], now=streets.clock.now())
            raise DatabaseError("database or disk is full")
        filer.take_back()
    with streets.db.writing() as conn:
        outcome = filer.file(conn, [bad], now=streets.clock.now())
    assert outcome.counts["set_aside"] == 1
    assert len(streets.rows(set_aside)) == 1


def test_an_alert_that_a_rule_makes_ring_counts_for_the_next_of_its_batch(streets: Streets) -> None:
    streets.officer("an")
    start = streets.clock.now()
    mouth = replace(streets.node, clock=HandClock(start.plus_s(-60)))
    first, second = uuid4(), uuid4()
    entry = (RuleWords(rule="entry", place="cong"),)
    said = [mouth.opened(first), mouth.closed(first)]
    mouth.clock.pass_s(25)
    said += [mouth.opened(second), mouth.updated(second, rules=entry), mouth.closed(second)]
    mouth.clock.pass_s(25)
    said.append(mouth.opened())
    with streets.db.writing() as conn:
        filer_of(streets).file(conn, [*map(arrival, said)], now=start)
    fates = {row.id: row.fate for row in streets.rows(events)}
    assert [fates[event.event_id] for event in said if event.body.kind == "sighting_opened"] == [
        "alerted",
        "silenced",  # its spot rang 25 s before
        "silenced",  # the second rang after all, by its rule
    ]


def test_clips_of_very_many_sightings_make_no_statement_too_long(streets: Streets) -> None:
    clips = [streets.node.clip(*(uuid4() for _ in range(500))) for _ in range(140)]
    with streets.db.writing() as conn:
        filing, now = streets.filing, streets.clock.now()
        with filing.looking_once(conn, clips, doubtful=(), now=now):
            assert filing.file_event(conn, clips[0], now=now).fate == "noted"
