"""A running hub is backed up into one file and restored from it, completely or not at all."""

import os
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, inspect, select

from hub.access.tables import sessions
from hub.alerting.alerts.tables import alert_changes
from hub.alerting.alerts.tables import alerts as alert_rows
from hub.app.backup.archive import (
    FORMAT,
    MANIFEST,
    ArchiveError,
    ArchiveReader,
    ArchiveWriter,
    BackupManifest,
    Seal,
)
from hub.app.backup.snapshot import Snapshot, restore, snapshot
from hub.app.blob_owners import BLOB_OWNERS
from hub.app.roles.attendance import Attendance
from hub.app.roles.names import NOTIFY
from hub.base.audit.tables import audit
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.db.schema import check_schema, schema_now, upgrade
from hub.base.storage.blobs import BlobFolder
from hub.footage.retention.reconcile import Reconciler
from hub.footage.tables import media
from hub.nodes.pki.authority import Authority
from hub.public.households.tables import household_clips, household_requests
from hub.registry.tables import areas
from tests.hub.helpers.app.backup import Place
from tests.hub.helpers.public.households import ask, open_case, register
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import PASSWORD, POLICY, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Storms and backup: A running hub can be backed up and restored.")


@pytest.fixture
def place(database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """The hub that is backed up; the test runs once on each database."""
    place = Place(tmp_path / "here", database_url, capsys)
    authority = Authority.create(place.folder / "ca", _noon())
    authority.issue_client("hub", _noon())
    secrets = place.folder / "secrets"
    secrets.mkdir()
    (secrets / "vapid.pem").write_text("a push key")
    return place


@pytest.fixture
def town(place: Place) -> Iterator[Town]:
    db = Database(place.url)
    town = Town(db, place.folder)
    seen = town.somebody(b"picture")
    town.clip(seen, b"clip")
    town.bring(b"picture")
    town.bring(b"clip")
    yield town
    db.close()


@pytest.fixture
def elsewhere(
    request: pytest.FixtureRequest,
    place: Place,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    """Another machine, with nothing on it."""
    folder = tmp_path / "elsewhere"
    if place.url.startswith("sqlite"):
        return Place(folder, f"sqlite:///{folder / 'new' / 'hub.db'}", capsys)
    make: Callable[[], str] = request.getfixturevalue("empty_postgres")
    return Place(folder, make(), capsys)


@pytest.fixture
def elsewhere_url(request: pytest.FixtureRequest, blank_url: str, tmp_path: Path) -> str:
    """Another empty database of the same kind."""
    if blank_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'elsewhere.db'}"
    make: Callable[[], str] = request.getfixturevalue("empty_postgres")
    return make()


def store_household_film(town: Town, film: bytes) -> None:
    """As if a household had sent it."""
    town.add_keeper_of_all("en")
    keeper = Visitor(town.app(notice_channels=("sms", "zalo"))).sign_in("quan", PASSWORD)
    household_id, _ = register(town, keeper)
    case_id = open_case(keeper)
    ask(town, keeper, case_id, household_id)
    part = town.folder / "film"
    part.write_bytes(film)
    town.blobs.keep(str(part), sha256(film).hexdigest())
    with town.db.writing() as conn:
        row = {
            "id": uuid4(),
            "request_id": conn.scalar(select(household_requests.c.id)),
            "household_id": household_id,
            "case_id": case_id,
            "is_marked": False,
            "stored_utc_us": 1,
            "stored_error_ms": 1,
            **dict.fromkeys(("sha256", "came_sha256"), sha256(film).hexdigest()),
            **dict.fromkeys(("size_bytes", "came_bytes"), len(film)),
            **dict.fromkeys(("name", "form", "codec", "code", "note"), ""),
            **dict.fromkeys(("width", "height", "duration_ms"), 0),
            **dict.fromkeys(("receipt", "signature", "certificate"), b""),
        }
        conn.execute(household_clips.insert().values(row))


def _noon() -> datetime:
    return datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.loopback
def test_a_hub_comes_back_elsewhere_with_all_it_knew_its_keys_and_its_footage(
    place: Place, town: Town, elsewhere: Place
) -> None:
    backup = place.folder / "backup.zip"
    said = place.desk.says("backup", str(backup), "--with-media")
    assert "2 pictures and clips" in said
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = place.rows()
    assert "2 pictures and clips" in elsewhere.desk.says("restore", str(backup))
    assert elsewhere.rows() == before
    for name in ("ca/ca.key", "ca/ca.crt", "ca/hub.key", "secrets/vapid.pem"):
        there = elsewhere.folder / name
        assert there.read_bytes() == (place.folder / name).read_bytes()
        assert stat.S_IMODE(there.stat().st_mode) == (0o644 if name.endswith("crt") else 0o600)
    blobs = BlobFolder(elsewhere.folder / "media")
    assert [blobs.has(sha256(content).hexdigest()) for content in (b"picture", b"clip")] == [
        True,
        True,
    ]


@pytest.mark.loopback
def test_a_film_of_a_household_is_in_the_backup_and_a_damaged_file_is_left_out(
    place: Place, town: Town, elsewhere: Place
) -> None:
    film = b"a film"
    store_household_film(town, film)
    Path(BlobFolder(place.folder / "media").path(sha256(b"picture").hexdigest())).write_bytes(b"?")
    backup = place.folder / "backup.zip"
    said = place.desk.says("backup", str(backup), "--with-media")
    assert "2 pictures and clips, 1 damaged and left out" in said
    assert "2 pictures and clips" in elsewhere.desk.says("restore", str(backup))
    blobs = BlobFolder(elsewhere.folder / "media")
    here = [blobs.has(sha256(one).hexdigest()) for one in (film, b"clip", b"picture")]
    assert here == [True, True, False]


@pytest.mark.loopback
def test_a_restore_that_ends_in_the_middle_leaves_nothing_that_looks_like_a_hub(
    place: Place, town: Town, elsewhere: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else the hub would start without the pause after a restore, and remove what is held."""
    backup = place.folder / "backup.zip"
    place.desk.says("backup", str(backup))

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("hub.app.backup.backup._note_restore", cut)
        elsewhere.desk.says("restore", str(backup))
    db = Database(elsewhere.url)
    with db.reading() as conn:
        assert inspect(conn).get_table_names() == []
    db.close()
    if elsewhere.url.startswith("sqlite"):
        Path(db.url.database or "").unlink()
    elsewhere.desk.says("restore", str(backup))
    assert elsewhere.rows() == place.rows()


@pytest.mark.loopback
def test_a_restored_hub_goes_on_counting_where_it_was_and_everybody_signs_in_anew(
    place: Place, town: Town, elsewhere: Place
) -> None:
    town.accounts.sign_in("an", PASSWORD, came_from="")
    place.desk.says("backup", str(place.folder))
    [backup] = place.folder.glob("matthan-hub-*.zip")
    elsewhere.desk.says("restore", str(backup))
    db = Database(elsewhere.url)
    with db.reading() as conn:
        assert conn.execute(select(sessions)).all() == []
        acts = conn.scalars(select(audit.c.act)).all()
        assert (acts.count("hub.backup"), acts.count("hub.restore")) == (1, 1)
        cursors = conn.scalars(select(alert_changes.c.cursor)).all()
        camera_id, alert_id = conn.execute(
            select(alert_rows.c.camera_id, alert_rows.c.id)
        ).first() or (None, None)
    with db.writing() as conn:
        row = {"alert_id": alert_id, "camera_id": camera_id, "revision": 9, "at_utc_us": 1}
        conn.execute(alert_changes.insert().values(row))
        assert conn.scalars(select(alert_changes.c.cursor)).all()[-1] == max(cursors) + 1
    db.close()


@pytest.mark.loopback
def test_a_hub_that_writes_all_the_while_is_backed_up_in_one_consistent_state(
    place: Place, town: Town, elsewhere: Place
) -> None:
    stop, wrote = threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            town.somebody()
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wrote.wait(patience_s())
        place.desk.says("backup", str(place.folder / "backup.zip"))
    finally:
        stop.set()
        writer.join()
    elsewhere.desk.says("restore", str(place.folder / "backup.zip"))
    rows = elsewhere.rows()
    assert len(rows["alerts"]) == len(rows["sightings"]) == len(rows["events"]) - 1 >= 1
    assert len(rows["alerts"]) <= len(place.rows()["alerts"])


@pytest.mark.loopback
def test_nothing_that_is_there_is_replaced_without_force_and_then_it_is_kept_beside(
    place: Place, town: Town
) -> None:
    backup = place.folder / "backup.zip"
    place.desk.says("backup", str(backup))
    assert "--force writes over it" in place.desk.refuses("backup", str(backup))
    (place.folder / "secrets" / "vapid.pem").write_text("another key")
    before = place.rows()
    assert "--force replaces it" in place.desk.refuses("restore", str(backup))
    (place.folder / "secrets" / "vapid.pem").write_text("a push key")
    assert "--force replaces it" in place.desk.refuses("restore", str(backup))
    assert place.rows() == before
    town.db.close()
    (place.folder / "secrets" / "vapid.pem").write_text("another key")
    place.desk.says("restore", str(backup), "--force")
    assert place.rows() == before
    assert (place.folder / "secrets" / "vapid.pem").read_text() == "a push key"
    assert (place.folder / "secrets" / "vapid.pem.replaced").read_text() == "another key"
    place.desk.says("restore", str(backup), "--force")  # again, as after one that was cut off
    if place.url.startswith("sqlite"):
        path = Path(Database(place.url).url.database or "")
        kept = sorted(one.name for one in path.parent.glob(f"{path.name}.replaced*"))
        assert kept == [f"{path.name}.replaced", f"{path.name}.replaced-2"]


@pytest.mark.loopback
def test_nothing_is_restored_while_a_process_runs_on_another_machine(
    postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, backup = Place(tmp_path / "here", postgres_url, capsys), tmp_path / "backup.zip"
    place.desk.says("backup", str(backup))
    elsewhere = Attendance(Database(postgres_url).url, {NOTIFY})
    elsewhere.start()
    try:
        until(lambda: elsewhere.unserved is not None, "the attendance is known")
        assert "on all machines" in place.desk.refuses("restore", str(backup), "--force")
    finally:
        elsewhere.stop()
    place.desk.says("restore", str(backup), "--force")


@pytest.mark.loopback
def test_a_half_or_damaged_backup_changes_nothing(
    place: Place, town: Town, elsewhere: Place
) -> None:
    backup = place.folder / "backup.zip"
    place.desk.says("backup", str(backup), "--with-media")
    whole = backup.read_bytes()
    begin = _middle_of_database(backup)
    spoilt_bytes = bytes(one ^ 0xFF for one in whole[begin : begin + 16])
    for spoilt, complaint in (
        (whole[: len(whole) // 2], "no whole backup"),
        (b"", "no whole backup"),
        (whole[:begin] + spoilt_bytes + whole[begin + 16 :], "damaged"),
        (_without_manifest(backup), "no whole backup"),
    ):
        backup.write_bytes(spoilt)
        assert complaint in elsewhere.desk.refuses("restore", str(backup))
    assert not (elsewhere.folder / "secrets").exists()
    assert "there is no" in elsewhere.desk.refuses("restore", str(elsewhere.folder / "none"))


def write_backup(path: Path, *, rows: bytes) -> bytes:
    """A backup with these rows of one table and a key; its bytes."""
    writer = ArchiveWriter(path)
    writer.add("database/areas.jsonl", [rows])
    writer.add("secrets/key", [bytes(range(64))], compresses=False)
    writer.finish(
        BackupManifest(
            format=FORMAT,
            made_utc_us=0,
            software="0.2.0",
            database_kind="sqlite",
            schema_revision="0001",
            tables={"areas": ["name"]},
            has_media=False,
            sealed_with=None,
            members=writer.members,
        )
    )
    return path.read_bytes()


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_any_byte_of_a_backup_may_be_wrong(tmp_path: Path, flip: int) -> None:
    path = tmp_path / "backup.zip"
    whole = write_backup(path, rows=b'{"name": "Tan Khai"}\n' * 20)
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
        try:
            with closing(ArchiveReader(path)) as reader:
                reader.check()  # a byte that says nothing of the content is no damage
                assert b"".join(reader.read("secrets/key")) == bytes(range(64))
        except ArchiveError:
            refused += 1
    assert refused > len(whole) // 3


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_a_backup_that_names_another_compression_is_damaged(tmp_path: Path, method: int) -> None:
    path = tmp_path / "backup.zip"
    whole = write_backup(path, rows=os.urandom(200_000))
    place = whole.index(b"PK\x01\x02") + 10  # in the first entry of the directory
    path.write_bytes(whole[:place] + bytes([method]) + whole[place + 1 :])
    with closing(ArchiveReader(path)) as reader, pytest.raises(ArchiveError, match="is damaged"):
        reader.check()


@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_a_disk_that_fills_up_leaves_no_half_backup(
    place: Place, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    backup = place.folder / "backup.zip"
    with monkeypatch.context() as patch:
        patch.setattr("hub.app.backup.archive.ArchiveWriter.finish", full)
        assert "No space left on device" in place.desk.refuses("backup", str(backup))
    assert [path.name for path in place.folder.iterdir() if "backup" in path.name] == []


@pytest.mark.loopback
def test_secrets_are_sealed_with_a_passphrase(place: Place, town: Town, elsewhere: Place) -> None:
    phrase, backup = place.folder / "phrase", place.folder / "backup.zip"
    phrase.write_text("mười hai chữ trở lên\n")
    assert "chmod 600" in place.desk.refuses(
        "backup", str(backup), "--passphrase-file", str(phrase)
    )
    phrase.chmod(0o600)
    place.desk.says("backup", str(backup), "--passphrase-file", str(phrase))
    with zipfile.ZipFile(backup) as members:
        assert all(b"PRIVATE KEY" not in members.read(name) for name in members.namelist())
    assert "--passphrase-file" in elsewhere.desk.refuses("restore", str(backup))
    wrong = place.folder / "wrong"
    wrong.write_text("another passphrase")
    wrong.chmod(0o600)
    refused = elsewhere.desk.refuses("restore", str(backup), "--passphrase-file", str(wrong))
    assert "not that of this backup" in refused
    elsewhere.desk.says("restore", str(backup), "--passphrase-file", str(phrase))
    key = (place.folder / "ca" / "ca.key").read_bytes()
    assert (elsewhere.folder / "ca" / "ca.key").read_bytes() == key


def test_a_sealed_secret_is_not_another_file() -> None:
    seal = Seal.make("a passphrase of twelve")
    closed = seal.close("secrets/a", b"key")
    assert seal.open("secrets/a", closed) == b"key"
    with pytest.raises(ArchiveError):
        seal.open("secrets/b", closed)


@pytest.mark.loopback
def test_files_that_came_after_the_backup_stay_until_the_nodes_have_told_of_them(
    place: Place, town: Town
) -> None:
    backup = place.folder / "backup.zip"
    place.desk.says("backup", str(backup))
    later = some_bytes(700)
    seen = town.somebody(later)
    town.bring(later)
    event_rows = place.rows()["media"]
    assert len(event_rows) == 3
    town.db.close()
    place.desk.says("restore", str(backup), "--force")
    assert len(place.rows()["media"]) == 2
    db = Database(place.url)
    back = Town.__new__(Town)
    back.__dict__.update(town.__dict__, db=db)
    rooms: dict[str, Any] = {
        "owners": BLOB_OWNERS,
        "blobs": town.blobs,
        "clock": HubClock(),
        "change_signal": town.change_signal,
    }
    sweep = Reconciler(db, policy=POLICY, **rooms)
    for path in (place.folder / "media").rglob("*"):
        if path.is_file():
            os.utime(path, (1, 1))
    swept = sweep.run()
    assert (swept.lost, swept.adopted, swept.orphans) == (0, 0, 0), "it is not thrown away"
    back.somebody(later)  # the node says it again
    swept = sweep.run()
    assert (swept.adopted, swept.orphans) == (1, 0)
    with db.reading() as conn:
        stored = conn.scalars(select(media.c.stored_utc_us)).all()
    assert None not in stored
    assert seen.alert_id is not None
    db.close()


def test_an_older_backup_serves_a_newer_hub(
    blank_url: str, elsewhere_url: str, tmp_path: Path
) -> None:
    old = Database(blank_url)
    with old.writing() as conn:
        upgrade(conn, "0002")
        row = {"id": uuid4(), "level": "commune", "name": "Tân Khai", "name_folded": "tan khai"}
        conn.execute(areas.insert().values(row | {"valid_from_utc_us": 1}))
        tables = {name: _columns(conn, name) for name in ("areas", "nodes", "cameras")}
    with snapshot(old, tmp_path) as (taken, parts):
        shape = taken
        if shape.kind == "sqlite":
            content = {name: b"".join(pieces) for name, pieces in parts}
        else:
            shape = Snapshot(shape.kind, shape.schema, tables)
            content = {f"{name}.copy": _copied(blank_url, name, tables[name]) for name in tables}
    old.close()
    assert shape.schema == "0002"
    new = Database(elsewhere_url)
    restore(new, shape, lambda name: iter([content[name]]), no_note)
    check_schema(new)
    with new.reading() as conn:
        assert conn.scalars(select(areas.c.name)).all() == ["Tân Khai"]
    new.close()


def no_note(_: Connection) -> None:
    """Nothing is written beside what is restored."""


def _columns(conn: Connection, name: str) -> list[str]:
    return [column["name"] for column in inspect(conn).get_columns(name)]


def _copied(url: str, name: str, columns: Sequence[str]) -> bytes:
    with psycopg.connect(url.replace("+psycopg", "")) as conn, conn.cursor() as cursor:
        words = f"COPY {name} ({', '.join(columns)}) TO STDOUT"
        with cursor.copy(words) as copy:  # our own words
            return b"".join(bytes(piece) for piece in copy)


def test_a_backup_of_the_other_database_is_refused(
    sqlite_url: str, postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, large = (
        Place(tmp_path / name, url, capsys)
        for name, url in (("small", sqlite_url), ("large", postgres_url))
    )
    small.desk.says("backup", str(tmp_path / "small.zip"))
    refused = _refused(large.desk, "restore", str(tmp_path / "small.zip"), "--force")
    assert "the backup is of sqlite, and store.url asks for postgresql" in refused


def test_a_restore_waits_for_a_server_that_takes_no_bytes_for_a_while(
    postgres_url: str, empty_postgres: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy disk may hold it up for more than the 10 s in which a lost server is given up."""
    limits: list[str] = []

    def note(conn: Connection, _: object) -> None:
        driver: Any = conn.connection.driver_connection
        limits.append(driver.info.get_parameters().get("tcp_user_timeout", "0"))

    monkeypatch.setattr("hub.app.backup.snapshot._set_counters", note)
    with closing(Database(postgres_url)) as db, db.reading() as conn:
        schema = schema_now(conn)
    with closing(Database(empty_postgres("template0"))) as db:
        restore(db, Snapshot("postgresql", schema, {}), lambda _: iter(()), no_note)
    assert limits == ["0"]


def _refused(desk: Desk, *words: str) -> str:
    code, _, err = desk._run(words)
    assert code == 78
    return err


def _middle_of_database(backup: Path) -> int:
    """Offset of content. One wrong byte may change nothing: in the archive's own times, or in a
    reference to text that stands in two places."""
    with zipfile.ZipFile(backup) as archive:
        largest = max(archive.infolist(), key=lambda one: one.compress_size)
    return largest.header_offset + len(largest.FileHeader()) + largest.compress_size // 2


def _without_manifest(backup: Path) -> bytes:
    bare = backup.with_suffix(".bare")
    with zipfile.ZipFile(backup) as whole, zipfile.ZipFile(bare, "w") as less:
        for name in whole.namelist():
            if name != MANIFEST:
                less.writestr(name, whole.read(name))
    return bare.read_bytes()


def test_of_the_nightly_backups_the_last_ones_stay_and_strange_files_too(place: Place) -> None:
    folder = place.folder / "backups"
    folder.mkdir()
    names = [f"matthan-hub-2026010{day}T031500Z.zip" for day in range(1, 6)]
    for name in (*names, "matthan-hub-by-hand.zip"):
        (folder / name).touch()
    place.desk.says("backup", str(folder), "--keep", "3")
    left = sorted(path.name for path in folder.iterdir())
    assert left[:2] == names[3:] and left[-1] == "matthan-hub-by-hand.zip"
    assert len(left) == 4
    for words in ((str(folder / "one.zip"), "--keep", "3"), (str(folder), "--keep", "0")):
        assert "--keep goes with a folder" in place.desk.refuses("backup", *words)


def test_what_a_killed_backup_left_is_removed_by_the_next_one(place: Place) -> None:
    """A night's backup that is ended by its time limit would else fill the disk."""
    folder = place.folder / "backups"
    folder.mkdir()
    left = [".matthan-hub-20261101T031500Z.zip.part", ".backup-a1b2c3", ".backup-a1b2c3-journal"]
    for name in left:
        (folder / name).touch()
        os.utime(folder / name, (1, 1))
    (folder / ".backup-of-another-that-runs").touch()
    (folder / ".hidden").touch()
    place.desk.says("backup", str(folder))
    names = {path.name for path in folder.iterdir() if path.name.startswith(".")}
    assert names == {".backup-of-another-that-runs", ".hidden"}


@pytest.mark.loopback
def test_the_authority_of_the_boxes_is_in_the_backup_wherever_it_lies(
    place: Place, elsewhere: Place
) -> None:
    """Without its key every box would have to be enrolled anew."""
    for hub in (place, elsewhere):
        with (hub.folder / "hub.toml").open("a") as config:
            config.write(f'[enrol]\nauthority_folder = "{hub.folder}/boxes"\n')
    Authority.create(place.folder / "boxes", _noon())
    backup = place.folder / "backup.zip"
    place.desk.says("backup", str(backup))
    elsewhere.desk.says("restore", str(backup))
    for name in ("boxes/ca.key", "boxes/ca.crt", "ca/ca.crt", "ca/ca.key"):
        assert (elsewhere.folder / name).read_bytes() == (place.folder / name).read_bytes()
