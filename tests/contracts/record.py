"""Makes the files that an earlier release left: a backup of its hub, and a session of its node.

    git worktree add ../then TAG && cd ../then && deploy/setup.sh test
    cp -r .../tests/contracts tests/  # where that release has not got it
    python -m tests.contracts.record FOLDER [--postgresql URL]

It uses what is frozen alone: commands, configuration, pages, topics. The street is the one of the
demonstration, small: the files are to be small. So is the evidence package on a machine without the
fonts of its papers.
"""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from deploy.broker import Broker, free_port
from tests.contracts import session
from tests.contracts.session import KEPT_HEADERS, Turn

ROOT: Final = Path(__file__).parents[2]
BIN: Final = Path(sys.executable).parent
NODES: Final = ("nga-tu", "cau-moi")
"""The first has spoken before the backup is made, the second is the one of the session."""
LOGIN: Final = "an"
PASSWORD: Final = "đèn đường 756"
PASSPHRASE: Final = "mười hai chữ trở lên"
CASE: Final = "VA-12/2026"
PACKAGE: Final = "evidence.zip"
LISTENER: Final = "hub.8"
"""The name by which the session is heard: the broker lets only the names of hubs hear all nodes."""
STREET: Final = "scale=384:288,drawbox=w=276:h=288:color=gray:t=fill"
"""Its right part: what is grey takes no room in the files."""
CODING: Final = ("-c:v", "libx264", "-b:v", "50k", "-bf", "0", "-g", "10", "-pix_fmt", "yuv420p")
PATIENCE_S: Final = 180.0

Program = subprocess.Popen[bytes]
Command = list[str | Path]


class Town:
    """A hub and two nodes in a folder, with the commands of this checkout."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.broker = Broker(folder / "mqtt")
        with (folder / "mqtt" / "broker" / "access").open("a") as access:
            access.write(f"\nuser {LISTENER}\ntopic read matthan/#\n")
        self.web_port, self.proxy_port = free_port(), free_port()
        self.hub_config = folder / "hub.toml"
        papers = self.broker.papers("hub")
        self.hub_config.write_text(f"""
[store]
url = "{url or f"sqlite:///{folder / 'hub.db'}"}"
media_folder = "{folder / "media"}"
[broker]
host = "{self.broker.host}"
port = {self.broker.port}
ca_file = "{papers.ca_file}"
cert_file = "{papers.cert_file}"
key_file = "{papers.key_file}"
[web]
port = {self.web_port}
public_url = "http://127.0.0.1:{self.web_port}"
upload_url = "http://127.0.0.1:{self.proxy_port}/upload"
[push]
subject = "mailto:keeper@hub.example"
[secrets]
folder = "{folder / "secrets"}"
""")

    def hub(self, *words: str, stdin: str = "") -> str:
        """One command of the hub."""
        command: Command = [BIN / "matthan-hub", *words, "--config", self.hub_config]
        return subprocess.run(
            command, input=stdin, stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    @contextmanager
    def running(self, program: str, config: Path, *words: str) -> Iterator[Program]:
        """The hub or an agent, ended as a service is."""
        with (self.folder / f"{config.stem}.log").open("wb") as log:
            command: Command = [BIN / program, "run", "--config", config, *words]
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0

    def node(self, name: str, recording: Path) -> Path:
        """The configuration of a node."""
        papers = self.broker.papers(name)
        config = self.folder / f"{name}.toml"
        config.write_text(f"""
