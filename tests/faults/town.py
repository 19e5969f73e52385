"""A town whose every part can be killed and every line cut: all real except people and phones."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from deploy.broker import HOST, Broker, free_port
from deploy.push_service import PushService
from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.base.moment import Moment
from hub.nodes.pki.authority import HUB_NAME, Authority
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.registry import registry
from tests.faults.proxy import Proxy

ROOT: Final = Path(__file__).resolve().parents[2]
OFFICERS: Final = ("an", "binh")
AS_INSTALLED: Final = {"MALLOC_ARENA_MAX": "2"}
"""What systemd's unit and the container give their hub."""
PASSWORD: Final = "a word for the campaign"
PHONES_EACH: Final = 2
FOUNDED_S: Final = 2 * 31_536_000.0
"""So long ago the officers were let in: a hub's clock is never set back to before that, since the
certificates of its broker would not be valid yet."""
STOP_S: Final = 30.0


class Child:
    """A program that is killed and started again, with a log of all its lives."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self.crashes = 0
        self.is_wanted = False
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin a life, unless one goes on."""
        self.is_wanted = True
        if self._process is not None and self._process.poll() is None:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **AS_INSTALLED, "OMP_NUM_THREADS": "1"},
            )

    def kill(self) -> None:
        """Kill the part like a power cut."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and insist after a while."""
        self._end(signal.SIGTERM)

    def look(self) -> None:
        """Count an end that nobody wanted, and begin again, as systemd would."""
        if self.is_wanted and self._process is not None and self._process.poll() is not None:
            self.crashes += 1
            self.start()

    def cpu_s(self) -> float:
        """Processor time of this life so far."""
        assert self._process is not None
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def rss_mib(self) -> float:
        """Memory it holds now."""
        assert self._process is not None
        return round(psutil.Process(self._process.pid).memory_info().rss / 2**20, 2)

    def tree_mib(self) -> float:
        """Memory it and its children hold now."""
        assert self._process is not None
        root = psutil.Process(self._process.pid)
        held = 0
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                held += process.memory_info().rss
        return round(held / 2**20, 1)

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-1500:]

    def _end(self, number: int) -> None:
        self.is_wanted = False
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Size and activity of a town."""

    events: int
    nodes: int
    processes: int
    events_s: float
    seed: int
    is_patient: bool = False
    """With a town's patience instead of a campaign's, and straight to the broker."""
    communes: int = 1
    """Nodes are spread over so many, each with officers of its own."""
    phones_each: int = PHONES_EACH
    homes: Path | None = None
    """Where the nodes' own disks are; None: on the one disk of the town's folder."""
    is_called: bool = False
    """Nobody walks by before `Town.begin`."""
    officers: tuple[str, ...] = OFFICERS
    """Of each commune; those of further ones have its number behind their names."""
    has_storms: bool = False
    """With the bounds of service for what is one alert and what rings, not each on its own."""


EACH_ON_ITS_OWN: Final = """\
calm_alerts = 1000000

