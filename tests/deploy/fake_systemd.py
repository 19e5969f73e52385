"""A systemd of the tests: starts services, starts them again when they end, and hears what they
notify; reached by stand-ins for `systemctl` and `runuser` in a folder for PATH."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from tests.waiting import patience_s

AGAIN_S = 0.2
SYSTEMCTL = """#!{python} -ISE
import json, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
line.sendall(json.dumps(sys.argv[1:]).encode())
line.shutdown(socket.SHUT_WR)
code, text = json.loads(line.makefile().read())
print(text, end="")
sys.exit(code)
"""


class Service:
    """A unit of Type=notify with Restart=always."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, sockets: Path) -> None:
        self._command = command
        self._log = folder / f"{name}.log"
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self.status, self.restarts = "", 0
        address = str(sockets / name)
        self._env = os.environ | {"NOTIFY_SOCKET": address}
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(address)
        threading.Thread(target=self._hear, daemon=True).start()
        threading.Thread(target=self._keep, daemon=True).start()

    @property
    def is_active(self) -> bool:
        return self._process is not None and self._process.poll() is None and bool(self.status)

    def start(self) -> None:
        with self._lock:
            if not self._wanted:
                self._wanted, self.restarts = True, 0
                self._spawn()

    def stop(self, number: int = signal.SIGTERM) -> None:
        with self._lock:
            self._wanted, self.status = False, ""
            if self._process is not None:
                self._process.send_signal(number)
                self._process.wait(patience_s())
                self._process = None

    def close(self) -> None:
        self.stop(signal.SIGKILL)
        self._line.close()

    def _spawn(self) -> None:
        self.status = ""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _keep(self) -> None:
        while self._line.fileno() >= 0:
            time.sleep(AGAIN_S)
            with self._lock:
                if self._wanted and self._process and self._process.poll() is not None:
                    self.restarts += 1
                    self._spawn()

    def _hear(self) -> None:
        while True:
            try:
                said = self._line.recv(4096).decode()
            except OSError:
                return
            for line in said.splitlines():
                if line.startswith("STATUS=") and self._wanted:
                    self.status = line.removeprefix("STATUS=")


class FakeSystemd:
    """Services by their names; `bin` is the folder for PATH, `asked` what systemctl was asked."""

    def __init__(self, folder: Path, services: Mapping[str, Sequence[str]]) -> None:
        folder.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.asked: list[str] = []
        self._sockets = Path(tempfile.mkdtemp(prefix="systemd-"))  # their paths must be short
        self._services = {
            name: Service(name, words, folder, self._sockets) for name, words in services.items()
        }
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(self._sockets / "door"))
        self._door.listen(16)
        python = shutil.which("python3", path="/usr/bin") or sys.executable
        for name, text in {
            "systemctl": SYSTEMCTL.format(python=python, address=str(self._sockets / "door")),
            "runuser": '#!/bin/sh\nshift 3\nexec "$@"\n',
        }.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"}

    def __getitem__(self, name: str) -> Service:
        return self._services[name]

    def pull_the_plug(self) -> None:
        for one in self._services.values():
            one.stop(signal.SIGKILL)

    def close(self) -> None:
        self._door.close()
        for one in self._services.values():
            one.close()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            with line:
                words = json.loads(line.makefile().read() or "[]")
                self.asked.append(" ".join(words))
                line.sendall(json.dumps(self._do(words)).encode())

    def _do(self, words: list[str]) -> tuple[int, str]:
        words = [word for word in words if word != "--no-block"]
        named = [name for name in self._services for pattern in words[1:] if fnmatch(name, pattern)]
        match words[0]:
            case "start":
                for name in named:
                    self[name].start()
            case "stop":
                for name in named:
                    self[name].stop()
            case "show":
                one = self[words[-1]]
                state = "active" if one.is_active else "inactive"
                text = f"StatusText={one.status}\nNRestarts={one.restarts}\nActiveState={state}\n"
                return 0, text
        return 0, ""
