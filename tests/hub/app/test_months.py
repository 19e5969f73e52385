"""Events and sightings kept by month on PostgreSQL: split, filled and joined while the hub runs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, select, text

from hub.alerting.alerts.tables import sightings
from hub.app.backup.snapshot import restore, snapshot
from hub.app.months import moving
from hub.app.new_database import bring_up_to_date
from hub.app.schema import metadata
from hub.base.db import months
from hub.base.db.database import Database
from hub.base.db.schema import upgrade
from hub.base.moment import Moment
from hub.nodes.spool import event_rows
from hub.nodes.spool.tables import event_ids, events
from tests.contracts.helpers.contracts import in_postgresql
from tests.hub.helpers.intake.batches import arrival, filer_of
from tests.hub.helpers.intake.clocks import IN_1970, world
from tests.hub.rigs.batch_story import furnish, stored, story
from tests.hub.rigs.intake_rig import NOW
from tests.hub.rigs.streets import NIGHT, Streets

MONTH_S: Final = 31 * 86_400
NOVEMBER, DECEMBER, JANUARY = 202611, 202612, 202701


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    """An empty database whose tables are not split."""
    db = Database(postgres_url)
    yield db
    db.close()


@pytest.fixture
def streets(db: Database, tmp_path: Path) -> Streets:
    """A town in it."""
    return Streets(db, tmp_path)


def split(db: Database, now: Moment = NIGHT) -> int:
    return moving.split(db, now, is_gentle=False)


def schema_of(db: Database) -> list[str]:
    with db.reading() as conn:
        return [*in_postgresql(conn)]


def rows_of(conn: Connection, part: str) -> int:
    return int(conn.scalar(text(f"SELECT count(*) FROM {part}")) or 0)  # noqa: S608 - of this test


def counts(db: Database, table: str) -> dict[int, int]:
    """Rows by part."""
    with db.reading() as conn:
        there = (months.REST, *months.months(conn, table))
        return {month: rows_of(conn, months.part_of(table, month)) for month in there}


def test_a_new_database_on_postgresql_is_kept_by_month_and_another_stays(
    blank_url: str, postgres_url: str
) -> None:
    bring_up_to_date(blank_url)
    bring_up_to_date(postgres_url)
    for url, is_new in ((blank_url, True), (postgres_url, False)):
        db = Database(url)
        with db.reading() as conn:
            split_now = [months.is_split(conn, table) for table in months.SPLIT]
        assert split_now == [db.is_shared and is_new] * 2
        db.close()


def test_a_month_is_that_of_utc() -> None:
    assert months.month_of(NIGHT) == NOVEMBER
    last_us = 1_796_083_199_999_999  # 30 November 2026, 23:59:59.999999
    assert months.month_of(Moment(last_us)) == NOVEMBER
    assert months.month_of(Moment(last_us + 1)) == DECEMBER


def test_a_split_table_has_columns_indexes_and_references_of_the_plain_one(db: Database) -> None:
    split(db)

    def is_of_both(_: Any, name: str | None, kind: str, reflected: bool, __: Any) -> bool:
        # What parts cannot have, and what they have beside: no key reaches over them.
        is_part = kind == "table" and reflected and name not in metadata.tables
        is_month = kind == "column" and reflected and name == "month"
        return not is_part and not is_month and name != "uq_events_node_id_spool_id_seq"

    with db.reading() as conn:
        opts = {"compare_type": True, "compare_server_default": True, "include_object": is_of_both}
        context = MigrationContext.configure(conn, opts=opts)
        assert compare_metadata(context, metadata) == []
        for table in months.SPLIT:
            rest = months.part_of(table, months.REST)
            keys = "SELECT indexdef FROM pg_indexes WHERE tablename = :name AND indexdef ~ 'UNIQUE'"
            assert conn.execute(text(keys), {"name": rest}).all()


def test_split_and_joined_the_schema_is_as_it_was(db: Database) -> None:
    before = schema_of(db)
    split(db)
    months.turn(db, NIGHT.plus_s(MONTH_S))
    assert moving.join(db, is_gentle=False) == 0
    assert schema_of(db) == before
    assert moving.parts(db) == []


def test_every_event_is_there_once_whenever_the_tables_are_split_and_joined(
    streets: Streets, sqlite_template: Path, tmp_path: Path
) -> None:
    """As on SQLite, which files the same one by one; half of each part is said again later."""
    alone_file = tmp_path / "alone.db"
    alone_file.write_bytes(sqlite_template.read_bytes())
    alone = Streets(Database(f"sqlite:///{alone_file}"), tmp_path / "alone")
    furnish(alone)
    furnish(streets)
    said = story(3, streets.clock)
    dice = Random(3)  # noqa: S311 - the same every time
    said = [*said[:60], *dice.sample(said[:60], 20), *said[60:], *dice.sample(said, 30)]
    for event in said:
        alone.file(event)
    filer = filer_of(streets)
    begun = streets.clock.now()
    steps = {
        30: lambda: split(streets.db, begun),
        50: lambda: months.turn(streets.db, begun.plus_s(MONTH_S)),
        70: lambda: split(streets.db, begun.plus_s(MONTH_S)),
        90: lambda: moving.join(streets.db, is_gentle=False),
        110: lambda: split(streets.db, begun),
    }
    for start in range(0, len(said), 10):
        if start in steps:
            steps[start]()
        with streets.db.writing() as conn:
            filer.file(conn, [*map(arrival, said[start : start + 10])], now=begun)
    expected, found = stored(alone), stored(streets)
    for name, rows in expected.items():
        assert found[name] == rows, name
    assert len(streets.rows(event_ids)) == len(streets.rows(events))
    alone.db.close()


def test_new_rows_go_to_the_month_that_is_filled(streets: Streets) -> None:
    streets.file(streets.node.opened())
    assert split(streets.db) == 2
    streets.file(streets.node.opened())
    months.turn(streets.db, NIGHT.plus_s(-MONTH_S))
    months.turn(streets.db, Moment(NIGHT.plus_s(MONTH_S).utc_us, None, is_doubted=True))
    assert counts(streets.db, "sightings") == {months.REST: 0, NOVEMBER: 2}
    months.turn(streets.db, NIGHT.plus_s(MONTH_S))
    streets.file(streets.node.opened(), streets.node.opened())
    for table in months.SPLIT:
        assert counts(streets.db, table) == {months.REST: 0, NOVEMBER: 2, DECEMBER: 2}
    filled = [part.name for part in moving.parts(streets.db) if part.is_filled]
    assert filled == [f"events_{DECEMBER}", f"sightings_{DECEMBER}"]


def test_what_is_moved_goes_to_its_own_month_and_a_wrong_clock_makes_no_month(
    streets: Streets,
) -> None:
    for _ in range(3):
        streets.file(streets.node.opened())
        streets.clock.pass_s(MONTH_S)
    assert split(streets.db, NIGHT.plus_s(MONTH_S)) == 6
    expected = {months.REST: 0, NOVEMBER: 1, DECEMBER: 2}
    assert [counts(streets.db, table) for table in months.SPLIT] == [expected, expected]
    streets.node.error_ms = None
    streets.file(streets.node.opened())
    with streets.db.writing() as conn:
        conn.exec_driver_sql("UPDATE sightings SET month = 0")
    assert split(streets.db, NIGHT.plus_s(MONTH_S)) == 3
    assert counts(streets.db, "sightings") == {months.REST: 1, NOVEMBER: 1, DECEMBER: 2}


def test_the_spans_of_parts_are_true_whatever_is_corrected_or_moved(
    postgres_url: str, tmp_path: Path
) -> None:
    """A search reads only parts that have rows of its time."""
    with world(postgres_url, tmp_path, IN_1970) as node:

        def noted() -> set[int]:
            with node.db.reading() as conn:
                query = text(
                    "SELECT month, min(first_seen_utc_us), max(first_seen_utc_us)"
                    " FROM sightings GROUP BY month"
                )
                spans = months.spans(conn, "sightings")
                for month, least, most in conn.execute(query):
                    assert spans[month][0] <= least <= most <= spans[month][1]
                notes = text("SELECT c.relname FROM pg_class c JOIN pg_description ON objoid = oid")
                return {int(name[-6:]) for name in conn.scalars(notes) if "sightings_2" in name}

        split(node.db, NOW)
        who = node.somebody_walks()
        node.deliver()
        assert noted() == set()
        months.turn(node.db, NOW.plus_s(MONTH_S))
        assert noted() == {NOVEMBER}
        node.true_s += 300
        node.ntp()
        node.deliver()
        assert noted() == set(), "its time was corrected"
        node.true_s += MONTH_S
        late = node.somebody_walks()
        node.deliver()
        months.turn(node.db, NOW.plus_s(2 * MONTH_S))
        assert noted() == {NOVEMBER, DECEMBER}
        with node.db.writing() as conn:
            months.move(conn, "sightings", [late], source=DECEMBER, target=NOVEMBER)
        assert noted() == {DECEMBER}
        months.turn(node.db, NOW.plus_s(2 * MONTH_S))
        with node.db.writing() as conn:
            months.move(conn, "sightings", [who, late], source=NOVEMBER, target=months.REST)
            months.fill(conn, "sightings", DECEMBER)
        months.turn(node.db, NOW.plus_s(MONTH_S))
        assert noted() == {NOVEMBER, JANUARY}


def test_an_id_and_a_number_are_taken_in_whatever_part_they_are(streets: Streets) -> None:
    first = streets.node.opened()
    streets.file(first)
    split(streets.db)
    months.turn(streets.db, NIGHT.plus_s(MONTH_S))
    again = streets.node.opened().model_copy(update={"seq": first.seq})
    [repeated, refused] = streets.file(first, again)
    assert repeated.is_repeat
    assert not refused.is_stored
    with streets.db.writing() as conn:
        conn.exec_driver_sql("TRUNCATE events")
        node_id = conn.scalar(select(event_ids.c.node_id))
        kept = event_rows.stored(conn, [first.event_id])
        assert kept == {first.event_id: (node_id, event_rows.FORGOTTEN)}
        assert event_rows.highest(conn, node_id, first.spool_id) == first.seq
    assert streets.file(first)[0].is_repeat


def test_a_long_read_makes_a_change_of_the_parts_wait_and_nobody_else(streets: Streets) -> None:
    split(streets.db)
    later = NIGHT.plus_s(MONTH_S)
    with streets.db.reading() as conn:
        conn.scalar(select(func.count()).select_from(events))
        with pytest.raises(months.HeldUpError):
            months.turn(streets.db, later)
        streets.file(streets.node.opened())
    assert counts(streets.db, "events") == {months.REST: 0, NOVEMBER: 1}
    months.turn(streets.db, later)
    assert counts(streets.db, "events") == {months.REST: 0, NOVEMBER: 1, DECEMBER: 0}


def test_a_stopped_move_is_continued(streets: Streets, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(9):
        streets.file(streets.node.opened())
    monkeypatch.setattr(moving, "STEP", 2)
    looks = iter([False, False, True, True, True, True])
    assert moving.split(streets.db, NIGHT, stopping=lambda: next(looks), is_gentle=False) == 4
    assert split(streets.db) == 14
    looks = iter([False, True, True, True, True])
    assert moving.join(streets.db, stopping=lambda: next(looks), is_gentle=False) == 2
    with streets.db.reading() as conn:
        assert months.is_split(conn, "events")
        assert rows_of(conn, "events") == 9
    assert moving.join(streets.db, is_gentle=False) == 16
    with streets.db.reading() as conn:
        assert not months.is_split(conn, "events")
        assert rows_of(conn, "sightings") == 9


@pytest.mark.parametrize("is_new", [True, False])
def test_a_backup_of_split_tables_has_all_rows(
    streets: Streets, empty_postgres: Callable[[], str], tmp_path: Path, is_new: bool
) -> None:
    streets.file(streets.node.opened())
    split(streets.db)
    months.turn(streets.db, NIGHT.plus_s(MONTH_S))
    streets.file(streets.node.opened())
    before = [streets.rows(table) for table in (events, sightings, event_ids)]
    with snapshot(streets.db, tmp_path) as (shape, parts):
        saved = {name: b"".join(pieces) for name, pieces in parts}
    if is_new:
        streets.db = Database(empty_postgres())
    restore(
        streets.db,
        shape,
        lambda name: iter([saved[name]]),
        lambda _: None,
        overwrites=not is_new,
    )
    assert [streets.rows(table) for table in (events, sightings, event_ids)] == before
    assert moving.parts(streets.db) == []
    split(streets.db)
    assert counts(streets.db, "events") == {months.REST: 0, NOVEMBER: 2}
    if is_new:
        streets.db.close()


def test_ids_of_events_that_an_older_hub_stored_are_known(
    empty_postgres: Callable[[], str],
) -> None:
    old = [
        {"id": uuid4(), "node_id": uuid4(), "spool_id": uuid4(), "seq": number}
        for number in range(3)
    ]
    db = Database(empty_postgres())
    with db.writing() as conn:
        upgrade(conn, "0056")
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")  # without its node
        insert = (
            "INSERT INTO events (id, node_id, spool_id, seq, boot_id, kind, happened_utc_us,"
            " clock_source, received_utc_us, body, fate, fate_reason) VALUES"
            " (:id, :node_id, :spool_id, :seq, :id, 'clock_set', 1, 'ntp', 1, '{}', 'noted', '')"
        )
        conn.execute(text(insert), old)
        upgrade(conn, "head")
        kept = {row.id: row._asdict() for row in conn.execute(select(event_ids))}
    db.close()
    assert kept == {row["id"]: row for row in old}
