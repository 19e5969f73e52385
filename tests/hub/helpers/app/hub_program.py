"""Helpers of the tests of hub program, used by more than one module."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from agent.wire.messages import Event
from agent.wire.terms import Picture
from deploy.broker import Broker, free_port
from hub.__main__ import main
from tests.waiting import patience_s, until

ROOT = Path(__file__).parents[4]


@dataclass
class Site:
    """A hub's files in a folder of their own, and its commands."""

    folder: Path
    broker: Broker
    port: int

    @property
    def config(self) -> Path:
        return self.folder / "hub.toml"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'hub.db'}"

    def write_config(self, extra: str = "") -> None:
        papers = self.broker.papers("hub")
        self.config.write_text(f"""
[store]
url = "{self.url}"
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
allows_local = true
[secrets]
folder = "{self.folder / "secrets"}"
{extra}
""")

    def command(self, *words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """In this process: to begin a program takes a second."""
        out, err = io.StringIO(), io.StringIO()
        given = ["matthan-hub", *map(str, words), "--config", str(self.config)]
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            patch.setattr("sys.argv", given)
            patch.setattr("sys.stdin", io.StringIO(stdin))
            patch.setattr("hub.app.logs.set_up", lambda _: None)
            main()
        assert isinstance(ended.value.code, int)
        return subprocess.CompletedProcess(given, ended.value.code, out.getvalue(), err.getvalue())

    def program(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hub", *words, "--config", self.config],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=patience_s(),
            check=False,
        )

    def start(self) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "hub", "run", "--config", self.config),
                    *("--stats", self.folder / "stats.json"),
                ],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    @property
    def log(self) -> list[dict[str, object]]:
        lines = (self.folder / "log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def has_said(self, event: str) -> bool:
        return any(line["event"] == event for line in self.log)


@pytest.fixture
def site(needs_broker: None, tmp_path: Path) -> Iterator[Site]:
    with Broker(tmp_path / "mqtt") as broker:
        site = Site(tmp_path, broker, free_port())
        site.write_config()
        yield site


@pytest.fixture
def running(needs_system: None, site: Site) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        started.append(site.start())
        until(lambda: site.has_said("ready"), "the hub is ready")
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def with_picture(event: Event, content: bytes) -> Event:
    picture = Picture(
        sha256=sha256(content).hexdigest(), size_bytes=len(content), width=64, height=48
    )
    return event.model_copy(update={"body": event.body.model_copy(update={"picture": picture})})
