"""The database of an upgrade on PostgreSQL: kept by pg_dump, put back, and tried on a copy."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from hub.app.config import HubSettings
from hub.app.upgrade import rehearsal, steps
from hub.base.db.database import Database
from hub.base.db.schema import check_schema
from hub.registry.tables import nodes
from tests.hub.rigs.intake_rig import count, found_town

pytestmark = [
    pytest.mark.system,
    pytest.mark.promise(
        "Installing: A hub's new version that fails is taken back, and nothing is lost."
    ),
]


@pytest.fixture
def upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> steps.Upgrade:
    """Commands of the hub's user are run by the user of the test."""
    (tmp_path / "runuser").write_text('#!/bin/sh\nshift 3\nexec "$@"\n')
    (tmp_path / "runuser").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path('/usr/bin')}:{Path('/bin')}")
    monkeypatch.setattr(steps, "LEAVE_S", 1)
    return steps.Upgrade(tmp_path)


@pytest.fixture
def town(postgres_url: str) -> Iterator[Database]:
    db = Database(postgres_url)
    found_town(db, "nga-tu-01")
    yield db
    db.close()


def settings(folder: Path, db: Database) -> HubSettings:
    (folder / "secrets").mkdir()
    url = db.url.render_as_string(hide_password=False)
    return HubSettings.model_validate(
        {
            "store": {"url": url},
            "web": {"public_url": "https://hub.example"},
            "push": {"subject": "mailto:keeper@hub.example"},
            "secrets": {"folder": folder / "secrets"},
        }
    )


def test_what_was_kept_comes_back_and_nothing_of_the_migration_is_left(
    upgrade: steps.Upgrade, town: Database, tmp_path: Path
) -> None:
    facts = dict(rehearsal.facts(settings(tmp_path, town)))
    assert (facts["migrates"], facts["server"]) == (False, [])
    town.close()
    upgrade._keep(facts)
    with town.writing() as conn:
        conn.execute(text("CREATE TABLE tomorrow (id integer)"))
        conn.execute(text("DELETE FROM nodes"))
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    town.close()
    for _ in range(2):  # a plug that was pulled in between
        upgrade._put_back(facts)
    check_schema(town)
    assert count(town, nodes) == 1
    with town.writing() as conn:
        assert conn.scalar(text("SELECT to_regclass('tomorrow')")) is None
        conn.execute(text("DELETE FROM nodes"))  # by the hub's own role
    steps.main(["forget", facts["file"]])
    assert list((tmp_path / "secrets").iterdir()) == []


def test_a_database_that_others_use_is_not_kept(
    upgrade: steps.Upgrade, town: Database, tmp_path: Path
) -> None:
    facts = dict(rehearsal.facts(settings(tmp_path, town)))
    with town.reading(), pytest.raises(steps.UpgradeError, match="on all machines"):
        upgrade._keep(facts)


def test_the_migration_is_tried_on_a_copy_of_this_machines_own_server(
    upgrade: steps.Upgrade, town: Database, tmp_path: Path
) -> None:
    facts = dict(rehearsal.facts(settings(tmp_path, town)))
    assert "on another machine" in steps._why_no_copy(facts)
    port = str(make_url(facts["tried_url"]).port)
    facts["server"] = ["-h", "127.0.0.1", "-p", port, "-U", "matthan"]
    assert steps._why_no_copy(facts) == ""
    slot = tmp_path / "hub-b"
    (slot / "bin").mkdir(parents=True)
    script = "import sys; from hub.app.upgrade.rehearsal import try_copy; try_copy(sys.argv[3])"
    program = slot / "bin/matthan-hub"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{script}' \"$@\"\n")
    program.chmod(0o755)
    assert steps._migrate_copy(slot, facts) == ""
    with town.reading() as conn:
        names = list(conn.scalars(text("SELECT datname FROM pg_database")))
    assert steps.TRIED_DATABASE not in names
