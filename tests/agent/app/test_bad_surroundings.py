"""A node with faults around it: no camera, a disk that takes no writes or dies, an unknown board,
secrets that everybody may read, a configuration of a newer release. Each gives one line with its
cure."""

import errno
import fcntl
import os
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.app import recorders
from agent.app.node import check_papers
from agent.board.board import Board
from agent.cameras.pi.camera import PiCamera
from agent.cli.check import board
from agent.cli.check.check import check
from agent.config import ConfigError, load
from agent.i18n import speaker
from agent.journal import Journal, JournalDying, JournalReadOnly
from agent.journal.errors import explained
from agent.media.archive import ArchiveError
from agent.uplink.mqtt.errors import Trouble
from deploy.broker import Broker
from tests.agent.rigs.hubside import BOOT, NODE, FakeHub, now, put
from tests.agent.rigs.own_file import own_file
from tests.agent.rigs.videos import walk_past
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Cameras: USB cameras work.")

ROOT = Path(__file__).parents[3]
MIB = 2**20
EXT4_SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN of Linux's fs/ext4/ext4.h; 2: without what is still to be written."""


@pytest.fixture(scope="module")
def broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("mqtt")) as broker:
        yield broker


@pytest.fixture
def disk(needs_system: None, tmp_path: Path) -> Iterator[Path]:
    """A disk that may be mounted anew in another way."""
    place = tmp_path / "disk"
    place.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=8m", "tmpfs", place):
        yield place


@contextmanager
def mounted(*words: str | Path) -> Iterator[None]:
    if subprocess.run(["mount", *words], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a disk of its own")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", words[-1]], check=True)


def remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", place], check=True)


def journal_at(path: Path) -> Journal:
    return Journal.open(path, now=now, boot_id=BOOT)


def lines(config: Path, language: str = "en") -> list[str]:
    shown: list[str] = []
    check(load(config), shown.append, speaker(language))
    return shown


def wrong(config: Path) -> list[str]:
    return [line for line in lines(config) if line.startswith("WRONG: ")]


# Cameras


@pytest.mark.promise("Cameras: A missing, doubled or busy camera is reported with the cure.")
def test_no_camera_is_said_by_the_check_with_its_cure(tmp_path: Path, broker: Broker) -> None:
    said = wrong(own_file(tmp_path, broker, 'device = "/dev/none0"'))
    assert any(
        re.match(r"WRONG: camera cong: /dev/none0 is not there\. Plug the camera in", line)
        for line in said
    )


@pytest.mark.promise("Cameras: A missing, doubled or busy camera is reported with the cure.")
@pytest.mark.system
def test_a_node_without_its_camera_runs_and_says_so_to_the_hub(
    tmp_path: Path, broker: Broker
) -> None:
    with FakeHub(broker) as hub:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--config",
             str(own_file(tmp_path, broker, 'device = "/dev/none0"'))],
            cwd=ROOT, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            until(lambda: "camera_lost" in {event.body.kind for event in list(hub.heard)}, 60)
            assert process.poll() is None
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=patience_s())
    assert process.returncode == 0
    assert "/dev/none0 is not there" in err
    assert "Traceback" not in err


@pytest.mark.promise("Cameras: A missing, doubled or busy camera is reported with the cure.")
def test_a_pi_camera_that_another_program_uses_is_one_sentence() -> None:
    def taken(_: int) -> object:
        raise RuntimeError("Failed to acquire camera: Device or resource busy")

    camera = PiCamera("cong", 0, clock=now, open_camera=taken)
    with pytest.raises(Exception, match=r"resource busy\).*no other program uses it"):
        camera.open()


# Disks


