"""A hub on two machines over one PostgreSQL: its keys are sealed in the database, and each machine
has only the master key."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, select, update

from hub.app import config, enrolment, keys
from hub.app.backup.archive import ArchiveReader
from hub.app.check import check
from hub.app.cli import sealing
from hub.app.errors import StartRefusedError
from hub.app.parts import Parts
from hub.app.roles.attendance import Attendance
from hub.app.roles.names import CHORES, NOTIFY, WEB
from hub.base.audit.tables import audit
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.private_files import write_private
from hub.base.secret_store.sealed import SealedSecrets
from hub.base.secret_store.store import FILES
from hub.base.secret_store.tables import sealed_secrets
from hub.cases.evidence.keys import certificates, signing_key
from hub.nodes.enrolment import rows
from hub.nodes.pki.authority import Authority
from hub.oversight.metrics.measured import token
from tests.hub.helpers.app.backup import Place
from tests.hub.helpers.nodes.shutting_out import revoke
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.rigs.enrolling_rig import Box, EnrolHub
from tests.waiting import until

WHERE = Callable[[str], Place]
ROLES = frozenset({WEB, NOTIFY, CHORES})


@pytest.fixture
def machine(postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> WHERE:
    """A machine with its own disk, over the one database."""
    return lambda name: Place(tmp_path / name, postgres_url, capsys)


@pytest.fixture
def here(machine: WHERE) -> Place:
    """The machine that has run alone, with its keys as files."""
    here = machine("here")
    Authority.create(here.folder / "ca", datetime.now(UTC))
    of = settings(here)
    db = Database(here.url)
    keys.upload_tokens(of)
    keys.push_key(of)
    keys.tip_box(of, db)
    keys.household_box(of)
    token(of.secrets.folder)
    signing_key(of.secrets.folder, datetime.now(UTC))
    db.close()
    return here


@pytest.fixture
def there(machine: WHERE, here: Place) -> Place:
    """A second machine, once the keys are sealed: it gets the master key and nothing else."""
    here.desk.says("secrets", "import")
    there = machine("there")
    master = there.folder / "secrets" / "master.key"
    master.parent.mkdir(mode=0o700)
    master.write_bytes((here.folder / "secrets" / "master.key").read_bytes())
    master.chmod(0o600)
    return there


def settings(place: Place) -> config.HubSettings:
    return config.load(place.folder / "hub.toml")


def start(place: Place) -> None:
    """All that a process of these roles needs, as far as its disk and its keys go."""

    async def begin_and_end() -> None:
        parts = Parts(settings(place), ROLES, stopping=lambda: False)
        assert parts.attendance is not None and parts.live is not None
        parts.attendance.start()
        parts.attendance.stop()
        stop = asyncio.Event()
        stop.set()
        await parts.live.run(stop, lambda: None)
        await parts.close()

    asyncio.run(begin_and_end())


def refused(place: Place) -> str:
    db = Database(place.url)
    with pytest.raises(StartRefusedError) as error:
        keys.secrets(settings(place), db)
    db.close()
    return str(error.value)


def files(place: Place) -> set[str]:
    return {path.name for path in (place.folder / "secrets").iterdir()}


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    db = Database(postgres_url)
    yield db
    db.close()


@pytest.mark.promise(
    "Security: On several machines the hub's keys lie sealed in the database, without their key."
)
def test_a_second_machine_has_every_key_and_no_file_but_the_master_key(
    here: Place, there: Place, db: Database
) -> None:
    start(there)
    mine, theirs = settings(here), settings(there)
    sealed = keys.secrets(theirs, db)
    assert isinstance(sealed, SealedSecrets)
    now = HubClock().now()
    issued = keys.upload_tokens(mine).issue("nga-tu-01", now).token
    assert keys.upload_tokens(theirs, sealed).verify(issued, now) == "nga-tu-01"
    numbers = [
        keys.push_key(mine).private_numbers(),
        keys.push_key(theirs, sealed).private_numbers(),
    ]
    assert numbers[0] == numbers[1]
    assert token(theirs.secrets.folder, sealed) == token(mine.secrets.folder)
    for name in ("tips.key", "households.key"):
        own = (here.folder / "secrets" / name).read_bytes()
        assert sealed.read(there.folder / "secrets" / name) == own
    folders = [one.secrets.folder for one in (mine, theirs)]
    assert certificates(folders[0]) == certificates(folders[1], sealed) != []
    assert files(there) == {"master.key"}


def test_what_one_machine_makes_later_the_other_has(
    here: Place, there: Place, db: Database
) -> None:
    said = there.desk.says("evidence", "key")
    fingerprint = said.split()[3].rstrip(",")
    assert here.desk.says("evidence", "keys").startswith(fingerprint)
    assert files(there) == {"master.key"}
    with db.reading() as conn:
        details = details_of(conn, "evidence.key")
    assert fingerprint in details


def test_the_first_import_makes_the_master_key_and_says_what_is_to_be_done(
    here: Place, db: Database
) -> None:
    before = files(here)
    said = here.desk.says("secrets", "import")
    master = here.folder / "secrets" / "master.key"
    assert f"Their master key is {master}." in said
    assert files(here) == before | {"master.key"}
    for name in before:
        assert f"  {here.folder / 'secrets' / name}\n" in said
    with db.reading() as conn:
        names = set(conn.scalars(select(sealed_secrets.c.name)))
    assert names == before | {"ca.crt", "ca.key"}
    assert "ca.key" not in said  # it stays: this machine's other certificates are renewed with it
    with db.reading() as conn:
        acts = conn.scalars(select(audit.c.act)).all()
    assert acts.count("hub.seal_keys") == 1
    again = here.desk.says("secrets", "import")
    assert again.startswith("0 keys are sealed in the database, ")
    assert "Their master key is" not in again


def test_check_says_what_is_sealed_and_which_files_are_left_over(here: Place, there: Place) -> None:
    found = {name: text for _, name, text in check(settings(here)) if name == "secrets"}
    assert "the master key opens them. Files that are not needed any more:" in found["secrets"]
    found = {name: text for _, name, text in check(settings(there)) if name == "secrets"}
    assert found["secrets"].endswith("are sealed in the database, and the master key opens them.")


def test_a_hub_that_runs_is_not_imported(here: Place, db: Database) -> None:
    attendance = Attendance(db.url, ROLES)
    attendance.start()
    try:
        until(lambda: attendance.unserved is not None, "the attendance is known")
        assert "a hub is running" in here.desk.refuses("secrets", "import")
    finally:
        attendance.stop()
    assert "master.key" not in files(here)


def test_on_sqlite_keys_stay_files(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "town", sqlite_url, capsys)
    assert "SQLite (store.url) serves one machine" in place.desk.refuses("secrets", "import")
    (place.folder / "secrets").mkdir()
    (place.folder / "secrets" / "master.key").write_text("of another hub")
    db = Database(sqlite_url)
    assert keys.secrets(settings(place), db) is FILES
    db.close()


@pytest.mark.promise(
    "Bad input: A missing or wrong master key and a damaged key are named with the cure."
)
def test_a_master_key_that_is_missing_wrong_or_unreadable_is_refused_with_its_cure(
    there: Place,
) -> None:
    master = there.folder / "secrets" / "master.key"
    right = master.read_bytes()
    master.write_text("0" * 64)
    assert f"{master} is not the master key of this hub: it opens none of the" in refused(there)
    master.write_text("no key")
    assert f"the master key {master} cannot be used: it must be one line of 64" in refused(there)
    master.write_bytes(right)
    master.chmod(0o644)
    assert f"Run: chmod 600 {master}" in refused(there)
    master.unlink()
    said = refused(there)
    assert f"there is no {master} to open them. Copy it from another machine" in said
    assert files(there) == set()


@pytest.mark.promise(
    "Bad input: A missing or wrong master key and a damaged key are named with the cure."
)
def test_a_damaged_key_is_named_and_comes_back_from_its_file(
    here: Place, there: Place, db: Database
) -> None:
    with db.writing() as conn:
        which = sealed_secrets.c.name == "tips.key"
        conn.execute(update(sealed_secrets).where(which).values(sealed=b"damaged"))
    said = refused(there)
    assert "damaged in the table sealed_secrets: tips.key." in said
    assert "matthan-hub secrets import --force" in said
    assert "tips.key is sealed already and is another" in here.desk.refuses("secrets", "import")
    here.desk.says("secrets", "import", "--force")
    start(there)


def test_a_lost_master_key_is_replaced_by_sealing_the_files_anew(here: Place, there: Place) -> None:
    (here.folder / "secrets" / "master.key").unlink()
    _, _, error = here.desk._run(("secrets", "import"))
    assert "there is no" in error and "Copy it from another machine" in error
    here.desk.says("secrets", "import", "--force")
    start(here)
    assert "is not the master key of this hub" in refused(there)


@pytest.mark.parametrize("broken_off", ["never", "before the database", "after the database"])
def test_the_master_key_is_changed_for_all_keys_at_once(
    here: Place, there: Place, db: Database, monkeypatch: pytest.MonkeyPatch, broken_off: str
) -> None:
    folder = here.folder / "secrets"
    old = (folder / "master.key").read_bytes()
    contents = {path: FILES.read(path) for path in keys.own_files(settings(here))}
    if broken_off != "never":
        with monkeypatch.context() as killed:
            killed.setattr(sealing, "reseal", die)
            if broken_off == "after the database":
                killed.undo()
                killed.setattr(sealing, "write_private", dies_at(folder / "master.key.old"))
            with pytest.raises(KeyboardInterrupt):
                here.desk._run(("secrets", "change-key"))
        assert (folder / "master.key").read_bytes() == old
        if broken_off == "after the database":
            assert "`matthan-hub secrets change-key` was broken off here, run it" in refused(here)
        else:
            start(here)
    said = here.desk.says("secrets", "change-key")
    assert "Copy it to the same place on each machine" in said
    assert (folder / "master.key").read_bytes() != old
    assert (folder / "master.key.old").read_bytes() == old
    assert "is not the master key of this hub" in refused(there)
    assert "Copy the file from a machine of the hub that runs" in refused(there)
    assert "Move it to a safe place first" in here.desk.refuses("secrets", "change-key")
    (there.folder / "secrets" / "master.key").write_bytes((folder / "master.key").read_bytes())
    start(there)
    sealed = keys.secrets(settings(there), db)
    assert {path: sealed.read(path) for path in contents} == contents
    here.desk.says("backup", str(here.folder / "backup.tar"))
    reader = ArchiveReader(here.folder / "backup.tar")
    assert [name for name in reader.names("secrets") if "master.key" in name] == []
    reader.close()


def die(*_: object) -> None:
    raise KeyboardInterrupt


def dies_at(place: Path) -> Callable[[Path, bytes], None]:
    def write(path: Path, content: bytes) -> None:
        if path == place:
            raise KeyboardInterrupt
        write_private(path, content)

    return write


def test_one_key_that_cannot_be_opened_leaves_all_as_they_are(
    here: Place, there: Place, db: Database
) -> None:
    with db.writing() as conn:
        which = sealed_secrets.c.name == "tips.key"
        conn.execute(update(sealed_secrets).where(which).values(sealed=b"damaged"))
        before = conn.execute(select(sealed_secrets)).all()
    assert "tips.key in the table sealed_secrets" in here.desk.refuses("secrets", "change-key")
    with db.reading() as conn:
        assert conn.execute(select(sealed_secrets)).all() == before


def test_the_master_key_may_be_a_credential_of_systemd(
    there: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    (there.folder / "secrets" / "master.key").rename(given / "master.key")
    assert "there is no" in refused(there)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    start(there)
    assert files(there) == set()


def test_a_second_machine_signs_for_boxes_and_keeps_no_file_of_the_authority(
    here: Place, there: Place, db: Database
) -> None:
    signs = enrolment.open_authority(settings(there), keys.secrets(settings(there), db))
    mine = enrolment.open_authority(settings(here))
    assert signs.fingerprint == mine.fingerprint
    key = ec.generate_private_key(ec.SECP256R1())
    cert = signs.sign_client("nga-tu-01", key.public_key(), datetime.now(UTC))
    cert.verify_directly_issued_by(x509.load_pem_x509_certificate(mine.pem))
    assert not (there.folder / "ca").exists()


def test_a_machine_with_a_broker_lists_who_was_revoked_on_another(
    here: Place, there: Place, db: Database
) -> None:
    hub = EnrolHub(db, there.folder / "rig")
    box = Box()
    assert isinstance(hub.redeem(hub.make("nga-tu-01"), box), rows.Redeemed)
    of = settings(there)
    authority = enrolment.open_authority(of, keys.secrets(of, db))
    shutting = enrolment.shutting_out(of, db, authority, HubClock())
    crl = enrolment.crl_file(of)
    shutting.write_list()  # no broker here: nothing to write
    assert not crl.parent.exists()
    crl.parent.mkdir()

    def listed() -> int:
        return len(list(x509.load_pem_x509_crl(crl.read_bytes()))) if crl.exists() else -1

    async def meanwhile() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(shutting.follow(stop))
        await asyncio.to_thread(until, lambda: listed() == 0, "the list is there, and empty")
        await asyncio.to_thread(revoke, hub, "nga-tu-01")
        await asyncio.to_thread(until, lambda: listed() == 1, "it is on the list")
        stop.set()
        await task

    asyncio.run(meanwhile())
    before = crl.stat().st_mtime_ns
    shutting.write_list(is_again=False)
    assert crl.stat().st_mtime_ns == before


@pytest.mark.loopback
def test_a_backup_has_the_sealed_keys_and_never_the_master_key(
    here: Place, there: Place, empty_postgres: Callable[[str], str], capsys, tmp_path: Path
) -> None:
    backup = there.folder / "backup.zip"
    there.desk.says("backup", str(backup))
    master = (there.folder / "secrets" / "master.key").read_bytes()
    reader = ArchiveReader(backup)
    for name in reader.manifest.members:
        content = b"".join(reader.read(name))
        assert master.strip() not in content
        assert bytes.fromhex(master.decode()) not in content
    assert reader.names("secrets") == []
    reader.close()
    other = Place(tmp_path / "other", empty_postgres("template0"), capsys)
    said = other.desk.says("restore", str(backup))
    place = other.folder / "secrets" / "master.key"
    assert f"Its keys are sealed: their master key must be at {place}." in said
    assert f"there is no {place}" in refused(other)
    place.parent.mkdir(mode=0o700)
    place.write_bytes(master)
    place.chmod(0o600)
    start(other)
    assert files(other) == {"master.key"}


@pytest.mark.loopback
def test_an_older_backup_with_files_restores_and_its_keys_are_sealed_again(
    here: Place, there: Place, db: Database
) -> None:
    with db.writing() as conn:  # as before the keys were sealed
        conn.execute(delete(sealed_secrets))
    (here.folder / "secrets" / "master.key").rename(here.folder / "kept")
    older = here.folder / "older.zip"
    here.desk.says("backup", str(older))
    here.desk.says("secrets", "import")
    there.desk.says("restore", str(older), "--force")
    assert "and the database has no sealed keys" in refused(there)
    there.desk.says("secrets", "import")
    start(there)
    now = HubClock().now()
    issued = keys.upload_tokens(settings(here)).issue("nga-tu-01", now).token
    tokens = keys.upload_tokens(settings(there), keys.secrets(settings(there), db))
    assert tokens.verify(issued, now) == "nga-tu-01"
