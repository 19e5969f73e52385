"""The migrations make exactly the tables of the code, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from hub.app.schema import metadata
from hub.base.db.database import Database, DatabaseError
from hub.base.db.schema import check_schema, migrate, upgrade


@pytest.mark.promise("Hub: The schema is the same on SQLite and PostgreSQL.")
@pytest.mark.promise("Hub: Areas, cameras, people and grants are in the first schema.")
def test_migrated_schema_equals_the_tables(db: Database) -> None:
    with db.reading() as conn:
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(blank_url: str) -> None:
    migrate(blank_url)
    migrate(blank_url)
    db = Database(blank_url)
    check_schema(db)
    db.close()


@pytest.mark.promise(
    "Bad input: A process that finds another schema refuses to start and says what comes first."
)
def test_a_database_of_a_newer_hub_is_refused_in_words(blank_url: str) -> None:
    migrate(blank_url)
    db = Database(blank_url)
    with db.writing() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match=r"newer hub \(schema 9999\)"):
        check_schema(db)
    db.close()
    with pytest.raises(DatabaseError, match="newer hub"):
        migrate(blank_url)


@pytest.mark.promise(
    "Bad input: A process that finds another schema refuses to start and says what comes first."
)
def test_a_database_of_an_older_hub_asks_for_migrate_first(database_url: str) -> None:
    db = Database(database_url)
    with db.writing() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0046'"))
    with pytest.raises(DatabaseError, match=r"at schema 0046, .* needs \d+. Run: matthan-hub mig"):
        check_schema(db)
    db.close()


def test_an_empty_database_asks_for_migrate(blank_url: str) -> None:
    db = Database(blank_url)
    with pytest.raises(DatabaseError, match="matthan-hub migrate"):
        check_schema(db)
    db.close()


def test_somebody_elses_database_is_left_alone(blank_url: str) -> None:
    db = Database(blank_url)
    with db.writing() as conn:
        conn.execute(text("CREATE TABLE invoices (id INTEGER)"))
    with pytest.raises(DatabaseError, match="invoices"):
        migrate(blank_url)
    db.close()


def test_what_an_older_hub_closed_and_revoked_stays_so(blank_url: str) -> None:
    db = Database(blank_url)
    rows = {
        "people": "(id, login, name, role, language, password_hash, created_utc_us, "
        "disabled_utc_us) VALUES (:one, 'an', 'An', 'officer', 'vi', '', 1, 2), "
        "(:two, 'binh', 'Bình', 'officer', 'vi', '', 1, NULL)",
        "grants": "(id, person_id, rights, starts_utc_us, ends_utc_us, reason, ended_by) VALUES "
        "(:one, :two, 1, 1, 2, 'x', :two), (:two, :two, 1, 1, 2, 'x', NULL)",
    }
    ids = {"one": "0" * 31 + "1", "two": "0" * 31 + "2"}
    with db.writing() as conn:
        upgrade(conn, "0046")
        for table, row in rows.items():
            conn.execute(text(f"INSERT INTO {table} {row}"), ids)
        upgrade(conn, "head")
        states = conn.execute(text("SELECT login, state FROM people ORDER BY login")).all()
        ended = conn.execute(text("SELECT is_ended FROM grants ORDER BY id")).scalars().all()
    db.close()
    assert [tuple(row) for row in states] == [("an", "closed"), ("binh", "open")]
    assert [bool(one) for one in ended] == [True, False]


@pytest.mark.promise("Hub: Each time column has its error bound.")
def test_every_moment_says_how_far_off_it_may_be() -> None:
    for table in metadata.tables.values():
        for column in table.columns:
            if column.name.endswith("_utc_us"):
                twin = column.name.replace("_utc_us", "_error_ms")
                assert twin in table.columns, f"{table.name}.{column.name} has no {twin}"
                assert table.columns[twin].nullable
