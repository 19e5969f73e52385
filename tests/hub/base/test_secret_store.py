"""The hub's keys: one contract, tested on files and on sealed keys in a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hub.base.db.database import Database
from hub.base.secret_store.sealed import (
    MasterKey,
    SealBrokenError,
    SealedSecrets,
    SecretsAwayError,
    broken_in,
    import_into,
)
from hub.base.secret_store.store import FILES, SecretStore
from hub.base.secret_store.tables import sealed_secrets

KEY = MasterKey(b"k" * 32)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    db = Database(database_url)
    yield db
    db.close()


@pytest.fixture(params=["files", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[SecretStore]:
    """The test runs once on each; the sealed ones on both databases."""
    if request.param == "files":
        yield FILES
        return
    url = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    db = Database(request.getfixturevalue(url))
    yield SealedSecrets(db, KEY)
    db.close()


def test_a_key_comes_back_as_it_was_written(store: SecretStore, tmp_path: Path) -> None:
    path = tmp_path / "upload.key"
    assert not store.has(path)
    with pytest.raises(FileNotFoundError):
        store.read(path)
    for content in (b"first", b"", bytes(range(256)) * 40):
        store.write(path, content)
        assert store.has(path)
        assert store.read(path) == store.read(path, group_reads=True) == content


def test_a_missing_key_is_made_once(store: SecretStore, tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "tips.key"
    assert store.make(path, lambda: b"first") == b"first"
    assert store.make(path, lambda: b"second") == b"first"
    assert store.read(path) == b"first"


def test_keys_are_found_by_a_pattern_in_the_order_of_their_names(
    store: SecretStore, tmp_path: Path
) -> None:
    assert store.find(tmp_path, "evidence-*.crt") == []
    for name in ("evidence-2.crt", "evidence-1.crt", "evidence-1.key", "upload.key"):
        store.write(tmp_path / name, name.encode())
    found = store.find(tmp_path, "evidence-*.crt")
    assert found == [tmp_path / "evidence-1.crt", tmp_path / "evidence-2.crt"]
    assert [store.read(path) for path in found] == [b"evidence-1.crt", b"evidence-2.crt"]


def test_of_two_processes_that_make_a_key_at_once_both_get_that_of_the_first(
    db: Database, tmp_path: Path
) -> None:
    one, other, path = SealedSecrets(db, KEY), SealedSecrets(db, KEY), tmp_path / "tips.key"

    def meanwhile() -> bytes:
        one.make(path, lambda: b"of the first")
        return b"of the second"

    assert other.make(path, meanwhile) == b"of the first"
    assert one.read(path) == b"of the first"


def test_what_is_not_sealed_is_a_file_and_what_is_sealed_goes_before_its_file(
    db: Database, tmp_path: Path
) -> None:
    store, path = SealedSecrets(db, KEY), tmp_path / "upload.key"
    FILES.write(path, b"a file")
    assert store.has(path)
    assert store.read(path) == store.make(path, lambda: b"new") == b"a file"
    store.write(path, b"sealed")
    assert store.read(path) == b"sealed"
    assert FILES.read(path) == b"a file"


@pytest.mark.promise(
    "Security: On several machines the hub's keys lie sealed in the database, without their key."
)
def test_the_database_alone_opens_nothing(db: Database, tmp_path: Path) -> None:
    secret = b"-----BEGIN PRIVATE KEY-----"
    SealedSecrets(db, KEY).write(tmp_path / "vapid.pem", secret)
    with db.reading() as conn:
        [row] = conn.execute(select(sealed_secrets)).all()
        assert broken_in(conn, KEY) == []
        assert broken_in(conn, MasterKey(b"o" * 32)) == ["vapid.pem"]
    assert secret not in row.sealed
    with pytest.raises(SealBrokenError, match=r"vapid\.pem in the table sealed_secrets"):
        SealedSecrets(db, MasterKey(b"o" * 32)).read(tmp_path / "vapid.pem")


@pytest.mark.parametrize("how", ["changed", "cut", "empty", "of another"])
def test_a_damaged_key_is_named_and_the_others_are_read(
    db: Database, tmp_path: Path, how: str
) -> None:
    store = SealedSecrets(db, KEY)
    for name in ("tips.key", "upload.key"):
        store.write(tmp_path / name, name.encode())
    with db.writing() as conn:
        rows = {row.name: row.sealed for row in conn.execute(select(sealed_secrets))}
        mine = rows["tips.key"]
        spoilt = {
            "changed": mine[:-1] + bytes([mine[-1] ^ 1]),
            "cut": mine[:20],
            "empty": b"",
            "of another": rows["upload.key"],
        }[how]
        which = sealed_secrets.c.name == "tips.key"
        conn.execute(update(sealed_secrets).where(which).values(sealed=spoilt))
    with pytest.raises(SealBrokenError, match=r"tips\.key"):
        store.read(tmp_path / "tips.key")
    assert store.read(tmp_path / "upload.key") == b"upload.key"
    with db.reading() as conn:
        assert broken_in(conn, KEY) == ["tips.key"]


def test_an_import_replaces_another_key_only_if_it_is_told_to(db: Database, tmp_path: Path) -> None:
    with db.writing() as conn:
        assert import_into(conn, KEY, {"a.key": b"a", "b.key": b"b"}, overwrites=False) == 2
        assert import_into(conn, KEY, {"a.key": b"a", "c.key": b"c"}, overwrites=False) == 1
    with pytest.raises(ValueError, match=r"b\.key is sealed already"), db.writing() as conn:
        import_into(conn, KEY, {"d.key": b"d", "b.key": b"x"}, overwrites=False)
    store = SealedSecrets(db, KEY)
    assert store.read(tmp_path / "b.key") == b"b"
    assert not store.has(tmp_path / "d.key")
    with db.writing() as conn:
        assert import_into(conn, KEY, {"b.key": b"x"}, overwrites=True) == 1
    assert store.read(tmp_path / "b.key") == b"x"


def test_a_master_key_is_one_line_of_64_digits() -> None:
    MasterKey.parse(MasterKey.new_file())
    assert MasterKey.new_file() != MasterKey.new_file()
    for bad in (b"", b"00" * 31, b"00" * 33, b"x" * 64, b"\xff" * 32):
        with pytest.raises(ValueError, match="one line of 64 hexadecimal digits"):
            MasterKey.parse(bad)


def test_a_database_that_is_away_is_an_error_of_the_file_system(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'none' / 'hub.db'}")
    store = SealedSecrets(db, KEY)
    for ask in (
        lambda: store.read(tmp_path / "upload.key"),
        lambda: store.write(tmp_path / "upload.key", b"x"),
        lambda: store.find(tmp_path, "*"),
    ):
        with pytest.raises(SecretsAwayError, match="does not answer"):
            ask()
    db.close()
