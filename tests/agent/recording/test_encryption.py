"""Encrypted footage: a real ext4 on a loop device; unmounting it stands for a pulled plug."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from agent.journal import Journal
from agent.media.frame import Instant
from agent.recording.store import encryption
from agent.recording.store.encryption import (
    KEY_BYTES,
    EncryptionError,
    encrypt,
    identifier_of,
    main,
)
from agent.recording.store.folder import StoreFolder

KEY, OTHER = bytes(range(KEY_BYTES)), bytes(KEY_BYTES)
PLAIN = b"somebody at the gate at two in the morning"
AS_NOBODY = ("setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "--bounding-set=-all")
CAN = Path("/sys/fs/ext4/features/encryption")

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a file system is mounted by root alone"),
    pytest.mark.skipif(not CAN.exists(), reason="this kernel encrypts no folders"),
    pytest.mark.skipif(not shutil.which("mkfs.ext4"), reason="no mkfs.ext4"),
    pytest.mark.promise("Security: Clips can be encrypted on the card."),
]


@dataclass
class Card:
    """A card with one file system."""

    image: Path
    place: Path

    def plug_in(self) -> None:
        run("mount", "-o", "loop", str(self.image), str(self.place))

    def pull(self) -> None:
        """The kernel forgets the key with the file system."""
        run("umount", str(self.place))

    @property
    def clips(self) -> Path:
        return self.place / "clips"

    def holds(self, words: bytes) -> bool:
        """Whether somebody who has the card finds these bytes on it."""
        os.sync()
        return words in self.image.read_bytes()


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{command[0]} cannot be had here: {done.stderr.strip()}")


@pytest.fixture
def card(needs_system: None, tmp_path: Path) -> Iterator[Card]:
    card = Card(tmp_path / "card.img", tmp_path / "card")
    card.place.mkdir()
    with card.image.open("wb") as file:
        file.truncate(16 * 2**20)
    run("mkfs.ext4", "-q", "-O", "encrypt", str(card.image))
    card.plug_in()
    yield card
    subprocess.run(["umount", str(card.place)], capture_output=True, check=False)


def fill(folder: Path) -> dict[str, bytes]:
    """Some footage, as the shelf lays it; path → bytes."""
    files = {f"2026-11-25/cong/clip-{n}.mp4": PLAIN + bytes([n]) * 9000 for n in range(3)}
    files |= {"2026-11-25/cong/clip-0.jpg": PLAIN, "left-over.mp4": b""}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return files


def found(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_written_there_is_not_found_on_the_card_and_is_itself_after_a_reboot(
    card: Card,
) -> None:
    assert encrypt(card.clips, KEY) == 0
    files = fill(card.clips)
    assert not card.holds(PLAIN)
    card.pull()
    card.plug_in()
    assert not any(name in str(list(card.clips.iterdir())) for name in ("2026", "left-over"))
    with pytest.raises(OSError, match="Required key not available"):
        (card.clips / "new.mp4").write_bytes(PLAIN)
    assert encrypt(card.clips, KEY) == 0
    assert found(card.clips) == files


def test_what_lay_in_the_open_is_brought_in_with_its_owner_and_times(card: Card) -> None:
    card.clips.mkdir(mode=0o700)
    files = fill(card.clips)
    one = card.clips / "2026-11-25/cong/clip-1.mp4"
    os.chown(one, 1234, 1234)
    os.utime(one, ns=(5_000_000_000, 7_000_000_000))
    assert card.holds(PLAIN)
    assert encrypt(card.clips, KEY) == len(files)
    assert found(card.clips) == files
    told = one.stat()
    assert (told.st_uid, told.st_mtime_ns) == (1234, 7_000_000_000)
    assert sorted(path.name for path in card.place.iterdir()) == ["clips", "lost+found"]


STEPS = ("rename", "copyfile", "rmdir", "unlink", "_set_policy", "mkdir")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("number", [1, 2])
def test_a_plug_that_is_pulled_amid_it_loses_nothing(
    card: Card, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    card.clips.mkdir(mode=0o700)
    files = fill(card.clips)
    place = {"copyfile": shutil, "_set_policy": encryption}.get(step, Path)
    real, calls = getattr(place, step), []

    def pulled(*args: object, **kwargs: object) -> object:
        calls.append(step)
        if len(calls) == number:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(place, step, pulled)
        try:
            encrypt(card.clips, KEY)
        except KeyboardInterrupt:
            card.pull()
            card.plug_in()
    encrypt(card.clips, KEY)
    assert found(card.clips) == files
    assert identifier_of(card.clips) is not None
    assert sorted(path.name for path in card.place.iterdir()) == ["clips", "lost+found"]


def test_another_key_is_refused_and_opens_nothing(card: Card) -> None:
    encrypt(card.clips, KEY)
    fill(card.clips)
    card.pull()
    card.plug_in()
    with pytest.raises(EncryptionError, match="encrypted with another key"):
        encrypt(card.clips, OTHER)
    encrypt(card.clips, KEY)
    assert found(card.clips)


def test_a_full_disk_is_said_and_what_was_not_copied_stays_where_it_is(card: Card) -> None:
    card.clips.mkdir(mode=0o700)
    large = b"x" * (6 * 2**20)
    (card.clips / "a.mp4").write_bytes(large)
    (card.place / "ballast").write_bytes(large)
    with pytest.raises(EncryptionError, match="the disk is full"):
        encrypt(card.clips, KEY)
    assert found(card.place / "clips.plain") == {"a.mp4": large}
    (card.place / "ballast").unlink()
    assert encrypt(card.clips, KEY) == 1
    assert found(card.clips) == {"a.mp4": large}


def test_a_file_system_that_cannot_is_one_line_with_its_cure(
    card: Card, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "short").write_bytes(b"x")
    plain = Path("/dev/shm") / f"vault-{os.getpid()}"  # noqa: S108 - a file system that cannot
    plain.mkdir()
    try:
        assert main([str(plain / "clips"), str(tmp_path / "key")]) == 1
        assert "cannot be encrypted" in capsys.readouterr().err
        assert list(plain.iterdir()) == []
    finally:
        plain.rmdir()
    assert main([str(card.clips), str(tmp_path / "short")]) == 1
    assert "the key has 1 bytes, not 64" in capsys.readouterr().err
    assert main([str(card.clips), str(tmp_path / "none")]) == 1
    assert main([]) == 1
    assert main([str(card.clips), str(tmp_path / "key")]) == 0


def test_a_folder_that_is_full_again_beside_one_in_the_open_is_not_guessed_at(card: Card) -> None:
    for name in ("clips", "clips.plain"):
        (card.place / name).mkdir()
        (card.place / name / "a.mp4").write_bytes(name.encode())
    with pytest.raises(EncryptionError, match="both hold files"):
        encrypt(card.clips, KEY)
    assert found(card.clips) == {"a.mp4": b"clips"}


def test_the_errors_of_the_kernel_have_each_a_cure() -> None:
    for number, cure in ((errno.EOPNOTSUPP, "tune2fs"), (errno.ENOTTY, "CONFIG_FS_ENCRYPTION")):
        assert cure in str(encryption._not_here(Path("/x"), OSError(number, "why")))


def test_a_locked_folder_counts_as_a_disk_that_is_away_until_its_key_is_here(
    card: Card, tmp_path: Path
) -> None:
    journal = Journal.open(tmp_path / "journal.db", now=lambda: Instant(0, 0), boot_id=uuid4())
    place = StoreFolder(card.clips, journal)
    encrypt(card.clips, KEY)
    assert place.trouble() is None
    place.check()
    files = fill(card.clips)
    card.pull()
    card.plug_in()
    assert "its key is not here" in str(place.trouble())
    with pytest.raises(OSError, match="its key is not here"):
        place.check()
    encrypt(card.clips, KEY)
    assert place.trouble() is None
    assert found(card.clips) == files
    journal.close()


def test_a_user_without_rights_over_the_machine_opens_it(card: Card, tmp_path: Path) -> None:
    """As the unit does."""
    (tmp_path / "key").write_bytes(KEY)
    program = tmp_path / "vault.py"
    shutil.copy(str(encryption.__file__), program)
    for path in (card.place, tmp_path / "key", program):
        os.chown(path, 1234, 1234)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run(
        [*AS_NOBODY, "/usr/bin/python3", str(program), str(card.clips), str(tmp_path / "key")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert identifier_of(card.clips) is not None
    assert card.clips.stat().st_uid == 1234
