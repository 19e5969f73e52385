"""The steps of a hub's upgrade, with a plug that is pulled at each of them. The hubs are stand-ins,
the databases, files, links and programs are real."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.deploy.fake_systemd import FakeSystemd
from tests.waiting import patience_s, until

pytestmark = [
    pytest.mark.system,
    pytest.mark.promise(
        "Installing: A hub's new version that fails is taken back, and nothing is lost."
    ),
]

STAND_IN = Path(__file__).with_name("stand_in_hub.py")
HUB = "matthan-hub.service"
DRIVER = """
import os, signal, sys
from pathlib import Path
folder, last, words = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
from hub.app.upgrade import steps
steps.LOOK_S, steps.TRIAL_S, steps.LEAVE_S = 0.05, float(os.environ.get("TRIAL_S", "60")), 1
ACTIONS = "subprocess.Popen", "os.rename", "os.remove", "os.symlink", "shutil.rmtree", "open"
marks = []
def hook(event, args):
    if event == "open" and not (isinstance(args[1], str) and set(args[1]) & set("wax+")):
        return
    if event in ACTIONS:
        marks.append(event)
        if len(marks) == last:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
upgrade = steps.Upgrade(folder / "opt", settings=folder / "etc", units=folder / "units")
for word in words:
    code = steps.main(word.split(), upgrade)
    if code:
        break
print(len(marks))
sys.exit(code)
"""
"""Runs the commands of the steps, and ends as with a pulled plug before its LAST action that
changes something."""


class Machine:
    """An installed hub in a folder, and a new version's slot beside it."""

    def __init__(self, folder: Path, fault: str = "none") -> None:
        self.folder = folder
        self.database = folder / "hub.db"
        with closing(sqlite3.connect(self.database)) as conn:
            conn.execute("PRAGMA journal_mode=WAL")
            conn.execute("CREATE TABLE taken (x)")
            conn.execute("PRAGMA user_version = 1")
            conn.commit()
        for name, number, its_fault in (("hub-a", 1, "none"), ("hub-b", 2, fault)):
            slot = folder / "opt" / name
            (slot / "bin").mkdir(parents=True)
            program = slot / "bin/matthan-hub"
            words = f"{sys.executable} -SE {STAND_IN} {slot} {self.database} {number} {its_fault}"
            program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
            program.chmod(0o755)
        (folder / "opt/hub").symlink_to(folder / "opt/hub-a")
        (folder / "etc/broker").mkdir(parents=True)
        (folder / "etc/broker/access").write_text("old")
        (folder / "units/multi-user.target.wants").mkdir(parents=True)
        (folder / "units" / HUB).write_text("old")
        self.systemd = FakeSystemd(
            folder / "systemd", {HUB: [str(folder / "opt/hub/bin/matthan-hub"), "run"]}
        )

    def steps(
        self, *words: str, last: int = 0, trial_s: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", DRIVER, str(self.folder), str(last), *words],
            env=self.systemd.env | {"TRIAL_S": str(trial_s)},
            capture_output=True,
            text=True,
            timeout=patience_s(),
            check=False,
        )

    def upgrade(self, last: int = 0, trial_s: float = 60) -> "subprocess.CompletedProcess[str]":
        """As the installer does it: the new units and settings come after `begin`."""
        begun = self.steps(f"begin {self.folder / 'opt/hub-b'}", last=last)
        if begun.returncode:
            return begun
        (self.folder / "etc/broker/access").write_text("new")
        (self.folder / "units" / HUB).write_text("new")
        (self.folder / "units/matthan-more.timer").write_text("new")
        marks = int(begun.stdout)
        return self.steps("go", last=max(0, last - marks) if last else 0, trial_s=trial_s)

    def boot(self) -> None:
        """What follows when there is power again."""
        done = self.steps("resume")
        assert done.returncode == 0, done.stderr
        self.systemd[HUB].start()

    def taken(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as conn:
            return [row[0] for row in conn.execute("SELECT x FROM taken")]

    def version(self) -> str:
        """Version of the hub that takes and sends now, once there is one; everything is of it."""
        until(lambda: self.systemd[HUB].status == "nodes are heard", "a hub hears its nodes")
        slot = (self.folder / "opt/hub").readlink().name
        with closing(sqlite3.connect(self.database)) as conn:
            number = conn.execute("PRAGMA user_version").fetchone()[0]
        said = {
            slot == "hub-a",
            number == 1,
            (self.folder / "etc/broker/access").read_text() == "old",
            (self.folder / "units" / HUB).read_text() == "old",
            not (self.folder / "units/matthan-more.timer").exists(),
        }
        assert len(said) == 1, (slot, number)
        return "old" if said == {True} else "new"

    def is_tidy(self) -> bool:
        names = [path.name for path in self.folder.glob("hub.db*")]
        return not (self.folder / "opt/hub-upgrade").exists() and not [
            name for name in names if "before" in name or "tried" in name
        ]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []

    def make(fault: str = "none", name: str = "m") -> Machine:
        (tmp_path / name).mkdir()
        one = Machine(tmp_path / name, fault)
        made.append(one)
        one.systemd[HUB].start()
        assert one.version() == "old"
        return one

    yield make
    for one in made:
        one.systemd.close()


def test_a_healthy_version_goes_live_and_nothing_of_the_way_back_is_left(
    machine: Callable[..., Machine],
) -> None:
    one = machine()
    done = one.upgrade()
    assert done.returncode == 0, done.stderr
    assert "The migration went well on a copy" not in done.stderr  # that was said by `begin`
    assert one.version() == "new"
    assert one.taken() == ["by 1", "by 2"]
    assert one.is_tidy()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("migration", "the migration failed: the disk is on fire"),
        ("ends", "the new matthan-hub.service ended 3 times"),
        ("never", "the new matthan-hub.service was not healthy after 1.0 s"),
    ],
)
def test_a_version_that_fails_is_taken_back_with_the_database_of_before(
    machine: Callable[..., Machine], fault: str, said: str
) -> None:
    one = machine(fault)
    done = one.upgrade(trial_s=1 if fault == "never" else 60)
    assert done.returncode == 1
    assert said in done.stderr
    assert "The version before runs again, and nothing was lost" in done.stderr
    assert one.version() == "old"
    assert one.taken() == ["by 1", "by 1"]
    assert one.is_tidy()


