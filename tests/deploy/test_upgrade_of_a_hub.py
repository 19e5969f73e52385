"""An upgrade of a real hub with its broker: tried in its slot, on trial, live or taken back."""

import shutil
import sqlite3
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from deploy.broker import Broker, free_port
from hub.app.upgrade.steps import state_of
from hub.base.db.database import Database
from hub.base.db.schema import MIGRATIONS
from tests.deploy.fake_systemd import FakeSystemd
from tests.deploy.other_version import REVISION
from tests.hub.rigs.intake_rig import NodeLine, end_lines, found_town
from tests.hub.rigs.wire_words import NodeVoice
from tests.waiting import patience_s, until

pytestmark = [
    pytest.mark.system,
    pytest.mark.promise(
        "Installing: A hub's new version that fails is taken back, and nothing is lost."
    ),
]

ROOT = Path(__file__).parents[2]
HUB = "matthan-hub.service"
STEPS = """
import sys, time, types
from pathlib import Path
from hub.app.upgrade import steps
home, words = Path(sys.argv[1]), sys.argv[2:]
def now():
    return 1e6 if (home / "time-is-over").exists() else 0.0
steps.time = types.SimpleNamespace(monotonic=now, sleep=time.sleep)
upgrade = steps.Upgrade(home / "opt", settings=home / "etc", units=home / "units")
sys.exit(steps.main(words, upgrade))
"""
"""The commands of the steps; how long a trial may take is over when a file says so."""


class Machine:
    """An installed hub, its broker, and a slot with another version."""

    def __init__(self, folder: Path, broker: Broker, template: Path) -> None:
        self.folder, self.broker, self.port = folder, broker, free_port()
        self.database = folder / "hub.db"
        shutil.copy(template, self.database)
        (folder / "etc").mkdir()
        (folder / "units").mkdir()
        (folder / "units" / HUB).write_text("old")
        db = Database(f"sqlite:///{self.database}")
        found_town(db, "nga-tu-01")
        db.close()
        self._write_configuration()
        self._slot("hub-a", "hub")
        (folder / "opt/hub").symlink_to(folder / "opt/hub-a")
        command = [str(folder / "opt/hub/bin/matthan-hub"), "run"]
        self.systemd = FakeSystemd(folder / "systemd", {HUB: command})
        self.hub = self.systemd[HUB]

    def put_new(self, fault: str) -> None:
        """Fill the slot of a version with this fault and one migration more."""
        migrations = self.folder / "migrations"
        shutil.copytree(MIGRATIONS, migrations)
        head = max(path.name[:4] for path in (migrations / "versions").glob("[0-9]*.py"))
        (migrations / "versions/9999_new.py").write_text(REVISION.format(head=head))
        self._slot("hub-b", "tests.deploy.other_version", str(migrations), fault)

    def step(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", STEPS, str(self.folder), *words],
            env=self.systemd.env,
            stderr=subprocess.PIPE,
            text=True,
        )

    def begin(self) -> tuple[int, str]:
        return ended(self.step("begin", str(self.folder / "opt/hub-b")))

    def schema(self) -> str:
        with closing(sqlite3.connect(self.database)) as conn:
            return str(conn.execute("SELECT version_num FROM alembic_version").fetchone()[0])

    def hears(self) -> bool:
        return "nodes are heard" in self.hub.status

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=patience_s())

    def content(self) -> list[str]:
        """All that is in the database."""
        with closing(sqlite3.connect(self.database)) as conn:
            return list(conn.iterdump())

    def _slot(self, name: str, *program: str) -> None:
        slot = self.folder / "opt" / name
        venv.create(slot, symlinks=True)
        [packages] = slot.glob("lib/python3.*/site-packages")
        own = next(path for path in sys.path if path.endswith("site-packages"))
        (packages / "own.pth").write_text(f"{ROOT}\nimport site; site.addsitedir({own!r})\n")
        words = " ".join([str(slot / "bin/python"), "-m", *program])
        config = self.folder / "etc/hub.toml"
        (slot / "bin/matthan-hub").write_text(f'#!/bin/sh\nexec {words} "$@" --config {config}\n')
        (slot / "bin/matthan-hub").chmod(0o755)

    def _write_configuration(self) -> None:
        papers = self.broker.papers("hub")
        (self.folder / "etc/hub.toml").write_text(f"""
[store]
url = "sqlite:///{self.database}"
media_folder = "{self.folder / "media"}"
[broker]
host = "{self.broker.host}"
port = {self.broker.port}
ca_file = "{papers.ca_file}"
cert_file = "{papers.cert_file}"
key_file = "{papers.key_file}"
[web]
port = {self.port}
public_url = "http://127.0.0.1:{self.port}"
[push]
subject = "mailto:keeper@hub.example"
[secrets]
folder = "{self.folder / "secrets"}"
""")


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, said = process.communicate(timeout=patience_s())
    return process.returncode, said


