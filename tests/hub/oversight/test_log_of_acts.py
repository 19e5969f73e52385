"""The audit log: true logs verify, and every change to one is found with its place."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.base.audit import log as audit_log
from hub.base.audit.log import By
from hub.base.db.database import Database
from hub.base.db.schema import migrate, upgrade
from hub.base.hash_chain import BEGINNING, ChainFault, LogAnchor, Record, bind, faults
from hub.base.moment import Moment
from hub.console.service import InboxService
from hub.oversight.log.anchor import Anchoring
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise(
    "Audit and data protection: A changed audit log is found and the line named."
)

Log = list[tuple[Record, str]]


def made(count: int) -> Log:
    log: Log = []
    previous = BEGINNING
    for seq in range(1, count + 1):
        record = Record(
            seq=seq,
            id=UUID(int=seq),
            person_id=UUID(int=seq % 7) if seq % 7 else None,
            node_id=None,
            act="clip.play",
            object_kind="media",
            object_id=UUID(int=seq * 3),
            detail=f"vụ việc {seq % 5}",
            came_from="10.0.0.9",
            at_utc_us=1_800_000_000_000_000 + seq,
            at_error_ms=5,
        )
        previous = bind(previous, record)
        log.append((record, previous))
    return log


def anchor_of(log: Log) -> LogAnchor:
    record, stored = log[-1]
    return LogAnchor(record.seq, stored, record.at_utc_us)


def rebound(log: Log, start: int) -> Log:
    """What a forger makes of it who can compute hashes: all from `start` on bound anew."""
    previous = log[start - 1][1] if start else BEGINNING
    done = log[:start]
    for number, (record, _) in enumerate(log[start:], start):
        moved = replace(record, seq=number + 1)
        previous = bind(previous, moved)
        done.append((moved, previous))
    return done


def flip(log: Log, at: int, dice: random.Random) -> Log:
    record, stored = log[at]
    changed = dice.choice(
        [
            replace(record, detail=record.detail + "."),
            replace(record, data=record.data + "."),
            replace(record, at_utc_us=record.at_utc_us - 60_000_000),
            replace(record, person_id=UUID(int=99)),
            replace(record, act="clip.wait"),
            replace(record, came_from="10.0.0.1"),
            replace(record, object_id=None),
        ]
    )
    return [*log[:at], (changed, stored), *log[at + 1 :]]


def drop(log: Log, at: int, _: random.Random) -> Log:
    return log[:at] + log[at + 1 :]


def swap(log: Log, at: int, _: random.Random) -> Log:
    (one, its), (two, others) = log[at], log[at + 1]
    swapped = [(replace(two, seq=one.seq), others), (replace(one, seq=two.seq), its)]
    return log[:at] + swapped + log[at + 2 :]


def insert(log: Log, at: int, _: random.Random) -> Log:
    record, stored = log[at]
    pushed = [(replace(one, seq=one.seq + 1), its) for one, its in log[at:]]
    return [*log[:at], (replace(record, id=UUID(int=7777)), stored), *pushed]


FORGERIES = [flip, drop, swap, insert]


@pytest.mark.promise("Cases and evidence: No true package or log is called forged.")
def test_a_true_log_of_any_length_is_whole_and_so_are_its_anchors() -> None:
    log = made(300)
    anchors = [anchor_of(log[:count]) for count in (1, 17, 300)]
    assert list(faults(log, anchors)) == []
    assert list(faults([])) == []


@pytest.mark.promise("Cases and evidence: Each forgery of a package or log is found.")
def test_each_of_a_thousand_forgeries_is_found_where_it_was_made() -> None:
    log, dice = made(60), random.Random(1)  # noqa: S311 - dice, no secret
    for number in range(1000):
        at = dice.randrange(len(log) - 1)
        forge = FORGERIES[number % len(FORGERIES)]
        forged = forge(log, at, dice)
        found = list(faults(forged, [anchor_of(log)]))
        assert found, (forge.__name__, at)
        assert found[0].seq == at + 1, (forge.__name__, at, found)


def test_a_log_bound_anew_by_its_forger_breaks_at_what_was_anchored() -> None:
    log, dice = made(60), random.Random(2)  # noqa: S311 - dice, no secret
    for _ in range(200):
        at = dice.randrange(40)
        forged = rebound(flip(log, at, dice), at)
        assert list(faults(forged)) == []  # by itself it looks whole
        [fault] = faults(forged, [anchor_of(log[:41])])
        assert fault.seq == 41
        assert "anchored" in fault.what


def test_a_log_cut_short_is_found_by_what_was_anchored() -> None:
    log = made(20)
    assert list(faults(log[:15], [anchor_of(log)])) == [
        ChainFault(16, "the log ends here, and record 20 was anchored")
    ]


@given(st.text(), st.text())
def test_no_two_contents_are_bound_alike(one: str, two: str) -> None:
    record = made(1)[0][0]
    is_same = bind(BEGINNING, replace(record, act=one, detail=two)) == bind(
        BEGINNING, replace(record, act=one + two, detail="")
    )
    assert is_same == (two == "")


@pytest.mark.promise("Audit and data protection: The audit log is append-only and chained.")
def test_what_people_do_is_bound_line_to_line(streets: Streets) -> None:
    officer = streets.officer("can-bo")
    for _ in range(3):
        streets.services.use(InboxService).inbox(officer)
    with streets.db.reading() as conn:
        log = list(audit_log.read(conn))
        assert list(faults(log, [audit_log.head(conn, streets.clock.now())])) == []
        assert audit_log.unbound(conn) == 0
    assert [record.act for record, _ in log][-3:] == ["inbox.open"] * 3


@pytest.mark.promise("Audit and data protection: The audit log is append-only and chained.")
@pytest.mark.parametrize("act", ["UPDATE audit SET detail = ''", "DELETE FROM audit"])
def test_the_database_itself_lets_no_line_be_changed_or_removed(streets: Streets, act: str) -> None:
    with pytest.raises(DBAPIError, match="can only grow"), streets.db.writing() as conn:
        conn.execute(text(act))


def test_lines_of_an_older_hub_are_bound_when_it_is_brought_up(blank_url: str) -> None:
    db = Database(blank_url)
    now = Moment(1_800_000_000_000_000, 3)
    with db.writing() as conn:
        upgrade(conn, "0021")
        for number in range(3):
            conn.execute(
                text(
                    "INSERT INTO audit (id, act, object_kind, detail, came_from, at_utc_us)"
                    " VALUES (:id, 'inbox.open', '', '', '', :at)"
                ),
                {"id": _as_key(UUID(int=number + 1), db), "at": now.utc_us},
            )
    migrate(blank_url)
    with db.writing() as conn:
        audit_log.note(conn, By(), act="hub.start", now=now)
        log = list(audit_log.read(conn))
        assert list(faults(log)) == []
        assert [record.act for record, _ in log] == ["inbox.open"] * 3 + ["hub.start"]
    db.close()


@pytest.mark.promise("Audit and data protection: The audit log is append-only and chained.")
def test_a_keeper_asks_whether_the_log_is_whole(
    sqlite_url: str, desk: Desk, tmp_path: Path
) -> None:
    db = Database(sqlite_url)
    streets = Streets(db, tmp_path / "media")
    printed = desk.says("log", "head").strip()
    anchoring = Anchoring(db, file=tmp_path / "media" / "log-anchors", clock=streets.clock)
    anchoring.write_anchor()
    streets.services.use(InboxService).inbox(streets.officer("can-bo"))
    anchoring.write_anchor()
    assert "2 anchors hold" in desk.says("log", "verify")
    assert desk.says("log", "verify", "--anchor", printed).count("3 anchors hold") == 1

    with closing(sqlite3.connect(db.url.database or "")) as forger, forger:
        forger.execute("DROP TRIGGER audit_no_update")
        forger.execute("DROP TRIGGER audit_no_delete")
        forger.execute("UPDATE audit SET came_from = '10.9.9.9' WHERE seq = 2")
    assert desk.finds("log", "verify").startswith("record 2: it does not follow")
    with closing(sqlite3.connect(db.url.database or "")) as forger, forger:
        forger.execute("DELETE FROM audit WHERE seq > 1")
    assert "the log ends here" in desk.finds("log", "verify")
    assert "is no anchor" in desk.refuses("log", "verify", "--anchor", "yesterday")
    db.close()


def _as_key(uuid: UUID, db: Database) -> str:
    return uuid.hex if db.url.get_backend_name() == "sqlite" else str(uuid)
