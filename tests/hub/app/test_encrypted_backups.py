"""Backups are encrypted to a public key, and opened with a private one that no hub has."""

import os
import pty
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.access.tables import invitations, sessions
from hub.app import config
from hub.app.backup.archive import ArchiveWriter, Member
from hub.app.check import check
from hub.base.age import CHUNK_BYTES, DecryptedReader, PrivateKey, is_encrypted
from hub.base.db.database import Database
from hub.nodes.pki.authority import Authority
from tests.hub.helpers.app.backup import Place
from tests.hub.helpers.oversight.log_details import details_of
from tests.waiting import patience_s

pytestmark = [
    pytest.mark.promise("Storms and backup: Only a key that no hub keeps opens a backup."),
    pytest.mark.promise("Storms and backup: A restore says whom it lets in again."),
    pytest.mark.loopback,
]

KEY = PrivateKey.new()
PROGRAM = Path(sys.executable).parent / "matthan-hub"


@pytest.fixture
def here(database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """The hub that is backed up, with two people; once on each database."""
    here = Place(tmp_path / "here", database_url, capsys)
    Authority.create(here.folder / "ca", noon()).issue_client("hub", noon())
    for words in (
        ("migrate",),
        ("area", "add", "Tân Khai", "--level", "commune"),
        ("officer", "add", "an", "--name", "Nguyễn Văn An", "--generate-password"),
        ("officer", "add", "binh", "--name", "Trần Thị Bình", "--generate-password"),
        (*GRANT, "an", "--rights", "see,clips"),
        (*GRANT, "an", "--rights", "live", "--until", "2099-12-31"),
    ):
        here.desk.says(*words)
    return here


def noon() -> datetime:
    return datetime(2026, 11, 25, 12, tzinfo=UTC)


GRANT = ("grant", "add", "--area", "Tân Khai", "--reason", "QĐ 1")


@pytest.fixture
def elsewhere(
    request: pytest.FixtureRequest, here: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Place:
    """Another machine, with nothing on it."""
    folder = tmp_path / "elsewhere"
    if here.url.startswith("sqlite"):
        return Place(folder, f"sqlite:///{folder / 'hub.db'}", capsys)
    return Place(folder, request.getfixturevalue("empty_postgres")(), capsys)


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A hub with nothing in it."""
    small = Place(tmp_path / "small", sqlite_url, capsys)
    small.desk.says("migrate")
    return small


def key_file(place: Place, text: str, name: str = "key") -> str:
    path = place.folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def encrypts(place: Place) -> None:
    place.desk.says("secrets", "backup-key", "--public", str(KEY.public))


def backed_up(place: Place) -> Path:
    place.desk.says("backup", str(place.folder))
    [path] = place.folder.glob("matthan-hub-*")
    return path


def members(path: Path, key: PrivateKey = KEY) -> list[str]:
    with path.open("rb") as file, zipfile.ZipFile(DecryptedReader(file, key)) as opened:
        return opened.namelist()


def test_an_encrypted_backup_shows_nothing_and_comes_back_with_its_private_key(
    here: Place, elsewhere: Place
) -> None:
    encrypts(here)
    backup = backed_up(here)
    assert backup.name.endswith("Z.zip.age")
    raw = backup.read_bytes()
    assert b"PRIVATE KEY" not in raw
    assert not zipfile.is_zipfile(backup)
    assert "ca.key" in str(members(backup))
    assert "with --key-file FILE" in elsewhere.desk.refuses("restore", str(backup))
    before = here.rows()
    key = key_file(here, f"# của xã Tân Khai\n{KEY.line()}\n")
    said = elsewhere.desk.says("restore", str(backup), "--key-file", key)
    assert "The private key that you gave opens its backups to come, too." in said
    assert elsewhere.rows() == before
    for name in ("ca/ca.key", "secrets/backup.pub"):
        assert (elsewhere.folder / name).read_bytes() == (here.folder / name).read_bytes()
    assert "ca.key" in str(members(backed_up(elsewhere)))


def test_a_wrong_key_a_typing_error_and_a_damaged_file_are_told_apart_and_change_nothing(
    small: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = Place(tmp_path / "new", f"sqlite:///{tmp_path / 'new.db'}", capsys)
    encrypts(small)
    backup = backed_up(small)
    right = key_file(small, KEY.line())
    line = KEY.line()
    typo = key_file(small, f"{line[:20]}{'Q' if line[20] != 'Q' else 'P'}{line[21:]}", "typo")
    said = elsewhere.desk.refuses("restore", str(backup), "--key-file", typo)
    assert "the private key is mistyped: letter 5 after AGE-SECRET-KEY-1" in said
    other = key_file(small, PrivateKey.new().line(), "other")
    said = elsewhere.desk.refuses("restore", str(backup), "--key-file", other)
    assert "it was encrypted to another one" in said
    whole = backup.read_bytes()
    middle = len(whole) // 2
    for spoilt, complaint in (
        (whole[:middle], "it was cut off"),
        (whole[: len(whole) - 1], "it was cut off"),
        (whole[:60], "it was cut off in its first lines"),
        (_flipped(whole, middle), "altered"),
        (_flipped(whole, 80), "encrypted to another one"),
        (whole[:5], "no whole backup"),
    ):
        backup.write_bytes(spoilt)
        assert complaint in elsewhere.desk.refuses("restore", str(backup), "--key-file", right)
    assert not (elsewhere.folder / "secrets").exists()
    backup.write_bytes(whole)
    Path(right).chmod(0o644)
    said = elsewhere.desk.refuses("restore", str(backup), "--key-file", right)
    assert "chmod 600" in said


def _flipped(whole: bytes, place: int) -> bytes:
    return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]


def test_without_a_key_a_backup_goes_on_in_the_clear_and_says_so(small: Place) -> None:
    code, _, err = small.desk._run(("backup", str(small.folder / "all.zip")))
    assert code == 0
    assert "its keys are in it" in err
    assert "sudo matthan-hub secrets backup-key" in err
    with zipfile.ZipFile(small.folder / "all.zip") as plain:
        assert "database/hub.db" in plain.namelist()


def test_a_key_that_cannot_be_read_ends_the_backup_instead_of_leaving_it_in_the_clear(
    small: Place,
) -> None:
    encrypts(small)
    path = small.folder / "secrets" / "backup.pub"
    path.write_text(path.read_text()[:-3] + "\n")
    assert "is no public key of backups" in small.desk.refuses("backup", str(small.folder))
    assert not list(small.folder.glob("*matthan-hub-*"))
    assert "letters after age1" in found(small, "backups")[1]


def found(place: Place, part: str) -> tuple[bool, str]:
    settings = config.load(place.folder / "hub.toml")
    [finding] = [(well, text) for well, name, text in check(settings) if name == part]
    return finding


def test_an_installed_hub_is_told_until_it_has_a_key(small: Place) -> None:
    """The installer leaves the secrets in their usual folder, and a developer does not."""
    hint = "in the clear, until there is a key: sudo matthan-hub secrets backup-key"
    assert found(small, "backups") == (True, hint)
    encrypts(small)
    assert found(small, "backups") == (
        True,
        f"encrypted to {KEY.public}; its private half opens them",
    )
    config_file = small.folder / "hub.toml"
    config_file.write_text(config_file.read_text().partition("[secrets]")[0])
    is_well, said = found(small, "backups")
    assert not is_well
    assert said.endswith("on a terminal: sudo matthan-hub secrets backup-key")


def test_the_nightly_run_encrypts_what_earlier_ones_left_in_the_clear_and_counts_all(
    small: Place,
) -> None:
    folder = small.folder / "backups"
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"matthan-hub-2020010{day}T031500Z.zip").write_bytes(
            os.urandom(CHUNK_BYTES * day)
        )
    third = (folder / "matthan-hub-20200103T031500Z.zip").read_bytes()
    small.desk.says("backup", str(folder), "--keep", "4")
    assert len(list(folder.glob("*.zip"))) == 4, "there is no key yet"
    max(folder.iterdir()).rename(folder / "matthan-hub-20200104T031500Z.zip")
    encrypts(small)
    assert "3 earlier ones" in small.desk.says("backup", str(folder), "--keep", "4")
    names = sorted(path.name for path in folder.iterdir())
    assert [name[12:20] for name in names[:3]] == ["20200102", "20200103", "20200104"]
    assert len(names) == 4
    assert all(name.endswith(".zip.age") for name in names)
    with (folder / names[1]).open("rb") as file:
        assert DecryptedReader(file, KEY).readall() == third


@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_a_disk_that_fills_up_leaves_no_half_encrypted_backup_and_the_plain_one(
    small: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = small.folder / "backups"
    folder.mkdir()
    small.desk.says("backup", str(folder))
    [plain] = folder.iterdir()
    kept = plain.rename(folder / "matthan-hub-20261204T031500Z.zip")
    encrypts(small)
    with monkeypatch.context() as patch:
        patch.setattr("hub.app.backup.archive.EncryptedWriter.finish", full)
        assert "No space left" in small.desk.refuses("backup", str(folder), "--keep", "4")
    assert list(folder.iterdir()) == [kept]
    assert not list(small.folder.glob(".backup-*"))


def test_nothing_of_the_database_lies_in_the_clear_where_an_encrypted_backup_goes(
    small: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a stick that is pulled while the backup is being made."""
    encrypts(small)
    stick = tmp_path / "stick"
    stick.mkdir()
    seen: list[str] = []
    add = ArchiveWriter.add

    def look(writer: ArchiveWriter, name: str, pieces: Iterable[bytes]) -> Member:
        seen.extend(path.name for path in stick.iterdir() if name == "database/hub.db")
        return add(writer, name, pieces)

    monkeypatch.setattr(ArchiveWriter, "add", look)
    small.desk.says("backup", str(stick / "b"))
    assert seen == [".b.part"]
    with (stick / "b").open("rb") as file:
        assert is_encrypted(file)


@pytest.mark.system
def test_a_large_file_is_never_whole_in_memory(tmp_path: Path) -> None:
    """300 MB in, and back, in a process that may hold 100 MB more than it begins with."""
    script = f"""
import os, resource, sys
from pathlib import Path
from hub.app.backup.archive import FORMAT, ArchiveReader, ArchiveWriter, BackupManifest
from hub.base.age import PrivateKey
key, path, piece = PrivateKey.new(), Path({str(tmp_path / "all.age")!r}), os.urandom(2**20)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
writer = ArchiveWriter(path, to=key.public)
writer.add("database/hub.db", (piece for _ in range(300)), compresses=False)
writer.finish(BackupManifest(format=FORMAT, made_utc_us=0, software="0", database_kind="sqlite",
    schema_revision="1", tables={{}}, has_media=False, sealed_with=None, members=writer.members))
reader = ArchiveReader(path, lambda: key)
reader.check()
print(peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100


class Terminal:
    """A terminal of its own, on which a command asks somebody."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.shown = ""
        self._master, slave = pty.openpty()
        self._program = subprocess.Popen(
            ["setsid", "--ctty", str(PROGRAM), *words],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        os.close(slave)
        self._news = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        try:
            while piece := os.read(self._master, 65_536):
                with self._news:
                    self.shown += piece.decode()
                    self._news.notify_all()
        except OSError:  # its last program has ended
            return

    def wait_for(self, pattern: str) -> "re.Match[str]":
        with self._news:
            self._news.wait_for(lambda: re.search(pattern, self.shown), patience_s())
            match = re.search(pattern, self.shown)
        assert match, self.shown
        return match

    def type(self, text: str) -> None:
        os.write(self._master, f"{text}\n".encode())

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said beside the terminal."""
        out, _ = self._program.communicate(timeout=patience_s())
        return self._program.returncode, out


def asked(place: Place, *words: str) -> Terminal:
    return Terminal((*words, "--config", str(place.folder / "hub.toml")))


@pytest.mark.system
def test_the_private_half_is_shown_once_on_the_terminal_and_kept_nowhere(small: Place) -> None:
    terminal = asked(small, "secrets", "backup-key")
    line = terminal.wait_for(r"AGE-SECRET-KEY-1\w{58}").group()
    terminal.type("qqqqqq")
    terminal.wait_for("It ends otherwise")
    assert not (small.folder / "secrets").exists(), "nothing is encrypted to it yet"
    terminal.type(line[-6:].lower())
    code, said = terminal.end()
    assert code == 0
    assert "AGE-SECRET-KEY" not in said, "what is kept in a log"
    kept = [path.read_bytes() for path in small.folder.rglob("*") if path.is_file()]
    assert not any(line.encode() in one for one in kept)
    public = str(PrivateKey.parse(line).public)
    assert public in said
    assert (small.folder / "secrets" / "backup.pub").read_text() == f"{public}\n"
    again = small.desk.says("secrets", "backup-key")
    assert again == f"Backups are encrypted to {public}.\n"
    with closing(Database(small.url)) as db, db.reading() as conn:
        assert details_of(conn, "hub.backup_key") == [public]


@pytest.mark.system
def test_who_presses_enter_has_no_key_and_is_told_how_to_come_by_one(small: Place) -> None:
    terminal = asked(small, "secrets", "backup-key")
    terminal.wait_for(r"Enter: not now\): ")
    terminal.type("")
    code, said = terminal.end()
    assert (code, "no key was taken" in said) == (1, True)
    assert not (small.folder / "secrets").exists()


def test_without_a_terminal_no_key_is_made_and_another_machines_can_be_taken(small: Place) -> None:
    assert "needs a terminal" in small.desk.refuses("secrets", "backup-key")
    wrong = str(KEY.public)[:-1]
    said = small.desk.refuses("secrets", "backup-key", "--public", wrong)
    assert "--public is mistyped: it has 57 letters after age1" in said
    encrypts(small)
    encrypts(small)
    other = str(PrivateKey.new().public)
    said = small.desk.refuses("secrets", "backup-key", "--public", other)
    assert "--replace replaces it" in said
    small.desk.says("secrets", "backup-key", "--public", other, "--replace")
    assert (small.folder / "secrets" / "backup.pub").read_text() == f"{other}\n"


@pytest.mark.system
def test_restoring_on_a_terminal_asks_for_the_key_until_it_is_typed_well(
    small: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encrypts(small)
    backup = backed_up(small)
    elsewhere = Place(tmp_path / "new", f"sqlite:///{tmp_path / 'new.db'}", capsys)
    terminal = asked(elsewhere, "restore", str(backup))
    terminal.type(KEY.line()[:-1])
    terminal.type(KEY.line())
    code, said = terminal.end()
    assert code == 0, said
    assert "mistyped: it has 57 letters" in said
    assert "the hub is as it was on" in said
    assert elsewhere.rows() == small.rows()


def test_a_restore_says_from_when_it_is_and_whom_it_lets_in_again(
    here: Place, elsewhere: Place
) -> None:
    here.desk.says("officer", "invite", "chi", "--name", "Lê Chi")
    backup = backed_up(here)
    here.desk.says("officer", "close", "binh", "--reason", "nghỉ việc")
    said = elsewhere.desk.says("restore", str(backup))
    when = re.search(r"as it was on (\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)", said)
    assert when
    assert f"Accounts closed and grants ended after {when[1]} count again" in said
    assert "  binh (Trần Thị Bình, officer): no grants" in said.splitlines()
    an = "  an (Nguyễn Văn An, officer): Tân Khai (see,clips); Tân Khai (live) until 31/12/2099"
    assert an in said.splitlines()
    assert "matthan-hub officer close LOGIN" in said
    assert "More → People and grants" in said
    with closing(Database(elsewhere.url)) as db, db.reading() as conn:
        assert conn.scalar(select(func.count()).select_from(sessions)) == 0
        withdrawn = conn.scalars(select(invitations.c.withdrawn_utc_us)).all()
        assert len(withdrawn) == 1
        assert withdrawn[0] is not None, "the link was used, or withdrawn, after the backup"
    closed = elsewhere.desk.says("officer", "close", "binh", "--reason", "nghỉ việc")
    assert "is closed" in closed, "before it starts"