[alerts]
# Short, so that many alerts are owed.
group_quiet_s = 1
group_max_s = 4
cooldown_s = 0
"""


class Town:
    """All parts below one folder; nothing runs before it is told to."""

    def __init__(self, folder: Path, database_url: str, size: Size, push: PushService) -> None:
        self.folder = folder
        self.database_url = database_url
        self._size = size
        self._push = push
        self._web_port = free_port()
        self.url = f"http://{HOST}:{self._web_port}"
        authority = Authority.create(folder / "ca", datetime.now(UTC))
        self.broker = Broker(folder / "mqtt", authority=authority)
        # Each group of nodes has a line of its own to the broker, and so has the hub.
        self.node_lines = [Proxy(self.broker.port) for _ in range(size.processes)]
        self.hub_line = Proxy(self.broker.port)
        self.upload_line = Proxy(self._web_port)
        self.hub_home = folder / "hub"
        self.hub_home.mkdir()
        self.hub_clock = folder / "hub-clock"
        self.plans = self._write_plans()
        self.phones: list[str] = []
        config = folder / "hub.toml"
        config.write_text(self._hub_toml())
        self.hub = Child(
            "hub",
            [sys.executable, "-m", "tests.faults.hub", str(self.hub_clock),
             "run", "--config", str(config)],
            folder / "hub.log",
        )  # fmt: skip
        self.agents = [
            Child(
                f"agent-{number}",
                [sys.executable, "-m", "tests.faults.node", str(folder / f"plan-{number}.json")],
                folder / f"agent-{number}.log",
            )
            for number in range(size.processes)
        ]

    @property
    def lines(self) -> list[Proxy]:
        """Every line that can be cut."""
        return [*self.node_lines, self.hub_line, self.upload_line]

    def found(self) -> None:
        """Tables, places, nodes, officers and their phones."""
        migrate(self.database_url)
        now, passwords = HubClock().now(), Passwords()
        db = Database(self.database_url)
        for number in range(self._size.communes):
            self._found_commune(db, number, passwords=passwords, now=now)
        db.close()

    def _found_commune(
        self, db: Database, number: int, *, passwords: Passwords, now: Moment
    ) -> None:
        rights, began = Right.SEE | Right.CLIPS | Right.ALERTED, now.plus_s(-FOUNDED_S)
        name = "Xã Tân Khai" if number == 0 else f"Xã {number}"
        with db.writing() as conn:
            area_id = registry.add_area(conn, name=name, level="commune", now=now)
            for plan in self.plans[number :: self._size.communes]:
                registry.add_node(conn, name=plan["name"], area_id=area_id, now=now)
            for login in self._logins(number):
                person_id = people_rows.add_person(
                    conn, login=login, name=login, language="vi", role="officer",
                    password=PASSWORD, passwords=passwords, now=now,
                )  # fmt: skip
                rows.add_grant(
                    conn, person_id=person_id, grant=Grant(area_id, None, rights, began.utc_us),
                    reason="campaign", now=now,
                )  # fmt: skip
                for _ in range(self._size.phones_each):
                    said = self._push.make_phone()
                    phone = NewPhoneRow(
                        "webpush", said["endpoint"], json.dumps(said["keys"]), "phone"
                    )
                    put_phone(conn, person_id, phone, now=now)
                    self.phones.append(said["endpoint"])

    def _logins(self, commune: int) -> list[str]:
        return [one if commune == 0 else f"{one}-{commune}" for one in self._size.officers]

    def begin(self) -> None:
        """Let people walk by, where they waited for it."""
        (self.folder / "begin").touch()

    def answers(self) -> bool:
        """Whether the hub's page does."""
        try:
            return httpx.get(f"{self.url}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        """End all that runs."""
        for child in (*self.agents, self.hub):
            child.kill()
        self.broker.kill()
        for line in self.lines:
            line.close()

    def _write_plans(self) -> list[dict[str, Any]]:
        size = self._size
        plans = [self._plan(number) for number in range(size.nodes)]
        for process in range(size.processes):
            path = self.folder / f"plan-{process}.json"
            path.write_text(json.dumps(plans[process :: size.processes], indent=1))
        return plans

    def _plan(self, number: int) -> dict[str, Any]:
        size, name = self._size, f"nga-tu-{number:03}"
        home = self.folder / name
        if size.homes is not None:
            (size.homes / name).mkdir()
            home.symlink_to(size.homes / name)
        (home / "journal").mkdir(parents=True)
        (home / "pictures").mkdir()
        papers = self.broker.papers(name)
        events = size.events // size.nodes + (number < size.events % size.nodes)
        return {
            "name": name,
            "port": self.broker.port
            if size.is_patient
            else self.node_lines[number % size.processes].port,
            "is_patient": size.is_patient,
            "papers": {
                "ca_file": str(papers.ca_file),
                "cert_file": str(papers.cert_file),
                "key_file": str(papers.key_file),
            },
            "journal": str(home / "journal" / "journal.sqlite"),
            "pictures": str(home / "pictures"),
            "witness": str(home / "witness"),
            "begin": str(self.folder / "begin") if size.is_called else None,
            "enough": str(home / "enough"),
            "clock": str(home / "clock"),
            "events": events,
            "pace_s": size.nodes / size.events_s,
            "seed": size.seed,
        }

    def _hub_toml(self) -> str:
        papers = self.broker.papers(HUB_NAME)
        broker_port, upload_port = self.hub_line.port, self.upload_line.port
        if (
            self._size.is_patient
        ):  # no line is ever cut, and a line costs the machine more than a hub
            broker_port, upload_port = self.broker.port, self._web_port
        return f"""\
[store]
url = "{self.database_url}"
media_folder = "{self.hub_home}/media"

[broker]
host = "{HOST}"
port = {broker_port}
ca_file = "{papers.ca_file}"
cert_file = "{papers.cert_file}"
key_file = "{papers.key_file}"

[web]
host = "{HOST}"
port = {self._web_port}
public_url = "{self.url}"
upload_url = "http://{HOST}:{upload_port}/upload"

[push]
subject = "mailto:keeper@example.org"
allows_local = true
{"" if self._size.has_storms else EACH_ON_ITS_OWN}
[secrets]
folder = "{self.folder}/secrets"
"""
