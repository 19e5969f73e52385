"""What the installers do on the other's machine, and what goes with the data. The real scripts run,
with a folder in place of the machine's own; what changes the system is a stand-in."""

import os
import pty
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from agent.board.clock import SystemClock
from agent.journal import Journal
from agent.wire.answers import HoldFootage
from tests.waiting import patience_s

ROOT = Path(__file__).parents[2]
HUB, BOX = "hub", "node"
pytestmark = [
    pytest.mark.system,
    pytest.mark.promise("Installing: An installer removes nothing of the other, and nothing held."),
    pytest.mark.skipif(os.geteuid() != 0, reason="the installers need root"),
]

STAND_INS = {
    "systemctl": 'echo "systemctl $*" >>"$MACHINE/done"',
    "userdel": 'echo "userdel $*" >>"$MACHINE/done"',
    "runuser": 'shift 3; exec "$@"',
    "hostname": "echo tram-07",
}
"""Of programs that would change this machine; `runuser` has no such user here."""
PLACES = ("/var/lib/matthan", "/etc/matthan", "/opt/matthan", "/etc/systemd", "/usr/local/bin")


class Machine:
    """A folder that the installers take for the whole machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("deploy", "systemd"):
            shutil.copytree(ROOT / name, folder / "release" / name)
        for script in (folder / "release/deploy").rglob("*.sh"):
            text = script.read_text("utf-8")
            for place in PLACES:
                text = text.replace(place, f"{folder}{place}")
            script.write_text(text, "utf-8")
        (folder / "programs").mkdir()
        for name, body in STAND_INS.items():
            path = folder / "programs" / name
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)
        self.env = os.environ | {
            "MACHINE": str(folder),
            "PATH": f"{folder / 'programs'}:{os.environ['PATH']}",
        }

    def put(self, *paths: str) -> None:
        for path in paths:
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("something")

    def has(self, path: str) -> bool:
        return (self.folder / path).exists()

    def files(self) -> list[str]:
        """What there is, but for the release, the stand-ins, and what a reader of SQLite leaves."""
        own = {self.folder / "release", self.folder / "programs"}
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if not own & {path, *path.parents} and not path.name.endswith(("-wal", "-shm"))
        )

    def run(self, which: str, *words: str, typed: str | None = None) -> tuple[int, str]:
        """Exit code and output, on a terminal where something is typed."""
        command = [str(self.folder / f"release/deploy/{which}/install.sh"), *words]
        master, slave = pty.openpty()
        try:
            if typed is not None:
                os.write(master, f"{typed}\n".encode())
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL if typed is None else slave,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=self.env,
                timeout=patience_s(),
                check=False,
            )
        finally:
            os.close(master)
            os.close(slave)
        return done.returncode, done.stdout

    def refuses(self, which: str, *words: str, typed: str | None = None) -> str:
        """Its last line; nothing was changed."""
        before = self.files()
        code, said = self.run(which, *words, typed=typed)
        assert code == 1, said
        assert self.files() == before
        return said.splitlines()[-1]

    def make_hub(self, holds: str) -> None:
        """An installed hub with footage and backups; `hold list` says this."""
        self.put(*HUBS_FILES)
        program = self.folder / "opt/matthan/hub/bin/matthan-hub"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n[ \"$*\" = 'hold list' ] && {holds}\n")
        program.chmod(0o755)

    def make_box(self, *cases: str) -> None:
        """An installed camera box with a clip, and footage held for these cases."""
        self.put(*BOXES_FILES)
        path = self.folder / "var/lib/matthan/journal.db"
        journal = Journal.open(path, now=SystemClock().now, boot_id=UUID(int=1))
        with closing(journal):
            for number, case in enumerate(cases):
                wanted = HoldFootage(
                    hold_id=UUID(int=number),
                    case_number=case,
                    reason="theft",
                    camera="cam",
                    from_utc_us=2**50,
                    until_utc_us=None,
                    sha256s=(),
                )
                journal.hold(UUID(int=number), wanted)


HUBS_FILES = (
    "var/lib/matthan/hub.db",
    "var/lib/matthan/ca/ca.key",
    "var/lib/matthan/media/ab/clip",
    "var/lib/matthan/backups/matthan-hub-20261201T031500Z.zip.age",
    "var/lib/matthan-papers/broker/broker.key",
    "etc/matthan/hub.toml",
)
BOXES_FILES = ("var/lib/matthan/clips/a.mp4", "etc/matthan/agent.toml", "opt/matthan/agent/x")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    "sign",
    [
        "etc/matthan/hub.toml",
        "var/lib/matthan/hub.db",
        "var/lib/matthan/ca/ca.crt",
        "opt/matthan/hub/bin/matthan-hub",
        "etc/systemd/system/matthan-hub.service",
    ],
)
def test_no_camera_box_is_made_of_a_hubs_machine(machine: Machine, sign: str) -> None:
    """Its log would become volatile, and its folders the box's."""
    machine.put(sign)
    said = machine.refuses(BOX, "CODE")
    assert "This machine is a hub: it has " in said
    assert "install it on another machine" in said


