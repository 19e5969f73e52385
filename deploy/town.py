"""A town in a folder: authority, broker, hub, one node with one camera, one officer, two phones.

Everything is made anew below the folder given, with the programs' own commands, as a keeper and
a technician would do it by hand.
"""

import json
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.broker import Broker, free_port
from deploy.parts import Part, PartError
from hub.nodes.pki.authority import HUB_NAME, Authority

NODE: Final = "nga-tu-01"
CAMERA: Final = "cam-1"
COMMUNE: Final = "Xã Tân Khai"
JUNCTION: Final = "Ngã tư Chợ Cũ"
CAMERA_LABEL: Final = "Camera cổng chợ"
PLACE: Final = ("11.54", "106.60")
"""Latitude and longitude of a made-up junction, degrees."""
LOGIN: Final = "can-bo"
OFFICER: Final = "Cán bộ trực"

READY: Final = '"event": "ready"'
"""Line in the hub's log once it serves pages and hears the broker."""

HUB_START_S: Final = 180.0
AGENT_START_S: Final = 180.0
"""Seconds here, minutes on an emulated board; whatever dies is noticed at once."""

STREET: Final = "vtest"
"""Stem of the recording that is played unless another is named."""
CALIBRATION: Final = "mast_height_m = 7.5\nhorizon = -0.14\n"
"""Calibration of the camera of `STREET`: fitted to `tests/scenes/vtest.truth.toml`, with people of
1.72 m on average."""

BIN: Final = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Sign:
    """How an officer signs in."""

    login: str
    password: str


