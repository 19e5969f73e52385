"""Helpers of the tests of four processes, used by more than one module."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploy.broker import free_port
from tests.hub.helpers.app.hub_program import ROOT, Site
from tests.waiting import patience_s, until


@dataclass
class Process:
    """One process of the hub."""

    name: str
    port: int
    log_file: Path
    program: "subprocess.Popen[bytes]"

    @property
    def log(self) -> list[dict[str, object]]:
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def has_said(self, event: str) -> bool:
        return any(line["event"] == event for line in self.log)

    def get(self, path: str, **headers: str) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(url, headers=headers, timeout=patience_s())

    def await_ready(self) -> None:
        until(lambda: self.has_said("ready") or self.program.poll() is not None, "it is ready")
        assert self.program.poll() is None, self.log_file.read_text()


@dataclass
class Scaled(Site):
    """A hub whose roles are divided."""

    url_: str = ""
    started: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.url_

    def start_role(self, role: str, *, name: str = "") -> Process:
        port = self.port if role == "web" and not name else free_port()
        path = self.folder / f"log-{name or role}"
        with path.open("wb") as log:
            program = subprocess.Popen(
                [
                    *(sys.executable, "-m", "hub", "run", "--config", self.config),
                    *("--roles", role, "--port", str(port)),
                ],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.started.append(Process(name or role, port, path, program))
        return self.started[-1]