@pytest.mark.parametrize(
    ("fault", "first"), [("none", 1), ("none", 2), ("none", 3), ("none", 4), ("never", 1)]
)
def test_a_plug_pulled_at_any_step_leaves_one_whole_version_and_loses_nothing(
    machine: Callable[..., Machine], fault: str, first: int
) -> None:
    """And once more while the next boot completes it."""
    found = set()
    for last in range(first, 400, 4):
        one = machine(fault, name=str(last))
        done = one.upgrade(last=last, trial_s=0.3)
        was_cut_off = done.returncode == -signal.SIGKILL
        before = one.taken()
        one.systemd.pull_the_plug()
        one.steps("resume", last=1 + last % 13)
        one.systemd.pull_the_plug()
        one.boot()
        found.add(one.version())
        assert one.is_tidy(), last
        assert one.taken()[: len(before)] == before, last
        one.systemd.close()
        if not was_cut_off:
            break
    assert found == ({"old", "new"} if fault == "none" else {"old"})
    assert last > 35


@pytest.mark.parametrize("last", range(1, 6))
def test_a_plug_pulled_while_the_database_is_put_back_leaves_the_kept_one(
    tmp_path: Path, last: int
) -> None:
    one = tmp_path / "hub.db"
    for number, name in ((1, "hub.db.before-upgrade"), (2, "hub.db")):
        with closing(sqlite3.connect(tmp_path / name)) as conn:
            conn.execute(f"PRAGMA user_version = {number}")
    (tmp_path / "hub.db-wal").write_bytes(b"of the one that goes")
    for mark in (last, 0):
        words = [sys.executable, "-c", DRIVER, str(tmp_path), str(mark), f"put-back {one}"]
        subprocess.run(words, capture_output=True, timeout=patience_s(), check=False)
    with closing(sqlite3.connect(one)) as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (1,)