[node]
name = "{name}"
[broker]
host = "{self.broker.host}"
port = {self.broker.port}
ca_file = "{papers.ca_file}"
cert_file = "{papers.cert_file}"
key_file = "{papers.key_file}"
[[camera]]
name = "cam-1"
label = "Hướng chợ"
recording = "{recording}"
loop = false
[journal]
path = "{self.folder / name / "journal.db"}"
[clips]
folder = "{self.folder / name / "clips"}"
preroll_s = 1.0
postroll_s = 1.0
""")
        (self.folder / name).mkdir()
        return config


class Hearing:
    """Messages between node and hub, in order."""

    def __init__(self, town: Town, node: str) -> None:
        self.turns: list[Turn] = []
        self._ours = (f"matthan/{node}/", "matthan/hub/")
        self._is_heard = threading.Event()
        self._one_at_a_time = threading.Lock()
        papers = town.broker.papers(LISTENER)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.tls_set(str(papers.ca_file), str(papers.cert_file), str(papers.key_file))
        self._client.on_connect = lambda client, *_: client.subscribe("matthan/#", 1)
        self._client.on_subscribe = lambda *_: self._is_heard.set()
        self._client.on_message = self._hear
        self._client.connect(town.broker.host, town.broker.port)
        self._client.loop_start()
        assert self._is_heard.wait(PATIENCE_S)
        self._proxy = self._serve(town)

    def end(self) -> list[Turn]:
        """All turns."""
        self._client.disconnect()
        self._client.loop_stop()
        self._proxy.shutdown()
        self._proxy.server_close()
        return self.turns

    def _hear(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.startswith(self._ours):
            who = "node" if "/up/" in message.topic else "hub"
            self.turns.append(Turn(who, "mqtt", message.topic, bytes(message.payload)))

    def _serve(self, town: Town) -> ThreadingHTTPServer:
        """Hand on each request and its answer."""
        hearing, hub = self, httpx.Client(base_url=f"http://127.0.0.1:{town.web_port}")

        class Proxy(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def hand_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
                what = f"{self.command} {self.path}"
                with hearing._one_at_a_time:
                    hearing.turns.append(Turn("node", "http", what, body, kept))
                    answer = hub.request(self.command, self.path, headers=kept, content=body)
                    told = {k: answer.headers[k] for k in KEPT_HEADERS if k in answer.headers}
                    status = str(answer.status_code)
                    hearing.turns.append(Turn("hub", "http", status, headers=told))
                self.send_response(answer.status_code)
                for name, value in told.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.content)

            do_POST = do_PATCH = do_HEAD = do_PUT = do_DELETE = hand_on  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", town.proxy_port), Proxy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


class Officer:
    """Somebody at the pages."""

    def __init__(self, town: Town) -> None:
        url = f"http://127.0.0.1:{town.web_port}"
        self._client = httpx.Client(base_url=url, headers={"Origin": url, "Accept": "text/html"})
        answer = self._client.post("/login", data={"login": LOGIN, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        self._csrf = self._client.get("/api/session").json()["csrf"]

    def sees(self, path: str) -> str:
        """A page."""
        return self._client.get(path).text

    def leads(self, path: str) -> str:
        """Target of an address."""
        return self._client.get(path).headers["location"]

    def sends(self, path: str, **form: str) -> str:
        """A form; where its answer leads."""
        answer = self._client.post(path, data={"csrf": self._csrf, **form})
        assert answer.status_code == 303, f"{path}: {answer.status_code} {answer.text}"
        return answer.headers["location"]


def main() -> None:
    """Make the files in the folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--postgresql", default="", metavar="URL", help="an empty database")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="matthan-record-") as name:
        town = Town(Path(name), args.postgresql)
        with town.broker:
            make(town, args.folder, kind="postgresql" if args.postgresql else "sqlite")


def make(town: Town, into: Path, *, kind: str) -> None:
    """The backup, and of a hub on SQLite the session too."""
    recording = small_street(town.folder)
    settle(town)
    configs = [town.node(name, recording) for name in NODES]
    with town.running("matthan-hub", town.hub_config):
        until(lambda: '"event": "ready"' in (town.folder / "hub.log").read_text())
        officer = Officer(town)
        first = Hearing(town, NODES[0])  # its files pass through it
        with town.running("matthan-agent", configs[0], "--once") as agent:
            until(lambda: agent.poll() is not None)
        first.end()
        work(town, officer)
        phrase = town.folder / "phrase"
        phrase.write_text(PASSPHRASE)
        phrase.chmod(0o600)
        target = into / f"backup-{kind}.zip"
        media = ["--with-media"] * (kind == "sqlite")
        words = (str(target), "--force", "--passphrase-file", str(phrase), *media)
        town.hub("backup", *words)
        if kind == "sqlite":
            [package] = (town.folder / "out").iterdir()
            shutil.copy(package, into / PACKAGE)
            heard = Hearing(town, NODES[1])
            with town.running("matthan-agent", configs[1]):
                until(lambda: is_whole(heard.turns))
            until(lambda: b"offline" in heard.turns[-1].payload)
            session.write(into, heard.end())