@pytest.mark.parametrize(
    "sign",
    [
        "etc/matthan/agent.toml",
        "var/lib/matthan/journal.db",
        "var/lib/matthan/clips/a.mp4",
        "opt/matthan/agent/bin/matthan-agent",
        "etc/systemd/system/matthan-agent.service",
    ],
)
def test_no_hub_is_made_of_a_camera_box(machine: Machine, sign: str) -> None:
    machine.put(sign)
    said = machine.refuses(HUB, "--host", "hub", "--contact", "k@example.vn")
    assert "This machine is a camera box: it has " in said
    assert "install it on another machine" in said


def test_on_a_machine_that_was_made_both_neither_takes_the_others_folders(
    machine: Machine,
) -> None:
    machine.make_hub("echo nothing is held")
    machine.make_box()
    every = ("uninstall", "--with-data", "--yes", "--with-held-footage")
    assert "This machine is also a hub" in machine.refuses(BOX, *every)
    assert "This machine is also a camera box" in machine.refuses(HUB, *every)
    machine.put("etc/systemd/journald.conf.d/matthan.conf", "usr/local/bin/matthan-hub")
    code, said = machine.run(BOX, "uninstall")
    assert code == 0, said
    assert not machine.has("opt/matthan/agent")
    kept = (*HUBS_FILES, "opt/matthan/hub", "etc/systemd/journald.conf.d/matthan.conf")
    assert all(machine.has(path) for path in (*kept, "usr/local/bin/matthan-hub"))


def test_removing_a_hub_with_its_data_says_what_goes_and_stays_and_wants_the_machines_name(
    machine: Machine, tmp_path: Path
) -> None:
    machine.make_hub("echo nothing is held")
    machine.put("srv/films/a.mp4")
    (tmp_path / "etc/matthan/hub.toml").write_text(
        '[store]\nurl = "postgresql+psycopg:///matthan?host=/var/run/postgresql"\n'
        f'media_folder = "{tmp_path}/srv/films"\n# key = "/etc/passwd"\n'
    )
    assert "--yes" in machine.refuses(HUB, "uninstall", "--with-data")
    said = machine.refuses(HUB, "uninstall", "--with-data", typed="tram-08")
    assert "Nothing was removed: 'tram-08' is not tram-07" in said
    code, said = machine.run(HUB, "uninstall", "--with-data", typed="tram-07")
    assert code == 0, said
    goes, _, stays = said.partition("This stays:")
    for path in ("var/lib/matthan", "var/lib/matthan/media", "var/lib/matthan/backups"):
        assert f"{tmp_path}/{path} (" in goes
    assert "PostgreSQL with the hub's database" in stays
    assert f"{tmp_path}/srv/films, which " in stays
    assert "/etc/passwd" not in said
    assert not any(machine.has(path) for path in HUBS_FILES)
    assert machine.has("srv/films/a.mp4")
    assert "userdel matthan\n" in (tmp_path / "done").read_text()


def test_a_hubs_footage_that_is_held_stays_unless_it_is_named(machine: Machine) -> None:
    machine.make_hub("echo 'case VA-7: alert 1 (điều tra)'")
    said = machine.refuses(HUB, "uninstall", "--with-data", "--yes")
    assert "Footage is held: case VA-7: alert 1 (điều tra);" in said
    assert "--with-data --with-held-footage" in said
    code, said = machine.run(HUB, "uninstall", "--with-data", "--yes", "--with-held-footage")
    assert code == 0, said
    assert not machine.has("var/lib/matthan/media")


def test_what_cannot_be_told_counts_as_held(machine: Machine) -> None:
    machine.make_hub("{ echo 'the database is away' >&2; exit 1; }")
    said = machine.refuses(HUB, "uninstall", "--with-data", "--yes")
    assert "It cannot be told whether footage is held for a case (the database is away)" in said
    shutil.rmtree(machine.folder / "opt")  # after `uninstall` alone
    assert "It cannot be told" in machine.refuses(HUB, "uninstall", "--with-data", "--yes")