@pytest.mark.promise("Node trouble: A read-only disk is reported.")
def test_a_read_only_disk_is_said_by_start_and_check(
    tmp_path: Path, broker: Broker, disk: Path
) -> None:
    walk = walk_past(tmp_path / "walk.mp4")
    config = own_file(tmp_path, broker, f'recording = "{walk}"\npace = false', home=disk)
    (disk / "clips").mkdir()
    journal_at(disk / "journal.db").close()
    remount(disk, "ro")
    said = wrong(config)
    assert [line.partition(" /")[0] for line in said[:2]] == [
        "WRONG: journal",
        "WRONG: folder of the clips",
    ]
    assert all("mounted read-only. a card that dies is mounted so" in line for line in said[:2])
    with pytest.raises(JournalReadOnly, match="its disk is mounted read-only"):
        journal_at(disk / "journal.db")


@pytest.fixture
def card(needs_system: None, tmp_path: Path) -> Iterator[Path]:
    """A card with the file system of a Raspberry Pi, which can be had to fail."""
    image, place = tmp_path / "card.img", tmp_path / "card"
    image.write_bytes(b"\0" * (16 * MIB))
    place.mkdir()
    # Where Debian has it: on the path of root alone.
    mkfs = shutil.which("mkfs.ext4", path=f"{os.defpath}:/usr/sbin:/sbin")
    if mkfs is None:
        pytest.skip("needs mkfs.ext4 (Debian package e2fsprogs)")
    subprocess.run([mkfs, "-q", "-F", image], check=True, capture_output=True)
    with mounted("-o", "loop,errors=remount-ro", image, place):
        yield place


def find_fault(place: Path) -> None:
    """The kernel finds a fault on the card, and mounts it read-only, as on a pole."""
    source = subprocess.run(
        ["findmnt", "-no", "SOURCE", place], capture_output=True, text=True, check=True
    ).stdout.strip()
    fault = Path("/sys/fs/ext4") / Path(source).name / "trigger_fs_error"
    if not fault.exists():
        pytest.skip("this kernel cannot be had to find a fault")
    fault.write_text("for a test", encoding="utf-8")


def lose(place: Path) -> None:
    """The card is gone for the kernel: nothing is read or written any more."""
    handle = os.open(place, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, EXT4_SHUTDOWN, struct.pack("I", 2))
    except OSError:
        pytest.skip("this kernel cannot be had to lose a card")
    finally:
        os.close(handle)


@pytest.mark.promise("Node trouble: A failing card is reported.")
def test_a_card_on_which_the_kernel_finds_a_fault_is_told_and_still_read(card: Path) -> None:
    journal = journal_at(card / "journal.db")
    kept = [put(journal) for _ in range(3)]
    find_fault(card)
    with pytest.raises((JournalDying, JournalReadOnly), match=r"replace (it|the card)"):
        put(journal)
    assert [waiting.event_id for waiting in journal.waiting(10)] == kept
    journal.close()


@pytest.mark.promise("Node trouble: A failing card is reported.")
def test_a_card_that_is_lost_is_told_at_work_and_at_the_next_start(card: Path) -> None:
    journal = journal_at(card / "journal.db")
    put(journal)
    lose(card)
    with pytest.raises(JournalDying, match=r"fails .* replace the card"):
        put(journal)
    journal.close()
    with pytest.raises(JournalDying, match=r"fails .* replace the card"):
        journal_at(card / "journal.db")


def test_each_of_the_systems_words_for_a_dying_card_has_the_same_cure(tmp_path: Path) -> None:
    failed = sqlite3.OperationalError("disk I/O error")
    failed.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    for error in (failed, OSError(errno.EIO, "Input/output error")):
        assert isinstance(explained(error, tmp_path / "j.db"), JournalDying)
    assert isinstance(explained(OSError(errno.EROFS, "ro"), tmp_path), JournalReadOnly)


# Boards