class Town:
    """Builds the folder, then starts hub and agent."""

    def __init__(self, folder: Path, *, web_port: int, language: str) -> None:
        self.folder = folder
        self.web_port = web_port
        self.hub_config = folder / "hub.toml"
        self.agent_config = folder / "agent.toml"
        self.hub_database = folder / "hub" / "hub.sqlite"
        self.journal = folder / "agent" / "journal.sqlite"
        self.hub_stats = folder / "hub-stats.json"
        self.agent_stats = folder / "agent-stats.json"
        self._language = language
        self.broker = Broker(
            folder / "mqtt", authority=Authority.create(folder / "ca", datetime.now(UTC))
        )

    @property
    def url(self) -> str:
        """Address of the officers' page."""
        return f"http://localhost:{self.web_port}"

    def listen_on(self, web_port: int) -> None:
        """Let the hub serve its pages on another port from its next start on."""
        self.web_port = web_port
        self.hub_config.write_text(self._hub_toml())

    def build(self, recording: Path, *, loops: bool) -> Sign:
        """Write the configurations, then people and places by the hub's own commands."""
        (self.folder / "hub").mkdir()
        (self.folder / "agent").mkdir()
        self.hub_config.write_text(self._hub_toml())
        self.agent_config.write_text(self._agent_toml(recording, loops=loops))
        self.hub("migrate")
        self.hub("area", "add", COMMUNE, "--level", "xã")
        self.hub("area", "add", JUNCTION, "--level", "nút giao", "--parent", COMMUNE)
        self.hub("node", "add", NODE, "--area", JUNCTION)
        password = self.hub(
            *("officer", "add", LOGIN, "--name", OFFICER, "--role", "officer"),
            *("--language", self._language, "--generate-password"),
        ).strip()
        self.hub(
            *(
                "grant",
                "add",
                LOGIN,
                "--area",
                COMMUNE,
                "--rights",
                "see,clips,alerted,search,live",
            ),
            *("--reason", "on duty in the demonstration"),
        )
        return Sign(LOGIN, password.split()[-1])

    def add_webpush_phone(self, subscription: dict[str, Any]) -> None:
        """A phone that subscribed, as a browser would hand it in."""
        self.hub(
            *("phone", "add", LOGIN, "--webpush", "-", "--label", "demo phone"),
            stdin=json.dumps(subscription),
        )

    def add_ntfy_phone(self, topic_url: str) -> None:
        """A phone with the ntfy app, told of every alert as well: nobody looks at the browser's."""
        self.hub("officer", "channels", LOGIN, "webpush+ntfy")
        self.hub("phone", "add", LOGIN, "--ntfy", topic_url, "--label", "ntfy")

    def start_hub(self) -> Part:
        """The hub; its page answers when this returns."""

        def is_ready() -> bool:
            # Its own word first: on a port that somebody else has, that one would answer.
            if READY not in part.log.read_text(errors="replace"):
                return False
            try:
                return httpx.get(f"{self.url}/health", timeout=1).status_code == 200
            except httpx.HTTPError:
                return False

        part = Part(
            "the hub",
            [str(BIN / "matthan-hub"), "run", "--config", str(self.hub_config),
             "--stats", str(self.hub_stats)],
            log=self.folder / "hub.log",
        )  # fmt: skip
        try:
            part.wait_until(is_ready, patience_s=HUB_START_S)
        except PartError:
            part.stop()
            raise
        return part

    def start_agent(self, *, once: bool) -> Part:
        """The node's agent; with `once` it ends when the recording is over and all delivered."""
        command = [str(BIN / "matthan-agent"), "run", "--config", str(self.agent_config),
                   "--stats", str(self.agent_stats)]  # fmt: skip
        return Part("the agent", command + ["--once"] * once, log=self.folder / "agent.log")

    def place_camera(self, agent: Part) -> None:
        """Say where the camera stands, as soon as its node's first birth has named it."""
        agent.wait_until(self._knows_camera, patience_s=AGENT_START_S)
        latitude, longitude = PLACE
        self.hub(
            *("camera", "place", NODE, CAMERA),
            *("--latitude", latitude, "--longitude", longitude),
        )

    def _knows_camera(self) -> bool:
        with closing(sqlite3.connect(f"file:{self.hub_database}?mode=ro", uri=True)) as database:
            return bool(database.execute("SELECT count(*) FROM cameras").fetchone()[0])

    def hub(self, *words: str, stdin: str = "") -> str:
        """Run one command of `matthan-hub`; raises PartError with its output."""
        done = subprocess.run(
            [str(BIN / "matthan-hub"), *words, "--config", str(self.hub_config)],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PartError(f"matthan-hub {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def _hub_toml(self) -> str:
        papers = self.broker.papers(HUB_NAME)
        return f"""\
[store]
url = "sqlite:///{self.hub_database}"
media_folder = "{self.folder}/hub/media"

[broker]
host = "{self.broker.host}"
port = {self.broker.port}
ca_file = "{papers.ca_file}"
cert_file = "{papers.cert_file}"
key_file = "{papers.key_file}"

[web]
host = "127.0.0.1"
port = {self.web_port}
public_url = "{self.url}"
upload_url = "http://127.0.0.1:{self.web_port}/upload"

[push]
allows_local = true
subject = "mailto:keeper@example.org"

[secrets]
folder = "{self.folder}/hub/secrets"
"""

    def _agent_toml(self, recording: Path, *, loops: bool) -> str:
        papers = self.broker.papers(NODE)
        return f"""\
[node]
name = "{NODE}"

[broker]
host = "{self.broker.host}"
port = {self.broker.port}
ca_file = "{papers.ca_file}"
cert_file = "{papers.cert_file}"
key_file = "{papers.key_file}"

[[camera]]
name = "{CAMERA}"
label = "{CAMERA_LABEL}"
recording = {json.dumps(str(recording))}
loop = {json.dumps(loops)}
pace = true
{CALIBRATION if recording.stem == STREET else ""}
[journal]
path = "{self.journal}"

[clips]
folder = "{self.folder}/agent/clips"
"""


def pick_port(preferred: int) -> int:
    """`preferred` when nobody has it, else a free one."""
    return preferred if is_free(preferred) else free_port()


def is_free(port: int) -> bool:
    """Whether nobody listens on that loopback port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