def test_footage_in_a_bucket_is_left_whether_held_or_not(machine: Machine, tmp_path: Path) -> None:
    machine.make_hub("echo 'case VA-7: alert 1 (điều tra)'")
    bucket = '[store]\nmedia_url = "s3+http://127.0.0.1:8090/footage"\n'
    (tmp_path / "etc/matthan/hub.toml").write_text(bucket)
    said = machine.refuses(HUB, "uninstall", "--with-data", "--yes")
    assert "Footage is held" in said, "some of it may be here, from before the bucket"
    shutil.rmtree(tmp_path / "var/lib/matthan/media")
    code, said = machine.run(HUB, "uninstall", "--with-data", "--yes")
    assert code == 0, said
    assert "the footage in the bucket of store.media_url" in said.partition("This stays:")[2]


def test_a_boxs_footage_that_is_held_stays_unless_it_is_named(machine: Machine) -> None:
    machine.make_box("VA-7", "VA-9", "VA-7")
    said = machine.refuses(BOX, "uninstall", "--with-data", "--yes")
    assert "Footage is held for the case VA-7, VA-9. Nothing was removed." in said
    code, said = machine.run(BOX, "uninstall", "--with-data", "--yes", "--with-held-footage")
    assert code == 0, said
    assert "var/lib/matthan/clips (" in said.partition("This stays:")[0]
    assert not any(machine.has(path) for path in BOXES_FILES)


def test_a_box_without_held_footage_goes_when_somebody_is_sure(machine: Machine) -> None:
    machine.make_box()
    assert "--yes" in machine.refuses(BOX, "uninstall", "--with-data")
    assert "is not tram-07" in machine.refuses(BOX, "uninstall", "--with-data", typed="")
    code, said = machine.run(BOX, "uninstall", "--with-data", typed="tram-07")
    assert code == 0, said
    assert not any(machine.has(path) for path in BOXES_FILES)


def test_a_box_whose_journal_is_lost_or_damaged_is_not_taken_for_one_without_holds(
    machine: Machine,
) -> None:
    machine.put(*BOXES_FILES)
    assert "there are clips, and no " in machine.refuses(BOX, "uninstall", "--with-data", "--yes")
    machine.put("var/lib/matthan/journal.db")
    said = machine.refuses(BOX, "uninstall", "--with-data", "--yes")
    assert "It cannot be told" in said
    assert "file is not a database" in said


@pytest.mark.parametrize("which", [HUB, BOX])
def test_uninstalling_alone_keeps_all_data_and_asks_nothing(machine: Machine, which: str) -> None:
    if which == HUB:
        machine.make_hub("echo 'case VA-7'")
    else:
        machine.make_box("VA-7")
    code, said = machine.run(which, "uninstall")
    assert code == 0, said
    kept = HUBS_FILES if which == HUB else BOXES_FILES[:2]
    assert all(machine.has(path) for path in kept)
    assert "--with-data" in machine.refuses(which, "uninstall", "--yes")


KEY = "age1nh446k94v0ef4m92pc05rdgj9znv76djgacs8ma73khf3qv7qf7qtqnwyt"


@pytest.mark.parametrize(
    ("choice", "there", "asked"),
    [
        (KEY, False, f"secrets backup-key --public {KEY}"),
        ("", False, "secrets backup-key"),
        ("", True, ""),
    ],
)
def test_an_installation_or_upgrade_ends_with_a_backup_key(
    tmp_path: Path, choice: str, there: bool, asked: str
) -> None:
    installer = (ROOT / "deploy/hub/install.sh").read_text("utf-8")
    body = installer.partition("set_backup_key() {")[2].partition("\n}\n")[0]
    if there:
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets/backup.pub").touch()
    script = f"""
        say() {{ echo "$*" >&2; }}; data=$0 backup_key={choice}
        hub() {{ echo "$*" >>"$0/asked"; return 1; }}
        set_backup_key() {{ {body}
        }}
        set_backup_key
    """
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    said = (tmp_path / "asked").read_text() if asked else ""
    assert said == (f"{asked}\n" if asked else "")
    assert bool(done.stderr) is bool(asked), "a run without a terminal says what is missing"
    lines = installer.partition("\ninstall_hub() {")[2].partition("\n}\n")[0].split()
    assert lines.index("set_backup_key") > lines.index("start_hub")
