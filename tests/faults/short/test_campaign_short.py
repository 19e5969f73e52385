"""The short form of the fault campaign: under a minute, with a fixed seed, on SQLite.

The long form is a command of its own: docs/contributing/fault-campaign.md.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.faults import bases, campaign, tally

pytestmark = pytest.mark.promise("Faults: Under random faults, no event is lost or doubled.")

WANTED = campaign.Wanted(
    events=200, seed=20261125, nodes=6, processes=2, events_s=20, gap_s=0.9, settle_s=120
)
KILLED = {"kill_agent", "kill_broker", "kill_hub", "lose_queue"}
CUT = {"reset", "black_hole", "half_close", "refuse", "slow"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("campaign")


@pytest.fixture(scope="module")
def counted(
    needs_broker: None, needs_postgres: None, needs_system: None, folder: Path
) -> dict[str, Any]:
    with bases.database("sqlite", folder, events=WANTED.events) as base:
        return campaign.run(WANTED, folder, base)


@pytest.mark.promise("Core: No alert is lost.")
@pytest.mark.promise("Node to hub: Each event has exactly one outcome.")
@pytest.mark.promise("Node to hub: Each notification arrives, or somebody is told why not.")
@pytest.mark.promise("Node to hub: A killed agent loses no event.")
@pytest.mark.promise("Node to hub: A killed broker loses no event.")
@pytest.mark.promise("Node to hub: A killed hub loses no event.")
@pytest.mark.promise("Node state and clocks: A step of the hub's clock makes nothing late or lost.")
@pytest.mark.promise("Node state and clocks: No clock error loses or doubles an event.")
@pytest.mark.promise("Notifications: A phone shows one entry per alert.")
@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_kills_cut_lines_a_lying_push_service_and_a_full_disk_lose_and_double_nothing(
    counted: dict[str, Any],
) -> None:
    assert campaign.faults(counted) == [], json.dumps(counted)


@pytest.mark.promise("Faults: A push service that fails or lies loses and doubles nothing.")
@pytest.mark.promise(
    "Faults: Kills, cut lines, full disks and clock steps lose and double nothing."
)
def test_every_part_was_killed_every_line_spoilt_and_the_service_lied(
    counted: dict[str, Any],
) -> None:
    deeds = counted["deeds"]
    assert deeds.keys() >= KILLED | CUT | {"step_clock", "step_hub_clock", "lie_gone"}
    assert len([name for name in deeds if name.startswith("lie_")]) >= 4


def test_there_was_something_to_lose(counted: dict[str, Any]) -> None:
    assert counted["spooled"] >= WANTED.events
    assert counted["stored"] == counted["spooled"]
    assert counted["fates"]["alerted"] == counted["alerts"] > 10
    assert counted["pictures"] > 50
    assert counted["accepted"] > 50
    assert counted["shown"] == counted["accepted"]
    assert counted["on_screen"] > 30


@pytest.mark.promise("Faults: The counter finds a planted loss and a planted double.")
@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("DELETE FROM events WHERE id = (SELECT id FROM events WHERE fate = 'grouped' LIMIT 1)",
         {"missing": 1, "lost_after_commit": 1}),
        ("INSERT INTO events SELECT 'x', node_id, spool_id, seq, boot_id, kind, camera_id,"
         " sighting_id, happened_utc_us, happened_error_ms, clock_source, age_ms, uptime_ms,"
         " received_utc_us, received_error_ms, body, fate, fate_reason"
         " FROM events WHERE fate = 'grouped' LIMIT 1", {"doubled": 1}),
        ("UPDATE events SET fate_reason = '' WHERE seq = 2 AND fate = 'grouped'", {"fateless": 1}),
        ("UPDATE media SET stored_utc_us = NULL WHERE id = (SELECT id FROM media LIMIT 1)",
         {"pictures_missing": 1}),
        ("DELETE FROM notifications WHERE id = (SELECT n.id FROM notifications n JOIN phones p"
         " ON p.id = n.phone_id WHERE moment = 'opened' AND gone_utc_us IS NULL LIMIT 1)",
         {"unowed": 1}),
        ("UPDATE notifications SET state = 'queued' WHERE id ="
         " (SELECT id FROM notifications WHERE state = 'accepted' LIMIT 1)", {"undecided": 1}),
        ("UPDATE notifications SET id = hex(randomblob(16)) WHERE id ="
         " (SELECT id FROM notifications WHERE state = 'accepted' LIMIT 1)",
         {"accepted_unseen": 1}),
    ],
)  # fmt: skip
def test_counter_finds_what_a_hub_would_have_lost_or_doubled(
    counted: dict[str, Any], folder: Path, tmp_path: Path, harm: str, found: dict[str, int]
) -> None:
    copy = tmp_path / "hub.sqlite"
    with (
        closing(sqlite3.connect(folder / "hub" / "hub.sqlite")) as hub,
        closing(sqlite3.connect(copy)) as database,
    ):
        for (name,) in hub.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"):
            if name.startswith("sqlite_"):
                continue
            columns = ", ".join(row[1] for row in hub.execute(f"PRAGMA table_info({name})"))
            database.execute(f"CREATE TABLE {name} ({columns})")  # without the hub's own guards
            rows = hub.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - the hub's own table names
            marks = ", ".join("?" * (columns.count(",") + 1))
            database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608 - likewise
        assert database.execute(harm).rowcount >= 1
        database.commit()
    again = tally.count(folder, f"sqlite:///{copy}")
    differing = {name for name in tally.FAULTS if again[name] != counted[name]}
    assert differing >= found.keys()
    assert tally.faults(again) != []


@pytest.mark.promise("Faults: The counter finds a planted loss and a planted double.")
@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda one: one["message"].update(tag="another"), "doubled_on_screen"),
        (lambda one: one["message"].update(moment="opened", notification_id="x"), "rang_twice"),
    ],
)
def test_counter_finds_what_a_phone_would_have_shown_twice(
    counted: dict[str, Any],
    folder: Path,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], None],
    name: str,
) -> None:
    screens = folder / "screens.jsonl"
    kept = tmp_path / "kept.jsonl"
    shutil.copy(screens, kept)
    lines = [json.loads(line) for line in screens.read_text().splitlines()]
    one = next(one for one in lines if one["message"]["moment"] == "opened")
    change(one)
    try:
        with screens.open("a") as file:
            file.write(json.dumps(one) + "\n")
        again = tally.count(folder, f"sqlite:///{folder / 'hub' / 'hub.sqlite'}")
    finally:
        shutil.copy(kept, screens)
    assert again[name] == 1


def test_counter_leaves_out_the_daily_question_to_a_phone(
    counted: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    screens = folder / "screens.jsonl"
    kept = tmp_path / "kept.jsonl"
    shutil.copy(screens, kept)
    try:
        with screens.open("a") as file:
            file.write('{"phone": "an", "message": {"check_id": "1", "moment": "check"}}\n')
        again = tally.count(folder, f"sqlite:///{folder / 'hub' / 'hub.sqlite'}")
    finally:
        shutil.copy(kept, screens)
    assert again["arrived"] == counted["arrived"]


def test_counter_knows_neither_program() -> None:
    text = Path(tally.__file__).read_text(encoding="utf-8")
    words = {
        line.split()[1].partition(".")[0]
        for line in text.splitlines()
        if line[:5] in {"from ", "impor"}
    }
    assert not words & {"agent", "hub", "deploy", "tests"}
