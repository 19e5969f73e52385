"""Files of each release are read by the present hub: a backup, and the session of a node.

The node's session is played byte for byte to a hub that was restored from the backup, over a real
broker; its receipts, its alert and its clip arrive as then. `README.md` says how they were made.
"""

import json
import queue
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.wire import topics
from deploy.broker import Broker, free_port
from tests.contracts import session
from tests.contracts.record import CASE, LOGIN, NODES, PACKAGE, PASSPHRASE, PASSWORD
from tests.contracts.session import Turn
from tests.hub.helpers.app.backup import Place
from tests.hub.rigs.desk import Desk
from tests.waiting import patience_s, until

RELEASES: Final = sorted(Path(__file__).parent.glob("release-*"))
ROOT: Final = Path(__file__).parents[2]
NODE: Final = NODES[1]
ELSEWHERE: Final = (
    "/events",  # does not end
    "/metrics",  # needs its token
    "/login/provider",  # there is none
    "/login/provider/back",
    "/proof/provider",
    "/duty/plan",  # of an area
    "/map/ground",  # none is laid
)
"""Addresses at which there is no page without more."""


@dataclass
class Hub:
    """The present hub, restored from the backup of then."""

    folder: Path
    broker: Broker
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def configure(self, papers: Path) -> None:
        """`papers`: the folder of authority, certificate and key."""
        (self.folder / "hub.toml").write_text(f"""
[store]
url = "sqlite:///{self.folder / "hub.db"}"
media_folder = "{self.folder / "media"}"
[broker]
host = "{self.broker.host}"
port = {self.broker.port}
ca_file = "{papers / "ca.crt"}"
cert_file = "{papers / "hub.crt"}"
key_file = "{papers / "hub.key"}"
[web]
port = {self.port}
public_url = "http://127.0.0.1:{self.port}"
[push]
subject = "mailto:keeper@hub.example"
[secrets]
folder = "{self.folder / "secrets"}"
""")

    def restore(self, backup: Path) -> str:
        """What the command says of it."""
        self.configure(self.folder / "papers")
        words = ("restore", backup, "--passphrase-file", phrase_in(self.folder))
        done = subprocess.run(
            self._command(*words), cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        """Returns once it is ready."""
        self.configure(self.broker.papers("hub").ca_file.parent)
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(self._command("run"), cwd=ROOT, stdout=log, stderr=log)
        until(lambda: '"event": "ready"' in (self.folder / "log").read_text(), "the hub is ready")

    def _command(self, *words: str | Path) -> list[str | Path]:
        config = ("--config", self.folder / "hub.toml")
        return [sys.executable, "-m", "hub", *words, *config]


def phrase_in(folder: Path) -> Path:
    """The file with the passphrase of the backups."""
    phrase = folder / "phrase"
    phrase.write_text(PASSPHRASE)
    phrase.chmod(0o600)
    return phrase


@pytest.fixture(scope="module", params=RELEASES, ids=lambda folder: folder.name)
def release(request: pytest.FixtureRequest) -> Path:
    """The folder of what one release left."""
    folder: Path = request.param
    return folder


@pytest.fixture(scope="module")
def hub(
    needs_broker: None,
    needs_system: None,
    release: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hub]:
    """Restored and running, on SQLite."""
    folder = tmp_path_factory.mktemp("restored")
    with Broker(folder / "mqtt") as broker:
        hub = Hub(folder, broker)
        assert "the hub is as it was on" in hub.restore(release / "backup-sqlite.zip")
        hub.start()
        yield hub
        assert hub.process is not None
        hub.process.terminate()
        hub.process.wait(patience_s())


@pytest.fixture(scope="module")
def officer(hub: Hub) -> Iterator[httpx.Client]:
    """Somebody who signs in by the password of then."""
    url = f"http://127.0.0.1:{hub.port}"
    headers = {"Origin": url, "Accept": "text/html"}
    with httpx.Client(base_url=url, headers=headers, timeout=patience_s()) as client:
        answer = client.post("/login", data={"login": LOGIN, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        yield client


def alerts_of(officer: httpx.Client) -> set[str]:
    """The alerts in the list."""
    return set(re.findall(r"/alerts/([0-9a-f-]{36})", officer.get("/list").text))


def files_of(officer: httpx.Client, alert: str) -> set[str]:
    """Hashes of the pictures and clips on an alert's page."""
    page = officer.get(f"/alerts/{alert}").text
    found = {f"/media/{one}" for one in re.findall(r"/media/([0-9a-f-]{36})", page)}
    answers = [officer.get(path) for path in found]
    return {sha256(one.content).hexdigest() for one in answers if one.status_code == 200}


@pytest.mark.promise("Storms and backup: A running hub can be backed up and restored.")
def test_pages_of_the_restored_hub_answer(hub: Hub, officer: httpx.Client) -> None:
    alert = min(alerts_of(officer))  # ids are in the order of time
    assert len(files_of(officer, alert)) > 3
    [case] = re.findall(r"/cases/[0-9a-f-]{36}", officer.get("/cases").text)
    assert CASE in officer.get(case).text
    routes = (Path(__file__).parent / "routes.txt").read_text().splitlines()
    plain = {one.removeprefix("GET ") for one in routes if re.fullmatch(r"GET [^{]+", one)}
    answers = {path: officer.get(path).status_code for path in sorted(plain - {*ELSEWHERE})}
    assert {path: code for path, code in answers.items() if code >= 400} == {}


@pytest.mark.promise("Cases and evidence: An export verifies offline, by page and by command.")
def test_log_clip_and_package_of_then_are_called_unchanged(
    hub: Hub, release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(hub.folder / "hub.toml", capsys)
    assert "the log is whole" in desk.says("log", "verify")
    [key] = (hub.folder / "secrets").glob("evidence*.crt")
    package, clip = release / PACKAGE, hub.folder / "clip.mp4"
    assert f"{package}: whole" in desk.says("verify", str(package), "--authority", str(key))
    sent = [one for one in session.read(release) if one.payload[4:8] == b"ftyp"]
    whole = next(one for one in sent if "upload-length" in one.headers)  # not a growing one
    clip.write_bytes(whole.payload)
    authority = hub.folder / "papers" / "ca.crt"
    assert "intact" in desk.says("verify", str(clip), "--authority", str(authority))


@pytest.mark.loopback
@pytest.mark.promise("Storms and backup: A running hub can be backed up and restored.")
def test_backup_of_a_hub_on_postgresql_is_restored(
    empty_postgres: Callable[[], str],
    release: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = Place(tmp_path / "here", empty_postgres(), capsys).desk
    backup = release / "backup-postgresql.zip"
    desk.says("restore", str(backup), "--passphrase-file", str(phrase_in(tmp_path)))
    assert "the log is whole" in desk.says("log", "verify")
    assert "case VA-9: alert" in desk.says("hold", "list")


@dataclass
class Node:
    """Says what the node of then said, and hears what the hub of today answers."""

    hub: Hub
    receipts: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    tokens: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    others: list[tuple[str, bytes]] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    alerted: set[str] = field(default_factory=set)
    token: str = ""
    answer: httpx.Response | None = None

    def __post_init__(self) -> None:
        papers = self.hub.broker.papers(NODE)
        ready: queue.Queue[bool] = queue.Queue()
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.hub.port}", timeout=patience_s()
        )
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.tls_set(str(papers.ca_file), str(papers.cert_file), str(papers.key_file))
        filters = [(topics.every_down(NODE), 1), (topics.HUB_PRESENCE, 1)]
        self._client.on_connect = lambda client, *_: client.subscribe(filters)
        self._client.on_subscribe = lambda *_: ready.put(True)
        self._client.on_message = self._hear
        self._client.connect(self.hub.broker.host, self.hub.broker.port)
        self._client.loop_start()
        ready.get(timeout=patience_s())

    def leave(self) -> None:
        """Go."""
        self._client.disconnect()
        self._client.loop_stop()
        self._http.close()

    def play(self, turn: Turn) -> None:
        """Say it again, or wait for what corresponds to it."""
        match (turn.who, turn.line):
            case "node", "mqtt":
                self._say(turn)
            case "node", "http":
                self._ask(turn)
            case "hub", "http":
                self._compare(turn)
            case _:
                self._await(turn)

    def _say(self, turn: Turn) -> None:
        _, topic = topics.split(turn.what) or (None, topics.EVENT)
        self._client.publish(turn.what, turn.payload, qos=1, retain=topic.is_retained)

    def _ask(self, turn: Turn) -> None:
        method, path = turn.what.split(" ")
        headers = turn.headers | {"authorization": f"Bearer {self.token}"}
        self.answer = self._http.request(method, path, headers=headers, content=turn.payload)

    def _compare(self, turn: Turn) -> None:
        assert self.answer is not None
        found = {name: self.answer.headers.get(name) for name in turn.headers}
        assert (str(self.answer.status_code), found) == (turn.what, turn.headers)

    def _await(self, turn: Turn) -> None:
        said = json.loads(turn.payload)
        if turn.what.endswith("/token"):
            token = self.tokens.get(timeout=patience_s())
            assert token.keys() == said.keys()
            self.token = token["token"]
        elif turn.what.endswith("/receipt"):
            while not self.stored >= {*said["stored"]}:
                receipt = self.receipts.get(timeout=patience_s())
                assert receipt["spool_id"] == said["spool_id"]
                assert receipt["refused"] == []
                self.stored |= {*receipt["stored"]}
                self.alerted |= {*receipt.get("alerted", ())}

    def _hear(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        kind = message.topic.rpartition("/")[2]
        heard = {"receipt": self.receipts, "token": self.tokens}.get(kind)
        if heard is None:
            self.others.append((message.topic, bytes(message.payload)))
        else:
            heard.put(json.loads(message.payload))


@pytest.mark.promise("Core: No alert is lost.")
def test_a_node_of_then_is_heard_and_its_alert_and_clip_arrive(
    hub: Hub, release: Path, officer: httpx.Client
) -> None:
    before = alerts_of(officer)
    turns = list(session.read(release))
    told = [json.loads(one.payload) for one in turns if one.what.endswith("/receipt")]
    node = Node(hub)
    for turn in turns:
        node.play(turn)
    node.leave()
    assert node.stored == {one for receipt in told for one in receipt["stored"]}
    assert node.alerted == {one for receipt in told for one in receipt.get("alerted", ())}
    assert [topic for topic, _ in node.others] == [topics.HUB_PRESENCE]

    [alert] = alerts_of(officer) - before
    said = [json.loads(one.payload)["body"] for one in turns if one.what.endswith("/event")]
    clips = {one["sha256"] for one in said if one["kind"] == "clip_ready"}
    assert clips & files_of(officer, alert)
    assert "Cầu Mới" in officer.get(f"/alerts/{alert}").text