@pytest.fixture
def machine(
    needs_broker: None, tmp_path: Path, sqlite_template: Path
) -> Iterator[Callable[[str], Machine]]:
    """A machine whose hub runs, with a version of this fault."""
    made: list[Machine] = []
    with Broker(tmp_path / "mqtt") as broker:

        def make(fault: str) -> Machine:
            one = Machine(tmp_path, broker, sqlite_template)
            made.append(one)
            one.put_new(fault)
            one.hub.start()
            until(one.hears, lambda: (tmp_path / f"systemd/{HUB}.log").read_text()[-2000:])
            return one

        yield make
        end_lines()
        for one in made:
            one.systemd.close()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("imports", "it cannot start: TypeError: super(type, obj)"),
        ("migration", "fails on a copy of the database: RuntimeError: the column is there already"),
    ],
)
def test_a_version_that_fails_in_its_slot_leaves_the_running_hub_untouched(
    machine: Callable[[str], Machine], fault: str, said: str
) -> None:
    one = machine(fault)
    before, files = one.systemd.asked.copy(), sorted(one.folder.glob("hub.db*"))
    code, text = one.begin()
    assert (code, one.systemd.asked) == (1, before)
    assert said in text
    assert one.hears()
    assert one.schema() != "9999"
    assert sorted(one.folder.glob("hub.db*")) == files
    assert not (one.folder / "opt/hub-upgrade").exists()


def test_a_healthy_version_goes_live_and_files_what_comes(
    machine: Callable[[str], Machine],
) -> None:
    one = machine("none")
    node, voice = NodeLine(one.broker, "nga-tu-01"), NodeVoice("nga-tu-01")
    node.say(voice.birth())
    node.tokens.get(timeout=patience_s())
    code, said = one.begin()
    assert code == 0, said
    assert "The migration went well on a copy of the database" in said
    code, said = ended(one.step("go"))
    assert code == 0, said
    until(one.hears, "the new hub hears its nodes")
    event = voice.event()
    node.say(event)
    assert node.stored.get(timeout=patience_s()) == event.event_id
    assert one.schema() == "9999"
    assert one.get("/login").status_code == 200
    assert (one.folder / "opt/hub").readlink().name == "hub-b"
    assert not list(one.folder.glob("hub.db.*-upgrade*"))


def test_a_version_on_trial_takes_and_writes_nothing_and_a_return_loses_nothing(
    machine: Callable[[str], Machine],
) -> None:
    one = machine("never")
    node, voice = NodeLine(one.broker, "nga-tu-01"), NodeVoice("nga-tu-01")
    node.say(voice.birth())
    token = node.tokens.get(timeout=patience_s())
    assert one.begin()[0] == 0
    going = one.step("go")
    until(lambda: one.hub.status == "on trial: the pages do not answer", "it is on trial")
    until(lambda: (state_of(one.folder / "opt") or {})["phase"] == "trial", "it is noted")
    before, event = one.content(), voice.event()
    node.say(event)
    assert one.get("/health").status_code == 200
    assert "nâng cấp" in one.get("/login").text
    upload = httpx.put(f"{token.upload_url}/x", content=b"clip", timeout=patience_s())
    assert upload.status_code == 503
    refused = subprocess.run(
        [one.folder / "opt/hub-b/bin/matthan-hub", "area", "add", "Xã", "--level", "commune"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "an upgrade is under way" in refused.stderr
    assert one.content() == before
    assert node.stored.empty()
    (one.folder / "time-is-over").touch()
    code, said = ended(going)
    assert code == 1
    assert "was not healthy after 300 s (on trial: the pages do not answer)" in said
    assert "The version before runs again, and nothing was lost" in said
    until(one.hears, "the old hub hears its nodes")
    node.say(event)  # as an agent does that has no receipt
    assert node.stored.get(timeout=patience_s()) == event.event_id
    assert (one.folder / "opt/hub").readlink().name == "hub-a"
    assert one.schema() != "9999"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("later", "the migration failed: RuntimeError: the column is there already"),
        ("run", "the new matthan-hub.service ended 3 times"),
    ],
)
def test_a_version_that_crashes_later_is_taken_back(
    machine: Callable[[str], Machine], fault: str, said: str
) -> None:
    one = machine(fault)
    assert one.begin()[0] == 0
    code, text = ended(one.step("go"))
    assert code == 1
    assert said in text
    until(one.hears, "the old hub hears its nodes")
    assert one.schema() != "9999"
    assert one.get("/login").status_code == 200