def settle(town: Town) -> None:
    """Areas, nodes, people, rules."""
    town.hub("migrate")
    town.hub("area", "add", "Tân Khai", "--level", "commune")
    for area, node in zip(("Ngã tư Chợ Cũ", "Cầu Mới"), NODES, strict=True):
        town.hub("area", "add", area, "--level", "junction", "--parent", "Tân Khai")
        town.hub("node", "add", node, "--area", area)
    for login, name, role in (
        (LOGIN, "Nguyễn Văn An", "keeper"),
        ("binh", "Trần Thị Bình", "officer"),
    ):
        words = ("officer", "add", login, "--name", name, "--role", role, "--password-stdin")
        town.hub(*words, stdin=f"{PASSWORD}\n")
    every = "see,clips,alerted,live,search,export,manage,reporters"
    grant = ("--area", "Tân Khai", "--reason", "QĐ 1", "--rights")
    town.hub("grant", "add", LOGIN, *grant, every)
    town.hub("grant", "add", "binh", *grant, "see,clips", "--until", "2035-12-31")
    rule = ("--days", "3650", "--reason", "QĐ 2", "--class", "alert")
    town.hub("retention", "set", *rule)


def work(town: Town, officer: Officer) -> None:
    """An alert is taken, laid into a case, held, and leaves as evidence."""
    alert = re.search(r"/alerts/([0-9a-f-]{36})", officer.sees("/list"))[1]
    officer.sends(f"/alerts/{alert}/take")
    case = officer.sends("/cases", number=CASE, purpose="trộm xe máy", ends="").rsplit("/", 1)[1]
    officer.sends("/cases/add", case=case, alert=alert, note="ngã tư")
    town.hub("hold", "add", "--alert", alert, "--case", "VA-9", "--reason", "điều tra")
    export = ("evidence", "export", "--case", CASE, "--reason", "Công văn 7", "--by", LOGIN)
    clip = officer.leads(f"/alerts/{alert}/clip").removeprefix("/media/")
    town.hub(*export, "--into", str(town.folder / "out"), "--media", clip)
    words = ("camera", "place", NODES[0], "cam-1", "--bearing", "90")
    town.hub(*words, "--latitude", "11.54", "--longitude", "106.6")


def small_street(folder: Path) -> Path:
    """The recording that both nodes play."""
    named = subprocess.run(
        [ROOT / "deploy" / "recording.sh"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    made = folder / "street.mp4"
    span = ("-ss", "4", "-t", "3", "-i", named, "-vf", STREET, "-r", "10")
    command: Command = ["ffmpeg", "-v", "error", *span, *CODING, made]
    subprocess.run(command, check=True)
    return made


def is_whole(turns: list[Turn]) -> bool:
    """Whether a clip is at the hub, and the receipt of its event at the node."""
    said = [json.loads(one.payload) for one in turns if one.what.endswith("up/event")]
    told = [json.loads(one.payload) for one in turns if one.what.endswith("down/receipt")]
    stored = {event_id for one in told for event_id in one["stored"]}
    have = {one.headers.get("upload-offset") for one in turns}
    clips = [one for one in said if one["body"]["kind"] == "clip_ready"]
    return any(
        one["event_id"] in stored and str(one["body"]["size_bytes"]) in have for one in clips
    )


def until(claim: Callable[[], bool]) -> None:
    """Wait until it holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not claim():
        if time.monotonic() > end_s:
            raise TimeoutError("the town did not come so far")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
