"""The database: durable, one writer at a time, with errors in words."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DatabaseError as DriverError
from sqlalchemy.exc import IntegrityError

from hub.access.tables import grants
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database, DatabaseError
from hub.base.moment import Moment
from hub.registry.tables import areas
from tests.waiting import patience_s

pytestmark = pytest.mark.promise("Real programs in tests: Tests use a real PostgreSQL.")

NOW = Moment(1_800_000_000_000_000, 5)


def an_area() -> dict[str, object]:
    return {"id": new_id(NOW), "level": "commune", "name": "Tân Khai", "name_folded": "tan khai"}


@pytest.mark.promise("Notifications: A notification enters in the transaction of its alert.")
def test_an_exception_leaves_nothing_behind(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.writing() as conn:
        conn.execute(insert(areas).values(**an_area(), **columns("valid_from", NOW)))
        _ = 1 / 0
    with db.reading() as conn:
        assert conn.execute(select(areas)).all() == []


def test_reading_cannot_write(db: Database) -> None:
    with pytest.raises(DriverError), db.reading() as conn:
        conn.execute(insert(areas).values(**an_area(), **columns("valid_from", NOW)))


def test_a_reader_sees_one_state_throughout(db: Database) -> None:
    with db.reading() as reader:
        assert reader.execute(select(areas)).all() == []
        with db.writing() as writer:
            writer.execute(insert(areas).values(**an_area(), **columns("valid_from", NOW)))
        assert reader.execute(select(areas)).all() == []
    with db.reading() as reader:
        assert len(reader.execute(select(areas)).all()) == 1


def test_keys_of_rows_that_do_not_exist_are_refused(db: Database) -> None:
    with pytest.raises(IntegrityError), db.writing() as conn:
        conn.execute(
            insert(grants).values(
                id=new_id(NOW),
                person_id=new_id(NOW),
                rights=1,
                reason="x",
                **columns("starts", NOW),
            )
        )


def test_writers_of_two_hubs_take_turns(database_url: str) -> None:
    """Two processes are two Database objects here: what one has read is true when it writes."""
    hubs = [Database(database_url), Database(database_url)]
    with hubs[0].writing() as conn:
        conn.execute(insert(areas).values(**an_area(), **columns("valid_from", NOW)))

    def count_up(hub: Database) -> None:
        for _ in range(20):
            with hub.writing() as conn:
                level = conn.scalar(select(areas.c.level))
                number = int(level) if level.isdigit() else 0
                conn.execute(text("UPDATE areas SET level = :n"), {"n": str(number + 1)})

    threads = [threading.Thread(target=count_up, args=(hub,)) for hub in hubs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience_s())
    with hubs[0].reading() as conn:
        assert conn.scalar(select(areas.c.level)) == "40"
    for hub in hubs:
        hub.close()


def test_writing_within_writing_is_a_fault_not_a_standstill(db: Database) -> None:
    with (
        db.writing(),
        pytest.raises(RuntimeError, match="already has a write transaction"),
        db.writing(),
    ):
        pass


@pytest.mark.promise("Hub: SQLite runs with a write-ahead log and full synchronisation.")
def test_sqlite_is_as_durable_as_it_can_be(synced: None, sqlite_url: str) -> None:
    db = Database(sqlite_url)
    with db.writing() as conn:
        pragmas = {
            name: conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    db.close()


@pytest.mark.parametrize(
    "url",
    ["", "hub.db", "mysql://h/x", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://h/x"],
)
def test_an_address_that_is_none_is_refused_in_words(url: str) -> None:
    with pytest.raises(DatabaseError, match=r"sqlite:////path/hub.db"):
        Database(url)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/nowhere/hub.db")
    with pytest.raises(DatabaseError, match="there is no folder"), db.reading():
        pass
    db.close()


def test_a_server_that_does_not_answer_is_named() -> None:
    db = Database("postgresql+psycopg://matthan:secret@127.0.0.1:9/hub")
    with pytest.raises(DatabaseError, match="cannot be reached") as caught, db.reading():
        pass
    assert "secret" not in str(caught.value)
    db.close()