@pytest.mark.promise("Node trouble: An unknown board is named and does no harm.")
@pytest.mark.parametrize(
    ("file", "model", "line"),
    [
        ("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0", "ok: board: Raspberry Pi 4"),
        ("proc/device-tree/model", "Orange Pi 5\0", "ok: board: Orange Pi 5, no Raspberry Pi"),
        ("sys/class/dmi/id/product_name", "KVM\n", "ok: board: KVM, no Raspberry Pi"),
        ("sys/none", "", "ok: board: it does not say what it is"),
    ],
)
def test_an_unknown_board_is_named_and_no_trouble(
    tmp_path: Path, file: str, model: str, line: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(model, encoding="utf-8")
    found = board.kind(Board(tmp_path, root=tmp_path).model())
    assert found.line(speaker("en")).startswith(line)


# Configurations


@pytest.mark.promise("Node trouble: Settings of a newer version are refused with the cure.")
def test_a_configuration_of_a_newer_version_asks_for_a_newer_agent(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("version = 2\n[future]\nkey = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert refused.value.lines == (
        f"{path} line 1: this is a configuration of version 2 and this agent knows"
        " 1. Update the agent: run the newer release's install.sh",
    )


@pytest.mark.parametrize("said", ["0", "'1'", "true", "1.5"])
def test_a_version_that_is_none_is_refused(tmp_path: Path, said: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(f"version = {said}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 1: version: a whole number from 1"):
        load(path)


def test_the_version_of_this_agent_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(
        'version = 1\n[node]\nname = "n"\n[[camera]]\nname = "c"\nrecording = "/r.mp4"\n',
        encoding="utf-8",
    )
    assert load(path).node.name == "n"


@pytest.mark.promise("Node trouble: Settings of a newer version are refused with the cure.")
def test_a_key_like_none_that_is_known_may_be_of_a_newer_release(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("[hologram]\nz = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"unknown key hologram\. Where the file is of a newer"):
        load(path)


# Secrets


@pytest.mark.promise("Security: A secret that others can read is refused.")
def test_a_key_that_everybody_may_read_stops_the_start(tmp_path: Path, broker: Broker) -> None:
    config = own_file(tmp_path, broker, 'recording = "/r.mp4"')
    key = broker.papers(NODE).key_file
    key.chmod(0o644)
    try:
        with pytest.raises(Trouble, match=f"everybody.*chmod 600 {key}"):
            check_papers(load(config))
        assert any("may read the node's key" in line for line in wrong(config))
    finally:
        key.chmod(0o600)
    check_papers(load(config))


@pytest.mark.promise("Security: A secret that others can read is refused.")
def test_a_cameras_password_that_everybody_may_read_stops_the_start(
    tmp_path: Path, broker: Broker
) -> None:
    config = own_file(tmp_path, broker, 'url = "rtsp://guest:secret@10.0.0.9/main"')
    config.chmod(0o644)
    with pytest.raises(ConfigError, match=rf"password.*chmod 640 {config}") as refused:
        load(config)
    assert "secret" not in str(refused.value)
    config.chmod(0o640)
    assert load(config).camera[0].url


@pytest.mark.promise("Security: A secret that others can read is refused.")
def test_a_recorders_login_that_everybody_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "login"
    path.write_text("guest:secret", encoding="utf-8")
    path.chmod(0o604)
    with pytest.raises(ArchiveError, match="everybody may read"):
        recorders.read_login(str(path))
    path.chmod(0o600)
    assert recorders.read_login(str(path)) is not None


@pytest.mark.promise("Security: Secrets can come from systemd credentials.")
def test_the_nodes_key_comes_from_systemd_where_its_file_is_gone(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = own_file(tmp_path, broker, 'recording = "/r.mp4"')
    papers = broker.papers(NODE)
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "node.key").write_bytes(papers.key_file.read_bytes())
    (given / "node.key").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    assert load(config).broker.key_file == papers.key_file
    aside = papers.key_file.rename(tmp_path / "aside")
    try:
        settings = load(config)
        assert settings.broker.key_file == given / "node.key"
        check_papers(settings)
    finally:
        aside.rename(papers.key_file)
